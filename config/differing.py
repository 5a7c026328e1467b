"""Where configuration files differ: by line, never what stands there, since it may be a secret."""

from __future__ import annotations

from difflib import SequenceMatcher
from pathlib import Path

FEW = 6


def differences(name: str, now: Path, before: Path) -> str | None:
    """In words, of the file as it stands (`now`) and as the backup has it; None: they are alike."""
    if not now.exists():
        return f"{name}: not there; the backup has it"
    mine, theirs = now.read_bytes(), before.read_bytes()
    if mine == theirs:
        return None
    ours, backed = mine.splitlines(), theirs.splitlines()
    codes = SequenceMatcher(None, ours, backed, autojunk=False).get_opcodes()
    places = [_lines(a, b) for tag, a, b, _, _ in codes if tag != "equal"]
    more = ", …" if len(places) > FEW else ""
    return f"{name}: differs at {', '.join(places[:FEW]) or 'ends of lines'}{more}"


def _lines(first: int, end: int) -> str:
    """Counted from one; what the backup alone has comes before a line."""
    if end <= first:
        return f"line {first + 1} (the backup has more there)"
    return f"line {first + 1}" if end == first + 1 else f"lines {first + 1}-{end}"

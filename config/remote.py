"""Lists of sources that lie elsewhere: where what came of one is kept."""

from __future__ import annotations

import hashlib
from pathlib import Path
from urllib.parse import urlsplit

from config.logs import redact


def kept_list(url: str, folder: Path) -> Path:
    """The file of that list: a name that people know again, and that is no other's."""
    host = "".join(c if c.isalnum() else "-" for c in urlsplit(url).hostname or "list")
    return folder / f"{host[:60]}-{list_id(url)}.opml"


def list_name(url: str) -> str:
    """How it is called wherever a file would be: its address, without what may be secret. The file
    in which it is kept is overwritten, and nobody is to edit that."""
    return redact(url)


def list_id(url: str) -> str:
    """What it goes by in addresses of ours, which must not hold its own."""
    return hashlib.sha256(url.encode()).hexdigest()[:12]

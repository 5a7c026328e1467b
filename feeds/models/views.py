"""What a feed shows of what is stored: rules over articles."""

from __future__ import annotations

from dataclasses import dataclass

FIELDS = ("title", "text", "author", "term", "source", "url")
"""What a pattern may be looked for in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A rule: `kind` is "all", "any" or "not" of `parts`, or one of FIELDS in which one of
    `patterns` (of RE2, without regard to case) is found."""

    kind: str
    parts: tuple[Match, ...] = ()
    patterns: tuple[str, ...] = ()

"""What was changed in an article, line by line."""

from __future__ import annotations

import difflib
from typing import Any

from aggregator.likeness.words import body_of
from config.showing import iso
from feeds.models import Entry, Revision


def changes(before: Entry, after: Entry) -> list[str]:
    """Line by line, "-" as it was and "+" as it is; without those that stayed."""
    old, new = _lines(before), _lines(after)
    kept = [line for line in difflib.ndiff(old, new) if line[:2] in ("- ", "+ ")]
    return kept or ["(only what is not shown)"]


def _lines(entry: Entry) -> list[str]:
    head = [f"Title: {entry.title}", f"Link: {entry.link or ''}"]
    lines = (" ".join(line.split()) for line in body_of(entry).splitlines())
    return head + [line for line in lines if line]


def revision_json(each: Revision) -> dict[str, Any]:
    return {
        "revision": each.number,
        "at": iso(each.at),
        "minor": each.minor,
        "title": each.entry.title,
        "link": each.entry.link,
        "text": _lines(each.entry)[2:],
    }

"""Rules over articles (feeds.models.Match): what a view shows. Pure; re2's only door.

RE2 takes time in proportion to the text, whatever the pattern: no operator's slip, and no text of a
source, can make publishing hang.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import re2

from feeds.models import Entry, Match, SourceInfo
from feeds.text import plain_text

Matcher = Callable[[Entry, SourceInfo], bool]


class BadPattern(ValueError):
    """Not of RE2's grammar; the message says what is wrong."""


def checked(pattern: str) -> str:
    """The pattern as it is. Raises BadPattern."""
    _compiled(pattern)
    return pattern


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> Callable[[str], object]:
    options = re2.Options()
    options.case_sensitive = False
    options.log_errors = False
    try:
        found: Callable[[str], object] = re2.compile(pattern, options=options).search
    except re2.error as error:
        said = error.args[0] if error.args else error
        text = said.decode() if isinstance(said, bytes) else str(said)
        raise BadPattern(text) from error
    return found


def matcher(match: Match | None) -> Matcher:
    """Without a rule everything matches. Raises BadPattern."""
    if match is None:
        return lambda _entry, _source: True
    if match.kind in _FIELDS:
        field, found = _FIELDS[match.kind], [_compiled(each) for each in match.patterns]
        return lambda entry, source: any(
            search(text) for text in field(entry, source) for search in found
        )
    parts = [matcher(each) for each in match.parts]
    if match.kind == "any":
        return lambda entry, source: any(part(entry, source) for part in parts)
    if match.kind == "not":
        return lambda entry, source: not all(part(entry, source) for part in parts)
    return lambda entry, source: all(part(entry, source) for part in parts)


@lru_cache(maxsize=256)
def _text(html: str) -> str:
    return plain_text(html)


_FIELDS: dict[str, Callable[[Entry, SourceInfo], list[str]]] = {
    "title": lambda entry, _: [entry.title],
    "text": lambda entry, _: [
        _text(html) for html in (entry.title, entry.content, entry.summary) if html
    ],
    "author": lambda entry, _: [
        text for one in entry.authors for text in (one.name, one.email, one.uri) if text
    ],
    "term": lambda entry, _: [
        text for one in entry.terms for text in (one.term, one.label) if text
    ],
    "source": lambda entry, source: [
        text
        for text in (source.title, source.url, source.link, entry.origin and entry.origin.title)
        if text
    ],
    "url": lambda entry, _: [text for text in (entry.link, entry.original_link) if text],
}

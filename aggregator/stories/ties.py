"""Whether two articles tell one story: a pure and symmetric function of their first revisions.

By id or URL only with authority: both sources speak for it, or the articles also say the same
(DESIGN.md, Authority). By text within a window of their dates, after a real comparison. Never
within one source: what that shows twice is its own affair.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from aggregator.likeness.compare import EXCERPT, VERSION, Comparison
from aggregator.likeness.sketch import SHORTEST
from aggregator.likeness.words import Text
from aggregator.stories.authority import authority, speaks_for
from feeds.models import Edge, KeyKind, Tie, Unlinked

WINDOW = timedelta(hours=72)
"""Between the dates of two texts that are told to be one story, unless the operator says more."""
_TITLE = 3
"""Words of a title that says something."""


def tie(
    one: Unlinked,
    other: Unlinked,
    compared: Callable[[Unlinked, Unlinked], tuple[Text, Text, Comparison]],
    window: timedelta = WINDOW,
) -> Edge | None:
    """The edge between them; None where there is none. `compared`: their texts, compared."""
    if one.article.source_id == other.article.source_id:
        return None
    kinds = _shared(one, other)
    if KeyKind.GUID in kinds and (KeyKind.URL in kinds or _same_house(one, other)):
        by = Tie.ID
    elif KeyKind.URL in kinds or KeyKind.GUID in kinds:
        by = Tie.URL if KeyKind.URL in kinds else Tie.ID
    elif abs(one.article.published - other.article.published) > window:
        return None
    else:
        *_, found = compared(one, other)
        return _edge(one, other, Tie.TEXT, found) if found.alike else None
    if by is Tie.ID and _same_house(one, other):
        return _edge(one, other, by)
    mine, theirs, found = compared(one, other)
    if found.alike or _titled(mine, theirs, found, trusted=_same_house(one, other)):
        return _edge(one, other, by, found)
    return None


def _edge(one: Unlinked, other: Unlinked, by: Tie, found: Comparison | None = None) -> Edge:
    low, high = sorted((one.article.id, other.article.id))
    if found is None:
        return Edge(low=low, high=high, tie=by, version=VERSION)
    return Edge(
        low=low,
        high=high,
        tie=by,
        contained=found.contained,
        common=found.common,
        version=VERSION,
    )


def _shared(one: Unlinked, other: Unlinked) -> set[KeyKind]:
    ours = {key for key in one.keys if key.shared}
    return {key.kind for key in other.keys if key.shared and key in ours}


def _same_house(one: Unlinked, other: Unlinked) -> bool:
    """Whether both sources speak for what they share: the link, the host that the guid names."""
    entry = one.article.entry
    named = entry.link or other.article.entry.link
    guid = authority(entry.guid) if entry.guid else ""
    urls = [url for url in (named, f"https://{guid}/" if guid else None) if url]
    return bool(urls) and all(
        speaks_for(each.source_url, url) for each in (one, other) for url in urls
    )


def _titled(one: Text, other: Text, found: Comparison, *, trusted: bool) -> bool:
    """Whether the headlines are the same, and nothing that the texts say speaks against it."""
    if one.title != other.title or len(one.title) < _TITLE:
        return False
    brief = min(len(one.body), len(other.body)) < SHORTEST
    return trusted or found.contained >= EXCERPT or (brief and _within(one, other))


def _within(one: Text, other: Text) -> bool:
    """Whether what little the shorter says stands in the longer."""
    short, long = sorted((one.body, other.body), key=len)
    return sum(word in long for word in short) >= EXCERPT * len(short)

"""Each document is read back before it takes the place of the old one (P38).

What is checked is PUBLISHING.md, rule by rule, with lxml and json; nothing here comes from the
renderers, so that one mistake is not made twice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from feeds.models import RenderedFile
from feeds.protocols import Fault
from publisher.gate.atom import check_atom
from publisher.gate.jsonfeed import check_json
from publisher.gate.page import check_page
from publisher.gate.rss import check_rss

__all__ = ["gate"]

_CHECKS: Mapping[str, Callable[[RenderedFile], list[Fault]]] = {
    "application/atom+xml": check_atom,
    "application/rss+xml": check_rss,
    "application/feed+json": check_json,
    "text/html": check_page,
}


def gate(file: RenderedFile) -> Sequence[Fault]:
    """All rules that the document breaks; none for what is no document of a feed."""
    kind, _, charset = file.media_type.partition(";")
    check = _CHECKS.get(kind)
    if check is None:
        return ()
    found = check(file)
    if charset.strip() != "charset=utf-8":
        found.append(Fault(rule="P5", text=f"the media type is {file.media_type!r}"))
    return found

"""What feedparser does otherwise than its formats say, corrected; and what it does dearly.

Each correction stands with its reason. They are made once, by `correct`, for all of the process.
"""

from __future__ import annotations

import warnings
from copy import deepcopy
from functools import lru_cache
from typing import Any

from feedparser import api, mixin
from feedparser.encodings import convert_to_utf8
from feedparser.mixin import _FeedParserMixin
from feedparser.namespaces import _base, dc
from feedparser.namespaces._base import Namespace
from feedparser.util import FeedParserDict

from aggregator.read.bounds import MAX_LIST
from aggregator.read.decode import DECLARATION
from aggregator.read.strict import Strict

NAMESPACES: dict[str, str] = {
    **_FeedParserMixin.namespaces,
    "http://purl.org/net/rss1.1#": "",
    "https://podcastindex.org/namespace/1.0": "podcast",
    "https://github.com/podcastindex-org/podcast-namespace/blob/main/docs/1.0.md": "podcast",
}
"""feedparser's prefix for each namespace it knows, and those it does not know."""


# RFC 4287 §4.2.6 forbids resolving ids; a redirect would change every relative one.
# And feedparser looks each category up in the list of all before it: 100,000 cost it 20 s.
def _add_tag(self: Any, term: Any, scheme: Any, label: Any) -> None:
    if len(self._get_context().get("tags") or ()) < MAX_LIST:
        _FeedParserMixin._add_tag(self, term, scheme, label)


# It takes the email of an author for that of the next one, while that has nothing of its own.
def _save_author(self: Any, key: Any, value: Any, prefix: Any = "author") -> None:
    context = self._get_context()
    if prefix == "author" and not (context.get("authors") or [None])[-1]:
        context.pop("author", None)
    _FeedParserMixin._save_author(self, key, value, prefix)


# It reads `<link uri="at://…">http://…</link>` as Atom's href.
def _start_link(self: Any, attributes: Any) -> None:
    if self.version.startswith("rss"):
        attributes = {name: value for name, value in attributes.items() if name != "uri"}
    Namespace._start_link(self, attributes)


# CDF has the address of an item in its HREF or in an <A>.
def _start_a(self: Any, attributes: Any) -> None:
    here = self._get_context()
    if not self.version and self.inentry and attributes.get("href") and not here.get("link"):
        self._cdf_common({"href": attributes["href"]})
    self.push("a", 1)


# It takes what stands second of these and <description> for the content: an image's alternative
# text (Mastodon), or a plain summary that hides the content:encoded after it (podcasts).
def _set_aside(parser: Any, element: str, key: str) -> None:
    start, end = getattr(parser, f"_start_{element}"), getattr(parser, f"_end_{element}")

    def start_aside(self: Any, attributes: Any) -> None:
        if self.inentry:
            self.push_content(key, attributes, "text/plain", 1)
        else:
            start(self, attributes)

    def end_aside(self: Any) -> None:
        if self.inentry:
            self.pop_content(key)
        else:
            end(self)

    setattr(parser, f"_start_{element}", start_aside)
    setattr(parser, f"_end_{element}", end_aside)


# What an item leaves behind (unclosed stacks, a content that never ended) would colour those after
# it. But an item must mean the same whatever stands before it: incremental reading leaves that out.
_STATE = (
    *("incontent", "insource", "inimage", "intextinput", "inauthor", "incontributor"),
    *("inpublisher", "hasContent", "svgOK", "ingeometry", "psc_chapters_flag"),
    *("_summaryKey", "title_depth", "depth"),
)
_STACKS = ("elementstack", "basestack", "langstack")


def _start_item(self: Any, attributes: Any) -> None:
    before = [getattr(self, name) for name in _STATE], [len(getattr(self, s)) for s in _STACKS]
    self.__dict__.setdefault("items_open", []).append(before)
    Namespace._start_item(self, attributes)


def _end_item(self: Any) -> None:
    Namespace._end_item(self)
    values, heights = self.items_open.pop()
    for name, value in zip(_STATE, values, strict=True):
        setattr(self, name, value)
    for name, height in zip(_STACKS, heights, strict=True):
        del getattr(self, name)[height:]
    self.contentparams.clear()
    self.sourcedata.clear()


class _Translation(dict[int, Any]):
    """A table for str.translate that learns: a miss costs it an exception, at each character."""

    def __missing__(self, code: int) -> int:
        if len(self) < 10_000:
            self[code] = code
        return code


# Nine of ten keys are no aliases; the others go its way.
_ALIASES = frozenset(
    {"category", "enclosures", "license", "updated", "updated_parsed", *FeedParserDict.keymap}
)
_aliased_get, _aliased_contains = FeedParserDict.get, FeedParserDict.__contains__


def _get(self: Any, key: str, default: Any = None) -> Any:
    return (_aliased_get if key in _ALIASES else dict.get)(self, key, default)


def _contains(self: Any, key: str) -> bool:
    return bool((_aliased_contains if key in _ALIASES else dict.__contains__)(self, key))


def _deepcopy(self: Any, memo: Any) -> Any:
    pairs = {k: v if isinstance(v, str) else deepcopy(v, memo) for k, v in self.items()}
    return FeedParserDict(pairs)


# Our decoder has called it already, with another opinion of what the headers say.
def _convert_to_utf8(headers: Any, data: bytes, result: Any) -> bytes:
    if not data.startswith(DECLARATION):
        return bytes(convert_to_utf8(headers, data, result))
    result["encoding"] = "utf-8"
    return data


def correct() -> None:
    """From now on feedparser reads as it is needed here, in all of this process."""
    # It warns of its own fallback from `updated` to `published`, which we don't use.
    warnings.filterwarnings("ignore", category=DeprecationWarning, module="feedparser")
    _FeedParserMixin.namespaces.update(NAMESPACES)
    # Its own dates cost more than ours, which read the text (and more of them).
    _base._parse_date = dc._parse_date = lambda _text: None
    # It joins the base with itself for every element.
    mixin.make_safe_absolute_uri = lru_cache(maxsize=64)(mixin.make_safe_absolute_uri)
    mixin._cp1252 = _Translation(mixin._cp1252)
    FeedParserDict.get, FeedParserDict.__contains__ = _get, _contains
    FeedParserDict.has_key, FeedParserDict.__deepcopy__ = _contains, _deepcopy
    api.convert_to_utf8 = _convert_to_utf8
    api.PREFERRED_XML_PARSERS[:] = ["aggregator.read.sax"]
    Strict._start_item = Strict._start_entry = _start_item
    Strict._end_item = Strict._end_entry = _end_item
    for parser in (Strict, api.LooseFeedParser):
        _set_aside(parser, "itunes_summary", "aside_text")
        _set_aside(parser, "dc_description", "aside_text")
        _set_aside(parser, "media_description", "aside_media")
        parser.can_be_relative_uri = parser.can_be_relative_uri - {"id"}
        parser._add_tag = _add_tag
        parser._save_author = _save_author
        parser._start_link = _start_link
        parser._start_a = _start_a
    api.StrictFeedParser = Strict

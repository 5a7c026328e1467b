"""feedparser's strict parser, its three hottest methods written for what `parse` asks of it. Pure.

Every element of a document goes through them: with feedparser's own they are a third of a reading.
What is left out is what nothing here asks for (its sanitiser, its resolving of URLs in texts) and
what cannot be (bytes among the pieces, keys in capitals); inline XHTML goes feedparser's own way.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import re
from typing import Any
from xml.sax.saxutils import escape as xml_escape

from feedparser import api, mixin
from feedparser.util import FeedParserDict

from aggregator.read.clean import PLAIN_URL

_C1 = re.compile("[\x80-\x9f]")
_CP1252: dict[int, str] = mixin._cp1252
_REFERENCE = re.compile("&([A-Za-z0-9_]+);")
_IN_TEXT_INPUT = frozenset({"title", "link", "description", "name"})
_IN_IMAGE = frozenset({"title", "link", "description", "url", "href", "width", "height"})
_ROOTS = frozenset({"feed", "rss", "rdf:RDF"})
_PARTS = frozenset({"category", "tags", "itunes_keywords"})
"""Their own handlers store them."""
_XHTML = "application/xhtml+xml"
_HANDLERS: dict[str, Any] = {}


def _handler(name: str) -> Any:
    """The method of that name, or None."""
    if name not in _HANDLERS:
        if len(_HANDLERS) > 1000:  # Documents may name their elements as they like.
            _HANDLERS.clear()
        _HANDLERS[name] = getattr(Strict, name, None)
    return _HANDLERS[name]


class Strict(api.StrictFeedParser):  # type: ignore[misc]
    """Gives what feedparser's gives, to the last character."""

    baseuri: str
    lang: str | None

    def unknown_starttag(self, tag: str, attrs: list[tuple[str, str]]) -> None:
        if self.incontent:
            super().unknown_starttag(tag, attrs)
            return
        self.begin(tag, {k.lower(): v.lower() if k in ("rel", "type") else v for k, v in attrs})

    def begin(self, tag: str, found: dict[str, str]) -> None:
        """An element that is no markup within a text, with its attributes."""
        self.depth += 1
        self._scope(tag, found)
        prefix, suffix = self._parted(tag)
        if not prefix:
            if tag not in _IN_TEXT_INPUT:
                self.intextinput = 0
            if tag not in _IN_IMAGE:
                self.inimage = 0
        method = _handler(f"_start_{prefix}{suffix}")
        if method is not None:
            try:
                method(self, found)
            except AttributeError:
                method = None
        if method is None and found:
            self._get_context()[prefix + suffix] = found
        elif method is None:
            self.push(prefix + suffix, 1)

    def _scope(self, tag: str, found: dict[str, str]) -> None:
        """xml:base, xml:lang and namespaces begin to hold."""
        base, lang = self.baseuri, self.lang
        if not found and (base in self.basestack[-1:]) and tag not in _ROOTS:
            self.basestack.append(base)
            self.langstack.append(lang)
            return
        base = found.get("xml:base", found.get("base")) or base
        said = found.get("xml:lang", found.get("lang"))
        lang = lang if said is None else said or None
        if self.baseuri:
            self.baseuri = mixin.make_safe_absolute_uri(self.baseuri, base) or self.baseuri
        else:
            self.baseuri = mixin._urljoin(self.baseuri, base)
        if lang and tag in _ROOTS:
            self.feeddata["language"] = lang.replace("_", "-")
        self.lang = lang
        self.basestack.append(self.baseuri)
        self.langstack.append(lang)
        for name, uri in found.items():
            if name.startswith("xmlns:"):
                self.track_namespace(name[6:], uri)
            elif name == "xmlns":
                self.track_namespace(None, uri)

    def _parted(self, tag: str) -> tuple[str, str]:
        """(feedparser's prefix for handlers, the rest)"""
        given, colon, suffix = tag.partition(":")
        if not colon:
            given, suffix = "", tag
        prefix = self.namespacemap.get(given, given)
        return (f"{prefix}_" if prefix else ""), suffix

    def handle_data(self, text: str, escape: int = 1) -> None:
        if self.elementstack:
            if escape and dict.get(self.contentparams, "type") == _XHTML:
                text = xml_escape(text)
            self.elementstack[-1][2].append(text)

    def push_content(
        self, tag: str, attributes: dict[str, str], kind: str, expecting_text: int
    ) -> None:
        self.incontent += 1
        self.lang = self.lang and self.lang.replace("_", "-")
        kind = self.map_content_type(attributes.get("type", kind))
        text = kind.startswith("text/") or kind.endswith(("+xml", "/xml"))
        self.contentparams = FeedParserDict(
            type=kind,
            language=self.lang,
            base=self.baseuri,
            base64=int(attributes.get("mode", "") == "base64" or not text),
        )
        self.push(tag, expecting_text)

    def resolve_uri(self, uri: str) -> str:
        return uri if PLAIN_URL.fullmatch(uri) else super().resolve_uri(uri)

    def unknown_endtag(self, tag: str) -> None:
        prefix, suffix = self._parted(tag)
        if suffix == "svg" and self.svgOK:
            self.svgOK -= 1
        method = None if self.svgOK else _handler(f"_end_{prefix}{suffix}")
        if method is not None:
            try:
                method(self)
            except AttributeError:
                method = None
        if method is None:
            self.pop(prefix + suffix)
        if self.incontent and self._end_inline(tag):
            return
        if self.basestack:
            self.basestack.pop()
            if self.basestack and self.basestack[-1]:
                self.baseuri = self.basestack[-1]
        if self.langstack:
            self.langstack.pop()
            if self.langstack:
                self.lang = self.langstack[-1]
        self.depth -= 1

    def _end_inline(self, tag: str) -> bool:
        """Markup within a text, which is XHTML whatever it said; True for a <div> that is none."""
        params = self.contentparams
        if not (dict.get(params, "type") or "xml").endswith("xml"):
            if tag in ("xhtml:div", "div"):
                return True
            params["type"] = _XHTML
        if dict.get(params, "type") == _XHTML:
            self.handle_data(f"</{tag.split(':')[-1]}>", escape=0)
        return False

    def pop(self, element: str, strip_whitespace: int = 1) -> str | None:
        stack = self.elementstack
        if not stack or stack[-1][0] != element:
            return None
        _, expecting_text, pieces = stack.pop()
        params = self.contentparams
        kind = dict.get(params, "type")
        if kind == _XHTML and self.version == "atom10":
            pieces = _inside(pieces)
        output = "".join(pieces)
        output = output.strip() if strip_whitespace else output
        if not expecting_text:
            return output
        if dict.get(params, "base64"):
            with contextlib.suppress(binascii.Error, UnicodeDecodeError):
                output = base64.decodebytes(output.encode()).decode()
        if output and element in self.can_be_relative_uri:
            output = self.resolve_uri(output)
        if kind == "text/plain" and not self.version.startswith("atom"):
            params["type"] = "text/html" if self.looks_like_html(output) else kind
        dict.pop(params, "mode", None)
        dict.pop(params, "base64", None)
        output = output if output.isascii() else _decoded(output)
        if element not in _PARTS and not (
            element == "title" and -1 < self.title_depth <= self.depth
        ):
            output = self._stored(element, output)
        return output

    def _stored(self, element: str, output: str) -> str:
        """In its place, which tells; feedparser mends `?a=1&b;=2` of links on the way."""
        if self.inentry and not self.insource:
            entry = self.entries[-1]
            if element == "content":
                entry.setdefault(element, [])
                entry[element].append(self._detail(output))
            elif element == "link":
                if not self.inimage:
                    output = _REFERENCE.sub(r"&\g<1>", output.replace("&amp;", "&"))
                    entry[element] = output
                    if output:
                        entry["links"][-1]["href"] = output
            else:
                element = "summary" if element == "description" else element
                depths = self.property_depth_map.setdefault(entry, {})
                if self.depth <= depths.get(element, self.depth):
                    depths[element] = self.depth
                    entry[element] = output
                if self.incontent:
                    entry[f"{element}_detail"] = self._detail(output)
        elif self.infeed or self.insource:
            context = self._get_context()
            element = "subtitle" if element == "description" else element
            context[element] = output
            if element == "link":
                output = _REFERENCE.sub(r"&\g<1>", output)
                context[element] = output
                context["links"][-1]["href"] = output
            elif self.incontent:
                context[f"{element}_detail"] = self._detail(output)
        return output

    def _detail(self, output: str) -> FeedParserDict:
        detail = FeedParserDict(self.contentparams)
        detail["value"] = output
        return detail


def _inside(pieces: list[str]) -> list[str]:
    """XHTML without the <div> around all of it."""
    while len(pieces) > 1 and not pieces[-1].strip():
        del pieces[-1]
    while len(pieces) > 1 and not pieces[0].strip():
        del pieces[0]
    if not pieces or pieces[-1] != "</div>" or not pieces[0].startswith(("<div>", "<div ")):
        return pieces
    depth = 0
    for piece in pieces[:-1]:
        if piece.startswith("</"):
            depth -= 1
            if depth == 0:
                return pieces
        elif piece.startswith("<") and not piece.endswith("/>"):
            depth += 1
    return pieces[1:-1]


def _decoded(text: str) -> str:
    """UTF-8 that was taken for Latin-1, and Windows-1252 that was."""
    with contextlib.suppress(UnicodeEncodeError, UnicodeDecodeError):
        text = text.encode("iso-8859-1").decode()
    return text.translate(_CP1252) if _C1.search(text) else text

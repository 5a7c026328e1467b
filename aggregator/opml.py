"""OPML 1.0–2.0 lists of sources, as other programs write them (opml.org/spec2)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from aggregator.outlines import tree
from feeds.text import plain_text

MAX_DEPTH = 32
_BARE_AMPERSAND = re.compile(rb"&(?!(?:#[0-9]+|#[xX][0-9a-fA-F]+|amp|lt|gt|quot|apos);)")
_VALUE = re.compile(rb"""=\s*(?:"[^"]*"|'[^']*')""")
_OWN_SLUG = re.compile(r"/([a-z0-9]+(?:-[a-z0-9]+)*)")
_FEEDS = frozenset(("rss", "atom", "feed", "rdf"))
"""What outlines call themselves that must have an xmlUrl."""


class BadOpml(ValueError):
    """No OPML could be read; the message says why and what would be right, `line` where."""

    def __init__(self, text: str, line: int = 1) -> None:
        super().__init__(text)
        self.line = line


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """An outline around others. `slug`: what it says its category is, by `category="/slug"`."""

    title: str
    slug: str | None = None
    line: int | None = None
    attributes: Mapping[str, str] = field(default_factory=dict, compare=False)
    """All of them, as they are written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """One feed of a list."""

    url: str
    title: str | None = None
    within: tuple[Folder, ...] = ()
    """The named outlines around it, outermost first."""
    line: int | None = None
    fault: str = ""
    """The key and what is wrong with it, where that is no matter of its address."""
    attributes: Mapping[str, str] = field(default_factory=dict)
    """All of them, as they are written; a namespace's as `{uri}name`."""

    @property
    def folders(self) -> tuple[str, ...]:
        """Their titles."""
        return tuple(each.title for each in self.within)


def read_opml(body: bytes) -> list[Outline]:
    """The feeds of an OPML document, in its order. Raises BadOpml.

    Lenient where programs are careless: names of elements and attributes in any case, feeds
    without type="rss", outlines beside the body, documents without head, `feed:` addresses, bare
    & and < in attributes. Anything else that is not well-formed, or deeper than we go, is refused:
    half a list would quietly retire the other half's sources, and a recovering parser makes
    `?a=1&b=2` into `?a=1=2`. Entities and the network are off (THREATS.md).
    """
    root = tree(body)
    if root is None:
        root = _with_libxml2(body)
    if _name(root) != "opml":
        raise BadOpml(_other(root), root.sourceline)
    # Some programs close the body at once, or write several.
    return [each for child in root for each in _read(child)]


def _with_libxml2(body: bytes) -> Any:
    """What expat refuses: libxml2 says better what is wrong, and knows more encodings. It is loaded
    for that alone, since it takes 5 MB, and several times as much of a long list."""
    from lxml import etree

    def parse(body: bytes) -> Any:
        parser = etree.XMLParser(
            resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
        )
        return etree.fromstring(body, parser)

    try:
        root = parse(body)
    except etree.XMLSyntaxError as error:
        if b"<!ENTITY" in body:
            raise BadOpml(_ENTITIES, error.lineno or 1) from error
        try:
            root = parse(_escaped(body))
        except etree.XMLSyntaxError as second:
            raise BadOpml(_explained(second, body), second.lineno or 1) from second
    document_type = root.getroottree().docinfo.internalDTD
    if document_type is not None and any(document_type.iterentities()):
        raise BadOpml(_ENTITIES, root.sourceline)
    return root


def _escaped(body: bytes) -> bytes:
    """With the bare & and < of attributes escaped: in what is well-formed there are none."""
    body = _BARE_AMPERSAND.sub(b"&amp;", body)
    return _VALUE.sub(lambda found: found[0].replace(b"<", b"&lt;"), body)


def _read(child: Any) -> Iterator[Outline]:
    if _name(child) == "body":
        yield from _walk(child, ())
    elif _name(child) == "outline":
        yield from _outline(child, ())


def _walk(parent: Any, within: tuple[Folder, ...]) -> Iterator[Outline]:
    for element in parent:
        if _name(element) == "outline":
            yield from _outline(element, within)


def _outline(element: Any, within: tuple[Folder, ...]) -> Iterator[Outline]:
    given = dict(element.attrib)
    attributes = {name.lower(): value.strip() for name, value in given.items()}
    title = plain_text(attributes.get("title") or attributes.get("text") or "") or None
    url, fault = attributes.get("xmlurl"), _fault(element, attributes)
    if url or fault:
        yield Outline(
            url=_address(url or ""),
            title=title,
            within=within,
            line=element.sourceline,
            fault=fault,
            attributes=given,
        )
    elif title is not None and len(element):
        slug = _OWN_SLUG.fullmatch(attributes.get("category", ""))
        folder = Folder(
            title=title, slug=slug and slug[1], line=element.sourceline, attributes=given
        )
        within = (*within, folder)
        if len(within) > MAX_DEPTH:
            raise BadOpml(_DEEP, element.sourceline)
    yield from _walk(element, within)


def _fault(element: Any, attributes: Mapping[str, str]) -> str:
    kind = attributes.get("type", "").lower()
    if attributes.get("xmlurl"):
        return ""
    if kind in _FEEDS and not len(element):
        return 'xmlUrl: missing; write xmlUrl="https://host/path", or remove the outline'
    if kind == "include":
        return (
            'type: "include" is not followed; write the list that it names into `include` of the '
            "configuration, and remove the outline"
        )
    return ""


def _address(url: str) -> str:
    """Without the `feed:` by which browsers once knew that a reader is meant."""
    if not url.lower().startswith("feed:"):
        return url
    rest = url[len("feed:") :].removeprefix("//")
    return rest if re.match("https?:", rest, re.IGNORECASE) else f"https://{rest}"


def _name(element: Any) -> str:
    return element.tag.rpartition("}")[2].lower() if isinstance(element.tag, str) else ""


# --- what is wrong, and what would be right


_ENTITIES = "it declares entities, which are never read; remove its <!DOCTYPE … >"
_DEEP = f"outlines are nested too deep; {MAX_DEPTH} folders in each other at most"
_CUT_OFF = "it is cut off; export it anew"
_BEGIN = 'a list begins with <opml version="2.0"><body>'
_FORMS = (
    ("Start tag expected", _BEGIN),
    ("Document is empty", _BEGIN),
    ("StartTag: invalid element name", f"{_BEGIN}; write &lt; for a < within a text"),
    ("Opening and ending tag", "close each <outline …> with </outline>, or write <outline …/>"),
    ("Extra content", "only one <opml> may stand there; put all outlines into its body"),
    ("Couldn't find end", _CUT_OFF),
    ("Premature end", _CUT_OFF),
    ("EndTag", _CUT_OFF),
    ("Attribute", "keep one of them"),
    ("AttValue: \" or '", 'write values in quotes: text="…"'),
    ("AttValue", _CUT_OFF),
    ("Specification mandates value", 'write a value in quotes: name="…"'),
    ("attributes construct error", "a space parts attributes; write &quot; for a quote in one"),
    ("Unescaped '<'", "close the quotes before it, or write &lt; for it"),
    ("invalid character in", "remove that character"),
    ("xmlParseCharRef", "remove that character"),
    ("PCDATA invalid", "remove that character"),
    ("Namespace prefix", 'declare it: <opml version="2.0" xmlns:prefix="…">'),
    ("XML declaration allowed only", "remove what stands before <?xml"),
    ("Blank needed", 'its first line must be like <?xml version="1.0" encoding="UTF-8"?>'),
    ("Excessive depth", _DEEP),
)  # fmt: skip
_ENCODING = ("encoding", "UTF-8", "Invalid bytes", "conversion")


def _explained(error: SyntaxError, body: bytes) -> str:
    """What libxml2 said, with the right form."""
    said = (error.msg or "").rpartition(", line")[0] or str(error.msg)
    begun = b"<opml" in body.lower() and not said.startswith("Start tag expected")
    if begun and b"</opml" not in body.lower():
        return f"not XML: {said}; {_CUT_OFF}"
    for beginning, form in _FORMS:
        if said.startswith(beginning):
            return f"not XML: {said}; {form}"
    if any(word in said for word in _ENCODING):
        return f'not XML: {said}; save it as UTF-8, and write encoding="UTF-8" in its first line'
    return f"not XML: {said}; mend that place, or export it anew"


def _other(root: Any) -> str:
    name = _name(root)
    if name in ("rss", "feed", "rdf"):
        return f"<{name}> is a feed, no list of feeds; write its address as url of [[sources]]"
    what = "a web page" if name == "html" else f"<{name}>"
    return f"{what}, and no <opml>; {_BEGIN}"

"""expat straight to feedparser's strict parser: a driver for `PREFERRED_XML_PARSERS`. Pure.

xml.sax hands text over in tiny pieces (13 million characters of real feeds in a million calls) and
takes names apart for every element; that is a quarter of feedparser's time. The same events here,
but text in one piece, names worked out once a document, and namespaces kept in their scope (an
item's own declarations must not name the elements of the next one).
"""

from __future__ import annotations

from typing import Any
from xml.parsers import expat
from xml.sax import SAXParseException

from feedparser.parsers.strict import _StrictFeedParser

_SEPARATOR = "\x1f"
"""No XML can hold it, so it is in no namespace."""
_BUFFER = 1 << 16
_USERLAND = "http://backend.userland.com/rss"
_OWN_NAMESPACE = {
    "math": "http://www.w3.org/1998/Math/MathML",
    "svg": "http://www.w3.org/2000/svg",
}
"""Elements whose namespace feedparser writes into inline XHTML."""


class _Where:
    """Where the parser stood when it failed, for SAXParseException."""

    def __init__(self, parser: expat.XMLParserType) -> None:
        self._line, self._column = parser.ErrorLineNumber, parser.ErrorColumnNumber

    def getLineNumber(self) -> int:  # noqa: N802 - xml.sax's name
        return self._line

    def getColumnNumber(self) -> int:  # noqa: N802
        return self._column

    def getPublicId(self) -> None:  # noqa: N802
        return None

    getSystemId = getPublicId  # noqa: N815


class Driver:
    """The part of xml.sax.xmlreader.XMLReader that feedparser uses."""

    def __init__(self) -> None:
        self._to: Any = None
        self._saved: list[list[tuple[dict[Any, Any], Any, Any]]] = []
        self._tags: dict[str, str] = {}

    def setFeature(self, name: str, state: object) -> None:  # noqa: N802
        """Namespaces are always on, external entities always off."""

    def setContentHandler(self, handler: _StrictFeedParser) -> None:  # noqa: N802
        self._to = handler

    def setErrorHandler(self, handler: object) -> None:  # noqa: N802
        """It is the content handler."""

    def parse(self, source: Any) -> None:
        """Raises SAXParseException, after the content handler was told."""
        parser = expat.ParserCreate(None, _SEPARATOR)
        parser.namespace_prefixes = True
        parser.buffer_text = True
        parser.buffer_size = _BUFFER
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._to.handle_data
        parser.StartNamespaceDeclHandler = self._declare
        parser.EndNamespaceDeclHandler = self._undeclare
        parser.ExternalEntityRefHandler = lambda *_: 1
        parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_UNLESS_STANDALONE)
        try:
            parser.Parse(source.getByteStream().read(), True)
        except expat.ExpatError as error:
            text = expat.ErrorString(error.code)
            self._to.fatalError(SAXParseException(text, error, _Where(parser)))  # type: ignore[arg-type]

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        to = self._to
        if not attributes and not to.decls and not to.incontent:
            to.begin(self._tags.get(name) or self._tag(name), {})
            return
        found, to.decls = to.decls, {}
        local = name.split(_SEPARATOR, 2)
        if len(local) > 1 and _OWN_NAMESPACE.get(local[1].lower()) == local[0]:
            found["xmlns"] = local[0]
        if attributes:
            self._take(found, attributes)
        to.unknown_starttag(self._tags.get(name) or self._tag(name), list(found.items()))

    def _take(self, found: dict[str, str], attributes: dict[str, str]) -> None:
        """Each attribute by feedparser's name of it and, when that is another, by its own."""
        own = {}
        for name, value in attributes.items():
            uri, _, rest = name.rpartition(_SEPARATOR) if _SEPARATOR in name else ("", "", name)
            if uri:
                uri, local, prefix = (*name.split(_SEPARATOR, 2), "")[:3]
                known = self._to._matchnamespaces.get(uri.lower(), "")
                found[f"{known}:{local}".lower() if known else local.lower()] = value
                own[f"{prefix}:{local}".lower() if prefix else local.lower()] = value
            else:
                found[rest.lower()] = own[rest.lower()] = value
        found.update(own)

    def _end(self, name: str) -> None:
        self._to.unknown_endtag(self._tags.get(name) or self._tag(name))

    def _tag(self, name: str) -> str:
        """feedparser's name of an element: its own prefix for a namespace it knows; for others the
        first prefix in use, which may be another one elsewhere in the document."""
        uri, local = ("", name) if _SEPARATOR not in name else name.split(_SEPARATOR, 2)[:2]
        uri = _USERLAND if _USERLAND[7:] in uri.lower() else uri
        known = self._to._matchnamespaces.get(uri.lower())
        if known is not None or not uri:
            self._tags[name] = found = f"{known}:{local}".lower() if known else local.lower()
            return found
        in_use = self._to.namespaces_in_use.items()
        prefix = next((prefix for prefix, each in in_use if prefix and each == uri), "")
        return f"{prefix}:{local}".lower() if prefix else local.lower()

    def _declare(self, prefix: str | None, uri: str | None) -> None:
        to = self._to
        lower = (uri or "").lower()
        known = to._matchnamespaces.get(_USERLAND if _USERLAND[7:] in lower else lower)
        places = [(to.namespacemap, prefix), (to.namespaces_in_use, prefix or "")]
        if known is not None:
            places.append((to.namespaces_in_use, known))
        self._saved.append([(where, key, where.get(key)) for where, key in places])
        to.startPrefixMapping(prefix, uri)

    def _undeclare(self, _prefix: str | None) -> None:
        for where, key, before in reversed(self._saved.pop()):
            if before is None:
                where.pop(key, None)
            else:
                where[key] = before


def create_parser() -> Driver:
    """What xml.sax.make_parser calls."""
    return Driver()

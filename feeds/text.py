"""Text that every room needs: what XML can carry, the plain text of HTML, slugs. Pure."""

from __future__ import annotations

import re
import unicodedata
from html.parser import HTMLParser

from anyascii import anyascii

# XML 1.0 §2.2 Char; a lone surrogate is no character at all.
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_CONTROLS = bytes({*range(32)} - {9, 10, 13})
_NOT_SLUG = re.compile(r"[^a-z0-9]+")
# Their content is never prose.
_UNSEEN = frozenset({"script", "style", "template", "noscript", "iframe", "object"})
# A word ends where one of these begins or ends; <b>, <i>, <a> … may stand inside a word.
_BLOCKS = frozenset(
    re.findall(
        r"\w+",
        """address article aside blockquote br caption dd div dl dt figcaption figure footer form
        h1 h2 h3 h4 h5 h6 header hr legend li main nav ol option p pre section table tbody td
        tfoot th thead tr ul""",
    )
)


def xml_safe(text: str) -> str:
    """The text without the characters that XML 1.0 can't carry, lone surrogates included."""
    return text if _is_xml(text) else _NOT_XML.sub("", text)


def _is_xml(text: str) -> bool:
    """Nearly all are, and this finds it out at a fifth of what the expression takes."""
    if text.isprintable():
        return True
    try:
        octets = text.encode()
    except UnicodeEncodeError:
        return False
    plain = len(octets.translate(None, _CONTROLS)) == len(octets)
    return plain and "\ufffe" not in text and "\uffff" not in text


def collapse(text: str) -> str:
    """The text with each run of white space as one space, trimmed."""
    return " ".join(text.split())


class _Text(HTMLParser):
    """Collects text; `convert_charrefs` decodes entities, and a bare & or < stays as it is."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self.unseen: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        if tag in _UNSEEN:
            self.unseen.append(tag)
        elif tag in _BLOCKS:
            self.pieces.append(" ")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        if tag in _BLOCKS:
            self.pieces.append(" ")

    def handle_endtag(self, tag: str) -> None:
        if tag in self.unseen:
            del self.unseen[self.unseen.index(tag) :]
        elif tag in _BLOCKS:
            self.pieces.append(" ")

    def handle_data(self, data: str) -> None:
        if not self.unseen:
            self.pieces.append(data)


def plain_text(html: str) -> str:
    """The text that a reader of this HTML sees: entities decoded, white space collapsed."""
    if "<" not in html and "&" not in html:
        return collapse(html)
    parser = _Text()
    try:
        parser.feed(html)
        parser.close()
    except AssertionError:  # html.parser gives up on some marked sections: `<![`
        return collapse(re.sub(r"<[^>]*>", " ", html))
    return collapse("".join(parser.pieces))


def slugify(text: str) -> str:
    """`[a-z0-9]+(-[a-z0-9]+)*`, or "" when nothing of the text can be written so."""
    # First by its parts, which keeps "é" an e; what has no Latin part is transliterated.
    parts = unicodedata.normalize("NFKD", text)
    plain = anyascii("".join(c for c in parts if not unicodedata.combining(c)))
    return _NOT_SLUG.sub("-", plain.lower()).strip("-")


def shorten(text: str, n: int) -> str:
    """At most `n` characters, cut at the end of a word, with "…" where something is missing."""
    if len(text) <= n:
        return text
    if n < 1:
        return ""
    head = text[: n - 1]
    at_word = head if text[n - 1].isspace() else head.rpartition(" ")[0]
    return (at_word.rstrip() or head) + "…"

"""What leaves the reader: HTML that is safe, titles that are text, URLs that are links. Pure.

nh3's only door. feedparser's own sanitiser is off: it lets `&#106;avascript:` through.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from html import escape, unescape
from itertools import islice
from typing import Protocol
from urllib.parse import urljoin, urlsplit

import nh3

from aggregator.read.lazy import plain
from feeds.text import collapse, plain_text, shorten, xml_safe

MAX_HTML = 512 * 1024
"""Bytes of UTF-8 that one item's text may have (PUBLISHING, THREATS)."""
_CLOSING = 8192
"""Bytes that the end tags of what is open may take: MAX_DEPTH of the longest name and more."""
MAX_DEPTH = 256
"""Elements open at once: nh3 is quadratic in nesting (50,000 divs 5 s, 256 under 1 ms)."""
MAX_TITLE = 2000
MAX_URL = 8192
"""Characters; a longer one is no link (servers answer 414 from 8 KB on)."""

_SCHEMES = {"http", "https", "mailto"}
_TAGS = nh3.ALLOWED_TAGS | {"audio", "video", "source", "tfoot"}
_ATTRIBUTES = {
    **nh3.ALLOWED_ATTRIBUTES,
    "audio": {"src", "controls"},
    "video": {"src", "controls", "poster", "width", "height"},
    "source": {"src", "type"},
}
# nh3 leaves an empty reference as it is, and that is a relative one (P3). Its output escapes "<" in
# texts and quotes in attributes, so only tags can match.
_EMPTY_LINK = re.compile(r'(<[a-z0-9]+(?: [a-z-]+="[^"]*")*?) (?:href|src|cite|poster)=""')
# Nor does it trim one, which is relative then for whoever does not either.
_SPACED_LINK = re.compile(
    r'(<[a-z0-9]+(?: [a-z-]+="[^"]*")*? (?:href|src|poster)=")\s+([^"]*?)\s*(?=")'
)
# And it takes `cite` for no URL: any scheme passes, and relative ones stay so.
_CITE = re.compile(r'(<(?:blockquote|q|ins|del)(?: [a-z-]+="[^"]*")*?) cite="([^"]*)"')
# Anything that nh3 would change, but for ">".
_MARKED = re.compile("[<&\\r\xa0\0]")
# Begins at "=", which is quick to find.
_PERHAPS_RELATIVE = re.compile(
    r"=(?:(?<=href=)|(?<=src=)|(?<=cite=)|(?<=poster=)|(?<=\s=))"
    r"(?!\s*[\"']?(?:https?://|mailto:))",
    re.I,
)
# Their content is no prose: it goes with them.
_UNSEEN = {"script", "style", "noscript", "template", "iframe", "object", "applet", "noembed"}
# Never open when the next begins: counting them would cut old pages that close no <p>.
_SHALLOW = """area base br col embed hr img input link meta param source track wbr
    p li dt dd td th tr tbody thead option"""
_DEEPER = re.compile(
    rf"<(/?)(?!(?:{'|'.join(_SHALLOW.split())})(?![a-zA-Z0-9]))[a-zA-Z]", re.I | re.A
)
"""Tags of all others."""
_RELATIVE = re.compile(
    r"(<[a-z][^<>]*?\s(?:href|src|cite|action|longdesc|background|usemap|poster)=\")"
    r"(?![a-z][a-z0-9+.-]*:)([^\"<>]*)",
    re.I,
)
PLAIN_URL = re.compile(
    r"https?://[a-z0-9.-]+(?::\d{1,4})?/[\w.~!$&'()*+,=:@%/-]*(?:\?[\w.~!$&'()*+,;=:@%/?-]+)?", re.A
)
"""What a URL nearly always is: nothing about it depends on a base or needs mending."""
_UNENCODED = re.compile(r"[\x00-\x20\"<>\\^`{|}\x7f]")


@dataclass(frozen=True, slots=True)
class Markup:
    """Text as a document holds it. `type`: text/plain, text/html or application/xhtml+xml."""

    value: str
    type: str = "text/html"
    base: str = ""

    @property
    def html(self) -> str:
        """The same as HTML: plain text escaped, its paragraphs kept."""
        return self.value if "html" in self.type else text_to_html(self.value)


class Wash(Protocol):
    """What becomes of the texts of a document on their way into values."""

    def html(self, markup: Markup) -> tuple[str, bool]:
        """(HTML, was it cut)."""

    def line(self, markup: Markup) -> str:
        """A title, a subtitle, a rights statement."""

    def url(self, text: str, base: str) -> str | None:
        """An absolute URL."""


class Clean:
    """The wash that everything goes through which is stored."""

    def html(self, markup: Markup) -> tuple[str, bool]:
        return clean_html(markup.html, markup.base)

    def line(self, markup: Markup) -> str:
        return clean_title(markup)

    def url(self, text: str, base: str) -> str | None:
        return clean_url(text, base)


class Verbatim:
    """Only resolves URLs: what stood in the document, for the suites that judge the reading."""

    def html(self, markup: Markup) -> tuple[str, bool]:
        return self.line(markup), False

    def line(self, markup: Markup) -> str:
        if "html" not in markup.type:
            return markup.value
        return _RELATIVE.sub(
            lambda m: f"{m[1]}{escape(absolute(unescape(m[2]), markup.base) or '')}", markup.value
        )

    def url(self, text: str, base: str) -> str | None:
        return absolute(text, base)


def text_to_html(text: str) -> str:
    """Plain text as HTML paragraphs: a blank line parts them, a newline is a <br>."""
    parts = [part.strip() for part in re.split(r"\r?\n[ \t]*\r?\n", text)]
    parts = [escape(part, quote=False).replace("\n", "<br>") for part in parts if part]
    return parts[0] if len(parts) == 1 else "".join(f"<p>{part}</p>" for part in parts)


def clean_html(html: str, base: str) -> tuple[str, bool]:
    """(safe HTML with absolute links, was it over MAX_HTML or MAX_DEPTH and so cut)."""
    whole = plain(xml_safe(html), base)
    cut = cut_html(whole)
    washed = _washed(cut, base)
    if len(washed) > 4 * MAX_HTML:  # a long base before each of 50,000 short links
        washed = _washed(cut, "")
    if _size(washed) > MAX_HTML:  # "<" became "&lt;", links became absolute
        return _nh3(cut_html(washed, MAX_HTML - _CLOSING), "deny").strip(), True
    return washed, cut != whole


def _washed(html: str, base: str) -> str:
    relative: str | tuple[str, str] = ("rewrite_with_base", base) if _web(base) else "deny"
    try:
        washed = _nh3(html, relative)
    except ValueError:  # a base that only nh3 refuses: then its relative links say nothing
        washed = _nh3(html, "deny")
    if " cite=" in washed:
        washed = _CITE.sub(lambda m: f"{m[1]}{_cite(unescape(m[2]), base)}", washed)
    if '=" ' in washed or '="\n' in washed:
        washed = _SPACED_LINK.sub(r"\1\2", washed)
    while '=""' in washed and (found := _EMPTY_LINK.subn(r"\1", washed))[1]:
        washed = found[0]  # one of each tag at a time
    # What was safe can only become something else by a character's number, or by an odd base.
    return (xml_safe(washed) if "&#" in html or not base.isascii() else washed).strip()


def _cite(text: str, base: str) -> str:
    url = clean_url(text, base)
    return f' cite="{escape(url)}"' if url else ""


def _size(text: str) -> int:
    """Bytes of UTF-8."""
    return len(text.encode("utf-8", "ignore"))


def _nh3(html: str, relative: str | tuple[str, str]) -> str:
    if not _MARKED.search(html):
        return html.replace(">", "&gt;")
    # Most items have absolute links only, and then the base is all one.
    if relative != "deny" and not _PERHAPS_RELATIVE.search(html):
        relative = "deny"
    return _cleaner(relative).clean(html)


@lru_cache(maxsize=16)
def _cleaner(relative: str | tuple[str, str]) -> nh3.Cleaner:
    """Making one costs as much as cleaning 250 bytes; their bases are short-lived."""
    return nh3.Cleaner(
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        clean_content_tags=_UNSEEN,
        url_schemes=_SCHEMES,
        url_relative=relative,  # type: ignore[arg-type]
    )


def cut_html(html: str, limit: int = MAX_HTML) -> str:
    """The HTML, or so much of it as fits `limit` bytes and MAX_DEPTH: never half a tag or
    entity."""
    html = html[: _too_deep(html)]
    if len(html) * 4 <= limit or _size(html) <= limit:
        return html
    head = html.encode("utf-8", "ignore")[:limit].decode("utf-8", "ignore")
    if head.rfind("<") > head.rfind(">"):
        return head[: head.rfind("<")]
    word = max(head.rfind(" "), head.rfind("\n"), head.rfind(">") + 1)
    head = head[:word] if len(head) - word < 200 else re.sub(r"&#?\w{0,32}$", "", head)
    return re.sub(r"(?:<[a-zA-Z][^<>]*>\s*)+$", "", head)


def _too_deep(html: str) -> int:
    """Where the element begins that is one too deep; else the length."""
    if html.count("<") - html.count("</") <= MAX_DEPTH:
        return len(html)
    depth, found = 0, _DEEPER.findall(html)
    if found.count("") <= MAX_DEPTH:
        return len(html)
    for count, closing in enumerate(found):
        if not closing:
            depth += 1
            if depth > MAX_DEPTH:
                return next(islice(_DEEPER.finditer(html), count, None)).start()
        elif depth:
            depth -= 1
    return len(html)


def clean_title(markup: Markup) -> str:
    """One line of text. `AT&amp;T <b>` of type html is "AT&T"; of type text it is left alone."""
    value = markup.value[: MAX_HTML // 4]
    text = plain_text(value) if "html" in markup.type else collapse(value)
    return shorten(collapse(xml_safe(text)), MAX_TITLE)


def absolute(text: str, base: str) -> str | None:
    """The URL against its base; None when there is none or it can't be read."""
    text = xml_safe(text).strip()
    if not text:
        return None
    try:
        return urljoin(base, text)
    except ValueError:
        return None


def clean_url(text: str, base: str) -> str | None:
    """An absolute http, https or mailto URL with no character that a URL can't hold; or None."""
    if len(text) <= MAX_URL and PLAIN_URL.fullmatch(text):
        return text
    url = absolute(re.sub(r"[\t\r\n]", "", text), base)
    if url is None or len(url) > MAX_URL:
        return None
    url = _UNENCODED.sub(lambda m: f"%{ord(m[0]):02X}", url)
    return url if url[:7].lower() == "mailto:" or _web(url) else None


def _web(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != -1
    except ValueError:
        return False

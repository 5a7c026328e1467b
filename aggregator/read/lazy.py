"""HTML that shows its pictures and films only with scripts, made plain: for reading anywhere. Pure.

A picture whose address stands in `data-src` (it is loaded when it is scrolled to) gets it as `src`;
a frame becomes a link to what it shows, and a film on YouTube or Vimeo a link to its page, with its
picture. What comes out is cleaned like everything else.
"""

from __future__ import annotations

import re
from html import escape, unescape
from urllib.parse import parse_qs, urljoin, urlsplit

_HINTS = (b"data-", b"srcset", b"<noscript", b"<iframe", b"<amp-")
# Each ends at the next "<" at the latest, so that no document makes them slow; a tag with "<" or
# ">" in an attribute stays as it is.
_IMAGE = re.compile(r"<(?:amp-)?img\b([^<>]*)>", re.I)
_FRAME = re.compile(r"<(?:amp-)?iframe\b([^<>]*)>(?:[^<]*</(?:amp-)?iframe\s*>)?", re.I)
_NOSCRIPT = re.compile(r"<noscript\b[^<>]*>((?:[^<]|<(?!/?noscript)){0,4000})</noscript\s*>", re.I)
_ATTRIBUTE = re.compile(
    r"([a-z][a-z0-9-]*)\s*(?:=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+)))?", re.I
)
_LATER = ("data-src", "data-lazy-src", "data-original", "data-orig-file", "data-large-file",
          "data-lazyload", "data-hi-res-src", "data-full-src", "data-image")  # fmt: skip
_SETS = ("data-srcset", "data-lazy-srcset", "srcset")
_PLACEHOLDER = re.compile(
    r"\s*(?:data:|about:|#|$)|.*(?:blank|spacer|placeholder|lazy[^/]*|transparent|1x1|pixel)"
    r"[^/]*\.(?:gif|png|svg|jpe?g)(?:\?.*)?$",
    re.I | re.S,
)
_SIZE = re.compile(r"-\d+x\d+(?=\.[a-z]+$)")
_YOUTUBE = ("www.youtube.com", "youtube.com", "www.youtube-nocookie.com", "youtube-nocookie.com")
_VIDEO_ID = re.compile(r"[A-Za-z0-9_-]{6,20}")


def plain(html: str, base: str) -> str:
    """The same HTML for readers without scripts. `base`: what relative addresses mean."""
    # An expression for these that minds no case took a tenth of a reading, a text of more than
    # ASCII in lower case half of that.
    lower = html.encode("utf-8", "ignore").lower()
    if not any(hint in lower for hint in _HINTS):
        return html
    if b"<noscript" in lower:
        html = _NOSCRIPT.sub(_unwrapped, html)
    html = _IMAGE.sub(_image, html)
    return _FRAME.sub(lambda found: _frame(found, base), html)


def _unwrapped(found: re.Match[str]) -> str:
    """The picture for those without scripts, unless the one before it is the same."""
    inside = found[1] if "&lt;" not in found[1] else unescape(found[1])
    here = [_source(_attributes(each[1])) for each in _IMAGE.finditer(inside)]
    if not any(here):
        return found[0]
    before = found.string[max(0, found.start() - 2000) : found.start()]
    shown = [_source(_attributes(each[1])) for each in _IMAGE.finditer(before)]
    return "" if shown and shown[-1] and _same(shown[-1], here) else inside


def _same(one: str, others: list[str | None]) -> bool:
    """Whether it is one of them, perhaps in another size ("a-300x200.jpg")."""
    bare = _SIZE.sub("", one.partition("?")[0])
    return any(other and _SIZE.sub("", other.partition("?")[0]) == bare for other in others)


def _attributes(text: str) -> dict[str, str]:
    return {
        each[1].lower(): unescape(each[2] or each[3] or each[4] or "")
        for each in reversed(list(_ATTRIBUTE.finditer(text)))
    }


def _is_placeholder(url: str) -> bool:
    """Whether nothing is to be seen there."""
    short = len(url) < 300 or url[:5] == "data:"
    return not url or (short and _PLACEHOLDER.match(url[:300]) is not None)


def _source(given: dict[str, str]) -> str | None:
    """Where the picture really is; None for one whose address is not told."""
    own = given.get("src", "")
    if not _is_placeholder(own):
        return own
    for name in _LATER:
        if not _is_placeholder(given.get(name, "")):
            return given[name]
    for name in _SETS:
        if found := _widest(given.get(name, "")):
            return found
    return None


def _widest(srcset: str) -> str | None:
    """Of a srcset, the largest picture up to a width that fits a screen."""
    best, most = None, -1.0
    for each in re.split(r",\s+", srcset[:8192].strip()):
        url, _, size = each.strip().partition(" ")
        number = re.match(r"[0-9.]+", size.strip())
        width = float(number[0].strip(".") or 0) if number else 1.0
        if width > most and (width <= 2000 or best is None):
            best, most = url.rstrip(","), width
    return None if best is None or _is_placeholder(best) else best


def _image(found: re.Match[str]) -> str:
    given = _attributes(found[1])
    source = _source(given)
    if source is None or source == given.get("src"):
        return found[0] if not found[0].lower().startswith("<amp") else _img(given, source)
    return _img(given, source)


def _img(given: dict[str, str], source: str | None) -> str:
    kept = {name: given[name] for name in ("alt", "title", "width", "height") if given.get(name)}
    values = {"src": source or ""} | kept
    return f"<img {' '.join(f'{n}={chr(34)}{escape(v)}{chr(34)}' for n, v in values.items())}>"


def _frame(found: re.Match[str], base: str) -> str:
    given = _attributes(found[1])
    address = next(
        (given[n] for n in ("src", *_LATER) if not _is_placeholder(given.get(n, ""))), None
    )
    if address is None:
        return ""
    try:
        url = urljoin(base, address.strip())
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https") or not host:
        return ""
    page, picture = _film(host, parts.path, parts.query)
    title = given.get("title") or f"{'Video' if picture or page else 'Embedded content'} at {host}"
    shown = f'<img src="{escape(picture)}" alt=""><br>' if picture else ""
    return f'<p><a href="{escape(page or url)}">{shown}{escape(title)}</a></p>'


def _film(host: str, path: str, query: str) -> tuple[str | None, str | None]:
    """(its page, its picture) of a film that is known by its frame."""
    last = path.rstrip("/").rpartition("/")[2]
    if host in _YOUTUBE and path.startswith("/embed/"):
        if last == "videoseries":
            listed = parse_qs(query).get("list", [""])[0]
            return f"https://www.youtube.com/playlist?list={listed}" if listed else None, None
        if _VIDEO_ID.fullmatch(last):
            picture = f"https://i.ytimg.com/vi/{last}/hqdefault.jpg"
            return f"https://www.youtube.com/watch?v={last}", picture
    if host == "player.vimeo.com" and path.startswith("/video/") and last.isdigit():
        return f"https://vimeo.com/{last}", None
    return None, None

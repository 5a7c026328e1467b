"""Where a redirect leads. Pure."""

from __future__ import annotations

from urllib.parse import quote, urldefrag, urljoin

from aggregator.identity.urls import is_web
from feeds.errors import BadRedirect

MAX_REDIRECTS = 5
"""In a row (E22)."""


def following(url: str, location: str | None) -> str:
    """The next address, without fragment. Raises BadRedirect."""
    if not location:
        raise BadRedirect("a redirect without Location")
    try:
        # Raw bytes ≥ 0x80 and blanks, as some servers send them, become percent escapes.
        plain = quote(location.encode("latin-1", "ignore"), safe="%/:=&?~#+!$,;'@()*[]|")
        there = urldefrag(urljoin(url, plain)).url
    except ValueError as error:
        raise BadRedirect("a redirect to no usable address") from error
    if not is_web(there):
        raise BadRedirect("a redirect to something other than an http(s) address")
    return there

"""Who asks, from where, and whether that may be: judged from a request's address and headers. Pure.

Until a user is set, the desk answers only those who sit at the machine. Behind a proxy every peer
is loopback, so that neither a peer's address nor a Host alone says so: both must, and no trace of
a proxy may be there. A proxy of two lines leaves none (nginx without proxy_set_header sends the
upstream's own name as Host): so HTTP/1.0, which nginx speaks to what is behind it and no browser
does, counts as one, and a site that has a public address lets nobody in without a user.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

LOOPBACK_NAMES = frozenset(("localhost", "127.0.0.1", "[::1]", "::1"))
SAFE = frozenset(("GET", "HEAD", "OPTIONS"))
_PROXIED = ("forwarded", "via")
"""Beside all X-Forwarded-*, traces of a proxy (RFC 7239, RFC 9110 §7.6.3)."""
_MORE_PROXIED = ("x-real-ip", "cf-connecting-ip", "true-client-ip")
_HOST = re.compile(r"(?:\[([0-9a-f:.]+)\]|([a-z0-9_.-]*[a-z0-9_-])\.?)(?::[0-9]{0,5})?")
"""RFC 9110 §7.2, without user: what is written otherwise is nobody's name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request. `headers`: names in lower case, repeated ones joined by ", "."""

    method: str
    peer: str
    """The address that the connection comes from."""
    scheme: str
    headers: Mapping[str, str]
    version: str = "1.1"
    """Of HTTP."""

    @property
    def host(self) -> str:
        """Host name without port, brackets and last dot, lower case; "" for what is none."""
        found = _HOST.fullmatch(self.headers.get("host", "").lower())
        return (found[1] or found[2] or "") if found else ""


def at_the_machine(asked: Asked) -> bool:
    """Peer and Host are loopback, and nothing says that a proxy stands between."""
    return (
        _is_loopback(asked.peer)
        and asked.version not in ("1.0", "0.9")
        and asked.host in LOOPBACK_NAMES
        and not any(name in asked.headers for name in (*_PROXIED, *_MORE_PROXIED))
        and not any(name.startswith("x-forwarded") for name in asked.headers)
    )


def is_public(site_url: str) -> bool:
    """Whether the site is for others than those at the machine, by its own address."""
    name = (urlsplit(site_url).hostname or "").rstrip(".")
    local = name in LOOPBACK_NAMES or name.endswith(".localhost") or _is_loopback(name)
    return not local


def host_is_ours(asked: Asked, site_url: str, listen: str) -> bool:
    """THREATS, Host header: a page of another name (DNS rebinding) is none of ours."""
    own = (urlsplit(site_url).hostname or "").lower()
    return asked.host in {own, listen.strip("[]").lower()} | LOOPBACK_NAMES and bool(asked.host)


def same_site(asked: Asked, site_url: str) -> bool:
    """Whether a change may be asked for: no page of another site made the browser ask it. A proxy
    may have put another Host, so that our public address counts as well."""
    if asked.method in SAFE:
        return True
    site, origin = asked.headers.get("sec-fetch-site"), asked.headers.get("origin")
    if site is not None and site not in ("same-origin", "none"):
        return False
    if origin is None:
        return True  # no browser, or one that has said so above
    scheme, slashes, name = origin.lower().partition("://")
    own = {asked.headers.get("host", "").lower(), urlsplit(site_url).netloc.lower()} - {""}
    return scheme in ("http", "https") and bool(slashes) and name in own


def client(asked: Asked, trusted: Sequence[str]) -> str:
    """The address of who asks: the last one in X-Forwarded-For that is no trusted proxy's, if the
    peer is one; else the peer."""
    if not _is_in(asked.peer, trusted):
        return asked.peer
    for each in reversed(asked.headers.get("x-forwarded-for", "").split(",")):
        address = each.strip().strip('"').strip("[]")
        if _address(address) is None:
            break
        if not _is_in(address, trusted):
            return address
    return asked.peer


def neighbourhood(address: str) -> str:
    """Whose tries count together: of IPv6 a whole /64, since one customer has all of it."""
    found = _address(address)
    if not isinstance(found, ipaddress.IPv6Address):
        return str(found or address)
    return str(ipaddress.IPv6Network((int(found) >> 64 << 64, 64)))


def secure(asked: Asked, trusted: Sequence[str]) -> bool:
    """Whether it came by https, at least up to a proxy that is trusted."""
    if _is_in(asked.peer, trusted):
        return asked.headers.get("x-forwarded-proto", asked.scheme).strip().lower() == "https"
    return asked.scheme == "https"


def local_path(given: str) -> str:
    """THREATS, login: where to go on; only within the desk, also when a browser has taken out the
    dots (written as %2e too) and turned the backslashes."""
    path = unquote(given.partition("?")[0].partition("#")[0])
    good = (
        given.startswith("/desk/")
        and given.isprintable()
        and path.isprintable()
        and "\\" not in path
        and "//" not in path
        and not {".", ".."} & set(path.split("/"))
    )
    return given if good else "/desk/"


def is_text(given: str) -> bool:
    """A form may say which encoding it has, and some make halves of characters; PostgreSQL keeps
    no text with a zero byte."""
    return not any(c == "\0" or "\ud800" <= c <= "\udfff" for c in given)


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """An IPv4 address also when it comes dressed as IPv6, as a socket for both shows it."""
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found


def _is_loopback(address: str) -> bool:
    found = _address(address)
    return found is not None and found.is_loopback


def _is_in(address: str, networks: Sequence[str]) -> bool:
    found = _address(address)
    if found is None:
        return False
    return any(found in ipaddress.ip_network(each, strict=False) for each in networks)

"""Who asks, from where, and whether that may be: judged from a request's address and headers. Pure.

Until a user is set, the desk answers only those who sit at the machine. Behind a proxy every peer
is loopback, so that neither a peer's address nor a Host alone says so: both must, and no trace of
a proxy may be there.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

LOOPBACK_NAMES = frozenset(("localhost", "127.0.0.1", "[::1]", "::1"))
SAFE = frozenset(("GET", "HEAD", "OPTIONS"))
_PROXIED = ("forwarded", "via")
"""Beside all X-Forwarded-*, traces of a proxy (RFC 7239, RFC 9110 §7.6.3)."""
_MORE_PROXIED = ("x-real-ip", "cf-connecting-ip", "true-client-ip")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request. `headers`: names in lower case, repeated ones joined by ", "."""

    method: str
    peer: str
    """The address that the connection comes from."""
    scheme: str
    headers: Mapping[str, str]

    @property
    def host(self) -> str:
        """Host name without port, lower case."""
        given = self.headers.get("host", "")
        try:
            found = urlsplit(f"//{given}")
            return "" if found.username or found.path else (found.hostname or "")
        except ValueError:
            return ""


def at_the_machine(asked: Asked) -> bool:
    """Peer and Host are loopback, and nothing says that a proxy stands between."""
    return (
        _is_loopback(asked.peer)
        and asked.host in LOOPBACK_NAMES
        and not any(name in asked.headers for name in (*_PROXIED, *_MORE_PROXIED))
        and not any(name.startswith("x-forwarded") for name in asked.headers)
    )


def host_is_ours(asked: Asked, site_url: str, listen: str) -> bool:
    """THREATS, Host header: a page of another name (DNS rebinding) is none of ours."""
    own = (urlsplit(site_url).hostname or "").lower()
    return asked.host in {own, listen.strip("[]").lower()} | LOOPBACK_NAMES and bool(asked.host)


def same_site(asked: Asked) -> bool:
    """Whether a change may be asked for: no page of another site made the browser ask it."""
    if asked.method in SAFE:
        return True
    site, origin = asked.headers.get("sec-fetch-site"), asked.headers.get("origin")
    if site is not None and site not in ("same-origin", "none"):
        return False
    if origin is None:
        return True  # no browser, or one that has said so above
    return (
        origin != "null"
        and urlsplit(origin).netloc.lower() == asked.headers.get("host", "").lower()
    )


def client(asked: Asked, trusted: Sequence[str]) -> str:
    """The address of who asks: the last one in X-Forwarded-For that is no trusted proxy's, if the
    peer is one; else the peer."""
    if not _is_in(asked.peer, trusted):
        return asked.peer
    for each in reversed(asked.headers.get("x-forwarded-for", "").split(",")):
        address = each.strip().strip('"').strip("[]")
        if not _is_address(address):
            break
        if not _is_in(address, trusted):
            return address
    return asked.peer


def secure(asked: Asked, trusted: Sequence[str]) -> bool:
    """Whether it came by https, at least up to a proxy that is trusted."""
    if _is_in(asked.peer, trusted):
        return asked.headers.get("x-forwarded-proto", asked.scheme).strip().lower() == "https"
    return asked.scheme == "https"


def local_path(given: str) -> str:
    """THREATS, login: where to go on; only within the desk."""
    parts = urlsplit(given)
    good = not parts.scheme and not parts.netloc and given.startswith("/desk/")
    return given if good and "\\" not in given and given.isprintable() else "/desk/"


def _is_loopback(address: str) -> bool:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    mapped = getattr(found, "ipv4_mapped", None)
    return bool((mapped or found).is_loopback)


def _is_address(address: str) -> bool:
    try:
        ipaddress.ip_address(address)
    except ValueError:
        return False
    return True


def _is_in(address: str, networks: Sequence[str]) -> bool:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(found in ipaddress.ip_network(each, strict=False) for each in networks)

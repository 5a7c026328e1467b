"""Which addresses are never dialled (E26, THREATS.md SSRF). Pure.

Explicit ranges, after the forms that carry an IPv4 address inside an IPv6 one are unwrapped:
`ipaddress.is_global` calls NAT64, 6to4 and multicast global (FACTS.md).
"""

from __future__ import annotations

import socket
from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address

_NEVER = {
    "link-local": ("169.254.0.0/16", "fe80::/10"),
    "a cloud's metadata service": ("169.254.169.254/32", "fd00:ec2::254/128", "100.100.100.200/32"),
    "unspecified": ("0.0.0.0/8", "::/128"),
    "multicast": ("224.0.0.0/4", "ff00::/8"),
    "broadcast": ("255.255.255.255/32",),
}
_PRIVATE = {
    "loopback": ("127.0.0.0/8", "::1/128"),
    "private": ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"),
}
_SPECIAL = {
    "shared by a carrier": ("100.64.0.0/10",),
    "reserved": (
        "192.0.0.0/24", "192.0.2.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
        "192.88.99.0/24", "240.0.0.0/4", "fec0::/10", "2001:db8::/32", "3fff::/20", "100::/64",
        "2001:10::/28", "2001:20::/28", "2001:2::/48", "5f00::/16",
    ),
}  # fmt: skip


Range = tuple[int, int, int, str]
"""(version, first address, last address, what they are)."""


def _range(network: IPv4Network | IPv6Network, name: str) -> Range:
    return network.version, int(network.network_address), int(network.broadcast_address), name


def _flat(*tables: dict[str, tuple[str, ...]]) -> list[Range]:
    return [
        _range(ip_network(network), name)
        for table in tables
        for name, networks in table.items()
        for network in networks
    ]


def _within(address: Address, ranges: Iterable[Range]) -> str | None:
    """What it is by the first of these that it lies in. By numbers: each poll dials another host,
    and `address in network`, thirty times, was a twentieth of it."""
    number, version = int(address), address.version
    for of, first, last, name in ranges:
        if first <= number <= last and of == version:
            return name
    return None


_ALL = _flat({"a cloud's metadata service": _NEVER["a cloud's metadata service"]}, _NEVER,
             _PRIVATE, _SPECIAL)  # fmt: skip
_METADATA = [each for each in _ALL if each[3] == "a cloud's metadata service"]


def unwrap(address: Address) -> Address:
    """The IPv4 address inside a mapped, compatible, translated, NAT64, 6to4 or Teredo one."""
    if isinstance(address, IPv4Address):
        return address
    if (mapped := address.ipv4_mapped) is not None:
        return mapped
    if (sixtofour := address.sixtofour) is not None:
        return sixtofour
    if (teredo := address.teredo) is not None:
        return teredo[1]
    number = int(address)
    nat64 = number >> 32 == 0x0064FF9B << 64
    local_nat64 = number >> 80 == 0x0064FF9B0001
    translated = number >> 32 == 0xFFFF << 16  # ::ffff:0:a.b.c.d (RFC 2765)
    compatible = number >> 32 == 0 and number > 0xFFFF
    if nat64 or local_nat64 or translated or compatible:
        return IPv4Address(number & 0xFFFFFFFF)
    return address


@lru_cache(maxsize=4096)
def refusal(ip: str, allow: bool | tuple[str, ...]) -> str | None:
    """Why this address is not dialled, or None.

    `allow` True: loopback, RFC 1918 and ULA, never link-local or metadata. A list: those
    networks as they stand, metadata services never.
    """
    try:
        address = unwrap(ip_address(ip.partition("%")[0]))
    except ValueError:
        return "no address"
    reason = _within(address, _ALL)
    if reason is None or _within(address, _METADATA):
        return reason
    return None if _within(address, _allowed(allow)) else reason


@lru_cache(maxsize=64)
def _allowed(allow: bool | tuple[str, ...]) -> tuple[Range, ...]:
    if isinstance(allow, bool):
        return tuple(_flat(_PRIVATE)) if allow else ()
    return tuple(_range(ip_network(each, strict=False), each) for each in allow)


def refusal_by_name(host: str, allow: bool | tuple[str, ...]) -> str | None:
    """The same for a host as a URL names it, in every form that a resolver takes for an address
    (127.1, 0x7f.1, 2130706433). None for other names, but for those of this machine (RFC 6761)."""
    name = host.rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return refusal("127.0.0.1", allow)
    try:
        return refusal(socket.inet_ntoa(socket.inet_aton(name)), allow)
    except (OSError, UnicodeEncodeError):
        return refusal(name, allow) if ":" in name else None

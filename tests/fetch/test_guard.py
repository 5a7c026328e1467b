"""The guard: every range and every wrapped form of the SSRF row of THREATS.md."""

from __future__ import annotations

import pytest

from aggregator.fetch.guard import refusal

PUBLIC = ("93.184.216.34", "8.8.8.8", "172.32.0.1", "100.128.0.1", "192.169.0.1", "223.255.255.255",
          "2606:2800:220:1:248:1893:25c8:1946", "2a00:1450:4001::1")  # fmt: skip
PRIVATE = ("127.0.0.1", "127.255.255.254", "10.0.0.1", "10.255.255.255", "172.16.0.1",
           "172.31.255.255", "192.168.0.1", "::1", "fc00::1", "fd12:3456::1")  # fmt: skip
LINK_LOCAL = ("169.254.0.1", "169.254.255.255", "fe80::1", "febf::1", "fe80::1%eth0")
METADATA = ("169.254.169.254", "fd00:ec2::254", "100.100.100.200")
SPECIAL = (
    "0.0.0.0", "0.1.2.3", "::", "224.0.0.1", "239.255.255.255", "ff02::1", "ff0e::1",
    "255.255.255.255", "100.64.0.1", "100.127.255.255", "192.0.0.1", "192.0.2.1", "198.18.0.1",
    "198.19.255.255", "198.51.100.1", "203.0.113.1", "192.88.99.1", "240.0.0.1", "fec0::1",
    "2001:db8::1", "3fff::1", "100::1",
)  # fmt: skip
WRAPPED = {
    "mapped": "::ffff:{dotted}",
    "compatible": "::{dotted}",
    "translated": "::ffff:0:{dotted}",
    "NAT64": "64:ff9b::{dotted}",
    "local NAT64": "64:ff9b:1::{dotted}",
    "6to4": "2002:{hex}::1",
    "Teredo": "2001:0:4136:e378:8000:63bf:{inverted}",
}


def wrapped(form: str, address: str) -> str:
    """An IPv6 address with this IPv4 address inside."""
    a, b, c, d = (int(part) for part in address.split("."))
    return WRAPPED[form].format(
        dotted=address,
        hex=f"{a:02x}{b:02x}:{c:02x}{d:02x}",
        inverted=f"{a ^ 255:02x}{b ^ 255:02x}:{c ^ 255:02x}{d ^ 255:02x}",
    )


@pytest.mark.parametrize("address", PUBLIC)
def test_the_public_internet_is_dialled(address: str) -> None:
    """Next to each refused range lies one that is not."""
    assert refusal(address, False) is None


@pytest.mark.parametrize("address", PRIVATE + LINK_LOCAL + METADATA + SPECIAL)
def test_nothing_else_is(address: str) -> None:
    """Every special range, and the reason is told."""
    assert refusal(address, False)


@pytest.mark.parametrize("form", WRAPPED)
@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "224.0.0.1"])
def test_wrapped_addresses_are_unwrapped(form: str, address: str) -> None:
    """An IPv4 address inside an IPv6 one is judged as what it is (`is_global` does not)."""
    assert refusal(wrapped(form, address), False) == refusal(address, False)
    assert refusal(address, False) is not None


@pytest.mark.parametrize("form", WRAPPED)
def test_wrapped_public_addresses_pass(form: str) -> None:
    """Networks behind NAT64 reach the whole IPv4 internet that way."""
    assert refusal(wrapped(form, "93.184.216.34"), False) is None


@pytest.mark.parametrize("address", PRIVATE)
def test_true_allows_loopback_and_private_networks(address: str) -> None:
    """E26: true means loopback, RFC 1918 and ULA."""
    assert refusal(address, True) is None


@pytest.mark.parametrize("address", LINK_LOCAL + METADATA + SPECIAL)
def test_true_allows_nothing_else(address: str) -> None:
    """E26: never link-local or metadata, nor what has no host behind it."""
    assert refusal(address, True)


@pytest.mark.parametrize("form", WRAPPED)
def test_true_never_allows_wrapped_metadata(form: str) -> None:
    """No disguise helps."""
    assert refusal(wrapped(form, "169.254.169.254"), True)
    assert refusal(wrapped(form, "127.0.0.1"), True) is None


def test_networks_allow_themselves_only() -> None:
    """A list is taken as it stands, host bits or not."""
    allow = ("10.1.0.0/16", "192.168.7.9/24", "fd12::/16")
    assert refusal("10.1.2.3", allow) is None
    assert refusal("192.168.7.1", allow) is None
    assert refusal("fd12::5", allow) is None
    assert refusal("10.2.0.1", allow)
    assert refusal("127.0.0.1", allow)
    assert refusal("fd13::5", allow)


def test_networks_open_more_than_true_does() -> None:
    """An operator who names a carrier's range means it."""
    assert refusal("100.64.3.4", ("100.64.0.0/10",)) is None


@pytest.mark.parametrize("address", METADATA)
def test_metadata_is_never_allowed(address: str) -> None:
    """Not even by a list that holds it: no feed lives there, only credentials."""
    assert refusal(address, ("0.0.0.0/0", "::/0"))


@pytest.mark.parametrize("text", ["", "localhost", "127.1", "0x7f000001", "1.2.3.4.5", "/tmp/s"])
def test_what_is_no_address_is_refused(text: str) -> None:
    """The guard sees what is dialled; anything it can't read is not dialled."""
    assert refusal(text, True)

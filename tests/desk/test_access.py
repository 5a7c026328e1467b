"""Who may come in, judged from addresses and headers alone (THREATS: Host, CSRF, login)."""

from __future__ import annotations

import ipaddress
from urllib.parse import unquote, urljoin, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.desk.access import (
    Asked,
    at_the_machine,
    client,
    host_is_ours,
    is_public,
    is_text,
    local_path,
    neighbourhood,
    same_site,
    secure,
)

SITE = "https://feeds.example.org/wire"


def asked(
    method: str = "GET", peer: str = "127.0.0.1", scheme: str = "http", **headers: str
) -> Asked:
    """A header's name is given with _ for -."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Asked(method=method, peer=peer, scheme=scheme, headers=named)


# --- at the machine

LOOPBACK_HOSTS = [
    "localhost",
    "localhost:8080",
    "LocalHost:8080",
    "localhost.",
    "localhost.:80",
    "localhost:",
    "127.0.0.1",
    "127.0.0.1:1",
    "[::1]",
    "[::1]:8080",
]
OTHER_HOSTS = [
    "",
    " ",
    "feeds.example.org",
    "localhost.evil.test",
    "evil.test:80",
    "127.0.0.1.evil.test",
    "localhost@evil.test",
    "evil.test@localhost",
    ":@localhost",
    "user:word@localhost",
    "localhost/",
    "localhost/desk/ops.atom",
    "localhost?x",
    "localhost#x",
    "localhost:80:80",
    "localhost:eighty",
    "localhost:123456",
    "localhost, evil.test",
    "localhost, localhost",
    "local\thost",
    "localhost..",
    "[::1",
    "::1]",
    "[::1]x",
    "[localhost]",
    "0.0.0.0",
    "[::]",
    "0",
    "2130706433",
    "127.1",
    "ｌocalhost",
    "\u212aocalhost",
]


@pytest.mark.parametrize("peer", ["127.0.0.1", "127.8.9.1", "::1", "::ffff:127.0.0.1"])
@pytest.mark.parametrize("host", LOOPBACK_HOSTS)
def test_who_sits_there(peer: str, host: str) -> None:
    """Each way in which the machine's own browser writes it."""
    assert at_the_machine(asked(peer=peer, host=host))


@pytest.mark.parametrize("host", OTHER_HOSTS)
def test_another_name(host: str) -> None:
    """A page of another name that resolves to loopback (DNS rebinding), and what is no name."""
    assert not at_the_machine(asked(host=host))


@pytest.mark.parametrize(
    "peer",
    ["10.0.0.1", "192.0.2.1", "::2", "fe80::1", "::ffff:10.0.0.1", "", "x", "[::1]", "0.0.0.0"],
)
def test_another_peer(peer: str) -> None:
    """Whatever Host it claims."""
    assert not at_the_machine(asked(peer=peer, host="localhost"))


@pytest.mark.parametrize(
    "header",
    ["forwarded", "via", "x-real-ip", "cf-connecting-ip", "true-client-ip", "x-forwarded-for",
     "x-forwarded-host", "x-forwarded-proto", "x-forwarded-port", "x-forwarded-anything",
     "x-forwarded"],
)  # fmt: skip
@pytest.mark.parametrize("value", ["", "127.0.0.1", "?"])
def test_a_proxy_stands_between(header: str, value: str) -> None:
    """It shows in any of these, empty or not."""
    found = Asked(
        method="GET", peer="::1", scheme="http", headers={"host": "localhost", header: value}
    )
    assert not at_the_machine(found)


@pytest.mark.parametrize(("version", "there"), [("1.0", False), ("1.1", True), ("2", True)])
def test_a_proxy_that_leaves_no_trace(version: str, there: bool) -> None:
    """But that it speaks as no browser does: nginx, in two lines."""
    found = Asked(
        method="GET", peer="127.0.0.1", scheme="http", headers={"host": "127.0.0.1:9180"},
        version=version,
    )  # fmt: skip
    assert at_the_machine(found) == there


@pytest.mark.parametrize(
    ("url", "public"),
    [
        ("http://127.0.0.1:8080", False),
        ("http://localhost", False), ("http://[::1]:8080/x", False),
        ("http://127.3.2.1", False), ("http://feeds.localhost:80", False),
        ("http://LOCALHOST./", False), ("https://feeds.example.org/wire", True),
        ("http://192.168.1.7:8080", True), ("http://nas", True), ("http://[2001:db8::1]", True),
        ("http://localhost.example.org", True), ("http://0.0.0.0:8080", True),
    ],
)  # fmt: skip
def test_a_public_site(url: str, public: bool) -> None:
    """Its own address says whether others than those at the machine are to reach it."""
    assert is_public(url) == public


@given(st.text(max_size=30))
def test_no_text_is_a_host_by_accident(text: str) -> None:
    """Of any text the host is "", or a plain name that the text has at its beginning."""
    host = asked(host=text).host
    assert host == "" or text.lower().lstrip("[").startswith(host)
    assert not set(host) & set("/?#@,\\ \t")


# --- whose name


@pytest.mark.parametrize(
    "host",
    ["feeds.example.org", "FEEDS.example.org:443", "feeds.example.org.", "localhost:8080", "[::1]",
     "127.0.0.1", "192.0.2.7:8080"],
)  # fmt: skip
def test_our_names(host: str) -> None:
    """The public one, loopback's, and where we listen."""
    assert host_is_ours(asked(host=host), SITE, "192.0.2.7")


@pytest.mark.parametrize("host", ["", "example.org", "evil.test", "feeds.example.org.evil.test"])
def test_others_names(host: str) -> None:
    """Also none at all, where we listen everywhere."""
    assert not host_is_ours(asked(host=host), SITE, "192.0.2.7")
    assert not host_is_ours(asked(host=host), "http://[::1]:80", "::")


def test_ipv6_is_ours() -> None:
    """With brackets in the address bar, without in the settings."""
    for listen in ("2001:db8::1", "[2001:DB8::1]"):
        assert host_is_ours(asked(host="[2001:db8::1]:80"), SITE, listen)
    assert host_is_ours(asked(host="[2001:db8::2]"), "http://[2001:DB8::2]/x", "127.0.0.1")


# --- which site asks


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"origin": "https://feeds.example.org"},
        {"origin": "http://FEEDS.example.org"},
        {"sec_fetch_site": "same-origin", "origin": "https://feeds.example.org"},
        {"sec_fetch_site": "none"},
    ],
)
def test_our_own_page(headers: dict[str, str]) -> None:
    """Or no browser at all."""
    assert same_site(asked("POST", host="feeds.example.org", **headers), SITE)
    # A proxy that does not pass Host on.
    assert same_site(asked("POST", host="127.0.0.1:8080", **headers), SITE)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "TRACE", "WHATEVER"])
@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "null"},
        {"origin": ""},
        {"origin": "https://evil.test"},
        {"origin": "https://feeds.example.org:8443"},
        {"origin": "https://feeds.example.org.evil.test"},
        {"origin": "https://feeds.example.org@evil.test"},
        {"origin": "file://feeds.example.org"},
        {"origin": "feeds.example.org"},
        {"origin": "https://["},
        {"origin": "https://feeds.example.org, https://evil.test"},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
        {"sec_fetch_site": "cross-site", "origin": "https://feeds.example.org"},
        {"sec_fetch_site": "Same-Origin "},
        {"sec_fetch_site": "same-origin", "origin": "https://evil.test"},
    ],
)
def test_anothers_page(method: str, headers: dict[str, str]) -> None:
    """Another host, another port, a sandbox, another host of our domain."""
    assert not same_site(asked(method, host="feeds.example.org", **headers), SITE)


def test_reading_is_free() -> None:
    """A link from elsewhere leads to the desk; what it says no other page can read."""
    for method in ("GET", "HEAD", "OPTIONS"):
        assert same_site(asked(method, sec_fetch_site="cross-site"), SITE)


# --- from where

TRUSTED = ("127.0.0.0/8", "::1/128", "10.0.0.0/8", "2001:db8:aaaa::/48")


@pytest.mark.parametrize(
    ("peer", "forwarded", "found"),
    [
        ("192.0.2.1", "198.51.100.1", "192.0.2.1"),  # nobody's proxy: it says what it likes
        ("127.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("127.0.0.1", "1.1.1.1, 198.51.100.1", "198.51.100.1"),  # the first is a client's own word
        ("127.0.0.1", "198.51.100.1, 10.0.0.7", "198.51.100.1"),  # two proxies
        ("127.0.0.1", "198.51.100.1, 192.0.2.9, 10.0.0.7", "192.0.2.9"),  # one of them not trusted
        ("127.0.0.1", "", "127.0.0.1"),
        ("127.0.0.1", "garbage", "127.0.0.1"),
        ("127.0.0.1", "198.51.100.1, garbage", "127.0.0.1"),
        ("127.0.0.1", "198.51.100.1,", "127.0.0.1"),
        ("127.0.0.1", "10.0.0.7, 10.0.0.8", "127.0.0.1"),  # nobody but proxies
        ("::1", '"[2001:db8::5]"', "2001:db8::5"),
        ("::1", "2001:db8::5, 2001:db8:aaaa::1", "2001:db8::5"),
        ("::ffff:10.0.0.1", "198.51.100.1", "198.51.100.1"),  # a socket for both kinds
        ("::1", "198.51.100.1, ::ffff:10.0.0.1", "198.51.100.1"),
        ("", "198.51.100.1", ""),
    ],
)  # fmt: skip
def test_the_client(peer: str, forwarded: str, found: str) -> None:
    """X-Forwarded-For is believed from a trusted proxy only, and from its end."""
    assert client(asked(peer=peer, x_forwarded_for=forwarded), TRUSTED) == found
    assert client(asked(peer=peer, x_forwarded_for=forwarded), ()) == peer


@given(st.lists(st.text(max_size=12), max_size=5))
def test_nothing_said_makes_another_address(said: list[str]) -> None:
    """Before what the trusted proxy has written, a client may say anything."""
    text = ", ".join([*said, "198.51.100.1"])
    assert client(asked(x_forwarded_for=text), TRUSTED) == "198.51.100.1"


def test_neighbours() -> None:
    """One customer's IPv6 addresses count together; IPv4 addresses each."""
    assert neighbourhood("2001:db8::1") == neighbourhood("2001:db8::ffff:0:0:1")
    assert neighbourhood("2001:db8::1") != neighbourhood("2001:db8:0:1::1")
    assert neighbourhood("::ffff:192.0.2.1") == neighbourhood("192.0.2.1") == "192.0.2.1"
    assert neighbourhood("fe80::1%eth0") == neighbourhood("fe80::2")
    assert neighbourhood("") == ""


@given(st.ip_addresses())
def test_neighbourhoods_hold_their_address(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    """Never another's."""
    mapped = getattr(address, "ipv4_mapped", None)
    found = ipaddress.ip_network(neighbourhood(str(address)))
    assert (mapped or address) in found


def test_secure() -> None:
    """By the connection itself, or as a trusted proxy says."""
    assert secure(asked(scheme="https"), ())
    assert secure(asked(x_forwarded_proto="HTTPS "), TRUSTED)
    assert not secure(asked(x_forwarded_proto="https"), ())
    assert not secure(asked(peer="192.0.2.1", x_forwarded_proto="https"), TRUSTED)
    assert not secure(asked(scheme="https", x_forwarded_proto="http"), TRUSTED)
    assert not secure(asked(x_forwarded_proto="https, http"), TRUSTED)


# --- where to go on


@pytest.mark.parametrize(
    "path",
    ["/desk/", "/desk/sources", "/desk/sources?q=a+b&state=ok", "/desk/sources/7",
     "/desk/articles?q=http://a.test/../x", "/desk/feeds/näher", "/desk/a%2Fb"],
)  # fmt: skip
def test_a_place_at_the_desk(path: str) -> None:
    """Kept as it is."""
    assert local_path(path) == path


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "/desk",
        "/desktop/",
        "desk/",
        "//evil.test/desk/",
        "///evil.test/desk/",
        "/\\evil.test",
        "\\\\evil.test",
        "http://evil.test/desk/",
        "http:/desk/",
        "https:desk/",
        "javascript:alert(1)",
        "/desk/../../evil",
        "/desk/..",
        "/desk/../",
        "/desk/./x",
        "/desk/%2e%2e/x",
        "/desk/.%2E/x",
        "/desk/%2f%2fevil.test",
        "/desk//evil.test",
        "/desk/..%2f..%2fx",
        "/desk/..%5cx",
        "/desk/x\\..\\..\\y",
        "/desk/\r\nSet-Cookie: a=b",
        "/desk/%0d%0aSet-Cookie:a",
        "/desk/\x00",
        "/desk/%00",
        "/desk/\t",
        "/desk/\u2028",
        "/desk/\ud800",
        "//[",
        "http://[",
        " /desk/",
        "\t/desk/",
        "/%64esk/",
    ],
)
def test_no_place_at_the_desk(path: str) -> None:
    """Another site, another part of this one, or what a header must not hold."""
    assert local_path(path) == "/desk/"


@given(st.text(alphabet="/\\.%2eE5cfF:@?#desk \t\n", max_size=30).map("/desk/".__add__))
def test_every_place_is_at_the_desk(path: str) -> None:
    """As a browser resolves it, who takes out dots and turns backslashes."""
    found = local_path(path)
    there = urlsplit(urljoin("https://feeds.test/x", unquote(found.partition("?")[0])))
    assert there.netloc == "feeds.test"
    assert there.path.startswith("/desk/")


def test_text() -> None:
    """Halves of characters and zero bytes are none."""
    assert is_text("a\n\U0001f600é")
    assert not is_text("a\ud800")
    assert not is_text("a\0")

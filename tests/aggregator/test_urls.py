"""Canonical URLs: what makes two links one."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import ada_url
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.identity import urls
from aggregator.identity.urls import BadRules, UrlRules, canonical, default_rules, host_of


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("http://example.org/a", "https://example.org/a"),
        ("https://EXAMPLE.org:443/a", "https://example.org/a"),
        ("https://example.org/a?utm_source=x&b=1&utm_medium=y", "https://example.org/a?b=1"),
        ("https://example.org/a?fbclid=1#top", "https://example.org/a"),
        ("https://example.org/a;jsessionid=12AB?x=1", "https://example.org/a?x=1"),
        ("https://example.org/a;jsessionid=12AB/b", "https://example.org/a/b"),
        ("https://example.org/a?PHPSESSID=1", "https://example.org/a"),
        ("https://example.org/a?osCsid=1", "https://example.org/a"),
        ("https://user:pw@example.org/a", "https://example.org/a"),
        ("https://example.org./a", "https://example.org/a"),
        ("https://example.org/ä", "https://example.org/%C3%A4"),
        ("https://example.org/x/../a", "https://example.org/a"),
        ("https://www.youtube.com/watch?v=1&si=2", "https://www.youtube.com/watch?v=1"),
        ("https://example.org", "https://example.org/"),
    ],
)
def test_same(one: str, other: str) -> None:
    """Scheme, case of the host, default port, tracking, session, fragment do not count."""
    assert canonical(one, default_rules()) == canonical(other, default_rules())


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://example.org/a?id=1", "https://example.org/a?id=2"),
        ("https://example.org/a", "https://example.org/a/"),
        ("https://example.org/a", "https://example.org/A"),
        ("https://example.org/a", "https://www.example.org/a"),
        ("https://example.org:8080/a", "https://example.org/a"),
        ("https://example.org/#!/a", "https://example.org/#!/b"),
        ("https://example.org/watch?si=2", "https://example.org/watch"),
        ("https://example.org/?a=1&b=2", "https://example.org/?b=2&a=1"),
        ("https://example.org/a;v=1", "https://example.org/a;v=2"),
        ("https://example.org/a;jsessionid=1/b", "https://example.org/a;jsessionid=1/c"),
    ],
)
def test_different(one: str, other: str) -> None:
    """What can carry identity is kept: a false merge is worse than a double."""
    assert canonical(one, default_rules()) != canonical(other, default_rules())


@pytest.mark.parametrize("url", [None, "", "x", "mailto:a@b.c", "javascript:1", "http://[", "//x"])
def test_no_url(url: str | None) -> None:
    """What is no web address has no canonical form, and no host."""
    assert canonical(url, default_rules()) is None


@given(st.text())
def test_never_raises_and_is_stable(text: str) -> None:
    """Any text: no error, and the canonical form of a canonical form is itself."""
    rules = default_rules()
    once = canonical("https://example.org/" + text, rules)
    assert once is None or canonical(once, rules) == once
    canonical(text, rules)
    host_of(text)


PARTS = st.sampled_from(
    [*"/./..//?&=#!;:@%~-_'\"|\\^ \t", "%2e", "%2E.", "xn--", "xn--nxasmq6b", "utm_source=1",
     "a", "B", "1", "127", "0x7f", "é", "example", ".org", "amp;", "sid=2"]
)  # fmt: skip


@given(st.sampled_from(["http", "https", "HTTP"]), st.lists(PARTS, max_size=9).map("".join))
def test_what_is_plain_is_as_the_parser_has_it(scheme: str, rest: str) -> None:
    """The way round the parser, for what nearly all links are, leads to the same."""
    rules = default_rules()
    for url in (f"{scheme}://{rest}", f"{scheme}://example.org{rest}"):
        assert canonical(url, rules) == urls._canonical(url.strip(), rules)


ADDRESSES = st.sampled_from(
    ["10.0.0.3", "127.1.2.255", "256.1.1.1", "1.2.3", "01.2.3.4", "a.example", "a.0x7f", "a.b-c",
     "-a.b", "a..b", "a.b.", "xn--a.b", "a.xn--a", "intranet", ":80", ":443", ":8080", ":41741",
     ":65536", ":0", "/", "/feed", "/.", "/../", "/a.b", "?a=1", "%2e", "%41", "#x", "\\", " ", "@"]
)  # fmt: skip


@given(st.sampled_from(["http", "https"]), st.lists(ADDRESSES, max_size=6).map("".join))
def test_what_is_plain_is_an_address_as_parsers_have_it(scheme: str, rest: str) -> None:
    """Of configured addresses, too: both parsers take it, and what it shares with other spellings
    is what the parser of the web makes of it."""
    url = f"{scheme}://{rest}"
    try:
        parsed = ada_url.URL(url)
        key = str(parsed.href).partition("#")[0]
    except ValueError:
        key = None
    assert urls.address_key.__wrapped__(url) == key
    if urls.is_plain(url):
        assert key is not None
        assert urls.is_web(url)
        assert parsed.hostname == urlsplit(url).hostname


@pytest.mark.parametrize(
    "url",
    ["https://a.example/feed.xml", "http://a-b.example:8080/feed?a=1&b=%20", "http://10.0.0.3/x",
     "http://127.1.2.255:41741/f/0", "https://a.example"],
)  # fmt: skip
def test_what_nearly_all_addresses_are(url: str) -> None:
    assert urls.is_plain(url)


def test_operators_extend_the_rules(tmp_path: Path) -> None:
    """One more file of the same form adds to what ships; what is wrong in it is said."""
    extra = tmp_path / "tracking.toml"
    extra.write_text('params = ["ref_*"]\n[hosts]\n"a.org" = ["x"]\n')
    rules = UrlRules.load(extra)
    assert canonical("https://b.org/?ref_a=1&x=1&utm_id=2", rules) == "https://b.org/?x=1"
    assert canonical("https://www.a.org/?x=1", rules) == "https://www.a.org/"
    extra.write_text('parms = ["x"]')
    with pytest.raises(BadRules, match="parms"):
        UrlRules.load(extra)
    extra.write_text("params = 3")
    with pytest.raises(BadRules, match="list of parameter names"):
        UrlRules.load(extra)


@pytest.mark.parametrize(
    "url",
    [
        "https://www.google.com/url?rct=j&sa=t&url=https://a.test/x%3Fid%3D1&ct=ga&usg=A",
        "https://l.facebook.com/l.php?u=https%3A%2F%2Fa.test%2Fx%3Fid%3D1%26utm_source%3Df&h=AT0",
        "https://href.li/?https://a.test/x?id=1",
        "https://web.archive.org/web/20260101000000/http://a.test/x?id=1",
        "https://www.google.com/url?q=https://out.reddit.com/t3?url=https%253A%252F%252Fa.test%252Fx%253Fid%253D1",
    ],
)
def test_redirectors_that_name_their_target(url: str) -> None:
    """They are what they lead to; nothing is requested for it."""
    assert canonical(url, default_rules()) == "https://a.test/x?id=1"


@pytest.mark.parametrize(
    "url",
    [
        "https://a.test/share?url=https://b.test/y",
        "https://www.google.com/url?url=javascript:alert(1)",
        "https://www.google.com/urls?url=https://b.test/y",
        "https://www.google.com/url?url=http",
    ],
)
def test_no_redirectors(url: str) -> None:
    """Other addresses that hold one are themselves."""
    assert canonical(url, default_rules()) == url

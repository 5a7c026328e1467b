"""feedmill.toml → Settings, or every complaint at its line."""

from __future__ import annotations

from pathlib import Path

import pytest
import trustme

from config.load import find, load
from config.settings import Settings
from feeds.errors import ConfigError

GOOD = """\
[site]
title = "Wire"
contact = "ops@example.org"

[categories.world]
title = "World"
limit = 50

[[sources]]
url = "https://example.org/feed.xml"
categories = ["world"]
every = "15m"
"""


def settings(folder: Path, text: str | bytes, **env: str) -> Settings:
    body = text if isinstance(text, bytes) else text.encode()
    (folder / "feedmill.toml").write_bytes(body)
    return load(folder / "feedmill.toml", env)


def complaints(folder: Path, text: str | bytes, **env: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        settings(folder, text, **env)
    return [line.replace(f"{folder}/", "") for line in caught.value.complaints]


def test_values_and_defaults(tmp_path: Path) -> None:
    """What is given is taken over, the rest has the documented defaults, paths are absolute."""
    found = settings(tmp_path, GOOD)
    assert found.site.title == "Wire"
    assert found.site.url == "http://127.0.0.1:8080"
    assert (found.poll.interval, found.poll.max_body) == (3600, 10_000_000)
    assert (found.poll.concurrency, found.poll.per_host) == (32, 1)
    assert found.store_url == f"sqlite:///{tmp_path}/var/feedmill.db"
    assert found.output == tmp_path / "var/public"
    assert [(c.slug, c.title, c.limit) for c in found.categories] == [
        ("all", "All", 100),
        ("world", "World", 50),
    ]
    source = found.sources["https://example.org/feed.xml"]
    assert (source.categories, source.every) == (("world",), 900)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ('[site]\ntitel = "x"', 'feedmill.toml:2: site.titel: unknown key, did you mean "title"?'),
        ("polling = 1", 'feedmill.toml:1: polling: unknown key, did you mean "poll"?'),
        ("[poll]\ninterval = 5", "feedmill.toml:2: poll.interval: 5 is no duration"),
        ('[poll]\nconcurrency = "9"', "feedmill.toml:2: poll.concurrency: must be a whole number"),
        (
            '[poll]\nmin_interval = "2d"',
            "feedmill.toml:2: poll.min_interval: min_interval is longer",
        ),
        (
            '[poll]\nmax_interval = "5m"',
            "feedmill.toml:2: poll.max_interval: min_interval is longer",
        ),
        ("[poll]\nper_host = 0", "feedmill.toml:2: poll.per_host: 0 is out of range"),
        (
            '[poll]\nallow_private = ["x"]',
            'feedmill.toml:2: poll.allow_private[1]: "x" is no network',
        ),
        ('[server]\nlisten = "8080"', 'feedmill.toml:2: server.listen: "8080" is no address'),
        ('[server]\nlisten = "0.0.0.0:80"', "feedmill.toml:2: site.url: needed when listening"),
        ('[site]\nurl = "ftp://x"', 'feedmill.toml:2: site.url: "ftp://x" is no web address'),
        ('[site]\ntimezone = "Mars"', 'feedmill.toml:2: site.timezone: "Mars" is no time zone'),
        ('[store]\nurl = "mysql://x"', "feedmill.toml:2: store.url: no database that Feedmill"),
        ("[categories.desk]", 'feedmill.toml:1: categories.desk: "desk" is an address that the'),
        ("[categories.A_b]", 'feedmill.toml:1: categories.A_b: "A_b" is no slug'),
        ("[[sources]]\npaused = true", "feedmill.toml:1: sources[1]: needs a `url`, or a `file`"),
        ('[[sources]]\nurl = "nope"', 'feedmill.toml:2: sources[1].url: "nope" is no web address'),
        ('[[sources]]\nfile = "a.xml"', 'feedmill.toml:2: sources[1].file: "a.xml": there is no'),
        (
            '[[sources]]\nurl = "http://a.org"\ncategories = ["wrld"]\n[categories.world]',
            'feedmill.toml:3: sources[1].categories: unknown category "wrld", did you mean "world"',
        ),
        (
            '[[sources]]\nurl = "http://a.org"\n[[sources]]\nurl = "http://a.org"',
            "feedmill.toml:4: sources[2].url: the same source stands at feedmill.toml:1",
        ),
        (
            '[[sources]]\nurl = "http://a.org"\nheaders = { "a b" = "c" }',
            "feedmill.toml:3: sources[1].headers: there is a name that no header has",
        ),
        (
            '[[sources]]\nurl = { env = "NOT_SET_ANYWHERE" }',
            "feedmill.toml:2: sources[1].url: the environment variable NOT_SET_ANYWHERE is not set",
        ),
        (
            '[[sources]]\nurl = "http://a.org"\nheaders = { Host = "c" }',
            'feedmill.toml:3: sources[1].headers.Host: "Host" is a header',
        ),
        (
            '[[sources]]\nurl = "http://a.org"\nauth = "me"',
            'feedmill.toml:3: sources[1].auth: must read "user:password"',
        ),
        (
            '[[sources]]\nurl = "http://a.org"\nauth = { env = "NOT_SET_ANYWHERE" }',
            "feedmill.toml:3: sources[1].auth: the environment variable NOT_SET_ANYWHERE is not",
        ),
        (
            '[[sources]]\nurl = "http://a.org"\nauth = "a:b"\nheaders = { authorization = "x" }',
            "feedmill.toml:3: sources[1].auth: `headers` has Authorization already",
        ),
        (
            '[[sources]]\nurl = "http://me:pw@a.org"\nauth = "a:b"',
            "feedmill.toml:3: sources[1].auth: its address has a user already",
        ),
        (
            '[[sources]]\nurl = "http://a.org"\nproxy = "ftp://a.org"',
            "feedmill.toml:3: sources[1].proxy: is no proxy; write",
        ),
        (
            '[[sources]]\nurl = "http://a.org"\nuser_agent = "Mühle"',
            "feedmill.toml:3: sources[1].user_agent: must be printable ASCII",
        ),
        ('[poll]\nproxy = "a.org:3128"', "feedmill.toml:2: poll.proxy: is no proxy; write"),
        ('[poll]\nca_file = "no.pem"', "feedmill.toml:2: poll.ca_file: no.pem: No such file"),
        (
            '[poll]\nca_file = "feedmill.toml"',
            "feedmill.toml:2: poll.ca_file: feedmill.toml: holds no certificates",
        ),
        ('include = ["a.opml"]', 'feedmill.toml:1: include: "a.opml": there is no such file'),
        (
            '[identity]\ntracking = "t.toml"',
            "feedmill.toml:2: identity.tracking: t.toml can't be used: No",
        ),
        ("[site]\ntitle = ", "feedmill.toml:2: not TOML: Invalid value"),
    ],
)
def test_complaint(tmp_path: Path, text: str, complaint: str) -> None:
    """Each fault is named with file, line, key, what is wrong and what would be right."""
    found = complaints(tmp_path, text)
    assert len(found) == 1, found
    assert found[0].startswith(complaint)


def test_all_complaints_at_once(tmp_path: Path) -> None:
    """One wrong value hides no other, in order of the lines."""
    text = '[poll]\ninterval = 1\n[categories.world]\ntitl = "x"\n[[sources]]\nurl = "http://"\n'
    found = complaints(tmp_path, text + '[[sources]]\nurl = "http://a.org"\ncategories = ["w"]')
    assert [line.split(":")[1] for line in found] == ["2", "4", "6", "9"]


def test_complaints_hide_secrets(tmp_path: Path) -> None:
    """A wrong URL is shown without userinfo and query."""
    (line,) = complaints(tmp_path, '[[sources]]\nurl = "htp://bob:hunter2@a.org/?token=s3cret"')
    assert "hunter2" not in line
    assert "s3cret" not in line


def test_environment_overrides(tmp_path: Path) -> None:
    """FEEDMILL_SECTION_KEY sets one setting; a wrong one is a complaint of its own."""
    found = settings(tmp_path, GOOD, FEEDMILL_POLL_INTERVAL="2h", FEEDMILL_POLL_CONCURRENCY="4")
    assert (found.poll.interval, found.poll.concurrency) == (7200, 4)
    wrong = complaints(tmp_path, GOOD, FEEDMILL_POLL_INTERVALL="2h", FEEDMILL_POLL_TIMEOUT="x")
    assert wrong == [
        "environment:1: FEEDMILL_POLL_INTERVALL: no such setting, "
        'did you mean "FEEDMILL_POLL_INTERVAL"?',
        'environment:1: FEEDMILL_POLL_TIMEOUT: "x" is no duration; write one like "30s", "15m", '
        '"1h" or "2d"',
    ]


def test_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """{ env } and { file } stand for their values, and make the source's address secret (E32)."""
    monkeypatch.setenv("WIRE_URL", "https://wire.example/?key=1")
    (tmp_path / "token").write_text("abc\n")
    found = settings(
        tmp_path,
        '[[sources]]\nurl = { env = "WIRE_URL" }\n[[sources]]\nurl = "https://b.org/"\n'
        'headers = { Authorization = { file = "token" } }',
    )
    wire, other = found.sources.values()
    assert wire.url == "https://wire.example/?key=1"
    assert other.headers == {"Authorization": "abc"}
    assert wire.secret_url
    assert other.secret_url


def test_opml_folders_become_categories(tmp_path: Path) -> None:
    """An included OPML list brings sources; folders that are no category yet become one."""
    (tmp_path / "list.opml").write_text(
        '<opml version="1.0"><body><outline text="World"><outline xmlUrl="http://a.org/1"/>'
        '<outline text="Far East"><outline text="B" xmlUrl="http://a.org/2"/></outline></outline>'
        '<outline text="Far East"><outline xmlUrl="http://a.org/1"/></outline>'
        '<outline xmlUrl="http://a.org/3"/></body></opml>'
    )
    found = settings(tmp_path, 'include = ["*.opml"]\n' + GOOD)
    assert [c.slug for c in found.categories] == ["all", "world", "far-east"]
    assert found.categories[1].title == "World"
    assert found.categories[2].title == "Far East"
    assert found.sources["http://a.org/1"].categories == ("world", "far-east")
    assert found.sources["http://a.org/2"].categories == ("world", "far-east")
    assert found.sources["http://a.org/2"].title == "B"
    assert found.sources["http://a.org/3"].categories == ()


def test_included_toml(tmp_path: Path) -> None:
    """An included TOML list has sources and categories; its complaints carry its own name."""
    (tmp_path / "more.toml").write_text('[[sources]]\nurl = "http://a.org"\nevery = "soon"\n')
    (line,) = complaints(tmp_path, 'include = ["more.toml"]')
    assert line.startswith('more.toml:3: sources[1].every: "soon" is no duration')


def test_local_file(tmp_path: Path) -> None:
    """A `file` source is relative to the configuration and has a file: URL."""
    (tmp_path / "a.xml").write_text("<rss/>")
    found = settings(tmp_path, '[[sources]]\nfile = "a.xml"')
    assert list(found.sources) == [(tmp_path / "a.xml").resolve().as_uri()]


def test_no_file(tmp_path: Path) -> None:
    """Without a configuration the complaint names the verb that writes one."""
    with pytest.raises(ConfigError, match="feedmill init"):
        find(tmp_path / "feedmill.toml")


def test_the_example_is_valid() -> None:
    """The file that `feedmill init` writes: a dozen public feeds, three categories, two samples."""
    found = load(Path(__file__).parents[2] / "config" / "feedmill.toml", {})
    remote = [url for url in found.sources if url.startswith("https://")]
    assert len(remote) >= 12
    assert len(found.sources) - len(remote) == 2
    assert [c.slug for c in found.categories] == ["all", "world", "tech", "science"]


def test_what_goes_along_with_requests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Texts or secrets; the ones for a source, and those for all."""
    monkeypatch.setenv("WIRE_LOGIN", "me:p:w")
    monkeypatch.setenv("WAY_OUT", "socks5h://u:s@proxy.test:1080")
    (tmp_path / "ca.pem").write_bytes(trustme.CA().cert_pem.bytes())
    found = settings(
        tmp_path,
        '[poll]\nproxy = { env = "WAY_OUT" }\nca_file = "ca.pem"\n'
        '[[sources]]\nurl = "http://a.org"\nauth = { env = "WIRE_LOGIN" }\nproxy = ""\n'
        'user_agent = "Wire/1"\n[[sources]]\nurl = "http://b.org"\n',
    )
    assert found.poll.proxy == "socks5h://u:s@proxy.test:1080"
    assert found.poll.ca_file == tmp_path / "ca.pem"
    wire, other = found.sources.values()
    assert (wire.auth, wire.proxy, wire.user_agent) == (("me", "p:w"), "", "Wire/1")
    assert (other.auth, other.proxy, other.user_agent) == (None, None, None)


@pytest.mark.parametrize(
    ("key", "secret"),
    [
        ('auth = "me:pw"', True),
        ('auth = { env = "S" }', True),
        ('proxy = { env = "P" }', True),
        ('headers = { X = { env = "S" } }', True),
        ("secret_url = true", True),
        ('proxy = "http://a:1"', False),
        ('headers = { Accept-Language = "en" }', False),
    ],
)
def test_a_secret_anywhere_hides_the_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str, secret: bool
) -> None:
    """E32."""
    monkeypatch.setenv("S", "me:pw")
    monkeypatch.setenv("P", "http://me:pw@proxy.test")
    [source] = settings(tmp_path, f'[[sources]]\nurl = "http://a.org"\n{key}').sources.values()
    assert source.secret_url is secret


@pytest.mark.parametrize(
    "text",
    [
        '[poll]\nproxy = "me:hush@proxy.test:1"',
        '[poll]\nproxy = { env = "S" }',
        '[[sources]]\nurl = "http://a.org"\nauth = { env = "S" }',
        '[[sources]]\nurl = "http://a.org"\nproxy = "htp://me:hush@proxy.test"',
        '[[sources]]\nurl = "http://a.org"\nheaders = { X = { env = "S" } }',
        '[[sources]]\nurl = { env = "S" }',
    ],
)
def test_wrong_secrets_are_not_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    """A value that can't be used may still be a password, mistyped."""
    monkeypatch.setenv("S", "hush\nü")
    (line,) = complaints(tmp_path, text)
    assert "hush" not in line


@pytest.mark.parametrize(
    ("text", "enabled"),
    [
        ("", False),
        ('[site]\nurl = "https://news.example.org"', True),
        ('[site]\nurl = "https://news.example.org:8443/wire"', True),
        ('[site]\nurl = "http://93.184.215.14"', True),
        ('[site]\nurl = "http://127.0.0.1:8080"', False),
        ('[site]\nurl = "http://192.168.1.5"', False),
        ('[site]\nurl = "http://[::1]:8080"', False),
        ('[site]\nurl = "http://[fd00::1]"', False),
        ('[site]\nurl = "http://localhost:8080"', False),
        ('[site]\nurl = "http://NAS.local."', False),
        ('[site]\nurl = "http://nas"', False),
        ('[site]\nurl = "http://127.0.0.1"\n[websub]\nenabled = true', True),
        ('[site]\nurl = "https://news.example.org"\n[websub]\nenabled = false', False),
    ],
)
def test_websub_is_on_where_hubs_can_reach_us(tmp_path: Path, text: str, enabled: bool) -> None:
    """By default; the operator's word stands."""
    assert settings(tmp_path, text).websub.enabled is enabled


def test_websub_from_the_environment(tmp_path: Path) -> None:
    """As every section."""
    found = settings(tmp_path, "", FEEDMILL_WEBSUB_ENABLED="true", FEEDMILL_WEBSUB_LEASE="2d")
    assert (found.websub.enabled, found.websub.lease) == (True, 172_800)
    assert settings(tmp_path, "").websub.lease == 604_800

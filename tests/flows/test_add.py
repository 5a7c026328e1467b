"""`feedmill add`: what it asks of a publisher, what it writes, what is there afterwards."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.flows.command import Installation, rss, until
from tests.origin import Answer, Origin

ATOM = b"""<feed xmlns="http://www.w3.org/2005/Atom"><title>A source</title><id>urn:a</id>
<updated>2026-11-20T10:00:00Z</updated><entry><title>Title of one</title><id>urn:one</id>
<updated>2026-11-20T10:00:00Z</updated><link href="http://a.test/one"/></entry></feed>"""


def page(*links: tuple[str, str]) -> bytes:
    """A page that names these (path, title) as its feeds."""
    shown = "".join(
        f'<link rel="alternate" type="application/rss+xml" title="{title}" href="{path}">'
        for path, title in links
    )
    return f"<!doctype html><html><head>{shown}</head><body>Welcome</body></html>".encode()


@pytest.fixture
def origin() -> Iterator[Origin]:
    with Origin() as found:
        found.serve(
            "/feed", rss("one", "two"), etag=True, last_modified="Fri, 20 Nov 2026 10:00:00 GMT"
        )
        found.serve("/news", rss("n1", "n2", "n3", title="News"), etag=True)
        found.serve("/atom", ATOM)
        found.serve("/one", page(("/feed", "Main")), content_type="text/html")
        found.serve("/two", page(("/feed", "Main"), ("/news", "News")), content_type="text/html")
        yield found


@pytest.fixture
def here(tmp_path: Path) -> Installation:
    found = Installation(tmp_path)
    found.configure("[categories.world]\n")
    return found


def written(here: Installation) -> str:
    return (here.folder / "feedmill.toml").read_text()


def asked(origin: Origin) -> list[str]:
    return [each.path for each in origin.requests]


def refused(here: Installation, *arguments: str, code: int = 1) -> str:
    """What is said by an `add` that adds nothing: the file and the list of sources stay."""
    before = written(here)
    done = here.call("add", *arguments)
    assert done.returncode == code, done.stderr + done.stdout
    assert "Traceback" not in done.stderr
    assert written(here) == before
    return done.stderr + done.stdout


# --- one request ------------------------------------------------------------------------


def test_a_feed_costs_one_get(here: Installation, origin: Origin) -> None:
    """E14, E1: one, without validators; its articles are there; the next poll is conditional."""
    url = origin.url("/feed")
    told = here.json("add", url, "--category", "world", "--title", "Mine", "--every", "15m")
    assert asked(origin) == ["/feed"]
    assert not {"if-none-match", "if-modified-since"} & set(origin.requests[0].headers)
    assert told["requests"] == 1
    [added] = told["added"]
    assert (added["url"], added["title"], added["articles"]) == (url, "Mine", 2)
    lines = f'\n[[sources]]\nurl = "{url}"\ntitle = "Mine"\ncategories = ["world"]\nevery = "15m"\n'
    assert written(here).endswith(lines)
    assert written(here).splitlines()[int(added["declared_at"].split(":")[1]) - 1] == "[[sources]]"
    assert {each["title"] for each in here.json("articles", "--category", "world")} == {
        "Title of one",
        "Title of two",
    }
    [source] = here.json("sources")
    assert (source["status"], source["reason"], source["articles"]) == ("ok", "every", 2)
    assert here.json("poll")["polled"] == 0
    assert here.json("poll", "--now")["outcomes"] == {"not-modified": 1}
    sent = origin.requests[1].headers
    assert sent["if-modified-since"] == "Fri, 20 Nov 2026 10:00:00 GMT"
    assert sent["if-none-match"].startswith('"')
    assert asked(origin) == ["/feed", "/feed"]


def test_a_page_costs_one_get_and_one_for_its_feed(here: Installation, origin: Origin) -> None:
    shown = here.verb("add", origin.url("/one"))
    assert asked(origin) == ["/one", "/feed"]
    assert "A source" in shown
    assert "2026-11-20" in shown
    assert len(here.json("articles")) == 2


def test_beside_a_run(here: Installation, origin: Origin) -> None:
    """A `run` that polls sources as soon as they are there does not ask a second time; once it is
    due it polls the new source like any other."""
    with here.running():
        told = here.json("add", origin.url("/feed"), "--every", "2s")
        assert told["added"][0]["articles"] == 2
        assert until(lambda: len(origin.requests) > 1)
    assert "if-none-match" not in origin.requests[0].headers
    assert all("if-none-match" in each.headers for each in origin.requests[1:])


def test_requests_to_one_host_keep_their_distance(here: Installation, origin: Origin) -> None:
    """E19, E29: page and candidates take turns, with the host's delay between them."""
    text = written(here).replace('host_delay = "0.001s"', 'host_delay = "0.3s"')
    (here.folder / "feedmill.toml").write_text(text)
    here.verb("add", origin.url("/two"), "--all")
    times = [each.at for each in origin.requests]
    assert len(times) == 3
    assert all(b - a >= 0.3 for a, b in pairwise(times))
    assert origin.most_at_once == 1


# --- the choice -------------------------------------------------------------------------


def test_several_feeds_need_a_word(here: Installation, origin: Origin) -> None:
    """They are shown with all that tells them apart; --pick asks for that one alone."""
    message = refused(here, origin.url("/two"))
    assert "--pick N or --all" in message
    for fact in ("News", "A source", "rss20", "2026-11-20", origin.url("/news")):
        assert fact in message
    told = json.loads(here.call("add", origin.url("/two"), "--json").stdout)
    assert told["added"] == []
    assert [(each["number"], each["title"], each["items"]) for each in told["found"]] == [
        (1, "A source", 2),
        (2, "News", 3),
    ]
    origin.requests.clear()
    told = here.json("add", origin.url("/two"), "--pick", "2")
    assert asked(origin) == ["/two", "/news"]
    assert [each["url"] for each in told["added"]] == [origin.url("/news")]
    assert "names 2 feeds" in refused(here, origin.url("/two"), "--pick", "3")


def test_all_yes_and_dry_run(here: Installation, origin: Origin) -> None:
    message = refused(here, origin.url("/two"), "--all", "--dry-run", code=0)
    assert message.count("[[sources]]") == 2
    told = here.json("add", origin.url("/two"), "--yes", "--dry-run")
    assert (told["added"], told["written"].count("url")) == ([], 1)
    assert here.json("articles") == []
    refused(here, origin.url("/two"), "--all", "--title", "One name", code=2)
    here.verb("add", origin.url("/two"), "--all")
    assert written(here).count("[[sources]]") == 2
    assert len(here.json("articles")) == 5


def test_one_feed_in_two_formats(here: Installation, origin: Origin) -> None:
    """No doubt what is meant: the one that the page names first. And the second time nothing is
    added, nor the other format, nor is anything asked but the page."""
    links = page(("/atom", "Atom"), ("/feed", "RSS"))
    origin.serve("/", links, content_type="text/html")
    told = here.json("add", origin.url("/"))
    assert [each["url"] for each in told["added"]] == [origin.url("/atom")]
    origin.requests.clear()
    assert "configured already, at feedmill.toml:" in refused(here, origin.url("/"))
    assert asked(origin) == ["/"]


def test_the_choice_at_a_terminal(here: Installation, origin: Origin) -> None:
    """A person is asked; a wrong answer is asked for again."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*here.command, "add", origin.url("/two")],
        cwd=here.folder,
        env=here.environment(),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    os.write(ours, b"7\n2\n")
    shown = bytearray()

    def read() -> None:
        try:
            while piece := os.read(ours, 4096):
                shown.extend(piece)
        except OSError:  # how a terminal ends
            return

    reading = threading.Thread(target=read)
    reading.start()
    assert process.wait(60) == 0, shown.decode()
    reading.join(10)
    os.close(ours)
    assert shown.count(b"Which one") == 2
    assert f'url = "{origin.url("/news")}"' in written(here)
    assert "/feed" not in written(here).partition("[[sources]]")[2]


def test_comments_and_broken_candidates(here: Installation, origin: Origin) -> None:
    """The feed of comments is not asked for while there is another; it is what is left when the
    other can't be read."""
    links = page(("/gone", "Main"), ("/comments/feed", "Comments"))
    origin.serve("/", links, content_type="text/html")
    origin.serve("/comments/feed", rss("c", title="Comments"))
    told = here.json("add", origin.url("/"))
    assert [each["url"] for each in told["added"]] == [origin.url("/comments/feed")]
    assert told["found"][0]["error"] == {"kind": "http", "text": "404: not found"}
    origin.serve("/gone", rss("x", title="Main"))
    other = Installation(here.folder / "other")
    other.configure()
    origin.requests.clear()
    other.json("add", origin.url("/"))
    assert asked(origin) == ["/", "/gone"]


def test_guess(here: Installation, origin: Origin) -> None:
    """Usual paths are tried when asked, one after the other, until one is a feed."""
    origin.serve("/", page(), content_type="text/html")
    assert "--guess" in refused(here, origin.url("/"))
    assert asked(origin) == ["/"]
    origin.remove("/feed")
    origin.serve("/rss.xml", rss("g"))
    origin.requests.clear()
    told = here.json("add", origin.url("/"), "--guess")
    assert asked(origin) == ["/", "/feed", "/rss.xml"]
    assert told["added"][0]["url"] == origin.url("/rss.xml")


# --- addresses --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [((301,), "/end"), ((308, 301), "/end"), ((302,), "/start"), ((301, 302), "/1"),
     ((302, 301), "/start")],
)  # fmt: skip
def test_redirects(
    here: Installation, origin: Origin, statuses: tuple[int, ...], expected: str
) -> None:
    """E21, E22: what moved for good is added where it is now, up to the first temporary hop; the
    next poll sends the validators to the hop that gave them."""
    origin.serve("/end", rss("one"), etag=True)
    places = ["/start", *(f"/{number}" for number in range(1, len(statuses))), "/end"]
    for place, after, status in zip(places, places[1:], statuses, strict=False):
        origin.redirect(place, after, status)
    told = here.json("add", origin.url("/start"))
    assert told["added"][0]["url"] == origin.url(expected)
    assert told["requests"] == len(origin.requests) == len(statuses) + 1
    assert here.json("poll", "--now")["outcomes"] == {"not-modified": 1}


def test_configured_already(here: Installation, origin: Origin) -> None:
    """Under another spelling without a request, at a redirect's end with one; file and line."""
    here.verb("add", origin.url("/feed"))
    origin.requests.clear()
    at = "configured already, at feedmill.toml:"
    assert at in refused(here, origin.url("/feed"))
    assert at in refused(here, origin.url("/feed?utm_source=mail#top"))
    assert asked(origin) == []
    origin.redirect("/latest", "/feed", 302)
    assert at in refused(here, origin.url("/latest"))
    origin.redirect("/old", "/feed", 301)
    assert at in refused(here, origin.url("/old"))


def test_private_addresses(here: Installation, origin: Origin) -> None:
    """As configured; --allow-private is written for this source."""
    text = written(here).replace('allow_private = ["127.0.0.0/8"]\n', "")
    (here.folder / "feedmill.toml").write_text(text)
    assert "address:" in refused(here, origin.url("/feed"))
    assert asked(origin) == []
    here.verb("add", origin.url("/feed"), "--allow-private")
    assert written(here).endswith("allow_private = true\n")
    assert here.json("poll", "--now")["failed"] == 0


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (Answer(404, b"no"), "http"),
        (Answer(410, b"no"), "gone"),
        (Answer(429, b"no", {"Retry-After": "60"}), "rate-limited"),
        (Answer(200, b"", {"Content-Type": "application/xml"}), "empty"),
        (Answer(302, b"", {"Location": "/here"}), "redirects"),
        (Answer(200, b"<html><title>Just a moment...</title></html>"), "bot challenge"),
        (Answer(200, b"%PDF-1.4"), "a PDF"),
        (Answer(200, b'{"a": 1}'), "no JSON Feed"),
        (Answer(200, b'<html><link rel=alternate type=application/rss+xml href="/not">'), "/not"),
    ],
)
def test_what_is_no_feed(here: Installation, origin: Origin, answer: Answer, kind: str) -> None:
    """Exit code 1, the class of the error, and nothing is changed."""
    origin.answer("/here", answer)
    assert kind in refused(here, origin.url("/here"))
    assert here.json("sources") == []


def test_errors_as_json(here: Installation, origin: Origin) -> None:
    done = here.call("add", origin.url("/nowhere"), "--json")
    told: dict[str, Any] = json.loads(done.stdout)
    assert done.returncode == 1
    assert told["error"] == {"kind": "http", "text": "404: not found"}
    assert told["added"] == []


@pytest.mark.parametrize("status", [429, 503])
def test_until_when_to_wait(here: Installation, origin: Origin, status: int) -> None:
    """E12: nothing keeps it for an address that is no source yet, so the operator must know."""
    origin.answer("/feed", Answer(status, b"no", {"Retry-After": "604800"}))
    began = datetime.now(UTC)
    done = here.call("add", origin.url("/feed"), "--json")
    until = datetime.fromisoformat(json.loads(done.stdout)["error"]["retry_after"])
    assert timedelta(days=6.99) < until - began < timedelta(days=7.01)
    assert done.stderr.strip().endswith(f"it asks to be left alone until {until:%Y-%m-%d %H:%M}")


# --- categories and the file ------------------------------------------------------------


def test_categories(here: Installation, origin: Origin) -> None:
    """One that is not there costs no request; it can be made with the source."""
    message = refused(here, origin.url("/feed"), "--category", "wrold", code=2)
    assert 'did you mean "world"' in message
    assert "--create-category" in message
    assert "slug" in refused(
        here, origin.url("/feed"), "--category", "No Slug", "--create-category", code=2
    )
    assert asked(origin) == []
    here.verb("add", origin.url("/feed"), "--category", "big-news", "--create-category")
    assert '[categories.big-news]\ntitle = "Big news"\n' in written(here)
    assert "big-news" in here.json("check")["categories"]


def test_wrong_options(here: Installation, origin: Origin) -> None:
    """Told as options, all at once, before the publisher is asked anything."""
    refused(here, origin.url("/feed"), "--pick", "1", "--all", code=2)
    message = refused(here, origin.url("/feed"), "--every", "often", "--title", " ", code=2)
    assert message.splitlines()[0] == "--title: must be a text of one line, not empty"
    assert message.splitlines()[1].startswith('--every: "often" is no duration')
    assert "one line" in refused(here, origin.url("/feed"), "--title", "", code=2)
    assert asked(origin) == []
    assert "web address" in refused(here, "ftp://example.org/feed", code=2)
    assert "file = " in refused(here, "feedmill.toml", code=2)


def test_a_read_only_file(here: Installation, origin: Origin) -> None:
    """What is new goes to the desk's own file; where that can't be written either, the lines to
    write are said, and nothing is stored."""
    (here.folder / "feedmill.toml").chmod(0o444)
    here.verb("add", origin.url("/feed"))
    own = here.folder / "var" / "desk.toml"
    assert origin.url("/feed") in own.read_text()
    own.chmod(0o444)
    message = refused(here, origin.url("/news"))
    assert f'[[sources]]\nurl = "{origin.url("/news")}"' in message
    assert len(here.json("sources")) == 1


def test_a_source_that_was_removed(here: Installation, origin: Origin) -> None:
    """Added again it has its articles, and one GET as well."""
    before = written(here)
    here.verb("add", origin.url("/feed"))
    (here.folder / "feedmill.toml").write_text(before)
    assert here.json("sources") == []
    told = here.json("add", origin.url("/feed"))
    assert told["added"][0]["articles"] == 0
    assert len(here.json("articles")) == 2
    assert asked(origin) == ["/feed", "/feed"]

"""What an operator sees of polling: sources, why, ledger, redirects, through the installed command,
after days that were polled over real HTTP."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.flows.command import Installation, rss
from tests.flows.past import Past
from tests.origin import Answer, Origin

SECRET = "dont-tell-7741"


@pytest.fixture
def origin() -> Iterator[Origin]:
    with Origin() as found:
        found.serve("/feed", rss("one", "two", title="Daily news"), etag=True)
        yield found


@pytest.fixture
def here(tmp_path: Path, origin: Origin) -> Installation:
    found = Installation(tmp_path)
    found.configure(sources=[origin.url("/feed")])
    return found


def the_source(here: Installation, *arguments: str) -> Any:
    [state] = here.json("sources", *arguments)
    return state


def fails(here: Installation, *arguments: str) -> str:
    """The words of a command line that is wrong."""
    done = here.call(*arguments)
    assert done.returncode == 2, done.stdout
    assert "Traceback" not in done.stderr
    return done.stderr


def on_a_terminal(here: Installation, *arguments: str, columns: int) -> list[str]:
    """Lines that a terminal of that width is sent, without colours."""
    main, side = pty.openpty()
    environment = here.environment(COLUMNS=str(columns), TERM="xterm")
    process = subprocess.Popen(
        [*here.command, *arguments], cwd=here.folder, env=environment, stdout=side, stderr=side
    )
    os.close(side)
    sent = b""
    while True:
        try:
            piece = os.read(main, 65536)
        except OSError:  # Linux says EIO when the other side is closed
            break
        if not piece:
            break
        sent += piece
    os.close(main)
    assert process.wait(60) == 0, sent
    return re.sub(r"\x1b\[[0-9;]*m", "", sent.decode()).splitlines()


# --- how sources stand


def test_failing_for_days(here: Installation, origin: Origin) -> None:
    """E23: said in words, with the next time and its reason; asked daily, never given up; its
    articles stay; one call brings it back."""
    with Past(here, days=9) as past:
        past.polls(hours=12, times=1)
        origin.remove("/feed")
        past.until_now(hours=1)
    found = the_source(here)
    assert (found["status"], found["in_words"]) == ("failing", "failing for 8 days")
    assert found["reason"].startswith("backoff")
    assert found["next_in_words"].endswith(found["reason"])
    assert found["articles"] == 2
    assert found["error"]["kind"] == "http"
    assert 8 <= found["error"]["failures"] <= 20
    assert "failing for 8 days" in here.verb("sources")
    origin.serve("/feed", rss("one", "two", "three"))
    done = here.call("poll", "--now", "--source", "1")
    assert "source back" in done.stderr
    assert the_source(here)["status"] == "ok"
    assert the_source(here)["articles"] == 3


def test_retired(here: Installation, origin: Origin) -> None:
    """E23: 410 twice. Shown with its date, left alone by `poll --now`, tried when it is named."""
    origin.answer("/feed", Answer(410))
    with Past(here, days=5) as past:
        past.until_now(hours=12)
    asked = len(origin.asked("/feed"))
    assert asked == 2
    found = the_source(here)
    assert found["status"] == "retired"
    assert found["in_words"] == f"retired {found['since'][:10]}"
    assert found["next_in_words"] == ""
    assert here.json("poll", "--now")["polled"] == 0
    assert here.json("poll", "--source", "1")["polled"] == 0
    assert here.json("poll", "--now", "--source", origin.url("/feed"))["failed"] == 1
    assert len(origin.asked("/feed")) == asked + 1
    assert the_source(here)["status"] == "retired"
    origin.serve("/feed", rss("one"))
    assert here.json("poll", "--now", "--source", origin.url("/feed"))["new"] == 1
    assert the_source(here)["status"] == "ok"


def test_only_what_is_in_trouble(here: Installation, origin: Origin) -> None:
    """--failing: the gravest first; without it the order of the configuration."""
    origin.answer("/gone", Answer(410))
    here.configure(sources=[origin.url(path) for path in ("/feed", "/away", "/gone")])
    with Past(here, days=3) as past:
        past.until_now(hours=12)
    names = [each["url"].rpartition("/")[2] for each in here.json("sources")]
    assert names == ["feed", "away", "gone"]
    told = here.json("sources", "--failing")
    assert [each["status"] for each in told] == ["retired", "failing"]
    assert "/feed" not in here.verb("sources", "--failing")


def test_waiting_is_no_failure(here: Installation, origin: Origin) -> None:
    """E12, E13: a server that says 429 is waited for."""
    origin.answer("/feed", Answer(429, b"", {"Retry-After": "7200"}))
    here.verb("poll")
    found = the_source(here)
    assert (found["status"], found["error"]["failures"]) == ("waiting", 0)
    assert found["next_in_words"].endswith("Retry-After")
    told = here.json("why", "1")
    assert told["facts"]["retry_after"] is not None
    assert "even `--now` waits" in here.verb("why", "1")


def test_the_table_fits_its_reader(here: Installation, origin: Origin) -> None:
    """Piped: one line a source. On a terminal of 100 columns: no line is longer, no address is
    cut, notes stand below; on a wide one, one line."""
    path = "/a/rather/long/path/to/a/feed/of/some/hosted/blog/index.xml"
    here.configure(sources=[origin.url("/feed"), origin.url(path)])
    here.verb("poll")
    piped = here.verb("sources").splitlines()
    assert len(piped) == 3
    assert "404" in piped[2]
    narrow = on_a_terminal(here, "sources", columns=100)
    assert max(len(line) for line in narrow) <= 100
    assert origin.url(path) in [line.strip() for line in narrow]
    assert narrow[-1].startswith("    http: 404")
    assert len(on_a_terminal(here, "sources", columns=250)) == 3


@pytest.mark.parametrize("columns", [82, 80, 60])
def test_a_table_of_long_reasons(here: Installation, origin: Origin, columns: int) -> None:
    """The words beside the address may leave it no room, or have none themselves: no line is
    longer than the terminal, nor broken by it."""
    origin.answer("/feed", Answer(429, b""))
    here.verb("poll")
    [state] = here.json("sources")
    assert state["reason"] == "backoff after rate limit"
    lines = on_a_terminal(here, "sources", columns=columns)
    assert max(len(line) for line in lines) <= columns
    assert any(line.rstrip().endswith(("  0", "; 0 articles")) for line in lines)
    assert state["next_in_words"].partition(": ")[2] in " ".join(" ".join(lines).split())


# --- why


def test_why(here: Installation, origin: Origin) -> None:
    """The next time with its reason, the facts that led there, the last answer, and advice."""
    body = rss("one").replace(b"<channel>", b"<channel><ttl>240</ttl>")
    origin.serve("/feed", body, headers={"Cache-Control": "max-age=3600"})
    here.verb("poll")
    told = here.json("why", "a source")
    assert told["reason"] == "ttl"
    assert told["facts"]["ttl"] == 14_400.0
    assert told["facts"]["interval"] == 3600.0
    assert told["last_answer"]["status"] == 200
    assert told["last_answer"]["why"] == "new"
    assert told["advice"] is None
    words = here.verb("why", "a source")
    assert re.search(r"^next +\S+( \d\d:\d\d)?: ttl$", words, re.MULTILINE)
    assert re.search(r"^ttl +4 h$", words, re.MULTILINE)
    assert re.search(r"^learned +posted once$", words, re.MULTILINE)
    origin.answer("/feed", Answer(200, b"<!doctype html><title>Hello</title>"))
    here.call("poll", "--now")
    assert "feed" in here.json("why", "1")["advice"]
    assert re.search(r"^status +blocked$", here.verb("why", "1"), re.MULTILINE)


def test_a_source_by_any_of_its_names(here: Installation, origin: Origin) -> None:
    """Number, address in any spelling, a part of title or address; what fits several, or none, is
    told with those that it could be."""
    origin.serve("/other", rss("three", title="Weekly news"))
    here.configure(sources=[origin.url("/feed"), origin.url("/other")])
    here.verb("poll")
    spelled = origin.url("/feed").replace("http://", "HTTP://") + "#top"
    for name in ("1", spelled, "daily NEWS", "/feed"):
        assert here.json("why", name)["id"] == 1, name
        assert len(here.json("ledger", name)) == 1
    several = fails(here, "why", "news")
    assert "fits 2 sources" in several
    assert f"1 {origin.url('/feed')}" in several
    assert "no such source" in fails(here, "ledger", "monthly")
    assert f'did you mean "{origin.url("/other")}"?' in fails(here, "why", origin.url("/othr"))
    assert here.json("poll", "--now", "--source", "weekly")["polled"] == 1


# --- ledger


def test_ledger(here: Installation, origin: Origin) -> None:
    """When and why, every hop, what was sent and came, bytes, articles, errors; newest first."""
    here.verb("poll")
    here.verb("poll", "--now")
    origin.redirect("/feed", "/moved", status=301)
    origin.serve("/moved", rss("one", "two", "three"), etag='"m"')
    here.verb("poll", "--now")
    origin.redirect("/moved", "/away", status=302)
    here.verb("poll", "--now")
    rows = here.json("ledger", "1")
    assert [row["why"] for row in rows] == ["poll --now"] * 3 + ["new"]
    assert [(row["hops"], row["status"]) for row in rows] == [
        ([301, 302], 404),
        ([301], 200),
        ([], 304),
        ([], 200),
    ]
    first, again = rows[3], rows[2]
    assert first["sent"] is None
    assert first["got"]["etag"] == again["sent"]["etag"] == again["got"]["etag"]
    assert [row["new"] for row in rows] == [0, 1, 0, 2]
    assert first["bytes"] == len(rss("one", "two", title="Daily news"))
    assert rows[1]["sent"] == first["got"]  # on the hop to /feed alone (E20)
    assert rows[0]["sent"] == rows[1]["got"] == {"etag": '"m"', "last_modified": None}
    assert rows[0]["error"]["kind"] == "http"
    assert len(here.json("ledger", "1", "--limit", "2")) == 2
    table = here.verb("ledger", "1").splitlines()
    assert len(table) == 5
    assert "301 → 302 → 404" in table[1]
    assert " same " in table[3]


# --- redirects


def moved(here: Installation, origin: Origin) -> None:
    """Ten days, in which /feed moved to /new for good, and /blog to a stranger."""
    origin.serve("/blog", rss("five", title="A blog"))
    here.configure(sources=[origin.url("/feed"), origin.url("/blog")])
    with Past(here, days=10) as past:
        past.polls(hours=12, times=1)
        origin.redirect("/feed", "/new", status=301)
        origin.serve("/new", rss("one", "two", title="Daily news"))
        origin.redirect("/blog", "/casino", status=301)
        origin.serve("/casino", rss("six", title="Casino"))
        past.until_now(hours=12)


def test_redirects_seen_adopted_and_undone(here: Installation, origin: Origin) -> None:
    """E21: the real move is adopted, the stranger is named with the reason why not; one verb goes
    back, is logged, and holds."""
    moved(here, origin)
    told = here.json("redirects")
    [change] = told["changes"]
    assert (change["before"], change["after"]) == (origin.url("/feed"), origin.url("/new"))
    [seen] = told["seen"]
    assert (seen["id"], seen["to"]) == (2, origin.url("/casino"))
    assert "neither ids nor title" in seen["objection"]
    feed, blog = here.json("sources")
    assert feed["address"] == origin.url("/new")
    assert blog["redirect"]["seen"] == seen["seen"] > 10
    assert "not adopted" in here.verb("sources")
    assert "requested at" in here.verb("why", "/feed")
    assert here.json("redirects", "2")["changes"] == []
    done = here.call("redirects", "/feed", "--undo", "--log-json")
    event = json.loads(done.stderr.splitlines()[-1])
    assert (event["event"], event["source"]) == ("address changed", 1)
    assert event["before"] == event["after"] == "127.0.0.1"
    asked = len(origin.asked("/feed"))
    here.verb("poll", "--now", "--source", "1")
    assert len(origin.asked("/feed")) == asked + 1
    found = here.json("redirects", "1")
    assert [each["after"] for each in found["changes"]] == [origin.url("/feed"), origin.url("/new")]
    assert found["seen"][0]["objection"] == "the operator undid it"
    assert "already" in here.verb("redirects", "1", "--undo")


def test_undo_wants_a_source(here: Installation) -> None:
    assert "SOURCE" in fails(here, "redirects", "--undo")
    assert "no permanent redirect" in here.verb("redirects")


# --- secrets


def test_secrets_are_shown_nowhere(here: Installation, origin: Origin) -> None:
    """E32: a secret source is named by number and title; its redirects by host."""
    secret = f"{origin.url('/feed')}?key={SECRET}"
    here.configure(f'[[sources]]\nurl = "{secret}"\nsecret_url = true\ntitle = "The wire"\n')
    origin.redirect("/feed", f"/new?key={SECRET}", status=301)
    origin.serve("/new", rss("one", title="Daily news"))
    with Past(here, days=4) as past:
        past.until_now(hours=12)
    said = [
        here.verb(*words, *form)
        for words in (("sources",), ("why", "wire"), ("ledger", "1"), ("redirects",))
        for form in ((), ("--json",))
    ]
    assert "The wire" in said[0]
    assert "(secret address at 127.0.0.1)" in said[0]
    assert "(secret address at 127.0.0.1)" in said[6]
    said.append(fails(here, "why", origin.url("/feed")))
    said.append(here.call("redirects", secret, "--undo").stderr)
    for each in said:
        assert SECRET not in each
    fails(here, "why", "key=dont")

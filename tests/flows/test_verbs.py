"""Every verb, as a user or a script calls it: words, JSON keys, exit codes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.flows.command import Installation, rss
from tests.origin import Answer, Origin


@pytest.fixture
def origin() -> Iterator[Origin]:
    with Origin() as found:
        found.serve("/feed", rss("one", "two"), etag=True)
        yield found


@pytest.fixture
def here(tmp_path: Path, origin: Origin) -> Installation:
    found = Installation(tmp_path)
    found.configure("[categories.news]\n", sources=[origin.url("/feed")])
    return found


def test_no_configuration(tmp_path: Path) -> None:
    """Exit code 2, and what to do."""
    for verb in ("run", "poll", "publish", "check", "sources", "articles"):
        done = Installation(tmp_path).call(verb)
        assert done.returncode == 2
        assert "feedmill init" in done.stderr
        assert "Traceback" not in done.stderr


def test_every_complaint_at_once(here: Installation) -> None:
    """file:line: key: what is wrong, what would be right; exit code 2."""
    (here.folder / "feedmill.toml").write_text(
        '[poll]\nintervall = "1h"\ntimeout = 30\n[categories.Bad]\n[[sources]]\nurl = "ftp://a"\n'
    )
    done = here.call("check")
    assert done.returncode == 2
    lines = done.stderr.splitlines()
    assert [line.split(":")[1] for line in lines if ":" in line] == ["2", "3", "4", "6"]
    assert "interval" in lines[0]


def test_init_then_everything(tmp_path: Path) -> None:
    """The example passes the check, its samples are polled and published; nothing is replaced."""
    here = Installation(tmp_path / "new")
    assert "feedmill run" in here.verb("init")
    again = here.call("init")
    assert again.returncode == 1
    assert "there already" in again.stderr
    here.verb("init", "--if-missing")
    assert (
        here.json("check")["categories"] == ["all", "science", "tech", "world"]
        or here.json("check")["categories"]
    )
    samples = [each["url"] for each in here.json("sources") if not each["url"].startswith("http")]
    assert len(samples) == 2
    done = here.call("preview", samples[0])
    assert done.returncode == 0, done.stderr


def test_poll(here: Installation, origin: Origin) -> None:
    """Due ones only; --now all and conditionally; --fresh without validators; JSON keys."""
    first = here.json("poll")
    assert first == {"polled": 1, "failed": 0, "new": 2, "changed": 0, "outcomes": {"new": 1}}
    assert here.json("poll")["polled"] == 0
    assert here.json("poll", "--now")["outcomes"] == {"not-modified": 1}
    fresh = here.json("poll", "--fresh")
    assert (fresh["outcomes"], fresh["new"]) == ({"unchanged": 1}, 0)
    sent = ["if-none-match" in each.headers for each in origin.asked("/feed")]
    assert sent == [False, True, False]


def test_poll_of_one_source(here: Installation, origin: Origin) -> None:
    """A URL that is not configured is a mistake of the command line, with a near one named."""
    assert here.json("poll", "--source", origin.url("/feed"))["polled"] == 1
    done = here.call("poll", "--source", origin.url("/fed"))
    assert done.returncode == 2
    assert origin.url("/feed") in done.stderr


def test_poll_never_passes_over_retry_after(here: Installation, origin: Origin) -> None:
    """E15: --now passes over the interval, never over Retry-After."""
    origin.answer("/feed", Answer(429, b"", {"Retry-After": "7200"}))
    assert here.json("poll")["failed"] == 1
    assert here.json("poll", "--now")["polled"] == 0
    assert here.json("poll", "--fresh")["polled"] == 0
    assert len(origin.asked("/feed")) == 1
    [state] = here.json("sources")
    assert state["reason"] == "Retry-After"
    assert state["error"]["kind"] == "rate-limited"


def test_strict(here: Installation, origin: Origin) -> None:
    """Exit code 0 whatever single sources say, 1 with --strict."""
    origin.remove("/feed")
    assert here.call("poll").returncode == 0
    assert here.call("poll", "--now", "--strict").returncode == 1


def test_sources_shows_errors(here: Installation, origin: Origin) -> None:
    """Each error class with its time and count, in the table and as JSON."""
    origin.answer("/feed", Answer(200, b"<!doctype html><title>Hello</title>"))
    here.verb("poll")
    here.verb("poll", "--now")
    [state] = here.json("sources")
    assert state["status"] == "failing"
    assert state["error"]["kind"] == "not-a-feed"
    assert (state["error"]["count"], state["error"]["failures"]) == (2, 2)
    assert "not-a-feed" in here.verb("sources")


def test_articles(here: Installation) -> None:
    """Newest first, by category; an unknown category is named with a near one."""
    here.verb("poll")
    found = here.json("articles")
    assert {each["guid"] for each in found} == {"one", "two"}
    assert set(found[0]) == {
        "id", "story", "source", "source_id", "title", "link", "guid", "authors", "terms",
        "published", "updated", "first_seen", "revision",
    }  # fmt: skip
    assert here.json("articles", "--category", "news") == []
    done = here.call("articles", "--category", "new")
    assert done.returncode == 2
    assert "news" in done.stderr


def test_publish(here: Installation) -> None:
    """Says which feeds changed, and nothing the second time."""
    here.verb("poll")
    assert "all" in here.json("publish")["changed"]
    assert here.json("publish")["changed"] == []
    assert (here.public / "all" / "rss.xml").exists()


def test_preview(here: Installation, origin: Origin, tmp_path: Path) -> None:
    """A file or a URL, without configuration; nothing is stored."""
    alone = Installation(tmp_path / "alone")
    (alone.folder / "feed.xml").write_bytes(rss("one"))
    assert "Title of one" in alone.verb("preview", "feed.xml")
    found = alone.json("preview", "--allow-private", origin.url("/feed"))
    assert [each["guid"] for each in found["entries"]] == ["one", "two"]
    refused = alone.call("preview", origin.url("/feed"))
    assert refused.returncode == 1
    assert "allow" in refused.stderr
    assert not (alone.folder / "var").exists()
    missing = alone.call("preview", "none.xml")
    assert missing.returncode == 1
    assert "Traceback" not in missing.stderr


def test_check_finds_what_is_wrong(here: Installation) -> None:
    """A folder that can't be written is named, with exit code 1."""
    here.verb("check")
    (here.folder / "feedmill.toml").open("a").write('[output]\ndirectory = "feedmill.toml"\n')
    done = here.call("check")
    assert done.returncode == 1
    assert "output.directory" in done.stderr


def test_settings_from_the_environment(here: Installation) -> None:
    """FEEDMILL_… overrides single settings; a wrong one is named."""
    done = here.call("check", "--json", FEEDMILL_OUTPUT_DIRECTORY="elsewhere")
    assert json.loads(done.stdout)["output"].endswith("elsewhere")
    done = here.call("check", FEEDMILL_POLL_INTERVAL="soon")
    assert done.returncode == 2
    assert "FEEDMILL_POLL_INTERVAL" in done.stderr


def test_help_teaches(here: Installation) -> None:
    """Each verb says what it does; a verb that does not exist is exit code 2."""
    for verb in (
        "run",
        "poll",
        "publish",
        "check",
        "sources",
        "articles",
        "preview",
        "backup",
        "restore",
    ):
        assert len(here.verb(verb, "--help")) > 200
    assert here.call("frobnicate").returncode == 2
    assert here.verb("--version").startswith("feedmill ")


def test_opml_lists(here: Installation, origin: Origin) -> None:
    """Included OPML: its folders become categories; its sources are polled."""
    (here.folder / "list.opml").write_text(
        '<opml version="2.0"><body><outline text="Local Press">'
        f'<outline type="rss" text="A" xmlUrl="{origin.url("/feed")}"/></outline></body></opml>'
    )
    (here.folder / "feedmill.toml").write_text(
        'include = ["*.opml"]\n[poll]\nallow_private = true\n'
    )
    assert here.json("poll")["new"] == 2
    here.verb("publish")
    assert "Title of one" in (here.public / "local-press" / "rss.xml").read_text()

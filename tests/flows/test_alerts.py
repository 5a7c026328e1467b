"""Feedmill tells of its own trouble: the log, `status`, a webhook and the operations feed."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import feedparser
import pytest
from lxml import etree

from feeds.store import open_store
from tests.flows.command import Installation, Page, Site, free_port, rss, until
from tests.origin import Answer, Origin
from tests.shared import shared
from tests.webhook import SECRET, Webhook

pytestmark = pytest.mark.slow


@pytest.fixture
def origin() -> Iterator[Origin]:
    with Origin() as found:
        for number in range(6):
            found.serve(f"/{number}", rss(f"n{number}"), etag=True)
        yield found


@pytest.fixture
def hook() -> Iterator[Webhook]:
    with Webhook() as found:
        yield found


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Installation:
    found = Installation(tmp_path)
    (tmp_path / "clock").write_text("0")
    found.variables["FEEDMILL_CLOCK"] = f"@{tmp_path / 'clock'}"
    return found


def later(here: Installation, days: float) -> None:
    new = here.folder / "clock.new"
    new.write_text(str(days * 86_400))
    new.replace(here.folder / "clock")


def configure(
    here: Installation, origin: Origin, hook: str | None, count: int, more: str = ""
) -> None:
    here.variables["HOOK"] = hook or ""
    text = '[alerts]\nwebhook = { env = "HOOK" }\n' if hook else ""
    here.configure(text + more, sources=[origin.url(f"/{n}") for n in range(count)])


def says(site: Site, text: str) -> bool:
    return text in site.log.read_text()


def status(here: Installation) -> list[tuple[str, str]]:
    told = json.loads(here.call("status", "--json").stdout)["troubles"]
    return [(each["kind"], each["about"]) for each in told]


def test_from_beginning_to_end(here: Installation, origin: Origin, hook: Webhook) -> None:
    """More than half of the sources fail: told once within seconds, and once when it is over. A
    broken file is told between them; all in order, and the webhook's address nowhere."""
    configure(here, origin, hook.url, 6)
    with here.running() as site:
        site.wait_for("/all/rss.xml", "Title of n5")
        assert hook.told == []
        for number in range(6):
            origin.answer(f"/{number}", Answer(500))
        here.verb("poll", "--now")  # also beside the engine: its minute finds it
        right = (here.folder / "feedmill.toml").read_text()
        (here.folder / "feedmill.toml").write_text(right + "\n[odd]\n")
        assert until(lambda: hook.of("configuration") == [("", False)])
        assert until(lambda: hook.of("sources failing") == [("", False)], 90)
        assert set(status(here)) == {("configuration", ""), ("sources failing", "")}
        assert "of 6 sources fail" in here.call("status").stdout
        (here.folder / "feedmill.toml").write_text(right)
        assert until(lambda: hook.of("configuration") == [("", False), ("", True)])
        for number in range(6):
            origin.serve(f"/{number}", rss(f"n{number}", "more"))
        later(here, 1.5)
        assert until(lambda: hook.of("sources failing") == [("", False), ("", True)], 90)
        assert until(lambda: status(here) == [])
        kinds = [(each["kind"], bool(each["over_at"])) for each in hook.told]
        assert kinds.index(("configuration", False)) < kinds.index(("configuration", True))
        each_once = [(one["kind"], one["about"], bool(one["over_at"])) for one in hook.told]
        assert len(each_once) == len(set(each_once))
        first = hook.told[0]
        assert set(first) == {"text", "kind", "about", "at", "over_at"}
        assert first["text"].startswith("A wire: ")
        assert hook.told[-1]["text"].startswith("A wire: over: ")
        assert says(site, "event=trouble ")
        assert says(site, 'event="trouble over"')
        told = site.log.read_text() + here.verb("check") + json.dumps(hook.told)
    assert SECRET not in told
    assert SECRET not in here.database.read_bytes().decode("latin-1")


def test_the_webhook_is_away(here: Installation, origin: Origin) -> None:
    """Nothing listens, then it answers 500: said once in the log, without its address; when it is
    back it hears all of it, in order, once. What was over before anybody was to hear is past."""
    port = free_port()
    configure(here, origin, None, 1)
    file = here.folder / "feedmill.toml"
    with here.running() as site:
        site.wait_for("/all/rss.xml", "Title of n0")
        right = file.read_text()
        file.write_text("[odd]\n" + right)  # past, when the webhook comes
        assert until(lambda: status(here) == [("configuration", "")])
        file.write_text(right)
        assert until(lambda: status(here) == [])
        configure(here, origin, f"http://127.0.0.1:{port}/{SECRET}", 1)
        # The environment of a process is what it was begun with.
        file.write_text(
            file.read_text().replace('{ env = "HOOK" }', f'"http://127.0.0.1:{port}/{SECRET}"')
        )
        assert until(lambda: here.call("status").returncode == 0)
        assert until(lambda: site.log.read_text().count("event=running") >= 2)
        right = file.read_text()
        file.write_text("[odd]\n" + right)
        assert until(lambda: says(site, "the webhook takes no word"))
        with Webhook(port) as hook:
            hook.status = 500
            assert until(lambda: hook.asked >= 1)
            file.write_text(right)
            assert until(lambda: status(here) == [])
            hook.status = 204
            assert until(lambda: hook.of("configuration")[-1:] == [("", True)], 90)
            assert len(hook.told) <= 2
        assert says(site, "it answers 500") or says(site, "the webhook takes no word")
        assert site.log.read_text().count("the webhook takes no word") == 1
    assert SECRET not in site.log.read_text()


def test_one_source_for_days(here: Installation, origin: Origin, hook: Webhook) -> None:
    """A source that fails since yesterday, and is taken out: by its number and how it stands, and
    over when it is gone."""
    configure(here, origin, hook.url, 2)
    origin.answer("/1", Answer(404))
    here.verb("poll", "--now")
    later(here, 2.0)
    with here.running() as site:
        assert until(lambda: hook.of("source") == [("source 2", False)])
        assert "source 2 is failing" in hook.told[0]["text"]
        assert origin.url("/1") not in json.dumps(hook.told)
        configure(here, origin, hook.url, 1)
        assert until(lambda: hook.of("source") == [("source 2", False), ("source 2", True)], 90)
        assert site.get("/readyz").status == 200


# --- the operations feed


def valid(body: bytes) -> None:
    schema = etree.RelaxNG(etree.parse(shared("schemas") / "atom-rfc4287.rng"))
    schema.assertValid(etree.fromstring(body))


@pytest.mark.shared
def test_the_operations_feed(here: Installation, origin: Origin) -> None:
    """With its token only; valid Atom, the same bytes while nothing happens, an entry that is
    updated when its trouble is over; no secret."""
    configure(here, origin, None, 1)
    token = here.json("token", "add", "ops-reader", "--for", "ops")["token"]
    with here.running() as site:
        site.wait_for("/all/rss.xml", "Title of n0")

        def feed() -> Page:
            return site.get(f"/desk/ops.atom?token={token}")

        assert site.get("/desk/ops.atom?token=wrong").status in (401, 403, 404)
        empty = feed()
        assert empty.status == 200
        assert empty.headers["content-type"] == "application/atom+xml; charset=utf-8"
        valid(empty.body)
        assert feed().body == empty.body
        site.process.send_signal(signal.SIGHUP)
        assert until(lambda: site.log.read_text().count("event=running") == 2)
        assert feed().body == empty.body, "taken up anew, and nothing has happened"
        file = here.folder / "feedmill.toml"
        right = file.read_text()
        file.write_text(f'{right}\n[store]\nurl = "postgresql://me:{SECRET}@127.0.0.1/x"\n[o]\n')
        assert until(lambda: b"<entry>" in feed().body)
        first = feed().body
        valid(first)
        assert feed().body == first
        file.write_text(right)
        assert until(lambda: b"Over: " in feed().body)
        last = feed().body
        valid(last)
        before, after = feedparser.parse(first), feedparser.parse(last)
        assert not before.bozo
        assert not after.bozo
        assert [each.id for each in before.entries] == [each.id for each in after.entries]
        assert before.entries[0].updated < after.entries[0].updated
        assert before.entries[0].published == after.entries[0].published
        assert before.feed.id == after.feed.id == feedparser.parse(empty.body).feed.id
        assert before.feed.updated < after.feed.updated
        [own] = [each.href for each in after.feed.links if each.rel == "self"]
        assert own == site.url("/desk/ops.atom")
        again = site.get(
            f"/desk/ops.atom?token={token}", If_None_Match=feed().headers.get("etag", "")
        )
        assert again.status in (200, 304)
        told = first + last
        here.verb("token", "revoke", "ops-reader")
        assert until(lambda: feed().status != 200)
    assert SECRET.encode() not in told
    assert token.encode() not in told
    with closing(open_store(f"sqlite:///{here.database}")) as store:
        assert [each.kind for each in store.happenings()] == ["configuration"]

"""Our own hub with an independent subscriber over HTTP: P33, P34, and the hub's part of WebSub."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.flows.command import Installation, Site, rss, until
from tests.hub import Hub
from tests.origin import Origin
from tests.subscriber import Subscriber, post

pytestmark = pytest.mark.slow

CONFIG = """
[hub]
enabled = true
others = {others}
[categories.news]
[[sources]]
url = "{url}"
every = "1s"
categories = ["news"]
"""
POLL = 'min_interval = "1s"'


@pytest.fixture
def origin() -> Iterator[Origin]:
    with Origin() as found:
        found.serve("/feed", rss("one"), etag=True)
        yield found


@pytest.fixture
def one() -> Iterator[Subscriber]:
    with Subscriber.running() as found:
        yield found


@pytest.fixture
def here(tmp_path: Path, origin: Origin) -> Installation:
    found = Installation(tmp_path)
    found.configure(CONFIG.format(url=origin.url("/feed"), others="[]"), poll=POLL)
    return found


def subscribed(site: Site, one: Subscriber, topic: str, **more: str) -> None:
    checks = len(one.checks())
    assert one.subscribe(site.url("/hub"), topic, **more) == 202
    assert until(lambda: len(one.checks()) > checks), site.log.read_text()


def test_a_subscription(here: Installation, origin: Origin, one: Subscriber) -> None:
    """Named by the feed in its document and its header, verified, told within a second of the
    poll with the whole document, signed; ended as it began."""
    with here.running() as site:
        site.wait_for("/news/atom.xml", "Title of one")
        feed = site.get("/news/atom.xml")
        hub, topic = site.url("/hub"), site.url("/news/atom.xml")
        assert feed.headers["link"] == f'<{topic}>; rel="self", <{hub}>; rel="hub"'
        assert f'<link href="{hub}" rel="hub"/>'.encode() in feed.body
        subscribed(site, one, topic, secret="s3cret", lease_seconds="86400")
        [check] = one.checks()
        assert check["hub.mode"] == "subscribe"
        assert check["hub.topic"] == topic
        assert check["hub.lease_seconds"] == "86400"
        assert (check["x"], check["confirmed"]) == ("1", "True")
        assert until(lambda: "subscribed" in site.log.read_text())
        assert one.deliveries() == []  # nothing new yet
        origin.serve("/feed", rss("two", "one"), etag=True)
        assert until(lambda: one.deliveries(), 30), site.log.read_text()
        [told] = one.deliveries()
        assert "two" in told["body"]
        assert told["body"].encode() == site.get("/news/atom.xml").body
        assert told["type"] == "application/atom+xml; charset=utf-8"
        assert told["link"] == f'<{hub}>; rel="hub", <{topic}>; rel="self"'
        assert told["right"]
        [row] = [each for each in here.json("feeds") if each["feed"] == "news"]
        assert row["hub"] == 1
        assert one.subscribe(hub, topic, "unsubscribe") == 202
        assert until(lambda: "unsubscribed" in site.log.read_text())
        origin.serve("/feed", rss("three", "two", "one"), etag=True)
        site.wait_for("/news/atom.xml", "three")
        assert len(one.deliveries()) == 1


def test_within_a_second(here: Installation, origin: Origin, one: Subscriber) -> None:
    """From the end of the poll to the callback: the best of five, on a machine that is busy."""
    with here.running() as site:
        site.wait_for("/news/atom.xml", "Title of one")
        subscribed(site, one, site.url("/news/atom.xml"))
        assert until(lambda: "event=subscribed" in site.log.read_text())
        spans: list[float] = []
        items = ["one"]
        for number in range(5):
            items.insert(0, f"n{number}")
            origin.serve("/feed", rss(*items), etag=True)
            assert until(lambda: len(one.deliveries()) > len(spans), 30), site.log.read_text()
            spans.append(one.deliveries()[-1]["at"] - polled(site))
        assert min(spans) < 1.0, spans


def polled(site: Site) -> float:
    """When the last poll that brought something was recorded."""
    lines = [
        line
        for line in site.log.read_text().splitlines()
        if "event=polled" in line and "outcome=new" in line
    ]
    found = re.search(r"timestamp=(\S+)", lines[-1])
    assert found is not None
    return datetime.fromisoformat(found[1].replace("Z", "+00:00")).astimezone(UTC).timestamp()


def test_without_a_secret(here: Installation, origin: Origin, one: Subscriber) -> None:
    """Told without a signature; RSS and JSON Feed are topics too; the newest only is sent."""
    with here.running() as site:
        site.wait_for("/news/atom.xml", "Title of one")
        for name in ("rss.xml", "feed.json"):
            subscribed(site, one, site.url(f"/news/{name}"), path=f"/{name}")
        assert until(lambda: site.log.read_text().count("event=subscribed") == 2)
        origin.serve("/feed", rss("two", "one"), etag=True)
        assert until(lambda: len(one.deliveries()) == 2, 30), site.log.read_text()
        kinds = {each["path"]: each["type"].partition(";")[0] for each in one.deliveries()}
        assert kinds == {
            "/rss.xml": "application/rss+xml",
            "/feed.json": "application/feed+json",
        }
        assert not any(each["signed"] for each in one.deliveries())


def test_who_is_not_told(here: Installation, origin: Origin, one: Subscriber) -> None:
    """Who does not confirm; who has gone (410)."""
    with here.running() as site:
        site.wait_for("/news/atom.xml", "Title of one")
        topic = site.url("/news/atom.xml")
        one.set(confirm=False)
        subscribed(site, one, topic, path="/no")
        one.set(confirm=True, answer=410)
        subscribed(site, one, topic, path="/gone")
        assert until(lambda: "event=subscribed" in site.log.read_text())
        origin.serve("/feed", rss("two", "one"), etag=True)
        assert until(lambda: one.deliveries(), 30)
        assert until(lambda: "event=gone" in site.log.read_text())
        origin.serve("/feed", rss("three", "two", "one"), etag=True)
        site.wait_for("/news/atom.xml", "three")
        assert [each["path"] for each in one.deliveries()] == ["/gone"]


def test_a_failing_callback_is_tried_again(
    here: Installation, origin: Origin, one: Subscriber
) -> None:
    """Later, over a restart, with the newest document; a slow one holds nobody up."""
    with here.running() as site:
        site.wait_for("/news/atom.xml", "Title of one")
        subscribed(site, one, site.url("/news/atom.xml"))
        assert until(lambda: "event=subscribed" in site.log.read_text())
        one.set(answer=500)
        origin.serve("/feed", rss("two", "one"), etag=True)
        assert until(lambda: len(one.deliveries()) == 1, 30)
        assert until(lambda: 'event="not told"' in site.log.read_text())
        origin.serve("/feed", rss("three", "two", "one"), etag=True)
        site.wait_for("/news/atom.xml", "three")
        assert len(one.deliveries()) == 1
    one.set(answer=204)
    here.variables["FEEDMILL_CLOCK"] = "+61"
    with here.running() as site:
        assert until(lambda: len(one.deliveries()) == 2, 30), site.log.read_text()
        assert "three" in one.deliveries()[-1]["body"]


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ("hub.mode=subscribe&hub.callback=http://127.0.0.1:1/&hub.topic=TOPIC/nothing.xml", 404),
        ("hub.mode=subscribe&hub.callback=http://127.0.0.1:1/&hub.topic=http://x.test/", 404),
        ("hub.mode=subscribe&hub.callback=ftp://x.test/&hub.topic=TOPIC/atom.xml", 400),
        ("hub.mode=subscribe&hub.callback=&hub.topic=TOPIC/atom.xml", 400),
        ("hub.mode=subscribe&hub.callback=http://x.test/%23a&hub.topic=TOPIC/atom.xml", 400),
        ("hub.mode=publish&hub.callback=http://x.test/&hub.topic=TOPIC/atom.xml", 400),
        ("hub.mode=subscribe&hub.callback=http://x.test/&hub.topic=TOPIC/atom.xml"
         "&hub.secret=" + "s" * 200, 400),
        ("x" * 20_000, 413),
    ],
)  # fmt: skip
def test_what_is_asked_wrongly(site: Site, form: str, status: int) -> None:
    """Each is told what is wrong; nothing is sent anywhere."""
    topic = site.url("/news")
    assert post(site.url("/hub"), form.replace("TOPIC", topic).encode()) == status
    assert post(site.url("/hub"), b"{}", "application/json") == 415
    assert site.get("/hub").status == 405


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with Origin() as origin:
        origin.serve("/feed", rss("one"), etag=True)
        here = Installation(tmp_path_factory.mktemp("hub"))
        here.configure(CONFIG.format(url=origin.url("/feed"), others="[]"), poll=POLL)
        with here.running() as found:
            found.wait_for("/news/atom.xml", "one")
            yield found


def test_hubs_elsewhere(tmp_path: Path, origin: Origin) -> None:
    """They are named by the feeds, and told of what is new of each document."""
    with Hub.running() as hub:
        hub.set(verify=False)  # a ping asks for nothing
        here = Installation(tmp_path)
        text = CONFIG.format(url=origin.url("/feed"), others=f'["{hub.url}"]')
        here.configure(text.replace("enabled = true", "enabled = false"), poll=POLL)
        with here.running() as site:
            site.wait_for("/news/atom.xml", "Title of one")
            assert f'<{hub.url}>; rel="hub"' in site.get("/news/atom.xml").headers["link"]
            origin.serve("/feed", rss("two", "one"), etag=True)
            site.wait_for("/news/atom.xml", "two")
            topic = site.url("/news/atom.xml")
            assert until(lambda: topic in {each["hub.url"] for each in hub.requests()}, 30)
            assert {each["hub.mode"] for each in hub.requests()} == {"publish"}

"""/metrics of a real run: both formats, and each figure moves when what it counts happens."""

from __future__ import annotations

import json
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as openmetrics_families,
)
from prometheus_client.parser import text_string_to_metric_families

from feeds.models import Quarantined
from feeds.store import open_store
from tests.flows.command import Installation, Site, rss, until
from tests.origin import Origin
from tests.subscriber import Subscriber

pytestmark = pytest.mark.slow

OPEN = "application/openmetrics-text; version=1.0.0"
Figures = dict[tuple[str, tuple[tuple[str, str], ...]], float]
LONG = (
    "A ferry from the islands was late on the first day of March, because its captain had slept. "
)


@pytest.fixture
def origin() -> Iterator[Origin]:
    with Origin() as found:
        found.serve("/one", rss("one"), etag=True)
        found.serve("/two", rss("two"))
        yield found


@pytest.fixture
def here(tmp_path: Path, origin: Origin) -> Installation:
    found = Installation(tmp_path)
    text = "[hub]\nenabled = true\n[categories.news]\n[alerts]\nlate = '1d'\n"
    found.configure(text, sources=[origin.url("/one"), origin.url("/two")])
    return found


def figures(site: Site, families: Callable[[str], Any] = text_string_to_metric_families) -> Figures:
    kind = OPEN if families is openmetrics_families else "text/plain"
    page = site.get("/metrics", Accept=kind)
    assert page.status == 200
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in families(page.body.decode())
        for sample in family.samples
    }


def of(found: Figures, name: str, **labels: str) -> float:
    return found[name, tuple(sorted(labels.items()))]


def becomes(site: Site, value: float, name: str, **labels: str) -> bool:
    """The engine tells its web server of them every two seconds."""
    return until(lambda: of(figures(site), name, **labels) >= value, 90)


def often(here: Installation) -> None:
    """Its sources are polled every two seconds."""
    file = here.folder / "feedmill.toml"
    text = file.read_text().replace("[poll]", '[poll]\nmin_interval = "1s"')
    file.write_text(text.replace("[[sources]]", '[[sources]]\nevery = "2s"'))


def test_both_formats(here: Installation) -> None:
    """Parsed by Prometheus's own parsers; the same figures; help and type for all of them."""
    with here.running() as site:
        assert becomes(site, 2, "feedmill_polls_total", outcome="new")
        page = site.get("/metrics")
        assert page.headers["content-type"].startswith("text/plain; version=")
        assert site.get("/metrics", Accept=OPEN).headers["content-type"].startswith(OPEN[:28])
        assert site.get("/metrics", Accept=OPEN).body.endswith(b"# EOF\n")
        text, opened = figures(site), figures(site, openmetrics_families)
        moving = {"feedmill_due_lag_seconds"}
        assert {k: v for k, v in text.items() if k[0] not in moving} == {
            k: v for k, v in opened.items() if k[0] not in moving
        }
        for family in text_string_to_metric_families(page.body.decode()):
            assert family.documentation, family.name
            assert family.type != "unknown", family.name
        assert {key[0] for key in text} >= {"feedmill_info", "feedmill_hub_deliveries_total"}


def test_each_figure_moves(here: Installation, origin: Origin) -> None:
    """Polls by outcome, articles, what is merged and quarantined, sources by state, who reads, the
    hub, what is wrong; no label of any source."""
    with here.running() as site:
        site.wait_for("/all/rss.xml", "Title of two")
        assert becomes(site, 2, "feedmill_polls_total", outcome="new")
        assert becomes(site, 2, "feedmill_articles_total", kind="new")
        assert becomes(site, 1, "feedmill_publishing_delay_seconds_count")
        found = figures(site)
        assert of(found, "feedmill_sources", state="ok") == 2
        assert of(found, "feedmill_publishing_delay_seconds_sum") > 0
        assert of(found, "feedmill_publishing_delay_seconds_bucket", le="+Inf") >= 1
        assert of(found, "feedmill_troubles") == 0

        origin.serve("/bad", b"<html>no feed</html>")
        same = rss("one", title="Another").replace(b"Text of one", LONG.encode() * 3)
        origin.serve("/copy", same.replace(b"http://a.test/", b"http://b.test/"))
        origin.serve("/copy2", same)
        file = here.folder / "feedmill.toml"
        more = "".join(
            f'[[sources]]\nurl = "{origin.url(path)}"\n' for path in ("/bad", "/copy", "/copy2")
        )
        file.write_text(file.read_text() + more)
        assert becomes(site, 1, "feedmill_polls_total", outcome="failed")
        # Those of the configuration before count on.
        after = figures(site)
        assert of(after, "feedmill_polls_total", outcome="new") >= 2
        assert of(after, "feedmill_articles_total", kind="new") >= 2
        assert of(after, "feedmill_publishing_delay_seconds_sum") >= of(
            found, "feedmill_publishing_delay_seconds_sum"
        )
        assert becomes(site, 1, "feedmill_sources", state="failing")
        assert becomes(site, 1, "feedmill_articles_merged")
        assert becomes(site, 3, "feedmill_stored", kind="articles")
        file.write_text(file.read_text() + "[odd]\n")
        assert becomes(site, 1, "feedmill_configuration_refused")
        assert becomes(site, 1, "feedmill_troubles")

        site.get("/all/rss.xml", User_Agent="NetNewsWire (RSS Reader)")
        names = {key[0] for key in figures(site)}
        labels = {label for key in figures(site) for label, _ in key[1]}
        assert labels <= {"outcome", "kind", "state", "le", "feed", "version"}
        told = site.get("/metrics").body
        assert str(origin.port).encode() not in told
        assert all(name.startswith("feedmill_") for name in names)


def test_polls_that_bring_nothing(here: Installation, origin: Origin) -> None:
    """304 and the same bytes have outcomes of their own."""
    here.variables["FEEDMILL_CLOCK"] = f"@{here.folder / 'clock'}"
    (here.folder / "clock").write_text("0")
    with here.running() as site:
        assert becomes(site, 2, "feedmill_polls_total", outcome="new")
        (here.folder / "clock").write_text("90000")
        assert becomes(site, 1, "feedmill_polls_total", outcome="not-modified")
        assert becomes(site, 1, "feedmill_polls_total", outcome="same")


def test_who_reads_and_what_is_kept_back(here: Installation, origin: Origin) -> None:
    """A delivery of the hub, a subscription, a reader, an article that the gate keeps out."""
    often(here)
    with here.running() as site, Subscriber.running() as one:
        topic = site.url("/all/atom.xml")
        site.wait_for("/all/atom.xml", "Title of two")
        assert one.subscribe(site.url("/hub"), topic) == 202
        assert becomes(site, 1, "feedmill_hub_subscriptions", feed="all")
        site.get("/all/rss.xml", User_Agent="NetNewsWire (RSS Reader)")
        origin.serve("/one", rss("later", "one"), etag=True)
        assert becomes(site, 1, "feedmill_hub_deliveries_total", outcome="told")
        assert one.deliveries()
        assert becomes(site, 1, "feedmill_feed_subscribers", feed="all")
        with closing(open_store(f"sqlite:///{here.database}")) as store:
            [article] = store.articles(None, 1)
            fault = Quarantined(
                article_id=article.id, revision=article.revision, rule="P3", fault="P3: a fault"
            )
            store.set_apart([fault])
        assert becomes(site, 1, "feedmill_articles_quarantined")
        # Told within a minute: nothing that the engine does has stirred it.
        assert becomes(site, 1, "feedmill_troubles")


def test_a_feed_that_is_refused(here: Installation, origin: Origin) -> None:
    """A clock that was never set dates the feeds by 1970, and the gate lets nobody see that; when
    it is right, what comes next is published, and none is refused any more."""
    often(here)
    file = here.folder / "feedmill.toml"
    file.write_text(file.read_text().replace("[[sources]]", '[[sources]]\ncategories = ["news"]'))
    here.variables["FEEDMILL_CLOCK"] = f"@{here.folder / 'clock'}"
    (here.folder / "clock").write_text(f"-{time.time() - 86_400 * 90:.0f}")
    with here.running() as site:
        assert becomes(site, 2, "feedmill_feeds_refused")
        assert becomes(site, 2, "feedmill_articles_quarantined")
        assert becomes(site, 4, "feedmill_troubles")
        # Through the rounds that follow, in which nothing changes and they are not tried again: one
        # every five seconds, in which a source is polled twice.
        assert becomes(site, 6, "feedmill_polls_total", outcome="not-modified")
        assert of(figures(site), "feedmill_feeds_refused") == 2
        assert of(figures(site), "feedmill_troubles") == 4
        assert site.get("/news/rss.xml").status == 404
        origin.serve("/one", rss("later", "one"), etag=True)
        (here.folder / "clock").write_text("0")
        site.wait_for("/all/rss.xml", "Title of later")
        assert until(lambda: of(figures(site), "feedmill_feeds_refused") == 0, 90)


def test_a_flood_that_is_held(here: Installation, origin: Origin) -> None:
    """A source with a history shows a dozen old articles as if they were new; what is let in is
    held no more."""
    origin.serve("/one", rss(*(f"n{n}" for n in range(12))))
    often(here)
    with here.running() as site:
        assert becomes(site, 13, "feedmill_articles_total", kind="new")
        assert of(figures(site), "feedmill_articles_held") == 0
        old = rss(*(f"old{n}" for n in range(12))).replace(b"20 Nov 2026", b"20 Nov 2020")
        origin.serve("/one", old)
        assert becomes(site, 12, "feedmill_articles_held")
        assert becomes(site, 1, "feedmill_troubles")
        assert b"Title of old" not in site.get("/all/rss.xml").body
        here.verb("release", "1")
        assert until(lambda: of(figures(site), "feedmill_articles_held") == 0)
        site.wait_for("/all/rss.xml", "Title of old")


def test_in_the_file_and_not_at_work(here: Installation) -> None:
    """A feed that the engine has not taken up (here: can't, the port is changed to a taken one)
    must not take the others' figures away."""
    with here.running() as site:
        file = here.folder / "feedmill.toml"
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            text = file.read_text().replace(f"127.0.0.1:{here.port}", f"127.0.0.1:{port}")
            file.write_text(text + "[categories.fresh]\n")
            assert becomes(site, 1, "feedmill_configuration_refused")
            found = figures(site)
            assert of(found, "feedmill_feed_subscribers", feed="news") == 0
            assert ("feedmill_feed_subscribers", (("feed", "fresh"),)) not in found


def test_who_may(here: Installation, origin: Origin) -> None:
    """At the machine everybody, through a proxy with a token for it only; nothing is said else."""
    token = here.json("token", "add", "prometheus", "--for", "metrics")["token"]
    other = here.json("token", "add", "reader", "--for", "ops")["token"]
    with here.running() as site:
        proxied = {"X_Forwarded_For": "192.0.2.1"}
        assert site.get("/metrics").status == 200
        assert site.get("/metrics", **proxied).status == 401
        assert site.get("/metrics", Authorization=f"Bearer {other}", **proxied).status in (401, 403)
        assert site.get("/metrics", Authorization="Bearer x", **proxied).status == 401
        assert site.get("/metrics", Authorization=f"Bearer {token}", **proxied).status == 200
        request = urllib.request.Request(site.url("/metrics"), method="POST", data=b"")
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request)
        assert caught.value.code in (403, 405)
        assert json.dumps(token) not in site.log.read_text()

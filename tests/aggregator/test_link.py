"""Linking over the real store: every new article gets a story, two of a house share one."""

from __future__ import annotations

from dataclasses import replace

from aggregator.identity.urls import default_rules
from aggregator.read.reader import read
from aggregator.stories.link import BATCH, Linker, configured_domains
from aggregator.stories.plans import House
from feeds.models import Source
from feeds.protocols import Request, Response
from feeds.store import Store
from tests.aggregator.test_poll import ok, poller
from tests.flows.command import rss
from tests.store.material import TTL

ONE, TWO, PLANET = "https://a.test/rss", "https://a.test/all", "https://planet.example/rss"


def link(store: Store, *urls: str) -> int:
    return Linker(store=store, house=lambda: House(domains=configured_domains(urls)))()


class Site:
    """A Fetcher that knows a document for each address."""

    def __init__(self, documents: dict[str, bytes]) -> None:
        self._documents = documents

    def fetch(self, request: Request) -> Response:
        return replace(ok(self._documents[request.url]), url=request.url)


def poll_all(store: Store, documents: dict[str, bytes]) -> None:
    """Make these the sources, and poll each."""
    store.sync_sources([Source(url=url) for url in documents])
    store.make_due()
    one = replace(
        poller(Site(documents)),
        sources={},
        read=read,
        archive=store.archive,
        rules=default_rules(),
        now=store.now,
    )
    for url in documents:
        [claim] = store.claim_due(1, TTL, urls=[url])
        store.record([one(claim)])


def document(*names: str) -> bytes:
    """Items whose guid is their link, as most of the web's are."""
    body = rss(*names, link="https://a.test/")
    for name in names:
        body = body.replace(f"'false'>{name}<".encode(), f"'true'>https://a.test/{name}<".encode())
    return body


def stories(store: Store) -> list[set[int]]:
    """The ids of the articles of each story."""
    found: dict[int | None, set[int]] = {}
    for each in store.articles(None, 1000):
        found.setdefault(each.story_id, set()).add(each.id)
    assert None not in found
    return list(found.values())


def test_two_feeds_of_one_house(store: Store) -> None:
    """Same guid of global form and same link, with authority: one story; others have their own."""
    documents = {ONE: document("x", "y"), TWO: document("x", "z")}
    poll_all(store, documents)
    assert link(store, *documents) == 4
    assert sorted(len(each) for each in stories(store)) == [1, 1, 2]
    assert link(store, *documents) == 0


def test_a_stranger_with_other_text(store: Store) -> None:
    """A planet that claims another's id for another text gets a story, and an id, of its own."""
    forged = document("x").replace(b"Text of x", b"Buy this").replace(b"Title of x", b"Buy")
    documents = {ONE: document("x"), PLANET: forged}
    poll_all(store, documents)
    link(store, *documents)
    assert sorted(len(each) for each in stories(store)) == [1, 1]


def test_a_copy_that_came_first_is_edited(store: Store) -> None:
    """Whoever copies an article before it was polled at home founds the story, but can't put
    another text into it later: the owner's article leads from then on."""
    copied = document("x")
    edited = copied.replace(b"Text of x", b"Buy this")
    for one, planet in ((rss(), copied), (copied, copied), (copied, edited)):
        poll_all(store, documents := {ONE: one, PLANET: planet})
        link(store, *documents)
    assert [len(each) for each in stories(store)] == [2]
    [change] = store.changed_stories(0, 10)
    [lead] = (each.entry for each in store.articles(None, 10) if each.id == change.lead_id)
    assert "Text of x" in f"{lead.summary}{lead.content}"


def test_more_than_a_batch(store: Store) -> None:
    """Nothing is left over."""
    names = [f"n{n}" for n in range(BATCH + 20)]
    poll_all(store, {ONE: document(*names)})
    assert link(store) == len(names)
    assert len(stories(store)) == len(names)


def test_one_linker_at_a_time(store: Store) -> None:
    """While another worker links, there is nothing to do."""
    poll_all(store, {ONE: document("x")})
    with store.serial("link") as ours:
        assert ours
        assert link(store) == 0
    assert link(store) == 1

"""The first story rule: who may share a story, and under which id it is published."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aggregator.identity.identify import identify
from aggregator.identity.urls import default_rules
from aggregator.likeness.compare import Comparison, compare
from aggregator.likeness.words import Text, text_of
from aggregator.stories.authority import published_id
from aggregator.stories.link import member_of
from aggregator.stories.ties import tie
from feeds.models import Edge, Tie, Unlinked
from tests.aggregator.making import document, entry, unlinked

TEXT = "<p>The harbour opened again after the storm, and the ferries left one by one.</p>"
OWN, OWN_TOO = "https://news.example.co.uk/rss", "https://feeds.example.co.uk/all.xml"
STRANGER = "https://planet.example.net/atom"
LINK = "https://www.example.co.uk/harbour"


def article(
    number: int, source: str, *, guid: str | None = LINK, text: str = TEXT, link: str = LINK
) -> Unlinked:
    of = entry("The harbour opened again", link, guid, content=text)
    (item,) = identify(document(of), default_rules()).items
    return unlinked(number, abs(hash(source)) % 1000, source, of, item.keys)


def edge(one: Unlinked, other: Unlinked) -> Edge | None:
    def compared(a: Unlinked, b: Unlinked) -> tuple[Text, Text, Comparison]:
        mine, theirs = text_of(a.article.entry), text_of(b.article.entry)
        return mine, theirs, compare(mine, theirs)

    found = tie(one, other, compared)
    assert tie(other, one, compared) == found, "symmetric"
    return found


def same_story(one: Unlinked, other: Unlinked) -> bool:
    return edge(one, other) is not None


def test_two_feeds_of_one_house() -> None:
    """Same guid and link, both sources on the link's own domain: one story, whatever the text."""
    one, two = article(1, OWN), article(2, OWN_TOO, text="<p>An excerpt, shortened.</p>")
    assert same_story(one, two)
    assert same_story(two, one)


def test_a_copy_with_the_same_text() -> None:
    """A planet that carries the article as it is shares its story; an excerpt does, too."""
    assert same_story(article(1, OWN), article(2, STRANGER))
    excerpt = "<p>The harbour opened again after the storm</p>"
    assert same_story(article(1, OWN), article(2, STRANGER, text=excerpt))


def test_a_stranger_with_another_text() -> None:
    """A source that copies guid and link under its own text gets no part of the story."""
    hostile = article(2, STRANGER, text="<p>Buy our pills today, they are very cheap indeed.</p>")
    assert not same_story(article(1, OWN), hostile)


def test_same_link() -> None:
    """Under other guids, too, when they have the same headline; a comment on an article has
    another."""
    other = article(2, OWN_TOO, guid="tag:example.co.uk,2026:other")
    found = edge(article(1, OWN), other)
    assert found is not None
    assert found.tie is Tie.URL
    comment = article(2, OWN_TOO, guid="c1", text="<p>I was there.</p>")
    told = replace(comment.article, entry=replace(comment.article.entry, title="By A reader"))
    assert not same_story(article(1, OWN), replace(comment, article=told))


def test_not_within_a_source() -> None:
    """What one source shows twice is its own affair."""
    assert not same_story(article(1, OWN), article(3, OWN))


def test_published_id() -> None:
    """P12, P13: the upstream guid verbatim where it is an IRI, else a urn:uuid; a guid on the host
    of another configured source is not for the taking."""
    configured = {"example.co.uk", "example.net"}
    kept, fallback = published_id(member_of(article(1, OWN), 0), configured)
    assert kept == LINK
    assert fallback.startswith("urn:uuid:")
    assert published_id(member_of(article(1, OWN, guid="17"), 0), configured)[0].startswith(
        "urn:uuid:"
    )
    assert published_id(member_of(article(1, OWN, guid="a b"), 0), configured)[0].startswith(
        "urn:uuid:"
    )
    assert published_id(member_of(article(1, STRANGER), 0), configured)[0].startswith("urn:uuid:")
    assert published_id(member_of(article(1, STRANGER), 0), {"example.net"})[0] == LINK


@pytest.mark.parametrize(
    ("guid", "link"),
    [
        ("tag:www.example.co.uk,2026:1", "https://planet.example.net/1"),
        ("tag:editor@example.co.uk,2026:1", None),
        ("urn:uuid:1225c695-cfb8-4ebb-aaaa-80da344efa6a", LINK),
    ],
)
def test_ids_of_another_house_are_not_claimed(guid: str, link: str | None) -> None:
    """Whoever comes first: a tag belongs to the host that it names (RFC 4151), an id without any
    to that of its link. The owner gets it, a stranger only where the owner is no source here."""
    of = entry("Title", link, guid)
    configured = {"example.co.uk", "example.net"}
    stranger, owner = (member_of(unlinked(1, 1, source, of, ()), 0) for source in (STRANGER, OWN))
    assert published_id(stranger, configured)[0].startswith("urn:uuid:")
    assert published_id(stranger, configured)[0] != guid
    assert published_id(owner, configured)[0] == guid
    assert published_id(stranger, {"example.net"})[0] == guid


def test_ids_differ_by_source() -> None:
    """The same local guid in two sources makes two ids, the same ones each time."""
    ids = {
        published_id(member_of(article(1, source, guid="17"), 0), ())[0]
        for source in (OWN, STRANGER, OWN)
    }
    assert len(ids) == 2

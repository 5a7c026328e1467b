"""The first story rule: who may share a story, and under which id it is published."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aggregator.identity.identify import identify
from aggregator.identity.stories import decide, published_id, same_story
from aggregator.identity.urls import default_rules
from feeds.models import Unlinked
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


@pytest.mark.parametrize(
    "other",
    [
        article(2, OWN_TOO, guid="tag:example.co.uk,2026:other"),
        article(2, OWN_TOO, guid=None),
        article(2, OWN_TOO, guid="17"),
        article(3, OWN),
    ],
    ids=["another guid", "no guid", "local guid", "same source"],
)
def test_not_enough(other: Unlinked) -> None:
    """Both keys are needed, the guid of global form, and two sources."""
    assert not same_story(article(1, OWN, guid="17" if other.article.entry.guid == "17" else LINK),
                          other)  # fmt: skip


def test_published_id() -> None:
    """P12, P13: the upstream guid verbatim where it is an IRI, else a urn:uuid; a guid on the host
    of another configured source is not for the taking."""
    configured = {"example.co.uk", "example.net"}
    kept, fallback = published_id(article(1, OWN), configured)
    assert kept == LINK
    assert fallback.startswith("urn:uuid:")
    assert published_id(article(1, OWN, guid="17"), configured)[0].startswith("urn:uuid:")
    assert published_id(article(1, OWN, guid="a b"), configured)[0].startswith("urn:uuid:")
    assert published_id(article(1, STRANGER), configured)[0].startswith("urn:uuid:")
    assert published_id(article(1, STRANGER), {"example.net"})[0] == LINK


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
    stranger, owner = (unlinked(1, 1, source, of, ()) for source in (STRANGER, OWN))
    assert published_id(stranger, configured)[0].startswith("urn:uuid:")
    assert published_id(stranger, configured)[0] != guid
    assert published_id(owner, configured)[0] == guid
    assert published_id(stranger, {"example.net"})[0] == guid


def test_the_owner_takes_the_lead() -> None:
    """A copy that came first led; from the owner's article on, that does, and no later one."""
    copied = _linked(article(1, STRANGER), 1)
    own = decide(article(2, OWN), [copied], ())
    assert (own.story_id, own.leads) == (1, True)
    too = decide(article(3, OWN_TOO), [copied, _linked(article(2, OWN), 1)], ())
    assert (too.story_id, too.leads) == (1, False)
    assert not decide(article(2, STRANGER), [_linked(article(1, OWN), 1)], ()).leads
    assert not decide(article(1, OWN), [], ()).leads


def _linked(of: Unlinked, story: int) -> Unlinked:
    return replace(of, article=replace(of.article, story_id=story))


def test_ids_differ_by_source() -> None:
    """The same local guid in two sources makes two ids, the same ones each time."""
    ids = {published_id(article(1, source, guid="17"), ())[0] for source in (OWN, STRANGER, OWN)}
    assert len(ids) == 2


def test_the_oldest_story_wins() -> None:
    """What was published first lives on."""
    linked = [_linked(article(5, OWN_TOO), 9), _linked(article(6, STRANGER), 4)]
    assert decide(article(7, OWN), linked, ()).story_id == 4
    assert decide(article(7, OWN), [], ()).story_id is None

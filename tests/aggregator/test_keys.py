"""Identity within a source: which entry is which article."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.identity.identify import identify
from aggregator.identity.keys import bind, digests
from aggregator.identity.urls import default_rules
from feeds.models import Document, Entry, Key, Known
from tests.aggregator.making import NOW, document, entry, known


@dataclass
class Memory:
    """What a store keeps of one source: enough to poll it again."""

    keys: dict[int, set[Key]] = field(default_factory=dict)
    digest: dict[int, bytes] = field(default_factory=dict)
    published: dict[int, object] = field(default_factory=dict)

    def poll(self, read: Document) -> list[int]:
        """The article of each entry, after storing it."""
        items = identify(read, default_rules()).items
        asked = set(digests(items))
        found: list[int] = []
        for bound in bind(items, self._known(asked)):
            number = bound.known.article_id if bound.known else len(self.keys) + 1
            self.keys.setdefault(number, set()).update(bound.item.keys)
            self.digest[number] = bound.item.digest
            self.published.setdefault(number, bound.item.entry.published)
            found.append(number)
        return found

    def _known(self, asked: set[bytes]) -> list[Known]:
        return [
            known(
                number,
                tuple(key for key in keys if key.digest in asked),
                self.digest[number],
                published=self.published[number],
            )
            for number, keys in self.keys.items()
            if any(key.digest in asked for key in keys)
        ]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (entry("t", "http://a.org/1", "g1"), entry("T", "http://a.org/9", "g1")),
        (entry("t", "http://a.org/1"), entry("T", "https://a.org/1?utm_source=rss")),
        (
            entry("t", "http://a.org/1", "http://a.org/1"),
            entry("t", "https://a.org/1?utm_medium=x", "https://a.org/1?utm_medium=x"),
        ),
        (entry("t", "http://a.org/1", "http://a.org/?p=1"), entry(guid="https://a.org/?p=1")),
        (entry("t", content="<p>x</p>"), entry("t", content="<p>x</p>")),
        (entry("t", "http://a.org/1", "old"), entry("t", "http://a.org/1", "new")),
        (
            entry("t", "http://a.org/1", "old", published=NOW),
            entry("T", "http://a.org/1", "new", published=NOW),
        ),
    ],
)
def test_same_article(first: Entry, second: Entry) -> None:
    """Edits, http → https, tracking parameters and a re-minted guid make no new article."""
    memory = Memory()
    assert memory.poll(document(first)) == memory.poll(document(second)) == [1]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (entry("t", "http://a.org/1", "g1"), entry("t2", "http://a.org/1", "g2")),
        (entry("t", "http://a.org/1"), entry("t", "http://a.org/2")),
        (entry("t", content="x"), entry("t", content="y")),
        (entry("t", guid="g1"), entry("t", guid="g2")),
        (entry("t", guid="tag:a,2026:1"), entry("t", guid="TAG:a,2026:1")),
    ],
)
def test_other_article(first: Entry, second: Entry) -> None:
    """Another guid, link or (without both) text is another article."""
    memory = Memory()
    assert memory.poll(document(first)) != memory.poll(document(second))


def test_repeated_guid_with_other_links() -> None:
    """A guid that a document uses for several links names none of them; they stay different,
    poll after poll, in any order and when some drop off."""
    one, two, three = (entry(f"t{n}", f"http://a.org/{n}", "same") for n in (1, 2, 3))
    memory = Memory()
    assert memory.poll(document(one, two)) == [1, 2]
    assert memory.poll(document(three, two, one)) == [3, 2, 1]
    assert memory.poll(document(two)) == [2]


def test_guid_seen_alone_then_repeated() -> None:
    """An article stored under a guid alone is still found when the guid is used twice later."""
    one, two = (entry(f"t{n}", f"http://a.org/{n}", "same") for n in (1, 2))
    memory = Memory()
    assert memory.poll(document(one)) == [1]
    assert memory.poll(document(two, one)) == [2, 1]


def test_exact_repeats_are_one() -> None:
    """The same item twice in one document is one article."""
    assert Memory().poll(document(entry("t", "http://a.org/1", "g"), entry(guid="g"))) == [1, 2]
    same = entry("t", "http://a.org/1", "g")
    assert Memory().poll(document(same, same)) == [1]


def test_one_link_for_all() -> None:
    """Items without guid that all link to one page are told apart by their text."""
    page = "http://a.org/status"
    memory = Memory()
    assert memory.poll(document(entry("up", page), entry("down", page))) == [1, 2]
    assert memory.poll(document(entry("again", page), entry("up", page))) == [3, 1]


def test_link_to_the_site_is_no_identity() -> None:
    """A lone item that links to the feed's own site is known by its text."""
    site = "http://a.org/"
    memory = Memory()
    assert memory.poll(document(entry("up", site), link=site)) == [1]
    assert memory.poll(document(entry("down", site), link="https://a.org")) == [2]


guids = st.one_of(st.none(), st.sampled_from(["g1", "g2", "http://a.org/1", "tag:a,2026:x"]))
links = st.one_of(st.none(), st.sampled_from([f"http://a.org/{n}" for n in range(4)]))
entries = st.builds(lambda t, link, g: entry(t, link, g), st.sampled_from("abc"), links, guids)


@given(st.lists(entries, max_size=6))
def test_polling_twice_finds_nothing_new(items: list[Entry]) -> None:
    """For any document: the second reading binds every entry to the first's articles."""
    memory = Memory()
    first = memory.poll(document(*items))
    assert memory.poll(document(*items)) == first
    assert len(set(first)) == len(first)


@given(st.lists(entries, max_size=6), st.randoms())
def test_order_does_not_matter(items: list[Entry], random: Random) -> None:
    """A document in another order yields the same articles."""
    memory = Memory()
    first = memory.poll(document(*items))
    shuffled = list(items)
    random.shuffle(shuffled)
    assert sorted(memory.poll(document(*shuffled))) == sorted(first)

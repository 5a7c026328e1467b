"""Edits, retention, takedown, gaps: what an article was, and how long it is kept."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from aggregator.gaps import Gaps
from aggregator.identity.edits import common_lines, significant
from aggregator.identity.keys import key
from aggregator.likeness.words import words_of
from feeds.models import Entry, Held, KeyKind, Retention, Source
from tests.databases import Clock, Opened
from tests.store.material import TTL
from tests.stories.newsroom import Newsroom, Post, document, post, prose
from tests.stories.test_disasters import archive


@pytest.fixture
def room(opened: Opened, clock: Clock) -> Newsroom:
    return Newsroom(opened(), clock)


# --- edits


TEXT = prose(1, 80)


@pytest.mark.parametrize(
    ("after", "told"),
    [
        (TEXT, False),
        (f"  {TEXT}\n\n", False),
        (TEXT.replace(" ", "\n", 3).upper(), False),
        (f"{TEXT} 12 comments", False),
        (f"{TEXT} Three more words", False),
        (f"{TEXT} A whole sentence was added to tell what came of it.", True),
        (" ".join(TEXT.split()[20:]), True),
    ],
)
def test_significant(after: str, told: bool) -> None:
    """More than a few words of text; not white space, case, or a count."""
    assert significant(Entry(title="T", content=TEXT), Entry(title="T", content=after)) is told


def test_a_title_is_significant() -> None:
    """But for its case and punctuation."""
    before = Entry(title="Fire in the harbour", content=TEXT)
    assert significant(before, replace(before, title="Fire at sea"))
    assert not significant(before, replace(before, title="Fire in the Harbour!"))
    assert not significant(before, replace(before, link="https://a.test/?utm_source=x"))


def test_rotating_footers(room: Newsroom) -> None:
    """A line that all items have alike is nobody's: an advertisement that changes is no edit."""
    posts = archive(room, 5)
    ads = (
        "Buy our coffee today and get a second bag of it free",
        "Visit the spring fair in town with all your friends",
    )

    def with_ad(ad: str, more: str = "") -> list[Post]:
        return [
            replace(each, text=f"<p>{each.text}{more if at == 0 else ''}</p><p>{ad}</p>")
            for at, each in enumerate(posts)
        ]

    room.show("blog", *with_ad(ads[0]))
    room.round()
    room.show("blog", *with_ad(ads[1]))
    room.round()
    assert {each.revision for each in room.store.articles(None, 9)} == {1}
    room.show("blog", *with_ad(ads[0], " And this is what became of the whole affair in the end."))
    room.round()
    assert sorted(each.revision for each in room.store.articles(None, 9)) == [1, 1, 1, 1, 2]
    assert common_lines([Entry(content="<p>a</p><p>b</p>")]) == frozenset()


def test_revisions(room: Newsroom) -> None:
    """The first is always kept, of the others the last ones; `updated` moves with those that say
    something new, and with no others."""
    one = post("The title", TEXT, guid="1", link="https://blog.example/1", at=room.clock())
    room.show("blog", one)
    room.round()
    [first] = room.store.articles(None, 9)
    room.show("blog", replace(one, text=TEXT + " Typo", at=room.clock() + timedelta(hours=2)))
    room.round()
    [minor] = room.store.articles(None, 9)
    assert (minor.revision, minor.updated) == (1, first.updated)
    assert "Typo" in str(minor.entry.summary)
    for number in range(15):
        room.show("blog", replace(one, title=f"The title, edition {number}"))
        room.round()
    [last] = room.store.articles(None, 9)
    assert last.revision == 16
    assert last.updated > first.updated
    kept = room.store.revisions(last.id)
    assert kept[0].entry.title == "The title"
    assert kept[0].entry.summary == first.entry.summary, "as it came"
    assert [each.number for each in kept] == [1, *range(8, 17)]
    assert room.sent() == 1


# --- retention and takedown


def test_retention(room: Newsroom) -> None:
    """By age, and by count; what was taken away stays away while it is shown, and leaves feeds."""
    posts = archive(room, 12)
    room.show("blog", *posts)
    room.round()
    [state] = room.store.sources()
    assert room.store.expire([Retention(source_id=state.id, max_age=timedelta(days=8))]) == 5
    assert room.store.expire([Retention(source_id=state.id, max_articles=3)]) == 4
    room.publish()
    assert room.titles() == [each.title for each in posts[:3]]
    edited = [replace(each, text=each.text + " " + prose(500 + n)) for n, each in enumerate(posts)]
    for shown in (posts, edited):
        room.show("blog", *shown)
        room.round()
    assert len(room.titles()) == 3
    assert room.sent() == 3, "of those that are left"
    assert room.store.integrity() == []
    room.clock.forward(days=40)
    room.store.forget_removed()
    assert room.store.counts()["articles"] == 12, "they are shown yet"
    room.show("blog", *posts[:3])
    room.round()
    room.store.forget_removed()
    assert room.store.counts()["articles"] == 3


def test_takedown(room: Newsroom) -> None:
    """By link or by id, for ever, at every source, before or after it came."""
    posts = archive(room, 4)
    room.show("blog", *posts)
    room.round()
    link = key(KeyKind.URL, "https://blog.example/1")
    [gone] = room.store.take_down([link], "http://blog.example/1")
    room.publish()
    assert len(room.titles()) == 3
    copied = replace(posts[0], guid="other", title="The same elsewhere", text=prose(900))
    room.show("copy", copied, *(replace(p, guid=f"c{p.guid}", text=prose(901)) for p in posts[1:2]))
    room.round()
    assert "The same elsewhere" not in room.titles()
    [facts] = room.store.facts([], str(gone))
    assert facts.held is Held.REMOVED
    assert facts.barred == "http://blog.example/1"
    assert room.store.take_down([key(KeyKind.GUID, "to-come")], "to-come") == []
    room.show(
        "blog", post("To come", prose(950), guid="to-come", link="https://blog.example/9"), *posts
    )
    room.round()
    assert "To come" not in room.titles()


def test_takedown_of_a_lead(room: Newsroom) -> None:
    """Another article of the story is shown, under the id that was published."""
    text = prose(7, 120)
    for name in "ab":
        room.show(
            name, post("Fire in the harbour", text, guid=name, link=f"https://{name}.example/1")
        )
    room.round()
    [item] = room.items()
    lead = key(KeyKind.URL, str(item.article.entry.link).replace("http:", "https:"))
    room.store.take_down([lead], "it")
    room.link()
    room.publish()
    [after] = room.items()
    assert after.published_id == item.published_id
    assert after.article.id != item.article.id
    assert after.also == ()


# --- gaps


def test_a_gap_is_filled(room: Newsroom) -> None:
    """Items rolled off between two polls: told, and read from the older pages, as far as what was
    known, in a budget."""
    posts = archive(room, 60)
    older = '<atom:link rel="prev-archive" href="https://blog.example/page{}"/>'
    room.show("blog", *posts[40:50])
    room.round()
    room.show("blog", *posts[:10], more=older.format(1))
    room.clock.forward(hours=5)
    room.round()
    [state] = room.store.sources()
    assert state.gap_since is not None
    for at, start in enumerate(range(10, 60, 10), 1):
        body = document(posts[start : start + 10], more=older.format(at + 1))
        room.documents[f"https://blog.example/page{at}"] = body
    url = room.url("blog")
    gaps = Gaps(
        store=room.store,
        fetcher=room,
        request=room.poller.request,
        given=room.poller.page,
        sources={url: Source(url=url)},
        ttl=TTL,
        on_recorded=lambda _polls, _recorded: None,
    )
    for _ in range(9):
        gaps.fill(lambda: False)
    assert room.store.gaps(9) == []
    room.link()
    room.publish()
    assert sorted(room.titles()) == sorted(each.title for each in posts[:50])
    del room.documents["https://blog.example/page1"]
    room.documents = {url: document(posts[:12], "https://blog.example/")}
    room.round()
    assert room.store.sources()[0].gap_since is None


def test_no_gap(room: Newsroom) -> None:
    """Where something that was known is still shown."""
    posts = archive(room, 20)
    room.show("blog", *posts[5:15])
    room.round()
    room.show("blog", *posts[:6])
    room.round()
    assert room.store.sources()[0].gap_since is None
    assert len(words_of(posts[0].text)) > 10

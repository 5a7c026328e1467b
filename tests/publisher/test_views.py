"""Views: rules over articles, how much of them is carried, when they come and go."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from feeds.models import Category, Entry, Match, Media, Person, Term
from publisher.matching import BadPattern, checked, matcher
from publisher.select import Members
from publisher.shape import shaped
from tests.databases import Clock, Opened
from tests.publisher.making import SOURCE, item
from tests.publisher.test_history import edit, ids, root, take_down
from tests.publisher.test_publish import Site
from tests.publisher.test_select import story
from tests.store.material import claimed, new, poll

ENTRY = Entry(
    title="Ferries of the Sound",
    link="https://a.test/ferries?x=1",
    content="<p>A <b>boat</b> a day.</p><script>",
    summary="Short",
    authors=(Person(name="Ada", email="ada@a.test"),),
    terms=(Term(term="sea", label="The sea"),),
)


def has(field: str, *patterns: str) -> Match:
    return Match(kind=field, patterns=patterns)


@pytest.mark.parametrize(
    ("match", "fits"),
    [
        (None, True),
        (has("title", "ferr(y|ies)"), True),
        (has("title", "^sound"), False),
        (has("title", "(?-i)FERRIES"), False),
        (has("text", "boat a day"), True),
        (has("text", "<b>"), False),
        (has("author", "^ada$"), True),
        (has("author", "ada@"), True),
        (has("term", "the sea"), True),
        (has("source", "source a"), True),
        (has("source", "a[.]test/feed"), True),
        (has("url", "x=1"), True),
        (has("title", "nothing", "sound$"), True),
        (Match(kind="all", parts=(has("title", "sound"), has("term", "sea"))), True),
        (Match(kind="all", parts=(has("title", "sound"), has("term", "land"))), False),
        (Match(kind="any", parts=(has("title", "x"), has("term", "sea"))), True),
        (Match(kind="not", parts=(has("title", "sound"),)), False),
        (Match(kind="not", parts=(has("title", "nothing"),)), True),
    ],
)
def test_rules(match: Match | None, fits: bool) -> None:
    assert matcher(match)(ENTRY, SOURCE) is fits


def test_rules_take_time_in_proportion() -> None:
    """A pattern on which others take for ever."""
    entry = Entry(title="a" * 2000 + "b")
    assert not matcher(has("title", "^(a+)+$"))(entry, SOURCE)


@pytest.mark.parametrize("pattern", ["(", "a{1001}", "(?=x)", "\\1", "[z-a]"])
def test_bad_patterns(pattern: str) -> None:
    with pytest.raises(BadPattern):
        checked(pattern)


# --- how much


FULL = Entry(
    title="T",
    summary="<p>Short &amp; sweet</p>",
    content='<p>One <img src="https://a.test/1.png" alt="a&gt;b"> two &lt;img&gt; three four</p>'
    '<video src="https://a.test/v.mp4" poster="https://a.test/p.png"></video>',
    media=(Media(url="https://a.test/t.png", kind="thumbnail"), Media(url="https://a.test/v.mp4")),
    image="https://a.test/i.png",
    extra={"itunes:image": "https://a.test/j.png", "itunes:episode": "3"},
)


def carried(**options: Any) -> Entry:
    category = Category(slug="x", title="X", **options)
    return shaped(item(FULL), category).article.entry


def test_all_of_it() -> None:
    assert carried() is FULL


def test_some_words() -> None:
    assert carried(excerpt=2).summary == "One two …"
    assert carried(excerpt=3).summary == "One two &lt;img&gt; …"
    assert carried(excerpt=50).summary == "One two &lt;img&gt; three four"
    assert carried(excerpt=2).content is None


def test_headlines() -> None:
    assert (carried(excerpt=0).content, carried(excerpt=0).summary) == (None, None)


def test_without_pictures() -> None:
    """Text that only looks like a picture stays."""
    found = carried(images=False)
    assert found.content == (
        '<p>One  two &lt;img&gt; three four</p><video src="https://a.test/v.mp4"></video>'
    )
    assert [each.url for each in found.media] == ["https://a.test/v.mp4"]
    assert (found.image, dict(found.extra)) == (None, {"itunes:episode": "3"})


# --- over a real store


BOATS = Category(
    slug="boats", title="Boats", view=True, match=Match(kind="title", patterns=("boat",))
)
SLOW = Category(slug="slow", title="Slow", view=True, delay=3600.0)
FRESH = Category(slug="fresh", title="Fresh", view=True, shown_age=86_400.0)


class Viewed(Site):
    def members(self) -> dict[str, Members]:
        found = super().members()
        everyone = found["all"]
        for view in (BOATS, SLOW, FRESH):
            found[view.slug] = replace(everyone, rule=repr(view.match))
        return found

    def bring(self, clock: Clock, **titles: str) -> None:
        """Articles by name, with these titles."""
        clock.forward(hours=2)
        claim = claimed(self.store, "a")
        made = [
            replace(new(name, claim), entry=Entry(guid=name, title=title))
            for name, title in titles.items()
        ]
        self.store.record([poll(claim, new=tuple(made))])
        self.publish()


@pytest.fixture
def site(opened: Opened) -> Viewed:
    made = Viewed(opened(), Category(slug="all", title="All"), BOATS, SLOW, FRESH)
    made.publish()
    return made


def test_a_rule_decides_what_enters(site: Viewed, clock: Clock) -> None:
    """And what an edit brings in or takes out."""
    site.bring(clock, one="A boat", two="A house")
    assert site.titles("boats") == ["A boat"]
    edit(site, clock, "two", title="A houseboat")
    site.publish()
    assert site.titles("boats") == ["A houseboat", "A boat"]
    edit(site, clock, "one", title="A bus")
    site.publish()
    assert site.titles("boats") == ["A houseboat"]
    assert sorted(site.titles("all")) == ["A bus", "A houseboat"]


def test_another_rule(site: Viewed, clock: Clock) -> None:
    """What is stored is chosen anew: enters and leaves, in one publishing."""
    site.bring(clock, one="A boat", two="A house")
    other = replace(BOATS, match=Match(kind="title", patterns=("house",)))
    found = site.members()
    site.publisher.members = lambda: (
        found | {"boats": replace(found["boats"], rule=repr(other.match))}
    )
    site.publisher.categories = [other if each is BOATS else each for each in
                                 site.publisher.categories]  # fmt: skip
    site.publish()
    assert site.titles("boats") == ["A house"]


def test_a_delay(site: Viewed, clock: Clock) -> None:
    """A story enters when its time has come, without anything new happening."""
    site.bring(clock, one="A boat")
    assert site.titles("slow") == []
    clock.forward(minutes=59)
    site.publish()
    assert site.titles("slow") == []
    clock.forward(minutes=1)
    site.publish()
    assert site.titles("slow") == ["A boat"]


def test_nothing_that_is_shown_waits(site: Viewed, clock: Clock) -> None:
    """A takedown is at once, though a story that came before it still waits."""
    site.bring(clock, one="A boat")
    clock.forward(hours=1)
    site.publish()
    assert site.titles("slow") == ["A boat"]
    site.bring(clock, two="A house")
    take_down(site, "one")
    site.publish()
    assert site.titles("slow") == []
    before = site.store.feeds()
    site.publish()
    assert site.store.feeds() == before
    clock.forward(hours=1)
    site.publish()
    assert site.titles("slow") == ["A house"]


def test_an_age(site: Viewed, clock: Clock) -> None:
    """What is too old leaves, and comes back no more; without a deletion."""
    site.bring(clock, one="A boat")
    assert site.titles("fresh") == ["A boat"]
    clock.forward(hours=25)
    site.publish()
    assert ids(root(site, "fresh/atom.xml")) == []
    assert b"deleted-entry" not in site.outlet.files["fresh/atom.xml"].body
    edit(site, clock, "one", title="A boat, mended")
    site.publish()
    assert ids(root(site, "fresh/atom.xml")) == []
    assert site.titles("all") == ["A boat, mended"]


def test_hidden_sources() -> None:
    """P39: a story that a private source carries is in nothing public."""
    everyone = Members(sources=None, active=frozenset({1, 2}))
    assert everyone.wants(story(1, 1, 2))
    assert not replace(everyone, hidden=frozenset({2})).wants(story(1, 1, 2))

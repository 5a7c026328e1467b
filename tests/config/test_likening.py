"""Which former source a new address is: judged by ids, from both sides."""

from __future__ import annotations

from aggregator.identity.identify import guid_text
from aggregator.identity.keys import Ghost, token
from aggregator.identity.urls import canonical, default_rules
from config.likening import Former, Ids, Likeness, former, ids_of, likeness, matched
from feeds.models import Entry, KeyKind

RULES = default_rules()


def entries(*names: str, site: str = "https://a.test/", guid: str = "") -> list[Entry]:
    return [Entry(guid=guid + name or None, link=site + name) for name in names]


def ghost(entry: Entry) -> Ghost:
    link = canonical(entry.link, RULES)
    return Ghost(token(KeyKind.GUID, guid_text(entry, link, RULES)), token(KeyKind.URL, link))


def shown(found: list[Entry]) -> Former:
    """A source that has these articles, and showed them last."""
    return former(ids_of(found, None, RULES), [ghost(each) for each in found], 0)


def read(found: list[Entry], home: str | None = None) -> Ids:
    return ids_of(found, home, RULES)


def test_numbers_are_no_ids() -> None:
    """Two that number their entries have no article in common."""
    cats = entries(*"123456", site="https://cats.test/")
    taxes = entries(*"123456", site="https://taxes.test/")
    assert likeness(read(taxes), shown(cats)) == Likeness(share=0.0, back=0.0)


def test_ids_of_global_form() -> None:
    """Whatever the links are; and links, whatever the ids are, in any of their spellings."""
    old = shown(entries(*"abc", guid="tag:a.test,2026:"))
    elsewhere = entries(*"abc", guid="tag:a.test,2026:", site="https://new.test/")
    assert likeness(read(elsewhere), old) == Likeness(share=1.0, back=1.0)
    numbered = [
        Entry(guid=str(number), link=f"http://a.test/{name}?utm_source=x")
        for number, name in enumerate("abc")
    ]
    assert likeness(read(numbered), old) == Likeness(share=1.0, back=1.0)


def test_a_link_of_all_entries_is_no_id() -> None:
    """A status page's entries all lead to the page, and the site's own link is nobody's."""
    page = [Entry(guid=str(number), link="https://a.test/status") for number in range(3)]
    assert likeness(read(page), shown(page)).rank == 0
    one = [Entry(guid="1", link="https://a.test/")]
    assert likeness(read(one, "https://a.test"), shown(one)).rank == 0


def test_both_sides_count() -> None:
    """An aggregate has all that a source of its shows, which shows little of the aggregate."""
    part, rest = entries(*"abcdef"), entries(*(f"x{n}" for n in range(23)))
    found = likeness(read(part), shown([*part, *rest]))
    assert found.share == 1.0
    assert found.back < 0.25
    assert matched({("new", "aggregate"): found}) == ([], {})


def test_where_no_last_document_is_kept() -> None:
    """The newest articles stand for it."""
    stored = read(entries(*"abcdefgh"))
    assert likeness(read(entries(*"abc")), former(stored, [], 3)) == Likeness(share=1.0, back=1.0)


def test_an_empty_document_is_nobody() -> None:
    assert likeness(read([]), shown(entries("a"))).rank == 0


def like(rank: float) -> Likeness:
    return Likeness(share=1.0, back=rank)


def test_each_others_best() -> None:
    """Not in the order of the file: what is another's best is not taken by who is less like it."""
    likely = {("a", "x"): like(0.6), ("b", "x"): like(1.0), ("a", "y"): like(0.9)}
    sure, unclear = matched(likely)
    assert sorted(sure) == [("a", "y"), ("b", "x")]
    assert unclear == {}
    assert matched({("a", "x"): like(0.6), ("b", "x"): like(1.0)}) == ([("b", "x")], {})


def test_ties_move_nothing() -> None:
    """As good as equal, from either side: told, and left alone. What else is plain is taken."""
    assert matched({("a", "x"): like(1.0), ("a", "y"): like(0.95)}) == ([], {"a": ["x", "y"]})
    likely = {("a", "x"): like(1.0), ("b", "x"): like(1.0), ("c", "z"): like(0.7)}
    assert matched(likely) == ([("c", "z")], {"a": ["x"], "b": ["x"]})


def test_too_little() -> None:
    assert matched({("a", "x"): like(0.49)}) == ([], {})

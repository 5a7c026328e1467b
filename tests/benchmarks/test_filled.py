"""A database that was filled by copies is like one that was filled by polls alone."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from aggregator.stories.link import Linker
from aggregator.stories.plans import House
from aggregator.stories.ties import WINDOW
from feeds.store import Store
from feeds.store.codec import parts
from feeds.store.engine import driver
from tests.benchmarks.filled import APART, AT_ONCE, fill, opened, tell, text
from tests.benchmarks.multiplied import multiply
from tests.store.material import change, claimed, new, poll, sources

pytestmark = pytest.mark.slow

AMONG = 5
ROUND = AMONG * AT_ONCE
ROUNDS = 4


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("copied") / "f.db"
    fill(path, ROUNDS * ROUND, among=AMONG)
    return path


@pytest.fixture(scope="module")
def polled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("polled") / "f.db"
    with opened(path) as store:
        store.sync_sources(sources(*(f"filler{n}" for n in range(AMONG))))
        tell(store, ROUNDS * ROUND)
    return path


def asked(path: Path, question: str) -> list[Any]:
    with closing(driver.connect(str(path))) as connection:
        return list(connection.execute(question).fetchall())


def counts(path: Path) -> dict[str, int]:
    names = asked(path, "SELECT name FROM sqlite_master WHERE type = 'table'")
    return {name: asked(path, f"SELECT count(*) FROM {name}")[0][0] for (name,) in names}


def show(store: Store, source: str, name: str, says: object, title: str = "What happened") -> None:
    """A poll of that source, which brings one article."""
    store.make_due()
    claim = claimed(store, source)
    article = new(name, claim)
    entry = replace(article.entry, title=title, content=text(says))
    [recorded] = store.record([poll(claim, new=(replace(article, entry=entry),))])
    assert recorded.new == 1
    Linker(store=store, house=House)()


def story_of(store: Store, name: str) -> int | None:
    [found] = [each for each in store.articles(None, 10_000) if each.entry.guid == name]
    return found.story_id


def test_as_many_rows(copied: Path, polled: Path) -> None:
    """In every table. Other texts have another number of keys; the hour may have struck in one."""
    ours, theirs = counts(copied), counts(polled)
    assert ours.pop("trace") == pytest.approx(theirs.pop("trace"), rel=0.03)
    assert ours.pop("tally") >= 2
    assert theirs.pop("tally") >= 2
    assert ours == theirs
    assert ours["article"] == ROUNDS * ROUND


@pytest.mark.parametrize(
    "question",
    [
        "SELECT url, article_count, polls, claim_no, claim_until FROM source ORDER BY url",
        "SELECT source_id, number, slot, new FROM poll ORDER BY source_id, number",
        "SELECT name, value FROM counter ORDER BY name",
        "SELECT name, seq FROM sqlite_sequence",
        "SELECT name, sum(value) FROM tally GROUP BY name ORDER BY name",
        "SELECT id, change, best_id - lead_id, backlog, opened FROM story ORDER BY id",
        "SELECT id, revision, linked, words, standing, length(key_set) FROM article ORDER BY id",
        "SELECT count(DISTINCT key), count(DISTINCT article_id) FROM identity",
        "SELECT count(DISTINCT content_digest), count(DISTINCT key_set) FROM article",
        "SELECT article_id - id FROM article JOIN traced ON article_id = id ORDER BY id",
    ],
)
def test_they_say_the_same(copied: Path, polled: Path, question: str) -> None:
    """Where nothing random is in it: the numbers of the next poll, article, story and change."""
    assert asked(copied, question) == asked(polled, question)


def test_ids_follow_the_dates(copied: Path) -> None:
    """What has a greater id came later, up to now."""
    since = "SELECT DISTINCT published FROM article ORDER BY id"
    rounds = [at for (at,) in asked(copied, since)]
    apart = [late - early for early, late in pairwise(rounds)]
    assert apart == [APART // timedelta(microseconds=1)] * (ROUNDS - 1)
    [(last,)] = asked(copied, "SELECT max(last_polled_at) FROM source")
    assert last == rounds[-1]


def test_sound(copied: Path) -> None:
    """By SQLite's checks and the store's own; each article is found by its keys, and alone."""
    with opened(copied) as store:
        assert store.integrity() == []
        for number, source_id, packed in asked(
            copied, "SELECT id, source_id, key_set FROM article"
        ):
            found = store.known(source_id, [digest for digest, _, _ in parts(packed)])
            assert [each.article_id for each in found] == [number]
    names = asked(
        copied, "SELECT entry ->> '$.guid' FROM (SELECT CAST(entry AS TEXT) entry FROM article)"
    )
    assert len(set(names)) == len(names)


def test_traces_are_forgotten(tmp_path: Path) -> None:
    """All of them: what is written of a text's keys is where they are."""
    fill(tmp_path / "f.db", 2 * ROUND, among=AMONG)
    with opened(tmp_path / "f.db", WINDOW + timedelta(hours=1)) as store:
        store.forget_traces()
    assert counts(tmp_path / "f.db")["trace"] == counts(tmp_path / "f.db")["traced"] == 0


def test_life_goes_on(tmp_path: Path) -> None:
    """Texts are indexed; a new article gets the next story, a copy the story that it copies."""
    path, articles = tmp_path / "f.db", 2 * ROUND + 30
    fill(path, articles, among=AMONG)
    with opened(path) as store:
        while store.index_texts():
            pass
        assert counts(path)["story_text_docsize"] == articles
        show(store, "filler1", "new", "something else")
        assert story_of(store, "new") == store.last_change() == articles + 1
        first = store.articles_by_id([1])[1]
        other = next(f"filler{n}" for n in (1, 2) if first.source_id != n + 1)
        show(store, other, "copy", first.entry.guid, first.entry.title)
        assert story_of(store, "copy") == first.story_id
        while store.index_texts():
            pass
        assert store.integrity() == []
    with closing(driver.connect(str(path))) as connection:
        connection.execute("INSERT INTO story_text (story_text) VALUES ('integrity-check')")


def test_old_ones(tmp_path: Path) -> None:
    """Of what is too old for a copy to come, no traces are left: those of the last round are."""
    fill(tmp_path / "f.db", 3 * ROUND, among=AMONG, apart=WINDOW + timedelta(hours=1))
    traced = asked(tmp_path / "f.db", "SELECT min(article_id), count(*) FROM traced")
    assert traced == [(2 * ROUND + 1, ROUND)]
    texts = asked(
        tmp_path / "f.db", "SELECT min(article_id), count(DISTINCT article_id) FROM trace"
    )
    assert texts == traced


def test_revisions_and_edges(tmp_path: Path) -> None:
    """They go with their articles, which stay together."""
    path = tmp_path / "f.db"
    with opened(path) as store:
        store.sync_sources(sources("a", "b"))
        show(store, "a", "early", "the same")
        show(store, "b", "late", "the same")
        store.make_due()
        claim = claimed(store, "a")
        store.record([poll(claim, changed=(change(1, "early", claim),))])
        Linker(store=store, house=House)()
    before = counts(path)
    assert before["revision"] == before["edge"] == before["story"] == 1
    multiply(path, 3, APART)
    after = counts(path)
    for name in ("article", "story", "identity", "trace", "traced", "edge", "revision", "poll"):
        assert after[name] == 3 * before[name], name
    with opened(path) as store:
        assert store.integrity() == []
        assert [len(knot.members) for knot in store.knots([1, 3, 5])] == [2, 2, 2]
        assert [each.number for each in store.revisions(5)] == [1, 2]


def test_the_unknown_is_refused(tmp_path: Path) -> None:
    """Rather than a table that is forgotten, here or by a later version: one that says less of
    each article than it should."""
    path = tmp_path / "f.db"
    with opened(path) as store:
        store.sync_sources(sources("a"))
        show(store, "a", "one", "something")
        store.index_texts()
    with pytest.raises(ValueError, match="story_text_docsize, story_text_idx"):
        multiply(path, 2, APART)

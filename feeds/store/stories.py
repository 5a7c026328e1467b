"""Stories: articles get theirs here, and each touch gives a story the next number of change."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from feeds.models import EventKind, StoryChange, StoryPlan, Unlinked
from feeds.store import counters, ties
from feeds.store.engine import Database
from feeds.store.ready import Many
from feeds.store.sql import among, chunks
from feeds.store.tables import article, source, story
from feeds.store.ties import UNLINKED, unlinked_of

# So many sources are asked one by one for their newest; for more, the newest stories are gone
# through until enough are theirs.
FEW = 200


def unlinked(database: Database, limit: int) -> list[Unlinked]:
    query = (
        sa.select(*UNLINKED)
        .join(source, source.c.id == article.c.source_id)
        .where(sa.text("NOT linked"))  # as the partial index has it, word for word
        .order_by(article.c.id)
        .limit(limit)
    )
    with database.read() as connection:
        return unlinked_of(connection.execute(query).all())


# --- linking


@dataclass(slots=True)
class _Touched:
    """A story while a batch is being linked."""

    id: int
    lead_id: int
    best_id: int
    opened: bool
    published: datetime
    updated: datetime
    first_seen: datetime
    backlog: int
    published_id: str
    change: int = 0
    new: bool = False
    moved: bool = False


def link(
    database: Database, plans: Sequence[StoryPlan], ids: Collection[int], words: Mapping[int, int]
) -> None:
    """Carry out these plans in one transaction; `ids`: articles that are linked then, of which
    those that were edited touch their story; `words`: of the new ones. A plan that a publishing
    has overtaken is left, and its articles stay unlinked."""
    with database.write() as connection:
        # Its row stays locked: select's cursor relies on it.
        coming = {number for plan in plans for number in plan.members}
        edited = sorted(set(ids) - coming)
        change = counters.take(connection, counters.CHANGE, len(plans) + len(edited))
        named = counters.take(connection, counters.STORY, sum(p.story_id is None for p in plans))
        found = _articles(connection, {*ids, *coming}, plans)
        touched = _stories(connection, plans, found)
        taken = _ids_taken(connection, plans)
        placed: dict[int, int] = {}
        left: set[int] = set()
        for plan in plans:
            one = _planned(plan, touched, found, taken, named)
            if one is None:
                left.update(plan.members)
                continue
            named += one.new
            touched[one.id] = one
            change += 1
            one.change = change
            placed |= {number: one.id for number in plan.members if number in found}
        for number in edited:
            row = found.get(number)
            if row is None or row.story_id is None:
                continue
            one = touched[row.story_id]
            change += 1
            one.change = change
            _follow(one, found)
        _write(connection, [one for one in touched.values() if one.change])
        ranks = {number: touched[its].published for number, its in placed.items()}
        _place(connection, placed, ranks, {n: words[n] for n in words if n in placed})
        _mark_linked(connection, set(ids).difference(left, words.keys() & placed.keys()))
        _close(connection, [plan for plan in plans if left.isdisjoint(plan.members)])


def rule(database: Database, one: int, other: int, *, together: bool) -> None:
    """The operator's word on two articles; both are linked anew."""
    with database.write() as connection:
        ties.rule(connection, one, other, together=together, at=database.now(connection))
        here = among(connection, article.c.id, [one, other])
        connection.execute(
            sa.update(article).where(here, article.c.standing == ties.NORMAL).values(linked=False)
        )


_LOCKED = ("id", "story_id", "published", "updated", "first_seen", "backlog")


def _articles(
    connection: Connection, ids: Collection[int], plans: Sequence[StoryPlan]
) -> dict[int, Any]:
    """Those articles and the leads, locked; and with them, in one order of id as `record` has it,
    the others of their stories, which a moved lead ranks anew: locked later, PostgreSQL met
    deadlocks."""
    leads = {plan.lead_id for plan in plans}
    mine = among(connection, article.c.id, sorted({*ids, *leads}))
    theirs = sa.select(article.c.story_id).where(mine, article.c.story_id.is_not(None))
    known = set(connection.execute(theirs).scalars())
    known |= {plan.story_id for plan in plans if plan.story_id is not None}
    here = sa.or_(mine, among(connection, article.c.story_id, sorted(known))) if known else mine
    query = (
        sa.select(*(article.c[name] for name in _LOCKED))
        .where(here)
        .order_by(article.c.id)
        .with_for_update(key_share=True)
    )
    return {row.id: row for row in connection.execute(query).all()}


_STORY = (
    *("id", "lead_id", "best_id", "opened", "published", "updated", "first_seen", "backlog"),
    "published_id",
)


def _stories(
    connection: Connection, plans: Sequence[StoryPlan], found: dict[int, Any]
) -> dict[int, _Touched]:
    wanted = {row.story_id for row in found.values()} | {plan.story_id for plan in plans}
    query = sa.select(*(story.c[name] for name in _STORY))
    query = query.where(among(connection, story.c.id, sorted(wanted - {None})))
    rows = connection.execute(query.order_by(story.c.id).with_for_update(key_share=True)).all()
    return {row.id: _Touched(**row._mapping) for row in rows}


def _planned(
    plan: StoryPlan,
    touched: dict[int, _Touched],
    found: dict[int, Any],
    taken: set[str],
    named: int,
) -> _Touched | None:
    """None when the story is no longer as the plan took it."""
    lead = found.get(plan.lead_id)
    if lead is None:
        return None
    members = [found[number] for number in plan.members if number in found]
    if plan.story_id is None:
        return _Touched(
            id=named + 1,
            lead_id=lead.id,
            best_id=plan.best_id,
            opened=False,
            published=lead.published,
            updated=lead.updated,
            first_seen=min(row.first_seen for row in members),
            backlog=min(row.backlog for row in members),
            published_id=_free(plan, taken, named + 1),
            new=True,
        )
    one = touched.get(plan.story_id)
    if one is None or one.opened != plan.opened:
        return None
    if not one.opened and one.lead_id != lead.id and plan.published_id != one.published_id:
        one.published_id = _free(plan, taken, one.id)
    one.lead_id, one.best_id = lead.id, plan.best_id
    one.first_seen = min([one.first_seen, *(row.first_seen for row in members)])
    one.backlog = min([one.backlog, *(row.backlog for row in members)])
    _follow(one, found)
    return one


def _follow(one: _Touched, found: dict[int, Any]) -> None:
    """A story's dates are its lead's."""
    if (lead := found.get(one.lead_id)) is not None:
        one.moved |= one.published != lead.published
        one.published, one.updated = lead.published, lead.updated


def _ids_taken(connection: Connection, plans: Sequence[StoryPlan]) -> set[str]:
    wanted = {plan.published_id for plan in plans} | {plan.fallback_id for plan in plans}
    taken: set[str] = set()
    for some in chunks(sorted(wanted)):
        query = sa.select(story.c.published_id).where(story.c.published_id.in_(some))
        taken |= set(connection.execute(query).scalars())
    return taken


def _free(plan: StoryPlan, taken: set[str], number: int) -> str:
    """P13: the publisher's id, unless another story has it already. `number`: of the story, which
    no other ever has."""
    last = f"{plan.fallback_id}#{number}"
    chosen = next((i for i in (plan.published_id, plan.fallback_id) if i not in taken), last)
    taken.add(chosen)
    return chosen


def _write(connection: Connection, touched: list[_Touched]) -> None:
    fresh = [_row(one) for one in touched if one.new]
    older = [_row(one) | {"key": one.id} for one in touched if not one.new]
    _INSERT(connection, fresh)
    _UPDATE(connection, older)
    _RANK(connection, [{"its": one.id, "rank": one.published} for one in touched if one.moved])


_INSERT = Many(sa.insert(story))
_UPDATE = Many(sa.update(story).where(story.c.id == sa.bindparam("key")))
_RANK = Many(
    sa.update(article)
    .where(article.c.story_id == sa.bindparam("its"))
    .values(ranked=sa.bindparam("rank"))
)


def _place(
    connection: Connection,
    placed: Mapping[int, int],
    ranks: Mapping[int, datetime],
    words: Mapping[int, int],
) -> None:
    """New articles (those of `words`) are linked in the same statement, since each that touches a
    row writes the whole of it, text and all."""
    rows = {n: {"number": n, "its": placed[n], "rank": ranks[n]} for n in sorted(placed)}
    _MOVE(connection, [row for number, row in rows.items() if number not in words])
    _PLACE(connection, [row | {"many": words[n]} for n, row in rows.items() if n in words])


_THERE = (
    sa.update(article)
    .where(article.c.id == sa.bindparam("number"))
    .values(story_id=sa.bindparam("its"), ranked=sa.bindparam("rank"))
)
_MOVE = Many(_THERE)
_PLACE = Many(_THERE.values(linked=True, words=sa.bindparam("many")))


def _row(one: _Touched) -> dict[str, Any]:
    return {name: getattr(one, name) for name in (*_STORY, "change")} | {"gone": None}


def _mark_linked(connection: Connection, ids: Collection[int]) -> None:
    if ids:
        here = among(connection, article.c.id, sorted(ids))
        connection.execute(sa.update(article).where(here).values(linked=True))


def _close(connection: Connection, plans: Sequence[StoryPlan]) -> None:
    """Younger twins stand as they stood; unpublished stories that nobody tells any more go."""
    for plan in plans:
        if plan.freed:
            here = story.c.id == plan.story_id
            connection.execute(sa.update(story).where(here).values(twin_id=None))
        if plan.twins and plan.story_id is not None:
            those = sa.or_(story.c.id.in_(plan.twins), story.c.twin_id.in_(plan.twins))
            connection.execute(sa.update(story).where(those).values(twin_id=plan.story_id))
        if plan.emptied:
            told = sa.exists().where(article.c.story_id == story.c.id)
            these = story.c.id.in_(plan.emptied), ~story.c.opened, ~told
            connection.execute(sa.delete(story).where(*these))


# --- reading

_best = article.alias("best")
CHANGE = (
    story.c.id.label("story_id"),
    *(story.c[name] for name in ("change", "lead_id", "best_id", "published", "updated")),
    *(story.c[name] for name in ("first_seen", "backlog", "twin_id", "gone")),
    article.c.revision,
    article.c.words,
    _best.c.revision.label("best_revision"),
    _best.c.words.label("best_words"),
)
_TOLD = tuple(column.name for column in CHANGE)


def with_articles(query: Any) -> Any:
    """A query of CHANGE from `story`, joined with its lead and its best article."""
    return query.join(article, article.c.id == story.c.lead_id).join(
        _best, _best.c.id == story.c.best_id
    )


def changes_of(connection: Connection, rows: Sequence[Any]) -> list[StoryChange]:
    """Rows with the columns CHANGE, in their order, with the sources of each story."""
    ids = [row.story_id for row in rows]
    query = (
        sa.select(article.c.story_id, article.c.source_id)
        .where(among(connection, article.c.story_id, ids))
        .distinct()
        .order_by(article.c.story_id, article.c.source_id)
    )
    sources: dict[int, list[int]] = {}
    for story_id, source_id in connection.execute(query).all():
        sources.setdefault(story_id, []).append(source_id)
    return [
        StoryChange(
            **{name: getattr(row, name) for name in _TOLD if name != "gone"},
            gone=None if row.gone is None else EventKind(row.gone),
            source_ids=tuple(sources.get(row.story_id, ())),
        )
        for row in rows
    ]


def _changes_query() -> Any:
    return with_articles(sa.select(*CHANGE).select_from(story))


def changed(database: Database, after: int, limit: int) -> list[StoryChange]:
    query = _changes_query().where(story.c.change > after).order_by(story.c.change).limit(limit)
    with database.read() as connection:
        return changes_of(connection, connection.execute(query).all())


def recent(database: Database, source_ids: Collection[int] | None, limit: int) -> list[StoryChange]:
    with database.read() as connection:
        if source_ids is None:
            ids = _newest_of_all(connection, limit)
        else:
            few = len(source_ids) <= FEW
            ids = (_newest_by_source if few else _newest_of)(connection, source_ids, limit)
        query = _changes_query().where(among(connection, story.c.id, ids))
        return changes_of(connection, connection.execute(query.order_by(story.c.change)).all())


def _newest_by_source(connection: Connection, ids: Collection[int], limit: int) -> list[int]:
    """The head of the index for each source, and of these the newest."""
    ranked: dict[int, datetime] = {}
    for number in ids:
        query = (
            sa.select(article.c.story_id, article.c.ranked)
            .where(article.c.source_id == number, article.c.ranked.is_not(None))
            .order_by(article.c.ranked.desc(), article.c.id.desc())
            .limit(limit)
        )
        ranked |= {row.story_id: row.ranked for row in connection.execute(query).all()}
    newest = sorted(((at, number) for number, at in ranked.items()), reverse=True)
    return [number for _, number in newest[:limit]]


def _newest_of_all(connection: Connection, limit: int) -> list[int]:
    query = sa.select(story.c.id).order_by(story.c.published.desc(), story.c.id.desc())
    return list(connection.execute(query.limit(limit)).scalars())


def _newest_of(connection: Connection, ids: Collection[int], limit: int) -> list[int]:
    """Stories from the newest on, until enough are theirs."""
    theirs = sa.exists().where(
        article.c.story_id == story.c.id, among(connection, article.c.source_id, ids)
    )
    query = sa.select(story.c.id).where(theirs)
    query = query.order_by(story.c.published.desc(), story.c.id.desc()).limit(limit)
    return list(connection.execute(query).scalars())

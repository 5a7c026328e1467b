"""The Store: one value that plays all three roles of feeds.protocols, and the operator's.

Nothing happens here: each method says which module does it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from feeds.models import (
    AddressChange,
    Article,
    ArticleFacts,
    Asked,
    Brief,
    Category,
    Chosen,
    Claim,
    Deletion,
    Delivery,
    Edge,
    Entry,
    Event,
    FeedItem,
    FeedState,
    Gap,
    Happening,
    Key,
    Knot,
    Known,
    LedgerRow,
    Listed,
    Placed,
    Poll,
    Quarantined,
    Rebinding,
    Receipt,
    Recorded,
    RenderedFile,
    Retention,
    Revision,
    Schedule,
    Source,
    SourceInfo,
    SourceState,
    Stands,
    Stored,
    StoryChange,
    StoryPlan,
    Subscriber,
    Subscription,
    Token,
    Traced,
    Traces,
    Turn,
    Turned,
    Unlinked,
)
from feeds.protocols import Order, Reschedule
from feeds.store import (
    archives,
    articles,
    backup,
    carry,
    configured,
    counters,
    dump,
    errands,
    explained,
    feeds,
    gaps,
    happenings,
    ledger,
    listed,
    locks,
    logins,
    moves,
    notes,
    readers,
    records,
    removal,
    restore,
    revisions,
    schema,
    search,
    stands,
    stories,
    subscribers,
    ties,
    tokens,
    turned,
)
from feeds.store import claims as claiming
from feeds.store import sources as sourcing
from feeds.store import websub as pushing
from feeds.store.engine import Database
from feeds.store.hosts import HostLimit
from feeds.store.tables import article, feed, poll, source, story


class SourceArchive:
    """The articles of one source, as reading asks for them."""

    def __init__(self, database: Database, source_id: int) -> None:
        self._database, self._source_id = database, source_id

    def known(self, digests: Collection[bytes]) -> list[Known]:
        return articles.known(self._database, self._source_id, digests)

    def stored(
        self, ids: Collection[int], dates: Collection[datetime], traces: Collection[int]
    ) -> list[Stored]:
        return articles.stored(self._database, self._source_id, ids, dates, traces)

    def newest(self, limit: int) -> list[Stored]:
        return articles.archive(self._database, self._source_id, limit)


class Store:
    """A database whose schema is ours. Thread-safe; raises StoreError and its kinds only."""

    def __init__(
        self, database: Database, limit: HostLimit, ledger_lines: int = ledger.TOTAL
    ) -> None:
        self._database, self._limit, self._lines = database, limit, ledger_lines

    # --- PollStore

    def now(self) -> datetime:
        return self._database.now()

    def sync_sources(
        self,
        sources: Iterable[Source],
        reschedule: Reschedule | None = None,
        *,
        wait: timedelta = timedelta(),
    ) -> None:
        configured.sync(self._database, sources, self._lines, reschedule, wait)

    def claim_due(
        self, limit: int, ttl: timedelta, *, urls: Collection[str] | None = None
    ) -> list[Claim]:
        return claiming.claim_due(self._database, limit, ttl, urls, self._limit)

    def claim_one(self, url: str, ttl: timedelta) -> Claim | None:
        return claiming.claim_one(self._database, url, ttl)

    def make_due(self, urls: Collection[str] | None = None, *, fresh: bool = False) -> int:
        return claiming.make_due(self._database, urls, fresh=fresh)

    def due(self, urls: Collection[str] | None = None) -> set[str]:
        return sourcing.due(self._database, urls)

    def next_claimable(self, urls: Collection[str] | None = None) -> datetime | None:
        return claiming.next_claimable(self._database, urls, self._limit)

    def turn_back(self, ttl: timedelta) -> Turned | None:
        return turned.turn_back(self._database, ttl, self._limit)

    def turn_on(self, turned_back: Turned) -> int:
        return turned.turn_on(self._database, turned_back)

    def seen(self, source_id: int) -> bytes:
        return articles.seen_by(self._database, source_id)

    def known(self, source_id: int, digests: Collection[bytes]) -> list[Known]:
        return articles.known(self._database, source_id, digests)

    def archive(self, source_id: int) -> SourceArchive:
        return SourceArchive(self._database, source_id)

    def record(self, polls: Sequence[Poll]) -> list[Recorded]:
        return records.record(self._database, polls, self._limit)

    def release(self, claims: Sequence[Claim]) -> None:
        claiming.release(self._database, claims)

    def gaps(self, limit: int) -> list[Gap]:
        return gaps.gaps(self._database, limit)

    def next_page(self, gap: Gap, url: str | None) -> None:
        gaps.next_page(self._database, gap, url)

    def briefs(self) -> list[Brief]:
        """All sources, in the order of their configuration."""
        return sourcing.briefs(self._database)

    def stands(self) -> Stands:
        return stands.counted(self._database)

    def lasting(self, since: datetime) -> dict[int, str]:
        """By number: how the sources stand that are retired, or fail since before then."""
        return stands.lasting(self._database, since)

    def holding(self) -> dict[int, int]:
        """By source: how many articles the flood guard holds."""
        return stands.holding(self._database)

    def rhythms(self, since: datetime) -> list[tuple[int, bytes]]:
        """Of the sources that answer and have had nothing new since then."""
        return stands.rhythms(self._database, since)

    def last_polls(self, ids: Collection[int], count: int) -> dict[int, list[tuple[str, int]]]:
        """By source, oldest first: (outcome, new articles) of its last polls."""
        return ledger.last_of(self._database, ids, count)

    def states_of(self, ids: Collection[int]) -> list[SourceState]:
        """By their numbers, in that order; also of sources that are configured no more."""
        return sourcing.states_of(self._database, ids)

    def sources(self) -> list[SourceState]:
        return sourcing.states(self._database)

    def source_numbers(self) -> dict[str, int]:
        """URL → id, of active sources, in the order of their configuration."""
        return sourcing.numbers(self._database)

    def ledger(self, source_id: int, limit: int = 200) -> list[LedgerRow]:
        return ledger.lines(self._database, source_id, limit)

    # --- TurnStore

    def turn(self, url: str, ttl: timedelta) -> Turn | datetime:
        return errands.turn(self._database, url, ttl, self._limit)

    def end_turn(self, turn: Turn) -> None:
        errands.end_turn(self._database, turn, self._limit)

    # --- HubStore

    def subscription(self, token: str) -> Subscription | None:
        return pushing.by_token(self._database, token)

    def amend(self, before: Subscription, after: Subscription | None) -> bool:
        return pushing.amend(self._database, before, after)

    def put_delivery(
        self, subscription: Subscription, content_type: str | None, body: bytes
    ) -> Receipt:
        return pushing.put(self._database, subscription, content_type, body)

    def unsubscribed(self, limit: int) -> list[SourceState]:
        return pushing.unsubscribed(self._database, limit)

    def subscribe(self, subscription: Subscription) -> None:
        pushing.begin(self._database, subscription)

    def strays(self, base: str, limit: int) -> list[Subscription]:
        return pushing.strays(self._database, base, limit)

    def due_subscriptions(self, limit: int) -> list[Subscription]:
        return pushing.due(self._database, limit)

    def rest_hub(self, hub: str, until: datetime) -> None:
        pushing.rest_hub(self._database, hub, until)

    def push_early(self, limit: int, net: timedelta) -> list[SourceState]:
        return pushing.push_early(self._database, limit, net)

    def plan_push(self, state: SourceState, schedule: Schedule) -> None:
        pushing.plan_push(self._database, state, schedule)

    def push_over(self, limit: int) -> list[SourceState]:
        return pushing.push_over(self._database, limit)

    def end_push(self, source_id: int, due: datetime) -> None:
        pushing.end_push(self._database, source_id, due)

    def forget_subscriptions(self) -> None:
        pushing.forget(self._database)

    def deliveries(self, limit: int, skip: Collection[int] = ()) -> list[Delivery]:
        return pushing.waiting(self._database, limit, skip)

    def done(self, delivery: Delivery) -> None:
        pushing.done(self._database, delivery.id)

    # --- LinkStore

    def unlinked(self, limit: int) -> list[Unlinked]:
        return stories.unlinked(self._database, limit)

    def sharing(self, digests: Collection[bytes]) -> list[tuple[bytes, int, int]]:
        return ties.sharing(self._database, digests)

    def traced(self, keys: Collection[int]) -> Traced:
        return ties.traced_by(self._database, keys)

    def orders(self, ids: Collection[int]) -> dict[int, Order]:
        return ties.orders(self._database, ids)

    def firsts(self, ids: Collection[int]) -> list[Unlinked]:
        return ties.firsts(self._database, ids)

    def tie(self, edges: Sequence[Edge], traces: Sequence[Traces]) -> None:
        ties.tie(self._database, edges, traces)

    def edges(self, ids: Collection[int]) -> list[Edge]:
        return ties.edges(self._database, ids)

    def knots(self, ids: Collection[int]) -> list[Knot]:
        return ties.knots(self._database, ids)

    def link(
        self, plans: Sequence[StoryPlan], ids: Collection[int], words: Mapping[int, int]
    ) -> None:
        stories.link(self._database, plans, ids, words)

    def forget_traces(self) -> None:
        ties.forget_traces(self._database)

    def serial(self, name: str) -> AbstractContextManager[bool]:
        return locks.serial(self._database, name)

    # --- FeedStore

    def sync_feeds(self, categories: Sequence[Category]) -> None:
        feeds.sync(self._database, categories)

    def feeds(self) -> list[FeedState]:
        return feeds.states(self._database)

    def changed_stories(self, after: int, limit: int) -> list[StoryChange]:
        return stories.changed(self._database, after, limit)

    def last_change(self) -> int:
        return counters.last(self._database, counters.CHANGE)

    def recent_stories(self, source_ids: Collection[int] | None, limit: int) -> list[StoryChange]:
        return stories.recent(self._database, source_ids, limit)

    def placements(self, slug: str, story_ids: Collection[int]) -> dict[int, Placed]:
        return feeds.placements(self._database, slug, story_ids)

    def placed_before(self, slug: str, when: datetime, limit: int) -> dict[int, Placed]:
        return feeds.placed_before(self._database, slug, when, limit)

    def entries(self, ids: Collection[int]) -> dict[int, tuple[Entry, SourceInfo]]:
        return feeds.entries(self._database, ids)

    def shown_sources(self, slug: str, limit: int) -> set[int]:
        return feeds.shown_sources(self._database, slug, limit)

    def members(self, slug: str, limit: int) -> list[StoryChange]:
        return feeds.members(self._database, slug, limit)

    def append(
        self, slug: str, events: Sequence[Event], *, cursor: int, members: bytes
    ) -> FeedState:
        return feeds.append(self._database, slug, events, cursor=cursor, members=members)

    def window(self, slug: str, limit: int, since: int | None = None) -> list[FeedItem]:
        return feeds.window(self._database, slug, limit, since)

    def former_feeds(self) -> tuple[list[str], dict[str, str]]:
        return feeds.former(self._database)

    def told(
        self, slug: str, first: int, last: int
    ) -> tuple[datetime, list[FeedItem], list[Deletion]]:
        return archives.told(self._database, slug, first, last)

    def takedowns(
        self, slug: str, *, after: int = 0, since: datetime | None = None
    ) -> list[Deletion]:
        return archives.takedowns(self._database, slug, after=after, since=since)

    def seal(self, slug: str, number: int, files: Sequence[RenderedFile]) -> None:
        archives.seal(self._database, slug, number, files)

    def replace_archive(self, slug: str, number: int, files: Sequence[RenderedFile]) -> None:
        archives.replace(self._database, slug, number, files)

    def archive_of(self, slug: str, number: int) -> list[tuple[str, bytes, str, datetime]]:
        return archives.kept(self._database, slug, number)

    def telling(self, slug: str, story_ids: Collection[int]) -> list[int]:
        return archives.telling(self._database, slug, story_ids)

    def set_apart(self, faults: Sequence[Quarantined]) -> None:
        archives.set_apart(self._database, faults)

    def quarantined(self) -> list[Quarantined]:
        """Articles that no feed shows (P38), by id."""
        return archives.set_apart_now(self._database)

    def mark_rendered(self, slug: str, seq: int, digest: bytes) -> None:
        feeds.mark_rendered(self._database, slug, seq, digest)

    def source_infos(self) -> list[SourceInfo]:
        return sourcing.infos(self._database)

    def articles(self, source_ids: Collection[int] | None, limit: int) -> list[Article]:
        return articles.newest(self._database, source_ids, limit)

    def articles_by_id(self, ids: Collection[int]) -> dict[int, Article]:
        """As they stand; those that were taken away are empty or not there."""
        return articles.by_id(self._database, ids)

    def index_texts(self, limit: int = 200) -> int:
        """Make stories that have changed findable, oldest change first; how many."""
        return search.index(self._database, limit)

    def listed(
        self, chosen: Chosen, after: tuple[datetime, int] | None = None, limit: int = 50
    ) -> list[Listed]:
        """Those, by published, newest first; `after`: (published, id) of the last one of the page
        before."""
        return listed.listed(self._database, chosen, after, limit)

    def find(
        self,
        slug: str,
        query: str,
        limit: int = 50,
        chosen: Chosen | None = None,
        below: int | None = None,
    ) -> list[FeedItem]:
        """Stories of the feed that have all these words, newest placement first; `below`: the
        number (FeedItem.seq) of the last one of the page before."""
        return search.find(self._database, slug, query, limit, chosen, below)

    # --- whom we tell, and who reads

    def ask(self, topic: str, callback: str, asked: Asked) -> bool:
        return subscribers.ask(self._database, topic, callback, asked)

    def due_subscribers(self, limit: int, skip: Collection[int]) -> list[Subscriber]:
        return subscribers.due(self._database, limit, skip)

    def tell_of(self, topics: Collection[str]) -> int:
        return subscribers.changed(self._database, topics)

    def save_subscriber(
        self, before: Subscriber, after: Subscriber, next_at: datetime | None
    ) -> None:
        subscribers.save(self._database, before, after, next_at)

    def end_subscriber(self, number: int) -> None:
        subscribers.remove(self._database, number)

    def sync_pings(self, hubs: Collection[str], topics: Iterable[str]) -> None:
        """Make the store know just these hubs elsewhere, for these documents."""
        subscribers.sync_pings(self._database, hubs, topics)

    def subscribers(self) -> dict[str, int]:
        """Confirmed ones of our hub, by topic."""
        return subscribers.counts(self._database)

    def hub_queue(self) -> tuple[int, int]:
        """Subscribers of our hub: (that wait to be told, that failed lately)."""
        return subscribers.queue(self._database)

    def all_subscribers(self, limit: int = 500) -> list[Subscriber]:
        return subscribers.listed(self._database, limit)

    def count_readers(self, day: int, rows: Sequence[tuple[str, str, int]]) -> None:
        """(slug, kind of reader, how many at least), of a day (since 1970)."""
        readers.count(self._database, day, rows)

    def readers(self, first: int, last: int) -> dict[str, dict[str, int]]:
        """By slug and kind of reader: the most of one of these days."""
        return readers.of_days(self._database, first, last)

    # --- the desk

    def put_note(self, name: str, value: str) -> None:
        """The last word on something, for other processes to show."""
        notes.put(self._database, name, value)

    def note(self, name: str) -> tuple[str, datetime] | None:
        """(it, when it was written)"""
        return notes.get(self._database, name)

    def hours(self, first: int) -> dict[tuple[int, str], int]:
        """(hour since 1970, of what) → how many, from that hour on: "articles" that were new,
        "poll OUTCOME"; counted where polls are recorded, whoever made them."""
        return notes.hours(self._database, first)

    def put_login(self, digest: bytes, name: str, password: bytes) -> None:
        logins.put(self._database, digest, name, password)

    def login(self, digest: bytes, most: timedelta) -> tuple[str, bytes] | None:
        """(name, digest of the password's hash) of one that was used within `most`; it counts as
        used now."""
        return logins.get(self._database, digest, most)

    def end_login(self, digest: bytes) -> None:
        logins.end(self._database, digest)

    def happen(self, kind: str, subject: str, text: str) -> bool:
        """Trouble; False when it is known already."""
        return happenings.begin(self._database, kind, subject, text)

    def happened_over(self, kind: str, subject: str) -> bool:
        """The end of a trouble; False when there was none."""
        return happenings.end(self._database, kind, subject)

    def happenings(self, limit: int = 100, *, untold: bool = False) -> list[Happening]:
        """Newest first; `untold`: oldest first, those of which the webhook knows no word yet."""
        return happenings.listed(self._database, limit, untold=untold)

    def open_happenings(self) -> list[Happening]:
        return happenings.standing(self._database)

    def tell_no_more(self) -> None:
        """Nobody is to hear of troubles that are over."""
        happenings.tell_no_more(self._database)

    def told_of(self, happening: Happening) -> None:
        happenings.told(self._database, happening)

    def add_token(self, digest: bytes, feed: str | None, label: str) -> None:
        tokens.add(self._database, digest, feed, label)

    def tokens(self) -> list[Token]:
        """Those that are not revoked, oldest first."""
        return tokens.standing(self._database)

    def revoke_token(self, digest: bytes) -> None:
        tokens.revoke(self._database, digest)

    # --- for wiring and the operator

    def take_down(self, keys: Sequence[Key], text: str) -> list[int]:
        """Bar these keys for ever, and take away what has one; its ids."""
        return removal.take_down(self._database, keys, text)

    def let_in(self, source_id: int) -> int:
        """Let in what the flood guard holds of a source; how many."""
        return removal.let_in(self._database, source_id)

    def discard(self, source_id: int) -> int:
        """Take away what the flood guard holds of a source; how many."""
        return removal.discard(self._database, source_id)

    def expire(self, rules: Iterable[Retention]) -> int:
        """Take away what is too old, or too many; how many."""
        return removal.expire(self._database, rules)

    def forget_removed(self) -> None:
        """Keys of what was taken away long ago and is shown no more."""
        after: int | None = 0
        while after is not None:
            after = removal.forget_removed(self._database, after)

    def rule(self, one: int, other: int, *, together: bool) -> None:
        """The operator's word on two articles: one story, or not."""
        stories.rule(self._database, one, other, together=together)

    def revisions(self, article_id: int) -> list[Revision]:
        """What is kept of an article, as it stands now last."""
        return revisions.of(self._database, article_id)

    def rebindings(self, article_id: int) -> list[Rebinding]:
        return revisions.rebindings(self._database, article_id)

    def facts(self, keys: Sequence[Key], text: str) -> list[ArticleFacts]:
        """Articles that this names: by id, one of these keys, or as what they were published."""
        return explained.find(self._database, keys, text)

    def address_changes(self, source_id: int | None = None) -> list[AddressChange]:
        """Adopted redirects, other addresses in the configuration, and their undoing; newest
        first."""
        return moves.changes(self._database, source_id)

    def undo_move(self, source_id: int) -> AddressChange | None:
        """Take back its adopted redirect, or part what was taken for one source because of its
        ids; for good. None when there is neither."""
        return moves.undo(self._database, source_id)

    def configuration(self) -> int:
        """Another number whenever the configured sources have become others."""
        return counters.last(self._database, counters.CONFIGURATION)

    def source_categories(self) -> dict[int, tuple[str, ...]]:
        """Source id → slugs, of active sources, in the order of their configuration."""
        return sourcing.categories(self._database)

    def lock_run(self) -> AbstractContextManager[None]:
        """The right to `run` on this database. Raises StoreInUse."""
        return locks.run_lock(self._database)

    def backup(self, path: Path) -> None:
        """A consistent copy, replaced whole or not at all. SQLite only; else StoreError."""
        backup.copy_into(self._database, Path(path).absolute())

    @property
    def path(self) -> Path | None:
        """Of SQLite's file; None in memory and on a server."""
        return self._database.path

    @property
    def kind(self) -> str:
        return "sqlite" if self._database.sqlite else "postgresql"

    def dump(self, path: Path) -> None:
        """PostgreSQL only, by pg_dump. Raises StoreError."""
        dump.dump(self._database, path)

    def running(self) -> bool:
        """Whether a `run` works on this database now."""
        return restore.running(self._database)

    def halted(self, patience: float = restore.PATIENCE) -> AbstractContextManager[None]:
        """Nobody links, publishes or restores meanwhile; those who do are waited for, so many
        seconds. Raises StoreBusy."""
        return restore.halted(self._database, patience)

    def made_ready(self) -> None:
        """Of an unpacked backup that nobody uses. Raises CorruptStore, SchemaError."""
        restore.made_ready(self._database)

    def strange_to(self, live: Store) -> bool:
        """Whether this is a backup of another installation. SQLite only."""
        return restore.strange(self._database, live._database)

    def take_over(self, live: Store) -> list[int]:
        """Into a backup that is to replace `live`: what must outlast that. SQLite only."""
        return restore.take_over(self._database, live._database)

    def become(self, copy: Path, patience: float = restore.PATIENCE) -> None:
        """SQLite's database at `copy`, whole or not at all, whoever uses this one. Raises StoreBusy
        when another writes for so many seconds."""
        restore.overwrite(self._database, copy, patience)

    def put_back(self, packed: Path, folder: Path, *, running: bool) -> None:
        """PostgreSQL: what `dump` made, whole or not at all."""
        dump.put_back(self._database, packed, folder, running=running)

    def bar_again(self) -> list[int]:
        """Take away what is there although it was taken down; its ids."""
        return carry.bar_again(self._database)

    def verify(self, seconds: float = math.inf) -> None:
        """Raises CorruptStore, with what to do, when the file is damaged; looks no longer than
        that."""
        backup.verify(self._database, seconds)

    def integrity(self) -> list[str]:
        """What is wrong, in words; empty when all is well. Reads everything."""
        return backup.problems(self._database)

    def counts(self) -> dict[str, int]:
        """Rows by kind: active sources and feeds; articles, stories and ledger lines."""
        queries = {
            "sources": sa.select(sa.func.count()).select_from(source).where(source.c.active),
            "articles": sa.select(sa.func.count()).select_from(article),
            "stories": sa.select(sa.func.count()).select_from(story),
            "feeds": sa.select(sa.func.count()).select_from(feed).where(feed.c.active),
            "polls": sa.select(sa.func.count()).select_from(poll),
        }
        with self._database.read() as connection:
            return {name: connection.execute(q).scalar_one() for name, q in queries.items()}

    def warnings(self) -> list[str]:
        """What an operator should know of this database although it works."""
        return self._database.warnings()

    def schema_version(self) -> str | None:
        """None for an empty database."""
        return schema.version(self._database)

    def migrate(self) -> None:
        """Bring the schema up to date; nothing happens when it is. Raises SchemaError."""
        schema.upgrade(self._database)

    def close(self) -> None:
        """Give all connections back. The store can't be used afterwards."""
        self._database.close()


def open_store(
    url: str,
    *,
    now: Callable[[], datetime] | None = None,
    shift: Callable[[], timedelta] | None = None,
    per_host: int = 1,
    host_delay: float = 1.0,
    whole_host_waits: bool = False,
    ledger_lines: int = ledger.TOTAL,
    migrate: bool = True,
) -> Store:
    """Open `sqlite:///path`, `sqlite:///:memory:` or `postgresql://…`.

    `now`: the clock for due times and claims, instead of the database's; `shift`: what is
    added to the database's. `per_host`: requests at once to one host; `host_delay`: seconds
    between two; `whole_host_waits`: a Retry-After is for all sources of its host.
    `ledger_lines`: the ledger's bound in all. `migrate`: SQLite's schema is brought up to date,
    after a copy to `<db>.before-<rev>`; PostgreSQL's never is (SchemaError: run
    `feedmill migrate`, that is `open_for_migration(url).migrate()`).
    """
    database = Database(url, now, shift)
    try:
        schema.ensure(database, migrate=migrate)
    except BaseException:
        database.close()
        raise
    delay = timedelta(seconds=host_delay)
    limit = HostLimit(per_host=per_host, delay=delay, whole_host_waits=whole_host_waits)
    return Store(database, limit, ledger_lines)


def open_for_migration(url: str) -> Store:
    """The store whatever its schema: for `migrate`, `schema_version` and `backup` alone."""
    return Store(Database(url), HostLimit())

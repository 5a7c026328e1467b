"""The tables. What a row means is told here, how it changes in the module of its concern.

migrations/versions holds what was shipped; a test compares the two. Articles and stories are
pointed to without foreign keys: each would cost an index of its own, or a full scan for every
article that retention removes. backup.problems() checks them instead.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)

from feeds.store.codec import ASKED, ENTRY, HINTS, MOVE, VALIDATORS, WORDS, Moment

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite numbers rows by itself only in a column of type INTEGER.
Id = BigInteger().with_variant(Integer(), "sqlite")

source = Table(
    "source",
    metadata,
    Column("id", Id, primary_key=True),
    Column("url", Text, nullable=False, unique=True),
    # --- as configured
    Column("position", Integer, nullable=False),
    Column("name", Text),  # the operator's title
    Column("categories", WORDS, nullable=False),
    Column("public", Boolean, nullable=False),
    Column("paused", Boolean, nullable=False),
    Column("active", Boolean, nullable=False),
    # --- as polled
    Column("fetch_url", Text, nullable=False),
    Column("host", Text, nullable=False),  # of fetch_url; a file's own URL
    Column("validators", VALIDATORS),
    Column("body_digest", LargeBinary),
    Column("hints", HINTS, nullable=False),
    Column("title", Text),  # the document's
    Column("link", Text),
    Column("hub", Text),
    Column("self_link", Text),
    Column("first_polled_at", Moment),
    Column("last_polled_at", Moment),
    Column("last_success_at", Moment),
    Column("last_new_at", Moment),
    Column("next_due", Moment),
    Column("reason", Text, nullable=False),
    Column("not_before", Moment),
    Column("every", Float),
    Column("fresh_until", Moment),
    Column("rhythm", LargeBinary),
    Column("move", MOVE),
    Column("refused_move", Text),
    Column("push_until", Moment),
    Column("failures", Integer, nullable=False),
    Column("failing_since", Moment),
    Column("error_kind", Text),
    Column("error", Text),
    Column("error_at", Moment),
    Column("error_count", Integer, nullable=False),
    Column("gone_seen", Boolean, nullable=False),
    Column("retired", Boolean, nullable=False),
    Column("article_count", Integer, nullable=False),
    Column("held", Integer, nullable=False, server_default=text("0")),  # by the flood guard
    Column("gap_since", Moment),  # items may have rolled off unseen
    Column("gap_url", Text),  # the page of the archive that is to be read next
    Column("gap_pages", Integer, nullable=False, server_default=text("0")),  # that may be read yet
    Column("polls", BigInteger, nullable=False),  # recorded ones, ever
    # --- claims
    Column("claim_no", BigInteger, nullable=False),
    Column("claim_until", Moment),  # null: not claimed
    Column("forced", Boolean, nullable=False),
    # When it may next be claimed: next_due, the end of a claim, or null (paused, retired, gone).
    Column("wake", Moment),
    Index(None, "host", "wake"),
    Index(
        "ix_source_claimed",
        "host",
        "claim_until",
        sqlite_where=text("claim_until IS NOT NULL"),
        postgresql_where=text("claim_until IS NOT NULL"),
    ),
    Index(None, "fetch_url"),
    # Few have a hub, fewer are pushed: both are looked for every few seconds.
    Index(
        "ix_source_hub",
        "id",
        sqlite_where=text("hub IS NOT NULL"),
        postgresql_where=text("hub IS NOT NULL"),
    ),
    Index(
        "ix_source_gap",
        "id",
        sqlite_where=text("gap_url IS NOT NULL"),
        postgresql_where=text("gap_url IS NOT NULL"),
    ),
    Index(
        "ix_source_push_until",
        "push_until",
        sqlite_where=text("push_until IS NOT NULL"),
        postgresql_where=text("push_until IS NOT NULL"),
    ),
)

# What the last document of a source showed (aggregator.identity.seen). Beside `source`, whose rows
# are rewritten by every idle poll and all read at once.
seen = Table(
    "seen",
    metadata,
    Column("source_id", Id, ForeignKey("source.id"), primary_key=True, autoincrement=False),
    Column("packed", LargeBinary, nullable=False),
)

# One row per host: the queue of claim_due. Claims of a host are made while its row is locked,
# so counting its claimed sources is its lease.
host = Table(
    "host",
    metadata,
    Column("name", Text, primary_key=True),
    Column("wake", Moment),  # the least of its sources'
    Column("next_allowed", Moment, nullable=False),
    Index(None, "wake"),
)

article = Table(
    "article",
    metadata,
    Column("id", Id, primary_key=True),
    Column("source_id", Id, ForeignKey("source.id"), nullable=False),
    Column("entry", ENTRY, nullable=False),
    Column("key_set", LargeBinary, nullable=False),  # codec.pack
    Column("content_digest", LargeBinary, nullable=False),
    Column("published", Moment, nullable=False),
    Column("updated", Moment, nullable=False),
    Column("first_seen", Moment, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("story_id", Id),
    Column("linked", Boolean, nullable=False),  # false again after an edit
    Column("ranked", Moment),  # its story's `published`, null until linked
    Column("words", Integer, nullable=False, server_default=text("0")),  # of its first revision
    Column("standing", Integer, nullable=False, server_default=text("0")),  # models.Held
    # Its place among what its source showed first, newest 1; 0 for all that came later.
    Column("backlog", Integer, nullable=False, server_default=text("0")),
    Index(None, "story_id"),
    Index(None, "published", "source_id"),
    Index(None, "source_id", "ranked"),
    Index(
        "ix_article_removed",
        "id",
        sqlite_where=text("standing = 2"),
        postgresql_where=text("standing = 2"),
    ),
    Index(
        "ix_article_unlinked",
        "id",
        sqlite_where=text("NOT linked"),
        postgresql_where=text("NOT linked"),
    ),
    sqlite_autoincrement=True,  # an id is never given twice: stories are named by it
)

identity = Table(
    "identity",
    metadata,
    Column("key", LargeBinary, primary_key=True),
    Column("source_id", Id, ForeignKey("source.id"), primary_key=True, autoincrement=False),
    Column("article_id", Id, primary_key=True, autoincrement=False),
    Column("kind", Integer, nullable=False),
    Column("shared", Boolean, nullable=False),
    sqlite_with_rowid=False,
)

story = Table(
    "story",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("lead_id", Id, nullable=False),
    # Who would lead, were it published now.
    Column("best_id", Id, nullable=False, server_default=text("0")),
    Column("opened", Boolean, nullable=False, server_default=false()),  # published in some feed
    Column("twin_id", Id),  # the older story that tells the same
    Column("gone", Text),  # once no article is left: how its feeds tell it (models.EventKind)
    Column("first_seen", Moment, nullable=False, server_default=text("0")),  # of its first article
    # The least of its articles'.
    Column("backlog", Integer, nullable=False, server_default=text("0")),
    Column("published_id", Text, nullable=False, unique=True),
    Column("change", BigInteger, nullable=False),
    Column("published", Moment, nullable=False),  # its lead's, as is `updated`
    Column("updated", Moment, nullable=False),
    Index(None, "change", unique=True),
    Index(None, "published"),
)

# Where texts find their likes, while a copy may still come (aggregator.likeness.sketch).
trace = Table(
    "trace",
    metadata,
    Column("key", BigInteger, primary_key=True, autoincrement=False),
    Column("article_id", Id, primary_key=True, autoincrement=False),
    Column("source_id", Id, nullable=False),
    Column("size", Integer, nullable=False),  # how many keys its text has
    sqlite_with_rowid=False,
)

traced = Table(
    "traced",
    metadata,
    Column("article_id", Id, primary_key=True, autoincrement=False),
    Column("until", Moment, nullable=False),
    Column("packed", LargeBinary, nullable=False),  # its keys, eight bytes each
    Index(None, "until"),
)

edge = Table(
    "edge",
    metadata,
    Column("low", Id, primary_key=True, autoincrement=False),
    Column("high", Id, primary_key=True, autoincrement=False),
    Column("tie", Text, nullable=False),  # models.Tie
    Column("contained", Float, nullable=False),
    Column("common", Integer, nullable=False),
    Column("version", Integer, nullable=False),  # of the rules that told it
    Index(None, "high"),
    sqlite_with_rowid=False,
)

ruling = Table(
    "ruling",
    metadata,
    Column("low", Id, primary_key=True, autoincrement=False),
    Column("high", Id, primary_key=True, autoincrement=False),
    Column("together", Boolean, nullable=False),
    Column("at", Moment, nullable=False),
    Index(None, "high"),
    sqlite_with_rowid=False,
)

# An article as it stood before it was edited: the first as it came, then the last ones.
revision = Table(
    "revision",
    metadata,
    Column("article_id", Id, primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("at", Moment, nullable=False),  # when it was first seen so
    Column("entry", ENTRY, nullable=False),
    sqlite_with_rowid=False,
)

# When an article was known again by another rule than its own keys.
rebinding = Table(
    "rebinding",
    metadata,
    Column("id", Id, primary_key=True),
    Column("article_id", Id, nullable=False),
    Column("at", Moment, nullable=False),
    Column("rule", Text, nullable=False),
    Column("before", Text),  # its guid
    Column("after", Text),
    Index(None, "article_id"),
)

# Ids and URLs that the operator took down for ever, whoever shows them.
barred = Table(
    "barred",
    metadata,
    Column("key", LargeBinary, primary_key=True),
    Column("text", Text, nullable=False),
    Column("at", Moment, nullable=False),
)

feed = Table(
    "feed",
    metadata,
    Column("slug", Text, primary_key=True),
    Column("position", Integer, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("cursor", BigInteger, nullable=False),
    Column("members", LargeBinary, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("updated", Moment, nullable=False),
    Column("rendered", LargeBinary, nullable=False),
    Column("rendered_seq", BigInteger, nullable=False),
    Column("sealed", Id, nullable=False, server_default=text("0")),  # archives
    Column("named", Text, nullable=False, server_default=text("''")),  # its first slug
    Column("private", Boolean, nullable=False, server_default=false()),  # it is named nowhere
)

# Slugs that feeds had before.
feed_move = Table(
    "feed_move",
    metadata,
    Column("old", Text, primary_key=True),
    Column("new", Text, nullable=False),
)

feed_log = Table(
    "feed_log",
    metadata,
    Column("slug", Text, ForeignKey("feed.slug"), primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("story_id", Id, nullable=False),
    Column("article_id", Id, nullable=False, server_default=text("0")),
    Column("revision", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Index(None, "story_id"),
    Index(
        "ix_feed_log_takedown",
        "slug",
        "seq",
        sqlite_where=text("kind = 'takedown'"),
        postgresql_where=text("kind = 'takedown'"),
    ),
    sqlite_with_rowid=False,
)

# Documents that are never rendered again (RFC 5005 §4), gzipped.
archive = Table(
    "archive",
    metadata,
    Column("slug", Text, ForeignKey("feed.slug"), primary_key=True),
    Column("number", Id, primary_key=True, autoincrement=False),
    Column("name", Text, primary_key=True),  # of the file in its folder
    Column("packed", LargeBinary, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("modified", Moment, nullable=False),
)

# Articles that no feed shows, since a document with them would break a rule (P38). What is edited
# afterwards is tried again.
quarantine = Table(
    "quarantine",
    metadata,
    Column("article_id", Id, primary_key=True, autoincrement=False),
    Column("revision", Integer, nullable=False),
    Column("rule", Text, nullable=False),
    Column("fault", Text, nullable=False),
    Column("at", Moment, nullable=False),
)

placement = Table(
    "placement",
    metadata,
    Column("slug", Text, ForeignKey("feed.slug"), primary_key=True),
    Column("story_id", Id, primary_key=True, autoincrement=False),
    Column("seq", BigInteger, nullable=False),
    # Through which the feed shows the story.
    Column("article_id", Id, nullable=False, server_default=text("0")),
    Column("revision", Integer, nullable=False),
    Column("entered_at", Moment, nullable=False),
    # The newest event of the log that tells of it.
    Column("event", Id, nullable=False, server_default=text("0")),
    Index(None, "slug", "seq"),
    Index(None, "slug", "event"),
    sqlite_with_rowid=False,
)

# A ring of at most LEDGER rows for each source: `slot` is the poll's number modulo LEDGER.
poll = Table(
    "poll",
    metadata,
    Column("source_id", Id, ForeignKey("source.id"), primary_key=True, autoincrement=False),
    Column("slot", Integer, primary_key=True, autoincrement=False),
    Column("number", BigInteger, nullable=False),
    Column("at", Moment, nullable=False),
    Column("reason", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("status", Integer),
    Column("duration", Float, nullable=False),
    Column("bytes_received", BigInteger, nullable=False),
    Column("sent", VALIDATORS),
    Column("got", VALIDATORS),  # null: as sent, or none
    Column("hops", Text, nullable=False, server_default=text("''")),
    Column("new", Integer, nullable=False),
    Column("changed", Integer, nullable=False),
    Column("error_kind", Text),
    Column("error", Text),
    sqlite_with_rowid=False,
)
LEDGER = 200

# When an adopted redirect, or the operator, changed what a source requests (E21).
address_change = Table(
    "address_change",
    metadata,
    Column("id", Id, primary_key=True),
    Column("source_id", Id, ForeignKey("source.id"), nullable=False),
    Column("at", Moment, nullable=False),
    Column("before", Text, nullable=False),
    Column("after", Text, nullable=False),
    Column("why", Text, nullable=False),
    # Configured at another address, and taken for the same source by its ids.
    Column("guessed", Boolean, nullable=False, server_default=false()),
    Column("secret", Boolean, nullable=False, server_default=false()),
    Index(None, "source_id"),
)

# Requests to a host that are no polls, under way now (E29); they count like claims.
errand = Table(
    "errand",
    metadata,
    Column("id", Id, primary_key=True),
    Column("host", Text, nullable=False),
    Column("until", Moment, nullable=False),
    Index(None, "host", "until"),
)

# WebSub: what we asked of hubs. One row a source; `token` is the unguessable end of its callback.
subscription = Table(
    "subscription",
    metadata,
    Column("source_id", Id, ForeignKey("source.id"), primary_key=True, autoincrement=False),
    Column("base", Text, nullable=False),
    Column("token", Text, nullable=False, unique=True),
    Column("secret", Text, nullable=False),
    Column("hub", Text, nullable=False),
    Column("topic", Text, nullable=False),
    Column("state", Text, nullable=False),  # models.Standing
    Column("asked_at", Moment),
    Column("verified_at", Moment),
    Column("lease_until", Moment),
    Column("next_at", Moment),  # when to ask the hub (again); null: nothing to do
    Column("tries", Integer, nullable=False),
    Column("error", Text),
    Column("recent", LargeBinary, nullable=False),  # digests of what it brought, newest last
    Index(None, "next_at"),
    Index(None, "hub"),
)

# Signed deliveries that wait to be read, as they came.
delivery = Table(
    "delivery",
    metadata,
    Column("id", Id, primary_key=True),
    Column("source_id", Id, ForeignKey("source.id"), nullable=False),
    Column("at", Moment, nullable=False),
    Column("content_type", Text),
    Column("body", LargeBinary, nullable=False),
    Index(None, "source_id"),
)

# Who may read private feeds: SHA-256 of what they hold.
token = Table(
    "token",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column("feed", Text),  # null: every private one
    Column("label", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("revoked_at", Moment),
)

# The hub's other side: who is told when a document of ours has changed (WebSub §5).
subscriber = Table(
    "subscriber",
    metadata,
    Column("id", Id, primary_key=True),
    Column("topic", Text, nullable=False),  # path of the document: "world/atom.xml"
    Column("callback", Text, nullable=False),
    Column("ping", Boolean, nullable=False),  # a hub elsewhere, that is told and tells others
    Column("secret", Text),
    Column("asked", ASKED),  # what is to be verified; null: nothing
    Column("lease_until", Moment),  # null: not verified
    Column("delivered", Text, nullable=False, server_default=text("''")),  # tag of what it has
    Column("next_at", Moment),  # when to ask or tell it; null: nothing to do
    Column("tries", Integer, nullable=False, server_default=text("0")),
    Column("error", Text),
    UniqueConstraint("topic", "callback"),
    Index(None, "next_at"),
)

# How many read a feed on a day (days since 1970), by kind of reader; no addresses.
reader = Table(
    "reader",
    metadata,
    Column("slug", Text, primary_key=True),
    Column("day", Integer, primary_key=True, autoincrement=False),
    Column("agent", Text, primary_key=True),
    Column("count", Integer, nullable=False),
)

# What one process says and others show: by name, the last word only.
note = Table(
    "note",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
    Column("at", Moment, nullable=False),
)

# Who is logged in at the desk: SHA-256 of the cookie, and of the password's hash at that time, so
# that a changed password ends it.
login = Table(
    "login",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column("name", Text, nullable=False),
    Column("password", LargeBinary, nullable=False),
    Column("used_at", Moment, nullable=False),
)

# What operators are told of: trouble, and its end.
happening = Table(
    "happening",
    metadata,
    Column("id", Id, primary_key=True),
    Column("at", Moment, nullable=False),
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("over_at", Moment),
    Column("told", Boolean, nullable=False),  # the webhook has had its last change
    sqlite_autoincrement=True,
)

# Polls by outcome, and new articles, by the hour (hours since 1970).
tally = Table(
    "tally",
    metadata,
    Column("hour", Integer, primary_key=True, autoincrement=False),
    Column("name", Text, primary_key=True),
    Column("value", BigInteger, nullable=False),
)

counter = Table(
    "counter",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", BigInteger, nullable=False),
)

VERSION_TABLE = "feedmill_version"

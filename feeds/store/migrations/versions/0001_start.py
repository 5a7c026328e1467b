"""The first schema. tables.py tells what a row means; this is what was shipped.

Revision ID: 0001
Revises: nothing
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "counter",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_counter")),
    )
    op.create_table(
        "feed",
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("cursor", sa.BigInteger(), nullable=False),
        sa.Column("members", sa.LargeBinary(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("updated", sa.BigInteger(), nullable=False),
        sa.Column("rendered", sa.LargeBinary(), nullable=False),
        sa.Column("rendered_seq", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("slug", name=op.f("pk_feed")),
    )
    op.create_table(
        "host",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("wake", sa.BigInteger(), nullable=True),
        sa.Column("next_allowed", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_host")),
    )
    op.create_index(op.f("ix_host_wake"), "host", ["wake"], unique=False)
    op.create_table(
        "source",
        sa.Column("id", ID, nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("categories", sa.LargeBinary(), nullable=False),
        sa.Column("public", sa.Boolean(), nullable=False),
        sa.Column("paused", sa.Boolean(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("fetch_url", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("validators", sa.LargeBinary(), nullable=True),
        sa.Column("body_digest", sa.LargeBinary(), nullable=True),
        sa.Column("hints", sa.LargeBinary(), nullable=False),
        sa.Column("title", sa.Text(), nullable=True),
        sa.Column("link", sa.Text(), nullable=True),
        sa.Column("hub", sa.Text(), nullable=True),
        sa.Column("self_link", sa.Text(), nullable=True),
        sa.Column("first_polled_at", sa.BigInteger(), nullable=True),
        sa.Column("last_polled_at", sa.BigInteger(), nullable=True),
        sa.Column("last_success_at", sa.BigInteger(), nullable=True),
        sa.Column("last_new_at", sa.BigInteger(), nullable=True),
        sa.Column("next_due", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("not_before", sa.BigInteger(), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("failing_since", sa.BigInteger(), nullable=True),
        sa.Column("error_kind", sa.Text(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("error_at", sa.BigInteger(), nullable=True),
        sa.Column("error_count", sa.Integer(), nullable=False),
        sa.Column("gone_seen", sa.Boolean(), nullable=False),
        sa.Column("retired", sa.Boolean(), nullable=False),
        sa.Column("article_count", sa.Integer(), nullable=False),
        sa.Column("polls", sa.BigInteger(), nullable=False),
        sa.Column("claim_no", sa.BigInteger(), nullable=False),
        sa.Column("claim_until", sa.BigInteger(), nullable=True),
        sa.Column("forced", sa.Boolean(), nullable=False),
        sa.Column("wake", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_source")),
        sa.UniqueConstraint("url", name=op.f("uq_source_url")),
    )
    op.create_index(
        "ix_source_claimed",
        "source",
        ["host", "claim_until"],
        unique=False,
        sqlite_where=sa.text("claim_until IS NOT NULL"),
        postgresql_where=sa.text("claim_until IS NOT NULL"),
    )
    op.create_index(op.f("ix_source_fetch_url"), "source", ["fetch_url"], unique=False)
    op.create_index(op.f("ix_source_host_wake"), "source", ["host", "wake"], unique=False)
    op.create_table(
        "story",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("lead_id", ID, nullable=False),
        sa.Column("published_id", sa.Text(), nullable=False),
        sa.Column("change", sa.BigInteger(), nullable=False),
        sa.Column("published", sa.BigInteger(), nullable=False),
        sa.Column("updated", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_story")),
        sa.UniqueConstraint("published_id", name=op.f("uq_story_published_id")),
    )
    op.create_index(op.f("ix_story_change"), "story", ["change"], unique=True)
    op.create_index(op.f("ix_story_published"), "story", ["published"], unique=False)
    op.create_table(
        "article",
        sa.Column("id", ID, nullable=False),
        sa.Column("source_id", ID, nullable=False),
        sa.Column("entry", sa.LargeBinary(), nullable=False),
        sa.Column("key_set", sa.LargeBinary(), nullable=False),
        sa.Column("content_digest", sa.LargeBinary(), nullable=False),
        sa.Column("published", sa.BigInteger(), nullable=False),
        sa.Column("updated", sa.BigInteger(), nullable=False),
        sa.Column("first_seen", sa.BigInteger(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("story_id", ID, nullable=True),
        sa.Column("linked", sa.Boolean(), nullable=False),
        sa.Column("ranked", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name=op.f("fk_article_source_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_article")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_article_published"), "article", ["published"], unique=False)
    op.create_index(
        op.f("ix_article_source_id_ranked"), "article", ["source_id", "ranked"], unique=False
    )
    op.create_index(op.f("ix_article_story_id"), "article", ["story_id"], unique=False)
    op.create_index(
        "ix_article_unlinked",
        "article",
        ["id"],
        unique=False,
        sqlite_where=sa.text("NOT linked"),
        postgresql_where=sa.text("NOT linked"),
    )
    op.create_table(
        "feed_log",
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("story_id", ID, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["slug"], ["feed.slug"], name=op.f("fk_feed_log_slug")),
        sa.PrimaryKeyConstraint("slug", "seq", name=op.f("pk_feed_log")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "identity",
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("source_id", ID, autoincrement=False, nullable=False),
        sa.Column("article_id", ID, autoincrement=False, nullable=False),
        sa.Column("kind", sa.Integer(), nullable=False),
        sa.Column("shared", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name=op.f("fk_identity_source_id")),
        sa.PrimaryKeyConstraint("key", "source_id", "article_id", name=op.f("pk_identity")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "placement",
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("story_id", ID, autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("entered_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["slug"], ["feed.slug"], name=op.f("fk_placement_slug")),
        sa.PrimaryKeyConstraint("slug", "story_id", name=op.f("pk_placement")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_placement_slug_seq"), "placement", ["slug", "seq"], unique=False)
    op.create_table(
        "poll",
        sa.Column("source_id", ID, autoincrement=False, nullable=False),
        sa.Column("slot", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("duration", sa.Float(), nullable=False),
        sa.Column("bytes_received", sa.BigInteger(), nullable=False),
        sa.Column("sent_validators", sa.Boolean(), nullable=False),
        sa.Column("new", sa.Integer(), nullable=False),
        sa.Column("changed", sa.Integer(), nullable=False),
        sa.Column("error_kind", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name=op.f("fk_poll_source_id")),
        sa.PrimaryKeyConstraint("source_id", "slot", name=op.f("pk_poll")),
        sqlite_with_rowid=False,
    )

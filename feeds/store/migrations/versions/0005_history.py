"""A feed's history: sealed archives, what tells newest of each story, takedowns, quarantine.

Revision ID: 0005
Revises: 0004
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
NOUGHT = sa.text("0")


def upgrade() -> None:
    op.add_column("feed", sa.Column("sealed", ID, nullable=False, server_default=NOUGHT))
    op.add_column("feed", sa.Column("named", sa.Text(), nullable=False, server_default=""))
    op.execute("UPDATE feed SET named = slug")
    op.add_column(
        "feed", sa.Column("private", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.create_table(
        "feed_move",
        sa.Column("old", sa.Text(), nullable=False),
        sa.Column("new", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("old", name=op.f("pk_feed_move")),
    )
    op.add_column("placement", sa.Column("event", ID, nullable=False, server_default=NOUGHT))
    op.execute(
        "UPDATE placement SET event = (SELECT max(feed_log.seq) FROM feed_log WHERE"
        " feed_log.slug = placement.slug AND feed_log.story_id = placement.story_id)"
        " WHERE EXISTS (SELECT 1 FROM feed_log WHERE feed_log.slug = placement.slug"
        " AND feed_log.story_id = placement.story_id)"
    )
    op.create_index("ix_placement_slug_event", "placement", ["slug", "event"])
    op.create_index("ix_feed_log_story_id", "feed_log", ["story_id"])
    taken = sa.text("kind = 'takedown'")
    op.create_index(
        "ix_feed_log_takedown", "feed_log", ["slug", "seq"], sqlite_where=taken,
        postgresql_where=taken,
    )  # fmt: skip
    op.create_table(
        "archive",
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("number", ID, autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("packed", sa.LargeBinary(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("modified", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["slug"], ["feed.slug"], name=op.f("fk_archive_slug_feed")),
        sa.PrimaryKeyConstraint("slug", "number", "name", name=op.f("pk_archive")),
    )
    op.create_table(
        "quarantine",
        sa.Column("article_id", ID, autoincrement=False, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("fault", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("article_id", name=op.f("pk_quarantine")),
    )

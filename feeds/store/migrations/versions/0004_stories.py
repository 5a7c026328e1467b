"""One story, once: what ties articles, what was published of a story, revisions, what is held.

Revision ID: 0004
Revises: 0003
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    for table, column in (
        ("source", _count("held")),
        ("source", sa.Column("gap_since", sa.BigInteger())),
        ("source", sa.Column("gap_url", sa.Text())),
        ("source", _count("gap_pages")),
        ("article", _count("words")),
        ("article", _count("standing")),
        ("article", _count("backlog")),
        ("story", _count("best_id", ID)),
        ("story", _flag("opened")),
        ("story", sa.Column("twin_id", ID)),
        ("story", sa.Column("gone", sa.Text())),
        ("story", _count("first_seen", sa.BigInteger())),
        ("story", _count("backlog")),
        ("feed_log", _count("article_id", ID)),
        ("placement", _count("article_id", ID)),
    ):
        op.add_column(table, column)
    op.drop_index("ix_article_published", "article")
    op.create_index("ix_article_published_source_id", "article", ["published", "source_id"])
    removed = sa.text("standing = 2")
    op.create_index(
        "ix_article_removed", "article", ["id"], sqlite_where=removed, postgresql_where=removed
    )
    open_gap = sa.text("gap_url IS NOT NULL")
    op.create_index(
        "ix_source_gap", "source", ["id"], sqlite_where=open_gap, postgresql_where=open_gap
    )
    _fill()
    _texts()
    _history()


def _count(name: str, kind: sa.types.TypeEngine[int] | None = None) -> sa.Column[int]:
    return sa.Column(name, kind or sa.Integer(), nullable=False, server_default=sa.text("0"))


def _flag(name: str) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean(), nullable=False, server_default=sa.false())


def _fill() -> None:
    """What was published of stories is as their placements have it."""
    op.execute(
        "UPDATE story SET best_id = lead_id,"
        " first_seen = (SELECT article.first_seen FROM article WHERE article.id = lead_id),"
        " opened = EXISTS (SELECT 1 FROM placement WHERE placement.story_id = story.id)"
    )
    op.execute("INSERT INTO counter (name, value) SELECT 'story', coalesce(max(id), 0) FROM story")
    story = sa.table("story", sa.column("id"), sa.column("lead_id"))
    for name in ("feed_log", "placement"):
        one = sa.table(name, sa.column("story_id"), sa.column("article_id"))
        lead = sa.select(story.c.lead_id).where(story.c.id == one.c.story_id).scalar_subquery()
        op.execute(sa.update(one).values(article_id=sa.func.coalesce(lead, 0)))


def _texts() -> None:
    op.create_table(
        "trace",
        sa.Column("key", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("article_id", ID, autoincrement=False, nullable=False),
        sa.Column("source_id", ID, nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("key", "article_id", name=op.f("pk_trace")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "traced",
        sa.Column("article_id", ID, autoincrement=False, nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("packed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("article_id", name=op.f("pk_traced")),
    )
    op.create_index("ix_traced_until", "traced", ["until"])
    op.create_table(
        "edge",
        sa.Column("low", ID, autoincrement=False, nullable=False),
        sa.Column("high", ID, autoincrement=False, nullable=False),
        sa.Column("tie", sa.Text(), nullable=False),
        sa.Column("contained", sa.Float(), nullable=False),
        sa.Column("common", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("low", "high", name=op.f("pk_edge")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_edge_high", "edge", ["high"])


def _history() -> None:
    op.create_table(
        "ruling",
        sa.Column("low", ID, autoincrement=False, nullable=False),
        sa.Column("high", ID, autoincrement=False, nullable=False),
        sa.Column("together", sa.Boolean(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("low", "high", name=op.f("pk_ruling")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_ruling_high", "ruling", ["high"])
    op.create_table(
        "revision",
        sa.Column("article_id", ID, autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("entry", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("article_id", "number", name=op.f("pk_revision")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "rebinding",
        sa.Column("id", ID, nullable=False),
        sa.Column("article_id", ID, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("before", sa.Text()),
        sa.Column("after", sa.Text()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rebinding")),
    )
    op.create_index("ix_rebinding_article_id", "rebinding", ["article_id"])
    op.create_table(
        "barred",
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_barred")),
    )

"""Rhythms, moves, validators in the ledger, errands, WebSub subscriptions and deliveries.

Revision ID: 0002
Revises: 0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    for column in (
        sa.Column("every", sa.Float()),
        sa.Column("fresh_until", sa.BigInteger()),
        sa.Column("rhythm", sa.LargeBinary()),
        sa.Column("move", sa.LargeBinary()),
        sa.Column("refused_move", sa.Text()),
        sa.Column("push_until", sa.BigInteger()),
    ):
        op.add_column("source", column)
    # The ledger: the last polls only, which come again by themselves.
    op.drop_table("poll")
    op.create_table(
        "poll",
        sa.Column("source_id", ID, autoincrement=False, nullable=False),
        sa.Column("slot", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("status", sa.Integer()),
        sa.Column("duration", sa.Float(), nullable=False),
        sa.Column("bytes_received", sa.BigInteger(), nullable=False),
        sa.Column("sent", sa.LargeBinary()),
        sa.Column("got", sa.LargeBinary()),
        sa.Column("hops", sa.Text(), nullable=False, server_default=sa.text("''")),
        sa.Column("new", sa.Integer(), nullable=False),
        sa.Column("changed", sa.Integer(), nullable=False),
        sa.Column("error_kind", sa.Text()),
        sa.Column("error", sa.Text()),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name=op.f("fk_poll_source_id")),
        sa.PrimaryKeyConstraint("source_id", "slot", name=op.f("pk_poll")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "address_change",
        sa.Column("id", ID, nullable=False),
        sa.Column("source_id", ID, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("before", sa.Text(), nullable=False),
        sa.Column("after", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["source_id"], ["source.id"], name=op.f("fk_address_change_source_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_address_change")),
    )
    op.create_index(op.f("ix_address_change_source_id"), "address_change", ["source_id"])
    op.create_table(
        "errand",
        sa.Column("id", ID, nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_errand")),
    )
    op.create_index(op.f("ix_errand_host_until"), "errand", ["host", "until"])
    op.create_table(
        "subscription",
        sa.Column("source_id", ID, autoincrement=False, nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("hub", sa.Text(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.BigInteger()),
        sa.Column("verified_at", sa.BigInteger()),
        sa.Column("lease_until", sa.BigInteger()),
        sa.Column("next_at", sa.BigInteger()),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text()),
        sa.ForeignKeyConstraint(
            ["source_id"], ["source.id"], name=op.f("fk_subscription_source_id")
        ),
        sa.PrimaryKeyConstraint("source_id", name=op.f("pk_subscription")),
        sa.UniqueConstraint("token", name=op.f("uq_subscription_token")),
    )
    op.create_index(op.f("ix_subscription_next_at"), "subscription", ["next_at"])
    op.create_table(
        "delivery",
        sa.Column("id", ID, nullable=False),
        sa.Column("source_id", ID, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("content_type", sa.Text()),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name=op.f("fk_delivery_source_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery")),
    )

"""Changes of addresses: which were guessed, and which hold a secret.

Revision ID: 0009
Revises: 0008
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("guessed", "secret"):
        op.add_column(
            "address_change",
            sa.Column(name, sa.Boolean(), nullable=False, server_default=sa.false()),
        )

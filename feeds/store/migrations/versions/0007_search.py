"""The text of stories, for searching.

Revision ID: 0007
Revises: 0006
"""

from __future__ import annotations

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    connection = op.get_bind()
    if connection.dialect.name == "postgresql":
        op.execute("CREATE TABLE story_text (story_id BIGINT PRIMARY KEY, words TSVECTOR NOT NULL)")
        op.execute("CREATE INDEX ix_story_text_words ON story_text USING gin (words)")
        return
    version = connection.exec_driver_sql("SELECT sqlite_version()").scalar() or "0"
    # Since 3.43 what is indexed need not be kept a second time.
    new = tuple(map(int, version.split(".")[:2])) >= (3, 43)
    kept = "content='', contentless_delete=1, " if new else ""
    op.execute(
        "CREATE VIRTUAL TABLE story_text USING fts5(title, body, "
        f"{kept}tokenize='unicode61 remove_diacritics 2')"
    )

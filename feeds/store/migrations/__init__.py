"""The steps from each shipped schema to the next, run by feeds.store.schema.

REVISIONS stands here in plain text, so that an up-to-date database opens without Alembic
(0.2 s of import); a test compares it with the scripts.
"""

REVISIONS = ("0001", "0002", "0003", "0004", "0005", "0006", "0007", "0008", "0009")
"""Oldest first."""
HEAD = REVISIONS[-1]

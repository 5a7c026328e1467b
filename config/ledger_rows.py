"""Lines of the ledger, as values and in words."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from config.showing import iso, near
from feeds.models import LedgerRow, Validators


def row_json(row: LedgerRow) -> dict[str, Any]:
    error = {"kind": row.error_kind, "text": row.error}
    return {
        "at": iso(row.at),
        "why": row.reason,
        "outcome": row.outcome.value,
        "status": row.status,
        "hops": [int(status) for status in row.hops.split()],
        "sent": _validators_json(row.sent),
        "got": _validators_json(row.got),
        "bytes": row.bytes_received,
        "ms": round(row.duration * 1000),
        "new": row.new,
        "changed": row.changed,
        "error": None if row.error_kind is None else error,
    }


def _validators_json(given: Validators | None) -> dict[str, str | None] | None:
    """Without their URL, which may be a secret."""
    if given is None:
        return None
    return {"etag": given.etag, "last_modified": given.last_modified}


def status_words(row: LedgerRow) -> str:
    """ "301 → 200"; "–" when no answer came."""
    return " → ".join([*row.hops.split(), "–" if row.status is None else str(row.status)])


def answer_in_words(row: LedgerRow, now: datetime) -> str:
    """ "09:15: 301 → 200, 3 new", "Tue 06:00: 404, http: Not Found"."""
    if row.error_kind is not None:
        what = f"{row.error_kind}: {row.error}"
    else:
        changed = f", {row.changed} changed" if row.changed else ""
        what = f"{row.new} new{changed}" if row.new or row.changed else row.outcome.value
    return f"{near(row.at, now)}: {status_words(row)}, {what}"

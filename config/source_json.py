"""Sources as values: what `--json`, the API and the desk say of them (docs/commands.md)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from config.advice import advice
from config.facts import facts_json, sighting_json
from config.ledger_rows import row_json
from config.settings import Settings
from config.showing import adopted, configured, iso, shown_change, shown_url
from config.standing import Standing, in_words, next_in_words, shown_sighting
from feeds.models import AddressChange, LedgerRow, SourceState

Row = tuple[SourceState, Standing]


def source_json(row: Row, settings: Settings, now: datetime) -> dict[str, Any]:
    state, stands = row
    source = configured(state, settings)
    seen = shown_sighting(state, settings)
    return {
        "id": state.id,
        "url": shown_url(state, settings),
        "title": source.title or state.title,
        "categories": list(source.categories),
        "status": stands.word,
        "since": iso(stands.since),
        "in_words": in_words(stands, now),
        "last_polled": iso(state.last_polled_at),
        "last_success": iso(state.last_success_at),
        "last_new": iso(state.last_new_at),
        "next": iso(state.next_due),
        "reason": state.reason,
        "next_in_words": next_in_words(state, now),
        "articles": state.article_count,
        "address": adopted(state, settings),
        "redirect": None if seen is None else sighting_json(seen),
        "error": _error_json(state),
    }


def _error_json(state: SourceState) -> dict[str, Any] | None:
    if state.error_kind is None:
        return None
    return {
        "kind": state.error_kind,
        "text": state.error,
        "at": iso(state.error_at),
        "count": state.error_count,
        "failures": state.failures,
        "since": iso(state.failing_since),
    }


def why_json(
    row: Row, last: Sequence[LedgerRow], settings: Settings, now: datetime
) -> dict[str, Any]:
    state, stands = row
    source, seen = configured(state, settings), shown_sighting(state, settings)
    return source_json(row, settings, now) | {
        "facts": facts_json(state, source, settings.poll, seen, now),
        "last_answer": row_json(last[0]) if last else None,
        "advice": advice(state, stands, status_of(last)) or None,
    }


def status_of(last: Sequence[LedgerRow]) -> int | None:
    return last[0].status if last else None


def change_json(each: AddressChange, state: SourceState, settings: Settings) -> dict[str, Any]:
    before, after = shown_change(each, state, settings)
    return {
        "id": each.source_id,
        "at": iso(each.at),
        "before": before,
        "after": after,
        "why": each.why,
    }

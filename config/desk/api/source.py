"""/api/sources/{number}: one of them."""

from __future__ import annotations

from typing import Annotated

from fastapi import FastAPI, Query
from pydantic import Field

from config.desk import actions
from config.desk.api.asked import By, Given, Id, Json, Role, Slugs
from config.desk.documents import read_now
from config.desk.house import House
from config.desk.ids import ID, MOST
from config.desk.rights import By as Who
from config.ledger_rows import row_json
from config.showing import iso
from config.source_json import change_json, why_json
from config.standing import standing
from feeds.models import Entry

SHOWN = 30
"""Entries of a document that are told; all are counted."""


class SourceKeys(Given):
    """Keys of [[sources]]; null takes a key out, so that its default holds."""

    url: str | None = Field(
        None,
        min_length=1,
        max_length=2000,
        description="Another address of the same source. Of one with credentials, headers or a "
        "proxy of its own, or with a private address: for admins.",
    )
    title: str | None = Field(None, max_length=500)
    user_agent: str | None = Field(None, max_length=500)
    categories: Slugs | None = None
    every: str | None = Field(None, max_length=20)
    timeout: str | None = Field(None, max_length=20)
    paused: bool | None = None
    preference: int | None = Field(None, ge=-1000, le=1000)
    max_age: str | None = Field(None, max_length=20)
    max_articles: int | None = Field(None, ge=1, le=MOST)


def routes(app: FastAPI, house: House) -> None:
    @app.get(f"/api/sources/{ID}", tags=["sources"])
    def source(number: Id) -> Json:
        """As `feedmill why --json`, with changes of its address."""
        [(state, _)] = actions.states(house, [number])
        now, settings, store = house.store.now(), house.settings, house.store
        row = (state, standing(state, now))
        changes = [change_json(each, state, settings) for each in store.address_changes(state.id)]
        return why_json(row, store.ledger(state.id, 1), settings, now) | {"changes": changes}

    @app.get(f"/api/sources/{ID}/ledger", tags=["sources"])
    def ledger(number: Id, limit: Annotated[int, Query(ge=1, le=200)] = 50) -> list[Json]:
        """Its last requests, newest first."""
        actions.states(house, [number])
        return [row_json(row) for row in house.store.ledger(number, limit)]

    @app.patch(f"/api/sources/{ID}", tags=["sources"])
    def change(number: Id, given: SourceKeys, by: By, role: Role) -> Json:
        """Keys that are sent are written; others stay."""
        values = given.model_dump(exclude_unset=True)
        actions.edit_source(house, number, values, Who(by, role))
        return {"changed": sorted(values)}

    @app.delete(f"/api/sources/{ID}", tags=["sources"])
    def remove(number: Id, by: By) -> Json:
        """It is polled no more; its articles stay."""
        return {"removed": actions.remove(house, [number], by)}

    @app.post(f"/api/sources/{ID}/poll", tags=["sources"])
    def poll(number: Id, by: By, fresh: bool = False) -> Json:
        """As soon as its host lets us."""
        return {"due": actions.poll_now(house, [number], by, fresh=fresh)}

    @app.post(f"/api/sources/{ID}/document", tags=["sources"])
    def document(number: Id) -> Json:
        """What is read of its document now: one request, as soon as its host lets us; nothing is
        stored."""
        [(state, source)] = actions.states(house, [number])
        seen = read_now(house, state, source)
        return {
            "status": seen.status,
            "bytes": seen.bytes,
            "format": seen.read.format,
            "title": seen.read.title,
            "count": len(seen.read.entries),
            "entries": [_entry(each) for each in seen.read.entries[:SHOWN]],
        }

    @app.post(f"/api/sources/{ID}/undo-redirect", tags=["sources"])
    def undo(number: Id, by: By) -> Json:
        """Request the configured address again, or, where a new address was taken for it by its
        ids, make that a source of its own (`undone` false: there is neither). For good."""
        return {"undone": actions.undo_move(house, number, by) is not None}

    @app.post(f"/api/sources/{ID}/release", tags=["sources"])
    def release(number: Id, by: By) -> Json:
        """Let in what the flood guard holds."""
        return {"released": actions.let_in(house, number, True, by)}

    @app.post(f"/api/sources/{ID}/discard", tags=["sources"])
    def discard(number: Id, by: By) -> Json:
        """Drop for good what the flood guard holds."""
        return {"discarded": actions.let_in(house, number, False, by)}


def _entry(each: Entry) -> Json:
    return {
        "guid": each.guid,
        "link": each.link,
        "title": each.title,
        "published": iso(each.published),
        "published_text": each.published_text,
        "updated": iso(each.updated),
        "updated_text": each.updated_text,
        "authors": [one.name or one.email for one in each.authors],
        "terms": [one.term for one in each.terms],
        "enclosures": [one.url for one in each.enclosures],
        "summary": each.summary,
        "content": each.content,
    }

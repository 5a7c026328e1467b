"""/api/status and /api/happenings."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import FastAPI, Query

from config.desk.api.asked import Json
from config.desk.house import House
from config.showing import iso


def routes(app: FastAPI, house: House) -> None:
    @app.get("/api/status", tags=["overview"])
    def status() -> Json:
        """What runs, what is wrong."""
        engine = dict(house.engine())
        engine["since"] = iso(engine["since"])
        del engine["said"]
        return {
            "engine": engine,
            "complaints": list(house.complaints),
            "troubles": [_happening(each) for each in house.store.open_happenings()],
        }

    @app.get("/api/happenings", tags=["overview"])
    def happenings(limit: Annotated[int, Query(ge=1, le=1000)] = 100) -> list[Json]:
        """Troubles, newest first, with their ends."""
        return [_happening(each) for each in house.store.happenings(limit)]


def _happening(each: Any) -> Json:
    return {
        "id": each.id,
        "at": iso(each.at),
        "kind": each.kind,
        "about": each.subject,
        "text": each.text,
        "over_at": iso(each.over_at),
    }

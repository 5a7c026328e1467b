"""The API's part on lists of sources that lie elsewhere."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import FastAPI, Path, Request

from config.desk import actions
from config.desk.house import House
from config.listing import listed_json

Id = Annotated[str, Path(pattern="^[0-9a-f]{12}$")]
Json = dict[str, Any]


def lists(app: FastAPI, house: House) -> None:
    @app.get("/api/lists", tags=["lists"])
    def lists() -> list[Json]:
        """As `feedmill lists --json`."""
        return [listed_json(each) for each in actions.lists(house)]

    @app.post("/api/lists/{name}/ask", tags=["lists"])
    def ask(name: Id, request: Request) -> Json:
        """Ask for it now; what came (`error`: why it could not be read)."""
        return listed_json(actions.ask_for_list(house, name, _by(request)))

    @app.post("/api/lists/{name}/believe", tags=["lists"])
    def believe(name: Id, request: Request) -> Json:
        """Ask for it now, and take it as it is, whatever it has lost."""
        return listed_json(actions.ask_for_list(house, name, _by(request), believe=True))


def _by(request: Request) -> str:
    return str(request.scope["visitor"].name)

"""/api/lists: lists of sources that lie elsewhere."""

from __future__ import annotations

from typing import Annotated

from fastapi import FastAPI, Path

from config.desk import actions
from config.desk.api.asked import By, Json
from config.desk.house import House
from config.listing import listed_json

Name = Annotated[str, Path(pattern="^[0-9a-f]{12}$")]


def routes(app: FastAPI, house: House) -> None:
    @app.get("/api/lists", tags=["lists"])
    def lists() -> list[Json]:
        """As `feedmill lists --json`."""
        return [listed_json(each) for each in actions.lists(house)]

    @app.post("/api/lists/{name}/ask", tags=["lists"])
    def ask(name: Name, by: By) -> Json:
        """Ask for it now; what came (`error`: why it could not be read)."""
        return listed_json(actions.ask_for_list(house, name, by))

    @app.post("/api/lists/{name}/believe", tags=["lists"])
    def believe(name: Name, by: By) -> Json:
        """Ask for it now, and take it as it is, whatever it has lost."""
        return listed_json(actions.ask_for_list(house, name, by, believe=True))

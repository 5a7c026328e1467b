"""/api/tokens, for admins."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import Depends, FastAPI
from pydantic import Field

from config import tokens
from config.desk.actions import Missing
from config.desk.api.asked import Given, Json, Slug, only_admins
from config.desk.house import House
from config.showing import iso
from feeds.errors import ConfigError


class NewToken(Given):
    """`feed`: a private one; `purpose`: api, editor, metrics or ops; neither: all private feeds."""

    label: str = Field(min_length=1, max_length=100, description=f"Whose it is: {tokens.LABEL}.")
    feed: Slug | None = None
    purpose: Literal["api", "editor", "metrics", "ops"] | None = None


def routes(app: FastAPI, house: House) -> None:
    admin = [Depends(only_admins)]

    @app.get("/api/tokens", tags=["tokens"], dependencies=admin)
    def listed() -> list[Json]:
        """Those in force; what they are is kept nowhere."""
        return [
            {"label": each.label, "feed": each.feed, "created": iso(each.created_at)}
            for each in house.store.tokens()
        ]

    @app.post("/api/tokens", status_code=201, tags=["tokens"], dependencies=admin)
    def make(given: NewToken) -> Json:
        """It is shown this once."""
        if given.feed is not None and given.purpose:
            raise ConfigError(["give `feed` or `purpose`, not both"])
        purpose = f"{tokens.ELSEWHERE}{given.purpose}" if given.purpose else given.feed
        token = tokens.add_token(house.app, given.label, purpose)
        return {"token": token, "label": given.label}

    # Older ones may hold a slash.
    @app.delete("/api/tokens/{label:path}", tags=["tokens"], dependencies=admin)
    def revoke(label: Annotated[str, Field(min_length=1, max_length=100)]) -> Json:
        known = {each.label: each for each in house.store.tokens()}
        if label not in known:
            raise Missing([f"{label}: there is no such token"])
        tokens.revoke_token(house.app, known[label])
        return {"revoked": label}

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

    label: str = Field(min_length=1, max_length=100)
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
        if any(each.label == given.label for each in house.store.tokens()):
            raise ConfigError([f"{given.label}: has a token already"])
        private = {each.slug for each in house.settings.feeds if each.private}
        if given.feed is not None and (given.purpose or given.feed not in private):
            raise ConfigError([f"{given.feed}: no private feed, or more than one thing asked for"])
        token = tokens.new_token()
        purpose = f"{tokens.ELSEWHERE}{given.purpose}" if given.purpose else given.feed
        house.store.add_token(tokens.digest(token), purpose, given.label)
        house.app.put_tokens()
        return {"token": token, "label": given.label}

    @app.delete("/api/tokens/{label}", tags=["tokens"], dependencies=admin)
    def revoke(label: Annotated[str, Field(min_length=1, max_length=100)]) -> Json:
        known = {each.label: each for each in house.store.tokens()}
        if label not in known:
            raise Missing([f"{label}: there is no such token"])
        house.store.revoke_token(known[label].digest)
        house.app.put_tokens()
        return {"revoked": label}

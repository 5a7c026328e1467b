"""What calls of the API have in common: their parts, who calls, and what is wrong."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from config.desk.ids import MOST
from config.desk.rights import ADMIN

Id = Annotated[int, Field(ge=1, le=MOST)]
Slug = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
Json = dict[str, Any]


class Given(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Problem(BaseModel):
    """What is wrong, and what to do: a line for each complaint."""

    detail: list[str]


def _by(request: Request) -> str:
    return str(request.scope["visitor"].name)


def _role(request: Request) -> str:
    return str(request.scope["visitor"].role)


def only_admins(request: Request) -> None:
    if _role(request) != ADMIN:
        raise HTTPException(403, "that is for admins")


By = Annotated[str, Depends(_by)]
Role = Annotated[str, Depends(_role)]

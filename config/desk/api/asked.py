"""What calls of the API have in common: their parts, who calls, and what is wrong."""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Any

from fastapi import Depends, Request
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from starlette.exceptions import HTTPException

from config.desk.ids import MOST
from config.desk.rights import ADMIN

Id = Annotated[int, Field(ge=1, le=MOST)]
Slug = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
Json = dict[str, Any]


def _each_once(given: list[str]) -> list[str]:
    if twice := [each for each, count in Counter(given).items() if count > 1]:
        raise ValueError(f"{', '.join(twice)}: named more than once")
    return given


Slugs = Annotated[
    list[Slug],
    Field(max_length=1000, json_schema_extra={"uniqueItems": True}),
    AfterValidator(_each_once),
]


def _whole(given: Any) -> Any:
    return int(given) if isinstance(given, float) and given.is_integer() else given


class Given(BaseModel):
    """What is sent: of the type that is described, no other that could be read as one ("yes")."""

    model_config = ConfigDict(extra="forbid", strict=True)

    @model_validator(mode="before")
    @classmethod
    def _numbers(cls, given: Any) -> Any:
        """JSON has one kind of them: 5.0 is an integer (JSON Schema Validation, §6.1.1)."""
        if not isinstance(given, dict):
            return given
        return {
            key: [_whole(each) for each in value] if isinstance(value, list) else _whole(value)
            for key, value in given.items()
        }


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

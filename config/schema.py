"""The keys of feedmill.toml, as pydantic models: names, types, defaults."""

from __future__ import annotations

import os
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from config.rules import excerpt_of, match_rule
from config.values import (
    Address,
    address,
    duration,
    networks,
    shown,
    site_url,
    size,
    text_or_secret,
    waiting,
    web_url,
    wrong,
)

Duration = Annotated[float, BeforeValidator(duration)]
Waiting = Annotated[float, BeforeValidator(waiting)]
Size = Annotated[int, BeforeValidator(size)]
Networks = Annotated[Any, BeforeValidator(networks)]
WebUrl = Annotated[str, BeforeValidator(web_url)]
Text = Annotated[Any, BeforeValidator(text_or_secret)]
Count = Annotated[int, Field(ge=1)]


def _timezone(name: str) -> str:
    if name not in (zones := available_timezones()):
        word = name.strip().lower().replace(" ", "_")
        near = sorted(each for each in zones if word in (each.lower(), each.lower().split("/")[-1]))
        likely = f'"{near[0]}"' if near else 'one like "Europe/Berlin" or "UTC"'
        raise wrong(f"{shown(name)} is no time zone; write {likely}")
    return ZoneInfo(name).key


def _entry(value: Any) -> str | None:
    """An entry of a list of texts. None, which TOML can't say, stands for one that was wrong."""
    if value is not None and not isinstance(value, str):
        raise wrong(f"must be a text in quotes, not {shown(value)}")
    return None if value is None else one_line(value)


def _readers() -> int:
    """Two, where there are two cores to read on."""
    cores = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else (1, 2)
    return min(2, len(cores))


def one_line(text: str) -> str:
    """A title or the like."""
    if not text.strip():
        raise wrong("must be a text of one line, not empty")
    if not text.isprintable():
        raise wrong(
            f"{shown(text)} must be a text of one line, without control characters; "
            "write \\\\ for a backslash"
        )
    return text.strip()


def _headers(value: Any) -> dict[str, Any]:
    """Names and values are checked one by one, where secrets are looked up."""
    if not isinstance(value, dict):
        raise wrong('must be a table, like { Authorization = { env = "TOKEN" } }')
    return value


Entry = Annotated[Any, BeforeValidator(_entry)]


def _agent(text: str) -> str:
    if not (text.strip() and text.isascii() and text.isprintable()):
        raise wrong('must be printable ASCII on one line, like "Name/1.0 (+https://example.org)"')
    return text.strip()


Line = Annotated[str, AfterValidator(one_line)]


class Table(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class SiteTable(Table):
    title: Line = "Feedmill"
    url: Annotated[str, BeforeValidator(site_url)] | None = None
    contact: Line | None = None
    language: Annotated[str, Field(pattern=r"^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$")] | None = None
    timezone: Annotated[str, AfterValidator(_timezone)] = "UTC"
    id: Line | None = None


class ServerTable(Table):
    listen: Annotated[Any, BeforeValidator(address)] = Address("127.0.0.1", 8080)
    trusted_proxies: Networks = ()


class StoreTable(Table):
    url: Text = "sqlite:///var/feedmill.db"


class PollTable(Table):
    interval: Duration = 3600.0
    min_interval: Duration = 900.0
    max_interval: Duration = 86_400.0
    timeout: Duration = 30.0
    max_body: Size = 10_000_000
    concurrency: Annotated[int, Field(ge=1, le=1000)] = 32
    per_host: Annotated[int, Field(ge=1, le=100)] = 1
    host_delay: Duration = 1.0
    retry_after: Literal["source", "host"] = "source"
    readers: Annotated[int, Field(ge=1, le=64)] = Field(default_factory=_readers)
    allow_private: Networks = False
    proxy: Text = ""
    ca_file: Line | None = None


class WebSubTable(Table):
    enabled: bool | None = None
    lease: Duration = 604_800.0


class HubTable(Table):
    enabled: bool | None = None
    others: list[WebUrl | None] = Field(default_factory=list)


class UserTable(Table):
    password: Text
    role: Literal["editor", "admin"]


class DeskTable(Table):
    users: dict[str, UserTable] = Field(default_factory=dict)
    file: Line = "var/desk.toml"
    session: Duration = 43_200.0


class AlertsTable(Table):
    webhook: Text = None
    failing: Annotated[float, Field(gt=0, le=1)] = 0.5
    late: Duration = 900.0


class ListsTable(Table):
    refresh: Duration = 3600.0
    directory: Line = "var/lists"


class OutputTable(Table):
    directory: Line = "var/public"
    private: Line = "var/private"


class IdentityTable(Table):
    tracking: Line | None = None


class RetentionTable(Table):
    max_age: Duration | None = None
    max_articles: Count | None = None


class StoriesTable(Table):
    window: Duration = 259_200.0


class FeedTable(Table):
    """What a category and a view have in common."""

    title: Line | None = None
    limit: Annotated[int, Field(ge=1, le=10_000)] = 100
    hold: Waiting = 0.0
    upgrade: bool = False
    also_line: bool = False
    backlog: Annotated[int, Field(ge=0, le=10_000)] = 5
    was: Line | None = None
    match: Annotated[Any, BeforeValidator(match_rule)] = None
    delay: Waiting = 0.0
    excerpt: Annotated[Any, BeforeValidator(excerpt_of)] = None
    images: bool = True
    private: bool = False


class CategoryTable(FeedTable):
    max_age: Duration | None = None
    max_articles: Count | None = None


class ViewTable(FeedTable):
    categories: list[Entry] | None = None
    sources: list[Entry] | None = None
    max_age: Duration | None = None


class SourceTable(Table):
    url: Text = None
    file: Line | None = None
    categories: list[Entry] = Field(default_factory=list)
    title: Line | None = None
    every: Duration | None = None
    timeout: Duration | None = None
    paused: bool = False
    headers: Annotated[Any, BeforeValidator(_headers)] = Field(default_factory=dict)
    auth: Text = None
    user_agent: Annotated[str, AfterValidator(_agent)] | None = None
    proxy: Text = None
    allow_private: Networks = None
    secret_url: bool = False
    was: WebUrl | None = None
    preference: Annotated[int, Field(ge=-1000, le=1000)] = 0
    max_age: Duration | None = None
    max_articles: Count | None = None


class ListFile(Table):
    """An included TOML list."""

    categories: dict[str, CategoryTable] = Field(default_factory=dict)
    views: dict[str, ViewTable] = Field(default_factory=dict)
    sources: list[SourceTable | None] = Field(default_factory=list)


class MainFile(ListFile):
    include: list[Entry] = Field(default_factory=list)
    site: SiteTable = SiteTable()
    server: ServerTable = ServerTable()
    store: StoreTable = StoreTable()
    poll: PollTable = PollTable()
    websub: WebSubTable = WebSubTable()
    hub: HubTable = HubTable()
    desk: DeskTable = DeskTable()
    alerts: AlertsTable = AlertsTable()
    lists: ListsTable = ListsTable()
    output: OutputTable = OutputTable()
    identity: IdentityTable = IdentityTable()
    stories: StoriesTable = StoriesTable()
    retention: RetentionTable = RetentionTable()


SECTIONS: dict[str, type[Table]] = {
    "site": SiteTable,
    "server": ServerTable,
    "store": StoreTable,
    "poll": PollTable,
    "websub": WebSubTable,
    "hub": HubTable,
    "desk": DeskTable,
    "alerts": AlertsTable,
    "lists": ListsTable,
    "output": OutputTable,
    "identity": IdentityTable,
    "stories": StoriesTable,
    "retention": RetentionTable,
    "categories": CategoryTable,
    "views": ViewTable,
    "sources": SourceTable,
}
"""The tables whose keys are known by name."""


def keys(of: type[Table]) -> list[str]:
    return list(of.model_fields)

"""What a key of feedmill.toml may hold: types that check themselves, and say in words what they
take (config/reference.py prints those)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BeforeValidator, Field

from config.rules import excerpt_of, match_rule
from config.values import (
    address,
    duration,
    networks,
    plain,
    shown,
    site_url,
    size,
    text_or_secret,
    waiting,
    web_url,
    wrong,
)


@dataclass(frozen=True, slots=True)
class Words:
    """How the reference calls a kind. pydantic passes it over."""

    one: str
    range: str = ""
    many: str = ""
    """What a list of them holds; "" for `one` with an s."""


def one_line(text: str) -> str:
    """A title or the like."""
    if not text.strip():
        said = "must be a text of one line, not empty"
        raise plain(said)
    if not text.isprintable():
        said = "must be a text of one line, without control characters; write \\\\ for a backslash"
        raise wrong(f"{shown(text)} {said}", said)
    return text.strip()


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


def _headers(value: Any) -> dict[str, Any]:
    """Names and values are checked one by one, where secrets are looked up."""
    if not isinstance(value, dict):
        said = 'must be a table, like { Authorization = { env = "TOKEN" } }'
        raise plain(said)
    return value


def _agent(text: str) -> str:
    if not (text.strip() and text.isascii() and text.isprintable()):
        raise wrong('must be printable ASCII on one line, like "Name/1.0 (+https://example.org)"')
    return text.strip()


Duration = Annotated[
    float, BeforeValidator(duration), Words("duration", 'above nothing, up to `"520w"`')
]
Waiting = Annotated[float, BeforeValidator(waiting), Words("duration", 'up to `"520w"`')]
Size = Annotated[int, BeforeValidator(size), Words("size", '1 byte to `"1GB"`')]
Count = Annotated[int, Field(ge=1)]
Networks = Annotated[Any, BeforeValidator(networks), Words("`true`, `false` or a list of networks")]
WebUrl = Annotated[
    str, BeforeValidator(web_url), Words("web address", "http or https", "web addresses")
]
SiteUrl = Annotated[
    str,
    BeforeValidator(site_url),
    Words("web address", "http or https; no user, query or fragment"),
]
Listen = Annotated[Any, BeforeValidator(address), Words("`host:port`", "ports 1 to 65535")]
Text = Annotated[Any, BeforeValidator(text_or_secret), Words("text or secret")]
Line = Annotated[str, AfterValidator(one_line), Words("text", "one line, not empty")]
Entry = Annotated[Any, BeforeValidator(_entry), Words("text")]
Zone = Annotated[str, AfterValidator(_timezone), Words("time zone", "names of the tz database")]
Language = Annotated[
    str,
    Field(pattern=r"^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$"),
    Words("language tag", 'like `"en"`, `"pt-BR"`'),
]
Rule = Annotated[Any, BeforeValidator(match_rule), Words("table of rules")]
Excerpt = Annotated[
    Any,
    BeforeValidator(excerpt_of),
    Words('`"full"`, `"headline"` or a whole number', "1 to 10000"),
]
Headers = Annotated[
    Any, BeforeValidator(_headers), Words("table of texts or secrets", "printable ASCII")
]
Agent = Annotated[str, AfterValidator(_agent), Words("text", "printable ASCII, one line")]

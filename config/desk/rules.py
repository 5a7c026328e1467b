"""`match` rules as a form has them: lines of `field: pattern` of which all, any or none must fit.
What is of another shape is written as TOML. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import tomli

from config.rules import check_depth
from config.suggest import did_you_mean
from config.written import value_text
from feeds.errors import ConfigError
from feeds.models import FIELDS


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleForm:
    """Texts of the form's fields."""

    every: str = ""
    some: str = ""
    none: str = ""
    toml: str = ""
    """The rule as it stands in the file, when the lines can't say it."""

    def table(self) -> dict[str, Any] | None:
        """The rule; None without one. Raises ConfigError for lines that say nothing."""
        if self.toml.strip():
            if self.every.strip() or self.some.strip() or self.none.strip():
                raise ConfigError(["match: write lines, or TOML, not both"])
            return _toml(self.toml)
        found: dict[str, Any] = {}
        if lines := _lines(self.every, "all of"):
            found["all"] = lines
        if lines := _lines(self.some, "any of"):
            found["any"] = lines
        if lines := _lines(self.none, "none of"):
            found["not"] = {"any": lines}
        return found or None


def form_of(rule: Mapping[str, Any] | None) -> RuleForm:
    """The form for what is written."""
    if not rule:
        return RuleForm()
    parts: dict[str, list[str] | None] = {"all": [], "any": [], "not": []}
    for key, value in rule.items():
        if key in FIELDS:
            key, value = "all", [{key: value}]
        if key in ("all", "any"):
            before, more = parts[key], _said(value)
            parts[key] = None if before is None or more is None else [*before, *more]
        elif key == "not" and isinstance(value, Mapping):
            parts["not"] = _denied(value)
        else:
            parts["not"] = None
    if any(each is None for each in parts.values()):
        return RuleForm(toml=value_text(rule))
    every, some, none = ("\n".join(each or ()) for each in parts.values())
    return RuleForm(every=every, some=some, none=none)


def _denied(value: Mapping[str, Any]) -> list[str] | None:
    if set(value) == {"any"}:
        return _said(value["any"])
    return _said([value]) if len(value) == 1 else None


def _said(tables: Any) -> list[str] | None:
    """Lines of tables that have one pattern each; None for others."""
    lines = []
    for each in tables if isinstance(tables, list) else [None]:
        if not isinstance(each, Mapping) or len(each) != 1:
            return None
        [(key, value)] = each.items()
        if key not in FIELDS or not isinstance(value, str) or "\n" in value:
            return None
        lines.append(f"{key}: {value}")
    return lines


def _lines(text: str, where: str) -> list[dict[str, str]]:
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        name, colon, pattern = line.partition(":")
        field = name.strip().lower()
        if not colon or field not in FIELDS or not pattern.strip():
            near = did_you_mean(field, FIELDS) if colon else 'write one like "title: ferr(y|ies)"'
            raise ConfigError([f"match, {where}, line {number}: no rule; {near}"])
        found.append({field: pattern.strip()})
    return found


def _toml(text: str) -> dict[str, Any]:
    try:
        found = tomli.loads(f"match = {text.strip()}")
        check_depth(found)
    except tomli.TOMLDecodeError as error:
        raise ConfigError([f"match: not TOML: {error}"]) from error
    except RecursionError as error:
        raise ConfigError(["match: it is nested too deep to be read"]) from error
    except ValueError as error:
        raise ConfigError([f"match: {error}"]) from error
    if set(found) != {"match"} or not isinstance(found["match"], dict):
        raise ConfigError(['match: write a table, like { title = "ferr(y|ies)" }'])
    return dict(found["match"])

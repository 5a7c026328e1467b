"""`match = { … }`: a rule of a category or view, read and checked."""

from __future__ import annotations

from typing import Any

from config.suggest import did_you_mean
from config.values import shown, wrong
from feeds.models import FIELDS, Match

_JOINED = ("all", "any", "not")
_DEEPEST = 20
_EXAMPLE = 'write one like { any = [{ title = "ferr(y|ies)" }, { text = "harbou?r" }] }'


def check_depth(value: Any) -> None:
    """Of what somebody has sent, before anything that recurses sees it. Raises ValueError for what
    is deeper than any rule: a level is a table, or a list and a table."""
    level = [value]
    for _ in range(3 * _DEEPEST):
        level = [
            inner
            for each in level
            if isinstance(each, (dict, list))
            for inner in (each.values() if isinstance(each, dict) else each)
        ]
        if not level:
            return
    raise _too_deep()


def _too_deep() -> ValueError:
    return wrong(f"rules are nested more than {_DEEPEST} deep; write fewer, in lists of `any`")


def match_rule(value: Any) -> Match:
    """A table: each of its keys must fit. `title`, `text`, `author`, `term`, `source`, `url` hold a
    pattern, or a list of which one must be found; `all` and `any` hold lists of such tables, `not`
    a table."""
    return _table(value, "match", _DEEPEST)


def _table(value: Any, where: str, depth: int) -> Match:
    if not isinstance(value, dict) or not value:
        raise wrong(f"{where} must be a table of rules, not {shown(value)}; {_EXAMPLE}")
    if depth == 0:
        raise _too_deep()
    parts = tuple(_rule(str(key), each, f"{where}.{key}", depth) for key, each in value.items())
    return parts[0] if len(parts) == 1 else Match(kind="all", parts=parts)


def _rule(key: str, value: Any, where: str, depth: int) -> Match:
    if key in FIELDS:
        listed = value if isinstance(value, list) else [value]
        if not listed:
            raise wrong(f'{where} has no pattern; write one like ["ferr(y|ies)"]')
        return Match(kind=key, patterns=tuple(_pattern(each, where) for each in listed))
    if key == "not":
        return Match(kind="not", parts=(_table(value, where, depth - 1),))
    if key in _JOINED:
        if not isinstance(value, list) or not value:
            raise wrong(f"{where} must be a list of tables, not {shown(value)}; {_EXAMPLE}")
        parts = (_table(each, f"{where}[{at}]", depth - 1) for at, each in enumerate(value))
        return Match(kind=key, parts=tuple(parts))
    raise wrong(f"{where}: there is no such rule, {did_you_mean(key, (*FIELDS, *_JOINED))}")


def as_table(rule: Match) -> dict[str, Any]:
    """The table of which this rule was read, or a shorter one that means the same."""
    if rule.kind in FIELDS:
        [*patterns] = rule.patterns
        return {rule.kind: patterns[0] if len(patterns) == 1 else patterns}
    tables = [as_table(each) for each in rule.parts]
    if rule.kind == "not":
        return {"not": tables[0]}
    keys = [key for each in tables for key in each]
    if rule.kind == "all" and len(tables) > 1 and len(set(keys)) == len(keys) == len(tables):
        return {key: value for each in tables for key, value in each.items()}
    return {rule.kind: tables}


def _pattern(value: Any, where: str) -> str:
    from publisher.matching import BadPattern, checked

    if not isinstance(value, str) or not value:
        raise wrong(
            f'{where} must be a pattern in quotes, not {shown(value)}; write one like "ferr(y|ies)"'
        )
    try:
        return checked(value)
    except BadPattern as error:
        raise wrong(
            f"{where}: {shown(value)} is no pattern of RE2 ({error}); a literal . * + ? ( ) [ ] "
            "{ } | ^ $ or \\ needs a \\ before it"
        ) from error


def _number(value: Any) -> bool:
    return isinstance(value, str) and value.strip().isdecimal() and 0 < int(value[:6]) <= 10_000


def excerpt_of(value: Any) -> int | None:
    """ "full", "headline", or a number of words."""
    if value == "full":
        return None
    if value == "headline":
        return 0
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 10_000:
        return value
    raise wrong(
        f'{shown(value)} is neither "full" nor "headline" nor a number of words; write '
        + (f"{int(value)}, without quotes" if _number(value) else "one like 40")
    )

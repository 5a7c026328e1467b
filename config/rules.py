"""`match = { … }`: a rule of a category or view, read and checked."""

from __future__ import annotations

from typing import Any

from config.lines import Path as KeyPath
from config.suggest import did_you_mean
from config.values import shown, wrong, wrong_inside
from feeds.models import FIELDS, Match

_JOINED = ("all", "any", "not")
_DEEPEST = 20
_TOO_DEEP = f"rules are nested more than {_DEEPEST} deep; write fewer, in lists of `any`"
_NOTHING = Match(kind="title", patterns=())
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
    raise wrong(_TOO_DEEP)


def match_rule(value: Any) -> Match:
    """A table: each of its keys must fit. `title`, `text`, `author`, `term`, `source`, `url` hold a
    pattern, or a list of which one must be found; `all` and `any` hold lists of such tables, `not`
    a table. Raises with all that is wrong, each at its place."""
    reading = _Reading()
    found = reading.table(value, (), _DEEPEST)
    if reading.faults:
        raise wrong_inside(reading.faults)
    return found


class _Reading:
    """What is wrong is noted, and gives a rule that nobody uses."""

    def __init__(self) -> None:
        self.faults: list[tuple[KeyPath, str]] = []

    def _wrong(self, at: KeyPath, text: str) -> Match:
        self.faults.append((at, text))
        return _NOTHING

    def table(self, value: Any, at: KeyPath, depth: int) -> Match:
        if not isinstance(value, dict) or not value:
            return self._wrong(at, f"must be a table of rules, not {shown(value)}; {_EXAMPLE}")
        if depth == 0:
            return self._wrong(at, _TOO_DEEP)
        parts = [self._rule(str(key), each, (*at, key), depth) for key, each in value.items()]
        return parts[0] if len(parts) == 1 else Match(kind="all", parts=tuple(parts))

    def _rule(self, key: str, value: Any, at: KeyPath, depth: int) -> Match:
        if key in FIELDS:
            return self._patterns(key, value, at)
        if key == "not":
            return Match(kind="not", parts=(self.table(value, at, depth - 1),))
        if key not in _JOINED:
            near = did_you_mean(key, (*FIELDS, *_JOINED))
            return self._wrong(at, f"there is no such rule, {near}")
        if not isinstance(value, list) or not value:
            return self._wrong(at, f"must be a list of tables, not {shown(value)}; {_EXAMPLE}")
        parts = [self.table(each, (*at, n), depth - 1) for n, each in enumerate(value)]
        return Match(kind=key, parts=tuple(parts))

    def _patterns(self, key: str, value: Any, at: KeyPath) -> Match:
        if not isinstance(value, list):
            return Match(kind=key, patterns=(self._pattern(value, at),))
        if not value:
            return self._wrong(at, 'has no pattern; write one like ["ferr(y|ies)"]')
        found = [self._pattern(each, (*at, n)) for n, each in enumerate(value)]
        return Match(kind=key, patterns=tuple(found))

    def _pattern(self, value: Any, at: KeyPath) -> str:
        from publisher.matching import BadPattern, checked

        if not isinstance(value, str) or not value:
            form = 'write one like "ferr(y|ies)"'
            self._wrong(at, f"must be a pattern in quotes, not {shown(value)}; {form}")
            return ""
        try:
            return checked(value)
        except BadPattern as error:
            text = f"{shown(value)} is no pattern of RE2 ({error}); a literal . * + ? ( ) [ ] "
            self._wrong(at, text + "{ } | ^ $ or \\ needs a \\ before it")
            return ""


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

"""What is shown: a line for each rule, and below it what shows that it is broken."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from config.etiquette.origin import Asked
from config.etiquette.seen import Record, Seen
from config.etiquette.stage import Fault, Rule

USUAL = ("host", "accept", "connection", "user-agent", "accept-encoding", "a-im")
"""Headers that are shown only where a fault is about them."""


@dataclass(frozen=True, slots=True)
class Verdict:
    rule: Rule
    faults: tuple[Fault, ...]
    asked: tuple[Asked, ...]
    """All requests of its scenario."""

    @property
    def kept(self) -> bool:
        return not self.faults


def judged(record: Record, rules: Sequence[Rule]) -> list[Verdict]:
    found = []
    for rule in rules:
        seen = Seen(rule.number, record)
        found.append(Verdict(rule, tuple(rule.judge(seen)), tuple(seen.own())))
    return found


def lines(verdict: Verdict, record: Record, *, verbose: bool) -> Iterator[str]:
    word = "kept" if verdict.kept else "broken"
    yield f"{verdict.rule.name:<4} {word:<7} {verdict.rule.title}"
    for fault in verdict.faults:
        yield f"       {fault.text}"
        yield from (f"         {one(asked, record)}" for asked in fault.asked)
        yield from (f"         | {line}" for line in fault.lines)
    if verbose:
        yield from (f"       - {one(asked, record)}" for asked in verdict.asked)


def one(asked: Asked, record: Record) -> str:
    """A request on a line, in ASCII."""
    hours = (asked.now - record.stage.start).total_seconds() / 3600
    shown = [
        f"{name}: {value[:80]}{'…' * (len(value) > 80)}"
        for name, value in asked.headers
        if name.lower() not in USUAL
    ]
    where = f"{asked.host}:{asked.port}{asked.target[:100]}"
    text = f"{hours:7.2f} h  {asked.method} {where} → {asked.status or '-'}  " + "; ".join(shown)
    return "".join(c if c.isprintable() else "\ufffd" for c in text).rstrip()


def as_json(verdict: Verdict, record: Record) -> dict[str, Any]:
    return {
        "rule": verdict.rule.name,
        "title": verdict.rule.title,
        "kept": verdict.kept,
        "faults": [
            {
                "text": fault.text,
                "requests": [one(asked, record) for asked in fault.asked],
                "lines": list(fault.lines),
            }
            for fault in verdict.faults
        ],
        "requests": len(verdict.asked),
    }

"""What a judge looks at: the requests that came, and what store, log and verbs showed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from config.etiquette.origin import Asked
from config.etiquette.stage import Feed, Stage

Row = Mapping[str, Any]
LEDGER = "SELECT source_id, outcome, status, new, changed, error_kind FROM poll ORDER BY number"


@dataclass
class Record:
    """All that a rehearsal left behind."""

    stage: Stage
    asked: list[Asked] = field(default_factory=list)
    connected: list[tuple[str, int]] = field(default_factory=list)
    sources: dict[str, list[Row]] = field(default_factory=dict)
    """Act → `sources --json` at its end, in the order of the configuration."""
    articles: list[Row] = field(default_factory=list)
    """`articles --json` at the end."""
    ledger: list[tuple[Any, ...]] = field(default_factory=list)
    """LEDGER of the store's rows, oldest first."""
    log: str = ""
    outputs: Sequence[str] = ()
    """What all verbs printed."""
    published: Mapping[str, bytes] = field(default_factory=dict)
    said: dict[str, str] = field(default_factory=dict)
    """Act → what its verb printed."""


class Seen:
    """One rule's view: names of feeds are those of its scene."""

    def __init__(self, rule: int, record: Record) -> None:
        self._rule, self.record = rule, record
        self.start: datetime = record.stage.start

    def feed(self, name: str) -> Feed:
        return self.record.stage.feeds[f"E{self._rule} {name}"]

    def hours(self, asked: Asked) -> float:
        """Since the rehearsal began, by its clock."""
        return (asked.now - self.start).total_seconds() / 3600

    # --- requests

    @property
    def everything(self) -> list[Asked]:
        return self.record.asked

    def own(self) -> list[Asked]:
        """All requests to this rule's hosts."""
        beginning = f"127.1.{self._rule}."
        return [each for each in self.record.asked if each.host.startswith(beginning)]

    def at(self, host: str, path: str | None = None) -> list[Asked]:
        return [
            each
            for each in self.record.asked
            if each.host == host and (path is None or each.path == path)
        ]

    def polls(self, name: str) -> list[Asked]:
        """The requests for that feed's own address."""
        feed = self.feed(name)
        return self.at(feed.host, feed.path)

    def times(self, name: str) -> list[float]:
        return [self.hours(each) for each in self.polls(name)]

    # --- store and verbs

    def source(self, name: str, act: str = "") -> Row:
        """As `sources --json` had it then (before it was paused, or at the end); {} when it had
        not."""
        act = act or ("morning" if self.feed(name).brief else "end")
        rows = self.record.sources.get(act) or []
        position = list(self.record.stage.feeds).index(f"E{self._rule} {name}")
        return rows[position] if position < len(rows) else {}

    def error(self, name: str, act: str = "") -> str | None:
        """The kind of its error."""
        found = self.source(name, act).get("error") or {}
        kind: str | None = found.get("kind")
        return kind

    def guids(self, name: str) -> set[str]:
        """Of its stored articles."""
        number = self.source(name).get("id")
        return {str(each["guid"]) for each in self.record.articles if each["source_id"] == number}

    def outcomes(self, name: str) -> list[str]:
        """Of its polls, as the ledger has them."""
        number = self.source(name).get("id")
        return [str(row[1]) for row in self.record.ledger if row[0] == number]

    def log_lines(self, *words: str) -> tuple[str, ...]:
        return tuple(
            line for line in self.record.log.splitlines() if all(word in line for word in words)
        )

"""What a check says: how it stands, and what to do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Grade(StrEnum):
    OK = "ok"
    WARN = "warn"
    """It works, and will not for ever, or not for all."""
    BAD = "bad"
    """Something does not work, or lets out what it must not."""


@dataclass(frozen=True, slots=True)
class Finding:
    check: str
    grade: Grade
    text: str
    advice: str = ""
    """What to do; nothing for what is well."""

    @property
    def line(self) -> str:
        said = f"{self.text}: {self.advice}" if self.advice else self.text
        return f"{self.grade:<4}  {self.check}: {said}"


def ok(check: str, text: str) -> Finding:
    return Finding(check, Grade.OK, text)


def warn(check: str, text: str, advice: str) -> Finding:
    return Finding(check, Grade.WARN, text, advice)


def bad(check: str, text: str, advice: str) -> Finding:
    return Finding(check, Grade.BAD, text, advice)


def any_bad(findings: Iterable[Finding]) -> bool:
    return any(each.grade is Grade.BAD for each in findings)

"""Texts that were taken apart are kept for the next comparison, up to so many words."""

from __future__ import annotations

from collections import OrderedDict

from aggregator.likeness.words import Text, text_of
from feeds.models import Entry

WORDS = 50_000
"""A hundred texts. Words lie scattered over the memory of a process, which keeps what lies between
them: with 200,000 linking 30,000 articles took 30 MB more, and no less time."""


class Texts:
    """By number of article; those that were not asked for the longest go first."""

    def __init__(self, words: int = WORDS) -> None:
        self._words, self._held = words, 0
        self._texts: OrderedDict[int, Text] = OrderedDict()

    def of(self, number: int, entry: Entry) -> Text:
        """`entry`: of this article."""
        if (text := self._texts.get(number)) is not None:
            self._texts.move_to_end(number)
            return text
        text = self._texts[number] = text_of(entry)
        self._held += len(text.body)
        while self._held > self._words and len(self._texts) > 1:
            _, dropped = self._texts.popitem(last=False)
            self._held -= len(dropped.body)
        return text

    def __len__(self) -> int:
        return len(self._texts)

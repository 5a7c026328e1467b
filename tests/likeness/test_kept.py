"""How many texts are kept for the next comparison."""

from __future__ import annotations

from aggregator.likeness.kept import Texts
from feeds.models import Entry


def entry(words: int) -> Entry:
    return Entry(title="Title", content="word " * words)


def test_texts_are_kept_up_to_so_many_words() -> None:
    """The one that nobody asked for the longest goes first; what is kept is not made again."""
    texts = Texts(100)
    first, second = texts.of(1, entry(50)), texts.of(2, entry(50))
    assert texts.of(1, entry(50)) is first
    texts.of(3, entry(10))
    assert len(texts) == 2
    assert texts.of(1, entry(50)) is first
    assert texts.of(2, entry(50)) is not second


def test_a_text_longer_than_that() -> None:
    """It is kept alone; afterwards there is room for others again."""
    texts = Texts(100)
    long = texts.of(1, entry(500))
    assert texts.of(1, entry(500)) is long
    few = [texts.of(number, entry(50)) for number in (2, 3)]
    assert len(texts) == 2
    assert [texts.of(number, entry(50)) for number in (2, 3)] == few

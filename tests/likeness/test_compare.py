"""What the comparison sees, case by case."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.likeness.compare import Verdict, compare
from aggregator.likeness.sketch import SHORTEST, sketch
from aggregator.likeness.words import Text, seen_text, text_of, words_of
from feeds.models import Entry
from tests.likeness.material import story

WIRE = (
    "Three fishermen were rescued off the northern coast late on Monday after their boat lost its "
    "engine in a storm, the coast guard said. A helicopter lifted the men from the deck while "
    "waves of six metres broke over it. “We had already said goodbye,” one of them told reporters "
    "in the harbour of Vestmark. All three were taken to hospital and could leave it in the "
    "morning. The boat was found by a freighter and is being towed to land."
)


def text(body: str, title: str = "Fishermen rescued in storm") -> Text:
    return text_of(Entry(title=title, content=body))


def verdict(one: str, other: str, *titles: str) -> Verdict:
    first, second = text(one, *titles[:1]), text(other, *titles[1:])
    found = compare(first, second)
    assert compare(second, first) == found, "symmetric"
    return found.verdict


@pytest.mark.parametrize(
    ("copy", "title"),
    [
        (WIRE, "Men saved from sinking boat"),
        (f"PTI Vestmark {WIRE}", "Fishermen rescued in storm"),
        (f"VESTMARK, Nov 24 (Reuters) – {WIRE}", "Fishermen rescued in storm"),
        (WIRE.replace("A helicopter", "<p>ADVERTISEMENT</p><p>A helicopter"), "Rescue at sea"),
        (f"{WIRE} Follow us on Buzzer. Read more", "Fishermen rescued in storm"),
        (WIRE[: WIRE.index("All three")], "Fishermen rescued in storm"),
        (f"<p>{WIRE}</p><p>{WIRE[: WIRE.index('“We')]}</p>", "Fishermen rescued in storm"),
        (WIRE.replace("Monday", "the first day of the week"), "Fishermen rescued in storm"),
    ],
)
def test_copies(copy: str, title: str) -> None:
    """Another headline, a dateline, appeals, a paragraph less, or one twice."""
    assert verdict(WIRE, copy, "Fishermen rescued in storm", title) is Verdict.COPY


def test_excerpts() -> None:
    """Forty words of the whole, from its beginning or its middle."""
    words = WIRE.split()
    for begin in (0, 25):
        excerpt = " ".join(words[begin : begin + 40]) + "…"
        found = compare(text(WIRE), text(excerpt))
        assert found.alike, found
        assert sketch(text(WIRE).body) & sketch(text(excerpt).body)


@pytest.mark.parametrize(
    ("other", "titles", "said"),
    [
        (WIRE.replace("Three", "3").replace("six", "6"), (), Verdict.COPY),
        (
            "Weather for 24 November: 7 degrees, wind 30 from the north, rain from 9 until 17, and "
            "the sun sets at 16 hours 20. Keep windows shut and cars off the quay until the "
            "warning has been lifted by the office in charge.",
            (),
            Verdict.OTHER,
        ),
        (
            WIRE + " An earlier version of this article said that the waves were twelve metres.",
            (),
            Verdict.COPY,
        ),
        (
            WIRE.replace("six metres", "twelve metres")
            + " An earlier version of this article said that the waves were of six metres.",
            (),
            Verdict.CORRECTED,
        ),
        (WIRE.replace("Vestmark", "Holmegaard"), (), Verdict.FILLED),
        (WIRE, ("The storm, part 1", "The storm, part 2"), Verdict.TITLE),
        (WIRE, ("Release 1.4", "Release 1.5"), Verdict.TITLE),
        (WIRE, ("Nurse (Sandvig)", "Nurse (Holmegaard)"), Verdict.TITLE),
        (
            "The owner of a fishing boat that was given up in a storm on Monday has to answer in "
            "court, the prosecutor said on Thursday. The engine had not been looked after for "
            "years, he said, and the papers were false. The trial is to begin in the spring and "
            "will be held in public at the old customs house. " + WIRE,
            ("Fishermen rescued in storm", "Boat owner charged"),
            Verdict.LEAD,
        ),
        ("Three fishermen were rescued.", (), Verdict.SHORT),
    ],
)
def test_verdicts(other: str, titles: tuple[str, ...], said: Verdict) -> None:
    """A form filled in anew, a correction, a sequel, a follow-up."""
    assert verdict(WIRE, other, *titles) is said


def test_numbers_in_their_places() -> None:
    """The same report of another day."""
    form = (
        "The index rose {} percent to close at {} points on a volume of {} million shares, while "
        "the currency traded at {} against the dollar. Analysts said that investors were waiting "
        "for the decision of the central bank and that trading would remain thin until then."
    )
    one, other = form.format("0.4", "18,204", 312, "1.08"), form.format("1.2", "17,960", 298, "1.1")
    assert verdict(one, other) is Verdict.FILLED
    assert verdict(one, one.replace("18,204", "18204")) is Verdict.COPY


def test_what_is_seen_of_html() -> None:
    """Blocks end words and lines, inline markup doesn't; entities are characters."""
    assert words_of(seen_text("<p>One<b>two</b></p><p>three&amp;four<br>five</p>")) == [
        *("onetwo", "three", "four", "five"),
    ]
    assert words_of("1,000.50 元旦 don’t x_y") == ["1000.50", "元", "旦", "don", "t", "x", "y"]


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_symmetric(one: int, other: int) -> None:
    """Whatever is compared with whatever."""
    first, second = (text_of(story(random.Random(seed)).entry()) for seed in (one, other))
    assert compare(first, second) == compare(second, first)
    assert compare(first, first).alike or len(first.body) < SHORTEST


@given(st.text(), st.text(), st.text(), st.text())
def test_any_text(title: str, body: str, other: str, more: str) -> None:
    """Nothing that an entry may hold makes it fail."""
    one, two = text_of(Entry(title=title, content=body)), text_of(Entry(title=other, summary=more))
    assert compare(one, two) == compare(two, one)
    assert (sketch(one.body) == frozenset()) == (len(one.body) < SHORTEST)

"""Articles to be told apart or together: our own, made by a grammar, and those of the corpus."""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import lru_cache
from html import escape

from aggregator.likeness.words import seen_text
from aggregator.read.reader import read
from feeds.errors import ReadError
from feeds.models import Entry
from tests.shared import folder


@dataclass(frozen=True)
class Piece:
    """A text by its paragraphs."""

    title: str
    paragraphs: tuple[str, ...]

    def entry(self) -> Entry:
        body = "".join(f"<p>{escape(each, quote=False)}</p>" for each in self.paragraphs)
        return Entry(title=self.title, content=body)

    @property
    def words(self) -> int:
        return sum(len(each.split()) for each in self.paragraphs)


_SYLLABLES = [
    "ba",
    "lo",
    "ren",
    "mi",
    "ta",
    "vek",
    "sur",
    "na",
    "del",
    "kor",
    "ish",
    "pra",
    "mon",
    "tel",
    "gar",
    "un",
    "fis",
    "dor",
    "wel",
    "ka",
    "hin",
    "sto",
]


def name(rng: random.Random) -> str:
    return "".join(rng.sample(_SYLLABLES, rng.choice((2, 2, 3)))).capitalize()


_SUBJECTS = (
    "the council",
    "a panel of judges",
    "the harbour authority",
    "researchers",
    "two witnesses",
    "the ministry",
    "a local farmer",
    "the opposition",
    "engineers",
    "the museum",
    "neighbours",
    "the railway",
    "its owners",
    "an inspector",
    "the union",
    "several parents",
    "the hospital",
)
_VERBS = (
    "approved",
    "rejected",
    "postponed",
    "welcomed",
    "questioned",
    "measured",
    "rebuilt",
    "described",
    "examined",
    "abandoned",
    "financed",
    "inherited",
    "protected",
    "misjudged",
    "repainted",
    "sold",
    "surveyed",
    "closed",
    "defended",
    "translated",
)
_OBJECTS = (
    "the bridge over the river",
    "a plan for the old market",
    "the results of the second trial",
    "an agreement with the port",
    "the night train",
    "a forgotten manuscript",
    "the water supply",
    "hundreds of apple trees",
    "a complaint about noise",
    "the budget for schools",
    "a rare beetle",
    "the lighthouse",
    "a letter from the mayor",
    "the winter timetable",
    "its largest workshop",
    "the border crossing",
    "a collection of maps",
    "the evening classes",
    "a bronze statue",
)
_HOWS = (
    "after weeks of rain",
    "without much debate",
    "against the advice of its own lawyers",
    "for the first time since the war",
    "with a margin that surprised everyone",
    "although nobody had asked for it",
    "as part of a wider reform",
    "in front of a small crowd",
    "before the holidays",
    "to the relief of shopkeepers",
    "despite rising costs",
    "following an accident last spring",
    "because the lease had expired",
    "on a cold morning",
)
_ASIDES = (
    "“We have waited long enough,” said {name} {name2}, who runs a bakery nearby.",
    "The work is to cost {number} crowns and last until the {ordinal} of the month.",
    "In {place}, where a similar attempt failed, people remain doubtful.",
    "A spokesman for {name} declined to comment.",
    "About {number} people live in the area, most of them in houses built before the canal.",
    "Nobody was hurt, and the road was open again by noon.",
    "The decision can be appealed within {small} weeks.",
    "{name} {name2}, a historian at {place}, called it a late victory for common sense.",
    "Prices have risen by {small} percent since the summer.",
    "What happens to the archive in the cellar has not been settled.",
)


def _aside(rng: random.Random) -> str:
    return rng.choice(_ASIDES).format(
        name=name(rng),
        name2=name(rng),
        place=name(rng),
        number=f"{rng.randrange(1, 900)},{rng.randrange(1000):03}",
        small=rng.randrange(2, 60),
        ordinal=f"{rng.randrange(4, 28)}th",
    )


def sentence(rng: random.Random) -> str:
    if rng.random() < 0.35:
        return _aside(rng)
    words = [rng.choice(_SUBJECTS), f"of {name(rng)}", rng.choice(_VERBS), rng.choice(_OBJECTS)]
    if rng.random() < 0.7:
        words.append(rng.choice(_HOWS))
    if rng.random() < 0.5:
        words += ["and", rng.choice(_VERBS), rng.choice(_OBJECTS), rng.choice(_HOWS)]
    text = " ".join(words)
    return text[0].upper() + text[1:] + "."


def headline(rng: random.Random) -> str:
    return f"{name(rng)}: {rng.choice(_SUBJECTS)} {rng.choice(_VERBS)} {rng.choice(_OBJECTS)}"


def story(rng: random.Random, paragraphs: int | None = None) -> Piece:
    """A news story that nobody has read before."""
    count = paragraphs or rng.randrange(3, 9)
    made = (" ".join(sentence(rng) for _ in range(rng.randrange(1, 4))) for _ in range(count))
    return Piece(headline(rng), tuple(made))


@lru_cache(maxsize=1)
def corpus() -> tuple[tuple[Piece, ...], ...]:
    """The articles of each document of the corpus that have 60 words or more; () without it."""
    place = folder() / "corpus"
    if not place.is_dir():
        return ()
    found = (_pieces(path.read_bytes()) for path in sorted(place.iterdir()))
    return tuple(pieces for pieces in found if pieces)


def _pieces(body: bytes) -> tuple[Piece, ...]:
    try:
        entries = read(body, "https://example.org/feed", None).entries
    except ReadError:
        return ()
    return tuple(piece for entry in entries[:40] if (piece := _piece(entry)).words >= 60)


def _piece(entry: Entry) -> Piece:
    texts = [seen_text(html) for html in (entry.content, entry.summary) if html]
    lines = [" ".join(line.split()) for line in max(texts, key=len, default="").splitlines()]
    return Piece(entry.title, tuple([line for line in lines if line][:60]))

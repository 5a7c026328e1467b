"""What happens to a text on its way, and what only looks like it: by name, each from a seed."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from tests.likeness.material import Piece, headline, name, sentence, story


@dataclass
class Outlet:
    """A source with the phrases that it puts into each of its articles."""

    rng: random.Random
    name: str = ""
    phrases: tuple[str, ...] = field(default=())

    def __post_init__(self) -> None:
        self.name = name(self.rng)
        made = [_appeal(self.rng, self.name) for _ in range(4)]
        self.phrases = tuple(made)


def _appeal(rng: random.Random, outlet: str) -> str:
    verb = rng.choice(("Follow", "Read more at", "Subscribe to", "Listen to", "Write to", "Join"))
    rest = rng.choice(
        (
            "for daily news",
            "on your phone",
            "and get the newsletter",
            "wherever you are",
            "",
            f"on {name(rng)} and {name(rng)}",
            "to support independent reporting in your region",
        )
    )
    text = f"{verb} {outlet} {rest}".strip()
    return text.upper() if rng.random() < 0.3 else text


Change = Callable[[random.Random, Piece, Outlet], Piece]


# --- what happens to a copy


def same(_rng: random.Random, piece: Piece, _outlet: Outlet) -> Piece:
    return piece


def other_headline(rng: random.Random, piece: Piece, _outlet: Outlet) -> Piece:
    words = re.findall(r"\w+", piece.paragraphs[0])[:30]
    rng.shuffle(words)
    return replace(piece, title=" ".join(words[: rng.randrange(4, 9)]).capitalize() or "News")


def retold_headline(rng: random.Random, piece: Piece, _outlet: Outlet) -> Piece:
    """A word of the headline put otherwise, by one that the text doesn't have."""
    words = piece.title.split()
    if len(words) < 4:
        return piece
    words[rng.randrange(1, len(words) - 1)] = rng.choice(
        ("slams", "backs", "hails", "eyes", "mulls")
    )
    return replace(piece, title=" ".join(words))


def tagged_headline(rng: random.Random, piece: Piece, outlet: Outlet) -> Piece:
    mark = rng.choice(
        (f"{piece.title} | {outlet.name}", f"{outlet.name} - {piece.title}", piece.title.upper())
    )
    return replace(piece, title=mark)


def dateline(rng: random.Random, piece: Piece, _outlet: Outlet) -> Piece:
    first = piece.paragraphs[0]
    city, agency = name(rng), name(rng)[:3].upper()
    mark = rng.choice(
        (
            f"{agency} {city}",
            f"({agency}) –",
            f"{city.upper()}, Nov {rng.randrange(1, 29)} ({agency}) -",
            f"{city.upper()}:",
            f"By {name(rng)} {name(rng)}, {agency}",
            (
                f"Updated: {rng.randrange(1, 29)} November 2026, "
                f"{rng.randrange(24)}:{rng.randrange(10, 60)} "
                f"{agency} {city}:"
            ),
        )
    )
    return replace(piece, paragraphs=(f"{mark} {first}", *piece.paragraphs[1:]))


def credit(rng: random.Random, piece: Piece, outlet: Outlet) -> Piece:
    line = rng.choice(
        (
            (
                f"This story was supplied by {name(rng)} and has not been edited by {outlet.name} "
                "staff."
            ),
            f"(With inputs from {name(rng).upper()})",
            f"© {name(rng)} {rng.randrange(2020, 2027)}",
            f"Reporting by {name(rng)} {name(rng)}; editing by {name(rng)} {name(rng)}",
        )
    )
    return replace(piece, paragraphs=(*piece.paragraphs, line))


def repeated(rng: random.Random, piece: Piece, _outlet: Outlet) -> Piece:
    at = rng.randrange(len(piece.paragraphs))
    twice = (*piece.paragraphs[: at + 1], *piece.paragraphs[at:])
    return replace(piece, paragraphs=twice)


def appeals(rng: random.Random, piece: Piece, outlet: Outlet) -> Piece:
    """The outlet's phrases between the paragraphs."""
    made = list(piece.paragraphs)
    for phrase in outlet.phrases[: rng.randrange(1, 4)]:
        made.insert(rng.randrange(len(made) + 1), phrase)
    return replace(piece, paragraphs=tuple(made))


def mid_sentence(rng: random.Random, piece: Piece, outlet: Outlet) -> Piece:
    """A phrase of the outlet within a paragraph."""
    at = rng.randrange(len(piece.paragraphs))
    words = piece.paragraphs[at].split()
    words.insert(rng.randrange(len(words) + 1), outlet.phrases[0])
    made = (*piece.paragraphs[:at], " ".join(words), *piece.paragraphs[at + 1 :])
    return replace(piece, paragraphs=made)


def cut(rng: random.Random, piece: Piece, _outlet: Outlet) -> Piece:
    """Without its last paragraphs, of which two thirds stay."""
    total, count = piece.words, 0
    kept: list[str] = []
    for each in piece.paragraphs:
        if count >= total * rng.uniform(0.6, 0.9) and kept:
            break
        kept.append(each)
        count += len(each.split())
    return replace(piece, paragraphs=tuple(kept))


def background(rng: random.Random, piece: Piece, _outlet: Outlet) -> Piece:
    """With paragraphs added at the end, up to half as much."""
    count = 0
    more: list[str] = []
    while count < piece.words * rng.uniform(0.1, 0.5):
        more.append(sentence(rng))
        count += len(more[-1].split())
    return replace(piece, paragraphs=(*piece.paragraphs, " ".join(more)))


def excerpt(rng: random.Random, piece: Piece, _outlet: Outlet) -> Piece:
    words = " ".join(piece.paragraphs).split()
    return replace(
        piece, paragraphs=(" ".join(words[:40]) + rng.choice(("…", "...", " [...]", " Read more")),)
    )


def middle(rng: random.Random, piece: Piece, _outlet: Outlet) -> Piece:
    words = " ".join(piece.paragraphs).split()
    at = rng.randrange(max(1, min(len(words), 250) - 40))
    return replace(piece, paragraphs=(" ".join(words[at : at + 40]) + "…",))


def edited(rng: random.Random, piece: Piece, _outlet: Outlet) -> Piece:
    """One word in thirty left out, put in, or put otherwise."""
    others = [
        "also",
        "however",
        "later",
        "then",
        "officials",
        "reported",
        "early",
        "new",
        "certain",
        "other",
        "while",
        "some",
    ]

    def each(text: str) -> str:
        made = []
        for word in text.split():
            if rng.random() >= 1 / 30:
                made.append(word)
                continue
            made += rng.choice(([], [word, rng.choice(others)], [rng.choice(others)]))
        return " ".join(made)

    changed = tuple(filter(None, map(each, piece.paragraphs)))
    return replace(piece, paragraphs=changed or piece.paragraphs)


def typed(_rng: random.Random, piece: Piece, _outlet: Outlet) -> Piece:
    """Other quotes, dashes, thousands."""
    table = str.maketrans({"“": '"', "”": '"', "’": "'", "–": "-", "—": "-", "…": "..."})
    made = (re.sub(r"(?<=\d),(?=\d{3})", "", each.translate(table)) for each in piece.paragraphs)
    return replace(piece, paragraphs=tuple(made))


def joined(_rng: random.Random, piece: Piece, _outlet: Outlet) -> Piece:
    """All in one paragraph, the headline before it."""
    return replace(piece, paragraphs=(f"{piece.title} {' '.join(piece.paragraphs)}",))


COPIES: tuple[Change, ...] = (
    other_headline,
    retold_headline,
    tagged_headline,
    dateline,
    credit,
    repeated,
    appeals,
    mid_sentence,
    cut,
    background,
    excerpt,
    middle,
    edited,
    typed,
    joined,
)
_LIGHT = (other_headline, dateline, credit, repeated, appeals, mid_sentence, edited, typed)


def wire(rng: random.Random, piece: Piece, outlet: Outlet) -> Piece:
    """As wire copy comes: three things at once."""
    for change in rng.sample(_LIGHT, 3):
        piece = change(rng, piece, outlet)
    return rng.choice((same, same, cut, background))(rng, piece, outlet)


# --- what only looks alike: pairs

Pair = tuple[Piece, Piece]


def _swap(piece: Piece, table: dict[str, str]) -> Piece:
    def each(text: str) -> str:
        return re.sub(r"\w+(?:[.,]\d+)*", lambda match: table.get(match[0], match[0]), text)

    return Piece(each(piece.title), tuple(map(each, piece.paragraphs)))


def refilled(rng: random.Random, piece: Piece) -> Pair:
    """The same form with other numbers and names."""
    if _blanks(piece) < 3:
        piece = story(rng, 6)
    text = " ".join(piece.paragraphs)
    numbers, names = set(re.findall(_NUMBER, text)), _names(text)
    table = {each: str(rng.randrange(2, 2000)) for each in numbers}
    table |= {each: name(rng) for each in names}
    return piece, _swap(piece, table)


_NUMBER, _NAME = r"\d+(?:[.,]\d+)*", r"(?<=[a-z,] )[A-Z][a-z]{2,}"


def _blanks(piece: Piece) -> int:
    text = " ".join(piece.paragraphs)
    return len(re.findall(_NUMBER, text)) + len(_names(text))


def _names(text: str) -> set[str]:
    found = set(re.findall(_NAME, text))
    return {each for each in found if each.lower() not in text}


def weather(rng: random.Random, _piece: Piece) -> Pair:
    city = name(rng)
    skies = ("sunny", "cloudy", "overcast", "clear", "misty", "stormy", "mild")
    winds = ("north", "south", "east", "west", "north-east", "south-west")

    def day(when: str) -> Piece:
        lines = (
            (
                f"The weather in {city} on {when} will be {rng.choice(skies)} with a "
                f"high of {rng.randrange(-5, 38)} degrees and a low of {rng.randrange(-15, 20)} "
                "degrees."
            ),
            (
                f"Winds from the {rng.choice(winds)} will reach {rng.randrange(5, 90)} "
                f"kilometres an hour, with gusts of up to {rng.randrange(20, 130)} in "
                "the afternoon."
            ),
            (
                f"The chance of rain is {rng.randrange(0, 100)} percent, humidity will "
                f"be around {rng.randrange(20, 99)} percent, and the sun sets at "
                f"{rng.randrange(16, 22)}:{rng.randrange(10, 60)}."
            ),
            (
                "Residents are advised to check the latest bulletin of the weather service "
                "before longer journeys and to keep away from the shore when warnings "
                "are in force."
            ),
        )
        return Piece(f"Weather in {city} for {when}", lines)

    days = rng.sample(("Monday", "Tuesday", "Wednesday", "Thursday", "Friday"), 2)
    return day(days[0]), day(days[1])


def stocks(rng: random.Random, _piece: Piece) -> Pair:
    index = f"{name(rng)} {rng.choice((30, 50, 100, 225))}"

    def day() -> Piece:
        way = rng.choice(("rose", "fell"))
        lines = (
            (
                f"The {index} {way} {rng.uniform(0.1, 3):.2f} percent to close at "
                f"{rng.randrange(9000, 40000):,}.{rng.randrange(10, 99)} "
                f"points on a volume of {rng.randrange(100, 900)} million shares."
            ),
            (
                f"Among the day's movers, {name(rng)} gained {rng.uniform(0.5, 9):.1f} "
                f"percent while {name(rng)} lost {rng.uniform(0.5, 9):.1f} percent, and "
                f"the currency traded at {rng.uniform(0.5, 2):.4f} against the dollar."
            ),
            (
                f"Analysts at {name(rng)} said that investors were waiting for the decision "
                "of the central bank later this week, and that trading would remain "
                "thin until then."
            ),
        )
        return Piece(f"{index} {way} at the close", lines)

    return day(), day()


def sports(rng: random.Random, _piece: Piece) -> Pair:
    def match() -> Piece:
        one, other, place = name(rng), name(rng), name(rng)
        lines = (
            (
                f"{one} beat {other} {rng.randrange(2, 6)}-{rng.randrange(0, 2)} at {place} "
                f"Arena on {rng.choice(('Friday', 'Saturday', 'Sunday'))} evening in "
                f"front of {rng.randrange(3, 60)},{rng.randrange(100, 999)} spectators."
            ),
            (
                f"{name(rng)} opened the score in the {rng.randrange(1, 45)}th minute, "
                f"and {name(rng)} added a second goal from the penalty spot in the "
                f"{rng.randrange(46, 90)}th."
            ),
            (
                f"With this result {one} move up to "
                f"{rng.choice(('second', 'third', 'fifth', 'ninth'))} "
                f"place with {rng.randrange(10, 70)} points, while {other} stay where "
                "they were before the weekend."
            ),
            (
                f"The home side play their next game against {name(rng)} on Wednesday "
                "and will be without their injured captain for the rest of the month."
            ),
        )
        return Piece(f"{one} beat {other}", lines)

    return match(), match()


def links(rng: random.Random, _piece: Piece) -> Pair:
    intro = (
        "Welcome to another round of links. Every week we collect what we liked "
        "on the web and what our readers sent us. Thank you for writing, and "
        "enjoy the weekend!"
    )
    week = rng.randrange(2, 50)

    def post(number: int) -> Piece:
        found = (f"{headline(rng)}: {sentence(rng)}" for _ in range(rng.randrange(5, 9)))
        return Piece(
            f"Weekly links {number}",
            (intro, *found, "That is all for this week. Send us your links."),
        )

    return post(week), post(week + 1)


def changelogs(rng: random.Random, _piece: Piece) -> Pair:
    tool = name(rng)
    major, minor = rng.randrange(1, 9), rng.randrange(0, 20)
    intro = (
        f"We are happy to announce a new release of {tool}. It can be installed "
        "with the usual package managers, and upgrading from the last version "
        "needs no further steps."
    )

    def log(version: str) -> Piece:
        fixed = (f"Fixed: {sentence(rng)}" for _ in range(rng.randrange(2, 5)))
        return Piece(
            f"{tool} {version} released",
            (
                intro,
                *fixed,
                (
                    "Thanks to all contributors who made this release possible with their "
                    "reports and patches."
                ),
            ),
        )

    return log(f"{major}.{minor}"), log(f"{major}.{minor + 1}")


def bump(rng: random.Random, _piece: Piece) -> Pair:
    """A maintenance release whose text is the same but for the version."""
    tool = name(rng)
    major, minor = rng.randrange(1, 9), rng.randrange(0, 20)

    def log(version: str) -> Piece:
        return Piece(
            f"{tool} {version}",
            (
                (
                    f"{tool} {version} is a maintenance release that brings the translations "
                    "up to date and rebuilds the packages with the current compiler. Users "
                    "of earlier releases are invited to upgrade at their convenience. The "
                    f"archive of {version} and its signature are on the download page."
                ),
            ),
        )

    return log(f"{major}.{minor}"), log(f"{major}.{minor}.1")


def parts(rng: random.Random, piece: Piece) -> Pair:
    intro = " ".join(sentence(rng) for _ in range(3))
    mark = rng.choice((("part 1", "part 2"), ("Part I", "Part II"), ("part one", "part two")))
    title = headline(rng)
    return (
        Piece(f"{title}, {mark[0]}", (intro, *piece.paragraphs)),
        Piece(f"{title}, {mark[1]}", (intro, *story(rng).paragraphs)),
    )


def jobs(rng: random.Random, piece: Piece) -> Pair:
    one, other, firm = rng.sample(sorted({name(rng) for _ in range(9)}), 3)
    role = rng.choice(("Engineer", "Nurse", "Editor", "Driver", "Accountant"))
    style = rng.choice(("{role} ({city})", "{role} in {city}", "{role}, {firm} – {city}"))

    def post(city: str) -> Piece:
        lines: tuple[str, ...] = (
            (
                f"{firm} is looking for an experienced {role.lower()} who enjoys working "
                "with others and takes responsibility for results. You will join a friendly "
                f"team in our office in {city} and report to the head of the department."
            ),
            (
                "We offer thirty days of leave, a pension scheme, and time for training. "
                "Applications with a short letter are welcome at any time; we answer "
                "within two weeks."
            ),
        )
        if rng.random() < 0.2:
            lines = lines[1:]
        return Piece(style.format(role=role, city=city, firm=firm), lines)

    return post(one), post(other)


def correction(rng: random.Random, piece: Piece) -> Pair:
    """The same text with a fact put right, and a note that says so."""
    sentences = list(piece.paragraphs)
    right, wrong = rng.choice(
        (
            (str(rng.randrange(20, 90)), str(rng.randrange(100, 900))),
            ("Ostende", name(rng)),
            ("increase", "decrease"),
        )
    )
    fact = f"In all it was a matter of {wrong} for those who had come to see it."
    at = rng.randrange(len(sentences)) + 1
    before = Piece(piece.title, (*sentences[:at], fact, *sentences[at:]))
    note = f"An earlier version of this article gave {wrong} where it should have been {right}."
    mended = (*sentences[:at], fact.replace(wrong, right), *sentences[at:])
    lines = rng.choice(((note, *mended), (*mended, note)))
    return before, Piece(rng.choice((piece.title, f"Put right: {piece.title}")), lines)


def notice(rng: random.Random, piece: Piece) -> Pair:
    """A short text that corrects the long one."""
    first = piece.paragraphs[0].split()[:12]
    lines = (
        (
            f"In our article “{piece.title}” we wrote that {' '.join(first)}. That "
            f"was wrong. {sentence(rng)} We regret the error and thank those readers "
            "who told us."
        ),
    )
    return piece, Piece(f"Erratum: {piece.title}", lines)


def follow_up(rng: random.Random, piece: Piece) -> Pair:
    """News first, then from a third to all of what was reported before."""
    words = 0
    new: list[str] = []
    while words < 45:
        new.append(sentence(rng))
        words += len(new[-1].split())
    keep = max(1, round(len(piece.paragraphs) * rng.uniform(0.3, 1)))
    return piece, Piece(headline(rng), (" ".join(new), *piece.paragraphs[:keep]))


def unrelated(rng: random.Random, piece: Piece) -> Pair:
    return piece, story(rng)


LOOK_ALIKES: tuple[Callable[[random.Random, Piece], Pair], ...] = (
    refilled,
    weather,
    stocks,
    sports,
    links,
    changelogs,
    bump,
    parts,
    jobs,
    correction,
    notice,
    follow_up,
    unrelated,
)


def furnished(rng: random.Random, piece: Piece, outlet: Outlet) -> Piece:
    """As it stands at an outlet, whatever it is."""
    return rng.choice((same, appeals, credit, dateline))(rng, piece, outlet)


def siblings(rng: random.Random, documents: Sequence[Sequence[Piece]]) -> Pair | None:
    """Two articles of one source of the corpus."""
    some = rng.choice(documents)
    if len(some) < 2:
        return None
    one, other = rng.sample(list(some), 2)
    return one, other

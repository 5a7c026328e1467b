"""A database that holds many articles already, written the way that polls write them.

python -m tests.benchmarks.filled DATABASE-FILE ARTICLES

Polls need eighteen minutes for a million. So the first ten thousand are polled, and the others are
copies of their rows (tests.benchmarks.multiplied).
"""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from aggregator.stories.link import Linker
from aggregator.stories.plans import House
from feeds.models import Claim, NewArticle
from feeds.store import Store, open_store
from tests.benchmarks.multiplied import multiply
from tests.store.material import TTL, new, poll, sources

WORD_ENDS = ("r", "nd", "sting", "lo", "mer", "k", "ting", "ves", "pt", "ra", "ul", "oth")
SOURCES = 500
APART = timedelta(seconds=10)
"""Between two rounds: as long as polls need for one."""
AT_ONCE = 20
"""Of each source, in one poll."""
TEXT = "<p>" + "Of a length that an item often has, as it stands in a feed. " * 15 + "</p>"
WORDS = [f"{a}{b}{c}" for a in "bdfgklmnprst" for b in ("a", "e", "io", "u") for c in WORD_ENDS]


def text(number: object) -> str:
    """Of that length, and like no other."""
    return f"<p>{' '.join(random.Random(str(number)).choices(WORDS, k=180))}.</p>"


def fill(path: Path, articles: int, *, among: int = SOURCES, apart: timedelta = APART) -> None:
    """Of `among` sources that no configuration has: they are not polled, and what they told stays.
    The first round of polls is copied for those that lie `apart` between it and now."""
    a_round = among * AT_ONCE
    rounds = max(articles // a_round, 1)
    with opened(path, -(rounds - 1) * apart) as store:
        store.sync_sources(sources(*(f"filler{n}" for n in range(among))))
        tell(store, min(articles, a_round))
    multiply(path, rounds, apart)
    with opened(path) as store:
        tell(store, articles, rounds * a_round)
        store.forget_traces()  # of the first round, when it is too old


@contextmanager
def opened(path: Path, shift: timedelta = timedelta()) -> Iterator[Store]:
    store = open_store(f"sqlite:///{path}", host_delay=0.0, shift=lambda: shift)
    try:
        yield store
    finally:
        store.close()


def tell(store: Store, articles: int, done: int = 0) -> None:
    """Polls, from so many articles to so many; each round is linked."""
    while done < articles:
        store.make_due()
        claims = store.claim_due(SOURCES, TTL)
        done += _told(store, claims, articles - done, done)
        Linker(store=store, house=House)()


def _told(store: Store, claims: list[Claim], wanted: int, first: int) -> int:
    """One poll of each; how many articles they brought."""
    polls, brought = [], 0
    for claim in claims:
        count = min(AT_ONCE, wanted - brought)
        names = (f"{claim.source_id}-{first}-{n}" for n in range(count))
        polls.append(poll(claim, new=tuple(_articles(names, claim))))
        brought += count
    for at in range(0, len(polls), 50):
        store.record(polls[at : at + 50])
    return brought


def _articles(names: Iterator[str], claim: Claim) -> Iterator[NewArticle]:
    for name in names:
        article = new(name, claim)
        yield replace(article, entry=replace(article.entry, content=text(name)))


if __name__ == "__main__":
    fill(Path(sys.argv[1]), int(sys.argv[2]))

"""What the parts cost, each alone: no network, no processes.

    python -m tests.benchmarks.components

CPU milliseconds for each document of the corpus, poll, article or feed; pure parts are the best of
three. The baseline of reading is feedparser as it comes.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from hashlib import blake2b
from pathlib import Path

from aggregator.identity.identify import identify
from aggregator.identity.urls import default_rules
from aggregator.read.decode import decode
from aggregator.read.mend import expand
from aggregator.read.parse import parse
from aggregator.read.reader import read
from aggregator.read.split import split
from aggregator.stories.link import Linker
from aggregator.stories.plans import House
from config.load import load
from feeds.models import Claim, Document, Entry, KnownItems, NewArticle, Poll, Source
from feeds.store import Store, open_store
from tests.benchmarks.filled import TEXT, text
from tests.benchmarks.rows import Row, show
from tests.benchmarks.yardstick import yardstick
from tests.publisher.making import atom, item, rss
from tests.shared import shared
from tests.store.material import new, poll, sources

URL = "http://feed.test/feed"
TTL = timedelta(hours=1)
SOURCES, BATCH, EACH = 2_000, 200, 10
"""That are stored for; polls in a transaction; articles that each brings."""
MANY = 100_000
"""Sources that are configured."""


def components() -> Iterator[Row]:
    corpus = shared("corpus")
    bodies = [path.read_bytes() for path in sorted(corpus.iterdir())]
    yield from _alone(corpus, len(bodies))
    yield from _reading(bodies)
    with tempfile.TemporaryDirectory() as folder:
        yield from _storing(Path(folder))
        yield from _starting(Path(folder))
    yield from _rendering()


def _row(name: str, units: int, work: Callable[[], object], tries: int = 3) -> Row:
    def spent() -> float:
        begun = time.process_time()
        work()
        return time.process_time() - begun

    return _of(name, units, spent, tries)


def _of(name: str, units: int, spent: Callable[[], float], tries: int = 1) -> Row:
    """`spent`: CPU seconds of a try."""
    paces = [yardstick()]
    best = min(spent() for _ in range(tries))
    paces.append(yardstick())
    return Row(
        scenario="part",
        name=name,
        sources=units,
        per_second=round(units / best, 1),
        cpu=round(best, 3),
        ms=round(best * 1000 / units, 4),
        start=0.0,
        peak_mb=0.0,
        new=0,
        yards=round(best / statistics.mean(paces) * 1000 / units, 4),
    )


_ALONE = """
import sys, time, feedparser
from io import BytesIO
from pathlib import Path
bodies = [path.read_bytes() for path in sorted(Path(sys.argv[1]).iterdir())]
options = {} if sys.argv[2] else {"sanitize_html": False, "resolve_relative_uris": False}
begun = time.process_time()
for body in bodies:
    feedparser.parse(BytesIO(body), **options)
print(time.process_time() - begun)
"""


def _alone(folder: Path, documents: int) -> Iterator[Row]:
    """In processes of their own: ours corrects it for good."""
    for name, clean in (("feedparser alone", "yes"), ("feedparser alone, nothing cleaned", "")):
        command = [sys.executable, "-c", _ALONE, str(folder), clean]

        def spent(command: list[str] = command) -> float:
            return float(subprocess.check_output(command))

        yield _of(f"a document: {name}", documents, spent)


def _reading(bodies: Sequence[bytes]) -> Iterator[Row]:
    full = [read(body, URL, None) for body in bodies]
    decoded = [decode(body, None).data for body in bodies]
    rules = default_rules()

    def rest(unread: int) -> list[Document]:
        asked = zip(bodies, [_known(document, unread) for document in full], strict=True)
        return [read(body, URL, None, known) for body, known in asked]

    parts: dict[str, Callable[[], object]] = {
        "all read": lambda: [read(body, URL, None) for body in bodies],
        "one new item": lambda: rest(1),
        "no new item": lambda: rest(0),
        "the same bytes": lambda: [blake2b(body, digest_size=16).digest() for body in bodies],
        "decoding": lambda: [decode(body, None) for body in bodies],
        "splitting": lambda: [split(expand(data)) for data in decoded],
        "parsing, cleaning": lambda: [parse(data, URL) for data in decoded],
        "naming its items": lambda: [identify(document, rules) for document in full],
    }
    for name, work in parts.items():
        yield _row(f"a document: {name}", len(bodies), work)


def _known(document: Document, unread: int) -> KnownItems:
    """All but the first so many items."""
    fresh = {each.digest for each in document.shown[:unread]}
    digests = frozenset(each.digest for each in document.shown) - fresh
    return KnownItems(frame=document.frame, digests=digests)


def _storing(folder: Path) -> Iterator[Row]:
    store = open_store(f"sqlite:///{folder}/f.db", host_delay=0.0)
    store.sync_sources(sources(*(f"s{n}" for n in range(SOURCES))))
    claims: list[Claim] = []
    yield _row("a poll: claimed", SOURCES, lambda: claims.extend(_claimed(store)), 1)
    polls = [poll(claim, new=tuple(_articles(claim))) for claim in claims]
    yield _row("an article: recorded", SOURCES * EACH, lambda: _record(store, polls), 1)
    yield _row("an article: linked", SOURCES * EACH, Linker(store=store, house=House), 1)
    store.make_due()
    idle = [poll(claim) for claim in _claimed(store)]
    yield _row("a poll: recorded, idle", SOURCES, lambda: _record(store, idle), 1)
    store.close()


def _claimed(store: Store) -> list[Claim]:
    return [claim for _ in range(0, SOURCES, BATCH) for claim in store.claim_due(BATCH, TTL)]


def _record(store: Store, polls: Sequence[Poll]) -> None:
    for at in range(0, len(polls), BATCH):
        store.record(polls[at : at + BATCH])


def _articles(claim: Claim) -> Iterator[NewArticle]:
    for number in range(EACH):
        name = f"{claim.source_id}-{number}"
        article = new(name, claim)
        yield replace(article, entry=replace(article.entry, content=text(name)))


def _starting(folder: Path) -> Iterator[Row]:
    """With many sources from OPML: a start is a load and a sync, as is a start anew."""
    outlines = "\n".join(
        f'<outline type="rss" xmlUrl="https://host{n % 5000}.test/feed/{n}"/>' for n in range(MANY)
    )
    (folder / "sources.opml").write_text(f'<opml version="2.0"><body>{outlines}</body></opml>')
    (folder / "feedmill.toml").write_text('include = ["sources.opml"]\n')
    configured: list[Source] = []

    def loaded() -> None:
        configured[:] = load(folder / "feedmill.toml").sources.values()

    yield _row("a source: loaded from OPML", MANY, loaded, 1)
    store = open_store(f"sqlite:///{folder}/many.db")
    yield _row("a source: made known", MANY, lambda: store.sync_sources(configured), 1)
    yield _row("a source: known already", MANY, lambda: store.sync_sources(configured), 1)
    store.close()


def _rendering() -> Iterator[Row]:
    items = [
        item(Entry(title=f"Title {n}", link=f"https://a.test/{n}", content=TEXT), n)
        for n in range(1, 51)
    ]
    yield _row("a feed of 50: rss.xml", 20, lambda: [rss(*items) for _ in range(20)])
    yield _row("a feed of 50: atom.xml", 20, lambda: [atom(*items) for _ in range(20)])


if __name__ == "__main__":
    show(components())

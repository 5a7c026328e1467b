"""`python -m tests.benchmarks.adding`: what a new article costs, however many there are.

Recorded, linked and published, one story in five being a copy of an older one; of the articles that
are there, a hundredth is as new as the window of stories wants. CPU ms and statements an article.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import sqlalchemy as sa

from aggregator.stories.link import Linker
from aggregator.stories.plans import House
from aggregator.stories.ties import WINDOW
from feeds.models import Category, NewArticle
from feeds.store import Store, open_store
from publisher.gate import gate
from publisher.outlet import DirectoryOutlet, MemoryOutlet
from publisher.publish import Publisher
from publisher.render.all import RENDERERS
from publisher.render.whole import render_site
from publisher.select import Members
from tests.benchmarks.filled import fill, text
from tests.publisher.making import SITE
from tests.store.material import TTL, new, poll, sources

APART = WINDOW + timedelta(hours=1)
"""Between ten thousand articles and the next."""
ADDED = 400
AT_ONCE = 20


def cost(path: Path) -> tuple[float, float]:
    """(CPU ms, statements) of one new article."""
    store = open_store(f"sqlite:///{path}", host_delay=0.0)
    names = [f"adding{n}" for n in range(AT_ONCE)]
    store.sync_sources(sources(*names))
    publisher = _publisher(store, path.parent / "public")
    linker = Linker(store=store, house=House)
    publisher.publish()
    _add(store, linker, publisher, "warm", AT_ONCE)
    counted = [0]

    def count(*_: object) -> None:
        counted[0] += 1

    database = store._database
    for engine in (database._writer, database._reader):
        sa.event.listen(engine, "before_cursor_execute", count)
    began = time.process_time()
    for at in range(0, ADDED, AT_ONCE):
        _add(store, linker, publisher, str(at), AT_ONCE)
    spent = time.process_time() - began
    store.close()
    return spent / ADDED * 1000, counted[0] / ADDED


def _add(store: Store, linker: Linker, publisher: Publisher, mark: str, count: int) -> None:
    store.make_due()
    claims = store.claim_due(count, TTL)
    polls = []
    for at, claim in enumerate(claims):
        name = f"{mark}-{at - at % 5 if at % 5 == 4 else at}"
        article: NewArticle = new(f"{mark}-{at}", claim)
        entry = replace(article.entry, title="What happened", content=text(name))
        polls.append(poll(claim, new=(replace(article, entry=entry),)))
    store.record(polls)
    linker()
    publisher.publish()


def _publisher(store: Store, folder: Path) -> Publisher:
    categories: Sequence[Category] = [Category(slug="all", title="All")]
    store.sync_feeds(categories)
    return Publisher(
        store=store,
        site=SITE,
        categories=categories,
        members=lambda: {"all": Members(sources=None, active=frozenset())},
        renderers=[partial(each, SITE) for each in RENDERERS],
        gate=gate,
        render_site=lambda shown: render_site(SITE, shown),
        outlet=DirectoryOutlet(folder),
        private=MemoryOutlet(),
        notify=lambda _slug: None,
    )


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--articles", default="10000,100000,1000000")
    first = None
    for articles in map(int, options.parse_args().articles.split(",")):
        with tempfile.TemporaryDirectory(prefix="feedmill-adding-") as folder:
            path = Path(folder) / "f.db"
            fill(path, articles, apart=APART)
            ms, statements = cost(path)
        first = first or (ms, statements)
        grown = f"{ms / first[0]:.2f} and {statements / first[1]:.2f} times the first"
        print(f"{articles:9} articles: {ms:6.2f} ms, {statements:5.1f} statements; {grown}")


if __name__ == "__main__":
    main()

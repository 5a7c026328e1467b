"""`feedmill preview`: one document, fetched and read as a poll would, and shown."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import cast

import typer

from config import logs
from config.cli import Common
from config.load import find, load
from config.settings import Settings
from config.wiring import READING, user_agent
from feeds.errors import ConfigError, FeedmillError
from feeds.models import Document
from feeds.protocols import Request


def read_document(
    context: typer.Context, config: Path | None, document: str, *, allow_private: bool
) -> Document:
    """Fetch and read a URL or a file. Raises FeedmillError."""
    from aggregator.fetch import Fetchers, FileFetcher, HttpFetcher
    from aggregator.read.pool import ReaderPool

    url = document if "://" in document else _file(document)
    allowed: bool | tuple[str, ...] = allow_private
    settings = _configured(context, config)
    if settings is None:
        web = HttpFetcher(user_agent("http://localhost:8080", None))
    else:
        site, poll = settings.site, settings.poll
        agent = user_agent(site.url, site.contact)
        web = HttpFetcher(agent, ca_file=poll.ca_file, proxy=poll.proxy)
        allowed = allow_private or poll.allow_private
    fetchers = Fetchers({"http": web, "https": web, "file": FileFetcher()})
    response = fetchers.fetch(Request(url=url, allow_private=allowed))
    with closing(ReaderPool(workers=1, timeout=READING)) as read:
        return read(response.body, response.url, response.headers.get("content-type"))


def _file(document: str) -> str:
    path = Path(document)
    if not path.is_file():
        raise FeedmillError(f"{document}: no such file, and no address (https://…)")
    return path.resolve().as_uri()


def _configured(context: typer.Context, config: Path | None) -> Settings | None:
    """The configuration, or None where there is none."""
    common = cast(Common, context.obj)
    logs.configure(json=common.log_json, verbose=common.verbose)
    given = config or common.config
    try:
        return load(find(given))
    except ConfigError:
        if given is not None:
            raise
        return None

"""OPML lists that come in: what one would bring, and then that."""

from __future__ import annotations

import re

import structlog

from config import adding, importing
from config.desk.house import House
from config.exporting import export
from config.importing import Plan
from feeds.errors import ConfigError

log = structlog.get_logger("feedmill.desk")

NAME = "the list"
"""What complaints call one that has no name."""
_ENCODING = re.compile(r"""^(\s*<\?xml[^>]*?)\s+encoding\s*=\s*(?:"([^"]*)"|'([^']*)')""")


def as_text(body: bytes) -> str:
    """As a form can show it, whatever the file is encoded as."""
    for mark, encoding in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"),
                           (b"\xfe\xff", "utf-16")):  # fmt: skip
        if body.startswith(mark):
            return body.decode(encoding, "replace")
    declared = _ENCODING.match(body[:200].decode("latin-1"))
    encoding = (declared[2] or declared[3]) if declared else "utf-8"
    try:
        return body.decode(encoding)
    except (LookupError, UnicodeDecodeError):
        return body.decode("utf-8", "replace")


def as_body(text: str) -> bytes:
    """As it is read: in UTF-8, whatever encoding the file has said that it had."""
    return _ENCODING.sub(r"\1", text).encode("utf-8", "replace")


def planned(house: House, name: str, text: str, wishes: adding.Wishes) -> Plan:
    """Raises ConfigError, FeedmillError. `wishes.categories`: instead of the list's folders."""
    if not text.strip():
        raise ConfigError(["choose a file, or paste the text of a list"])
    app = house.app
    outlines = importing.outlines_of(name, as_body(text))
    adding.wanted_categories(app.settings, wishes)
    known = adding.Looking(app, wishes).configured
    return importing.plan(outlines, app.settings, known, wishes.categories or None)


def exported(house: House) -> bytes:
    """The configured sources as a list; secret addresses and private categories stay here. Raises
    FeedmillError."""
    names = {each.url: (each.title, each.link) for each in house.store.sources()}
    return export(house.settings, names).body


def write(house: House, plan: Plan, by: str) -> None:
    """Raises EditError, ConfigError."""
    house.take(importing.write(house.settings, plan))
    # The engine does so too, a little later: then they are in the list of sources already.
    house.app.sync()
    log.info("list imported", sources=len(plan.new), faults=len(plan.bad), by=by)

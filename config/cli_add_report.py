"""What `feedmill add` asks and says: the choice among feeds, words or JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import typer

from aggregator.discover import meant, newest, same_feed
from aggregator.explore import Exploration, Found
from config.adding import Added, Looking, none_to_add
from config.showing import iso, near, plain, print_table, public_url, short
from feeds.errors import FeedmillError, FetchError, PollError
from feeds.models import Document


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Which of several feeds: what was asked for, else what is meant, else what is answered."""

    pick: int | None = None
    everything: bool = False
    first: bool = False

    def __call__(self, seen: Exploration, report: Report) -> list[Found]:
        """Raises FeedmillError when there is none, or nobody to be asked."""
        feeds = seen.feeds
        if self.pick is not None and seen.page is not None:
            if self.pick > len(seen.found):
                text = f"--pick {self.pick}: the page names {len(seen.found)} feeds"
                raise report.refused(FeedmillError(text))
            feeds = [each for each in feeds if each.number == self.pick]
        if not feeds:
            raise report.refused(none_to_add(seen))
        if self.everything:
            return _each_once(feeds)
        if self.pick is None and any(each.configured for each in seen.found):
            raise report.refused(none_to_add(seen))
        documents = [each.document for each in feeds if each.document is not None]
        position = 0 if self.first else meant(documents)
        if position is not None:
            return [feeds[position]]
        if report.as_json or not (sys.stdin.isatty() and sys.stdout.isatty()):
            text = "there are several feeds: say --pick N or --all, or add the address of one"
            raise report.refused(FeedmillError(text))
        return _asked(feeds)


def _asked(feeds: list[Found]) -> list[Found]:
    numbers = {str(each.number): each for each in feeds}
    while True:
        answer = typer.prompt("Which one (a number, or all)", default="none").strip().lower()
        if answer == "none":
            raise FeedmillError("nothing was added")
        if answer == "all":
            return _each_once(feeds)
        if answer in numbers:
            return [numbers[answer]]


def _each_once(feeds: list[Found]) -> list[Found]:
    """Without those that are another in a second format, or that lead to the same address."""
    kept: list[Found] = []
    for each in feeds:
        if not any(each.settled == one.settled or _same(each, one) for one in kept):
            kept.append(each)
    return kept


def _same(one: Found, other: Found) -> bool:
    return bool(one.document and other.document and same_feed(one.document, other.document))


# --- telling ----------------------------------------------------------------------------


class Report:
    """What is said, in words as it happens or as one JSON object at the end."""

    def __init__(self, looking: Looking, seen: Exploration, as_json: bool) -> None:
        self.as_json = as_json
        self._looking, self._seen = looking, seen

    def found(self) -> None:
        if self.as_json or self._seen.page is None or not self._seen.found:
            return
        from rich.table import Table
        from rich.text import Text

        table = Table("", "title", "items", "newest", "format", "address", box=None, pad_edge=False)
        table.columns[0].justify = table.columns[2].justify = "right"
        for each in self._seen.found:
            document = each.document
            table.add_row(
                str(each.number),
                Text(plain(_title(each))),
                str(len(document.entries)) if document else "",
                _day(document),
                document.format if document else "",
                Text(plain(_note(each)), overflow="fold"),
            )
        print_table(table)

    def refused(self, error: FeedmillError) -> FeedmillError:
        self._json([])
        return error

    def intended(self, text: str) -> None:
        if self.as_json:
            self._json([], written=text)
        else:
            print(f"would be written to {self._looking.app.settings.file.name}:\n\n{text}", end="")

    def added(self, added: Sequence[Added]) -> None:
        if self.as_json:
            self._json([_added_json(each) for each in added])
            return
        for each in added:
            self._say(each)
        print("A running Feedmill takes it up in a few seconds.")

    def _say(self, each: Added) -> None:
        document = each.found.document
        assert document is not None
        facts = f"{_title(each.found)}: {document.format}, {len(document.entries)} items"
        print(plain(f"added {public_url(each.source.url)} at {each.source.declared_at}\n  {facts}"))
        if each.source.url != each.found.url:
            print(plain(f"  {public_url(each.found.url)} has moved there for good"))
        if each.poll is None:
            print("  another process is polling it")
        elif each.poll.failure is not None:
            print(plain(f"  {each.poll.failure.kind}: {each.poll.failure.text}"))
        else:
            due = each.poll.schedule
            print(f"  {each.articles} articles; next {short(due.due)} ({due.reason})")

    def _json(self, added: list[dict[str, Any]], **more: str) -> None:
        if self.as_json:
            found = [_found_json(each) for each in self._seen.found]
            values = {"added": added, "found": found, "requests": self._looking.requests}
            print(json.dumps(values | more))


def failed(error: PollError, looking: Looking, as_json: bool) -> FeedmillError:
    """The address itself gave nothing; said like the error of a poll."""
    if as_json:
        told = {"added": [], "found": [], "requests": looking.requests, "error": _error(error)}
        print(json.dumps(told))
    text = f"{error.kind}: {error}"
    if (until := _retry_after(error)) is not None:
        text += f"; it asks to be left alone until {near(until, looking.app.store.now())}"
    return FeedmillError(text)


def _retry_after(error: PollError) -> datetime | None:
    return error.retry_after if isinstance(error, FetchError) else None


def _error(error: PollError | None) -> dict[str, str | None] | None:
    if error is None:
        return None
    told: dict[str, str | None] = {"kind": error.kind, "text": str(error)}
    until = _retry_after(error)
    return told if until is None else told | {"retry_after": iso(until)}


def _title(found: Found) -> str:
    document = found.document
    return (document and document.title) or found.title or "(no title)"


def _day(document: Document | None) -> str:
    moment = newest(document) if document else None
    return f"{moment.astimezone():%Y-%m-%d}" if moment else ""


def _note(found: Found) -> str:
    if found.configured:
        return f"{public_url(found.url)} (configured at {found.configured})"
    return f"{public_url(found.url)} ({found.error})" if found.error else public_url(found.url)


def _found_json(found: Found) -> dict[str, Any]:
    document = found.document
    return {
        "number": found.number,
        "url": public_url(found.url),
        "title": _title(found),
        "format": document.format if document else None,
        "items": len(document.entries) if document else None,
        "newest": iso(newest(document)) if document else None,
        "configured": found.configured,
        "error": _error(found.error),
    }


def _added_json(added: Added) -> dict[str, Any]:
    poll = added.poll
    return {
        "url": public_url(added.source.url),
        "title": added.source.title or _title(added.found),
        "categories": list(added.source.categories),
        "declared_at": added.source.declared_at,
        "articles": added.articles,
        "next": iso(poll.schedule.due) if poll else None,
        "reason": poll.schedule.reason if poll else None,
    }

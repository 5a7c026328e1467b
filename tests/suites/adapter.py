"""Our reader behind the protocol of the shared suite runners (their --help describes it).

As a program: JSON lines in, JSON lines out. `--raw` answers before cleaning and title
flattening, `--clean` sanitises HTML, `--simple` answers dates and strings.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from aggregator.read.clean import Markup, clean_html, clean_title
from aggregator.read.dates import parse_date
from aggregator.read.reader import read, read_raw
from feeds.errors import ReadError
from feeds.models import Document, Entry, Person, Term

NOWHERE = "http://nowhere.invalid/feed"
"""The address of a document whose case names none."""


def answer(case: Mapping[str, Any], *, raw: bool) -> dict[str, Any]:
    """The neutral form of what we read in the file at case["path"]."""
    headers = {name.lower(): value for name, value in (case.get("headers") or {}).items()}
    url = case.get("base_url") or headers.get("content-location") or NOWHERE
    reader = read_raw if raw else read
    try:
        document = reader(Path(case["path"]).read_bytes(), url, headers.get("content-type"))
    except ReadError as error:
        return {"id": case["id"], "ok": False, "error": f"{type(error).__name__}: {error}"}
    return {"id": case["id"], "ok": True, **neutral(document)}


def neutral(document: Document) -> dict[str, Any]:
    """A Document in the words of the suites."""
    family = document.format
    if family.startswith("atom"):
        family = "atom"
    elif family in ("rss10", "rss090"):
        family = "rdf"
    elif family.startswith("rss"):
        family = "rss"
    return {
        "format": family,
        "bozo": not document.wellformed,
        "feed": {
            "id": document.id,
            "title": document.title,
            "description": document.subtitle,
            "site_url": document.link,
            "feed_url": document.self_link,
            "icon_url": document.image,
            "language": document.language,
            "rights": document.rights,
            "generator": document.generator,
            "updated": _time(document.updated),
            "published": _time(document.published),
            "tags": _terms(document.terms),
            "authors": _people(document.authors),
            "ttl": document.hints.ttl,
        },
        "entries": [_entry(entry) for entry in document.entries],
    }


def _entry(entry: Entry) -> dict[str, Any]:
    summary = entry.summary if entry.summary is not None else entry.content
    return {
        "id": entry.guid,
        "title": entry.title,
        "url": entry.link,
        "comments_url": entry.comments,
        "summary": summary,
        "content": entry.content,
        "body": entry.content or entry.summary,
        "author": next((who.name or who.email for who in entry.authors), None),
        "authors": _people(entry.authors),
        "published": _time(entry.published),
        "updated": _time(entry.updated),
        "date": _time(entry.published or entry.updated),
        "language": entry.language,
        "tags": _terms(entry.terms),
        "enclosures": [
            {"url": enclosure.url, "mime": enclosure.type, "size": enclosure.length}
            for enclosure in entry.enclosures
        ],
        "image": entry.image,
    }


def _people(people: Sequence[Person]) -> list[dict[str, str | None]]:
    return [{"name": person.name or None, "email": person.email} for person in people]


def _terms(terms: Sequence[Term]) -> list[str]:
    return [term.term for term in terms]


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else moment.strftime("%Y-%m-%dT%H:%M:%SZ").rjust(20, "0")


def sanitised(case: Mapping[str, Any]) -> dict[str, Any]:
    """The protocol of the XSS oracle."""
    html, _ = clean_html(case["html"], case.get("base_url") or NOWHERE)
    return {"id": case["id"], "html": html}


def simple(case: Mapping[str, Any]) -> dict[str, Any]:
    """The protocol of the runner for dates and strings."""
    text, output = case.get("input", ""), None
    if case["kind"] == "date":
        output = _time(parse_date(text))
    elif case["kind"] == "string":
        output = clean_title(Markup(text, "text/plain"))
    return {"id": case["id"], "output": output}


def main() -> None:
    for line in sys.stdin:
        case = json.loads(line)
        if "--simple" in sys.argv:
            found = simple(case)
        elif "--clean" in sys.argv:
            found = sanitised(case)
        else:
            found = answer(case, raw="--raw" in sys.argv)
        print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main()

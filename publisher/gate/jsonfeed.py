"""JSON Feed 1.1 against P3, P4, P27–P30. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from feeds.models import RenderedFile
from feeds.protocols import Fault
from publisher.gate.content import check_html
from publisher.gate.xml import addressed, dated, repeated, typed

_ADDRESSES = ("url", "external_url", "image", "banner_image")


def check_json(file: RenderedFile) -> list[Fault]:
    try:
        feed = json.loads(file.body.decode("utf-8"), parse_constant=_no_number)
    except ValueError as error:
        return [Fault(rule="P27", text=f"it is no JSON: {error}")]
    if not isinstance(feed, dict) or not isinstance(feed.get("items"), list):
        return [Fault(rule="P27", text="it has no items")]
    faults = list(_feed(feed, file.path))
    for item in feed["items"]:
        faults += _item(item)
    faults += repeated([str(item.get("id")) for item in feed["items"]], "P28")
    return faults


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is no number of JSON")


def _feed(feed: dict[str, Any], path: str) -> Iterator[Fault]:
    if feed.get("version") != "https://jsonfeed.org/version/1.1":
        yield Fault(rule="P27", text=f"the version is {feed.get('version')!r}")
    if not isinstance(feed.get("title"), str) or not feed["title"]:
        yield Fault(rule="P27", text="no title")
    for name in ("home_page_url", "feed_url"):
        yield from addressed(feed.get(name), "P27", None)
    if not str(feed.get("feed_url")).endswith(f"/{path}"):
        yield Fault(rule="P27", text=f"feed_url is not the address of {path}")
    if "next_url" in feed:
        yield from addressed(feed["next_url"], "P29", None)
        if feed["next_url"] == feed.get("feed_url"):
            yield Fault(rule="P29", text="next_url is the document itself")
    for hub in feed.get("hubs", ()):
        yield from addressed(hub.get("url"), "P29", None)
    yield from _extensions(feed, None)
    if "/archive/" in path and not feed.get("_feedmill", {}).get("current"):
        yield Fault(rule="P30", text="an archive that does not name the current feed")
    ids = {item.get("id") for item in feed["items"]}
    for gone in feed.get("_feedmill", {}).get("deleted", ()):
        if gone.get("id") in ids:
            yield Fault(rule="P32", text=f"{gone.get('id')!r} is there and deleted")
        yield from dated(gone.get("when"), "P32", None)


def _item(item: dict[str, Any]) -> Iterator[Fault]:
    named = item.get("id")
    if not isinstance(named, str) or not named:
        yield Fault(rule="P28", text=f"the id is {named!r}")
        return
    texts = [item[name] for name in ("content_html", "content_text") if name in item]
    if not texts or not all(isinstance(text, str) for text in texts):
        yield Fault(rule="P28", text="neither content_html nor content_text", item=named)
    if isinstance(item.get("content_html"), str):
        yield from check_html(item["content_html"], named)
    for name in _ADDRESSES:
        if name in item:
            yield from addressed(item[name], "P28", named)
    for name in ("date_published", "date_modified"):
        if name in item:
            yield from dated(item[name], "P28", named)
    for author in item.get("authors", ()):
        if not (author.get("name") or author.get("url") or author.get("avatar")):
            yield Fault(rule="P28", text="an author without name", item=named)
    for one in item.get("attachments", ()):
        yield from addressed(one.get("url"), "P28", named)
        yield from typed(one.get("mime_type"), "P28", named)
    yield from _extensions(item, named)


def _extensions(where: dict[str, Any], item: str | None) -> Iterator[Fault]:
    for name, value in where.items():
        if name.startswith("_") and not isinstance(value, dict):
            yield Fault(rule="P29", text=f"the extension {name} is no object", item=item)

"""The operations feed: Feedmill's own troubles as Atom, for the operators' feed readers. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from feedgen.feed import FeedGenerator

from feeds.models import Happening
from feeds.text import xml_safe
from publisher.render.build import seconds
from publisher.render.site import GENERATOR, Site


def render_operations(site: Site, happenings: Sequence[Happening], began: datetime) -> bytes:
    """`happenings`: newest first; each is one entry, updated when it is over. `began`: what the
    feed of a house that never had any is dated by."""
    feed = FeedGenerator()
    address = f"{site.url}/desk/ops.atom"
    feed.id(address)
    feed.title(xml_safe(f"Operations – {site.title}"))
    changed = [seconds(each.over_at or each.at) for each in happenings]
    feed.updated(max(changed, default=seconds(began)))
    feed.author({"name": xml_safe(site.title)})
    feed.link(href=address, rel="self", type="application/atom+xml")
    feed.link(href=f"{site.url}/desk/", rel="alternate", type="text/html")
    feed.generator(GENERATOR, version=site.version)
    for each in happenings:
        entry = feed.add_entry(order="append")
        over = "Over: " if each.over_at else ""
        entry.id(f"{address}#{each.id}")
        entry.title(xml_safe(over + each.text))
        entry.updated(seconds(each.over_at or each.at))
        entry.published(seconds(each.at))
        entry.link(href=f"{site.url}/desk/{_page(each)}", rel="alternate", type="text/html")
        entry.category({"term": each.kind})
        end = f" It was over at {each.over_at:%Y-%m-%d %H:%M} UTC." if each.over_at else ""
        entry.content(xml_safe(f"{each.text}. Since {each.at:%Y-%m-%d %H:%M} UTC.{end}"))
    body: bytes = feed.atom_str()
    return body


def _page(one: Happening) -> str:
    kind, _, number = one.subject.partition(" ")
    return f"{kind}s/{number}" if kind in ("source", "article", "feed") and number else ""

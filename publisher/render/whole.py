"""The files of the site as a whole: index, OPML, static files. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from feeds.models import RenderedFile
from publisher.render.opml import render_feeds
from publisher.render.page import Shown, newest, render_index, static_files
from publisher.render.site import Site


def render_site(site: Site, shown: Shown) -> Sequence[RenderedFile]:
    """Everything beside the feeds' own folders."""
    modified = newest(shown)
    categories = [category for category, _, _ in shown]
    return [
        *static_files(modified),
        render_feeds(site, categories, modified),
        render_index(site, shown),
    ]

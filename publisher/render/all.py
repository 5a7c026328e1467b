"""All formats in which a feed is published."""

from __future__ import annotations

from publisher.render.atom import render_atom
from publisher.render.jsonfeed import render_json
from publisher.render.page import render_page
from publisher.render.rss import render_rss

RENDERERS = (render_rss, render_atom, render_json, render_page)

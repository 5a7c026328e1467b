"""The first page."""

from __future__ import annotations

from starlette.responses import Response

from config.desk.call import Call
from config.desk.listing import shown
from config.desk.overview import overview


def show(call: Call) -> Response:
    found = overview(call.house)
    worst = shown(call.house, found.worst, call.house.store.now())
    return call.render("overview.html", view=found, worst=worst)

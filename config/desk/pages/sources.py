"""The list of sources, and what is done to many at once."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import parse_qsl, urlencode

from starlette.responses import Response

from config.desk import actions
from config.desk.call import Call
from config.desk.listing import SORTS, Wish, listing
from config.listing import addresses
from config.settings import ALL
from config.showing import shown_title
from feeds.errors import ConfigError


def show(call: Call) -> Response:
    wish = wish_of(call)
    found = listing(call.house, wish)

    def link(**other: object) -> str:
        given = {
            "q": wish.text, "state": wish.state, "category": wish.category, "sort": wish.sort
        } | other  # fmt: skip
        return "?" + urlencode({key: value for key, value in given.items() if value})

    return call.render(
        "sources.html",
        found=found,
        wish=wish,
        link=link,
        query=link(page=found.wish.page if found.wish.page > 1 else None)[1:],
        sorts=SORTS,
        categories=_categories(call),
        lists=bool(addresses(call.house.settings)),
    )


def wish_of(call: Call) -> Wish:
    page = call.query.get("page", "1")
    sort = call.query.get("sort", "state")
    return Wish(
        text=call.query.get("q", "").strip()[:200],
        state=call.query.get("state", ""),
        category=call.query.get("category", ""),
        sort=sort if sort in SORTS else "state",
        page=int(page) if page.isascii() and page.isdigit() and len(page) < 7 else 1,
    )


def _categories(call: Call) -> list[tuple[str, str]]:
    return [(c.slug, c.title) for c in call.house.settings.categories if c.slug != ALL]


def act(call: Call) -> Response:
    """The bulk form: what is to be done, and to which."""
    ids, action, house = call.numbers("id"), call.text("action"), call.house
    if not ids:
        raise ConfigError(["choose sources first: tick them in the list"])
    slug = call.text("to")
    if action in ("into", "out") and not slug:
        raise ConfigError(["choose the category"])
    if action == "pause":
        said = f"{actions.pause(house, ids, True, call.user)} paused"
    elif action == "resume":
        said = f"{actions.pause(house, ids, False, call.user)} polled again"
    elif action == "poll":
        count = actions.poll_now(house, ids, call.user)
        said = f"{count} will be polled as soon as their servers may be asked"
    elif action == "into":
        count = actions.categorize(house, ids, slug, True, call.user)
        said = f"{count} put into {slug}"
    elif action == "out":
        count = actions.categorize(house, ids, slug, False, call.user)
        said = f"{count} taken out of {slug}"
    elif action == "remove":
        if call.text("sure") != "yes":
            return sure(call, ids, "sources", call.text("list"))
        said = f"{actions.remove(house, ids, call.user)} removed; their articles stay"
    else:
        raise ConfigError(["choose what is to be done"])
    return call.go("sources", said, **_list(call))


def _list(call: Call) -> dict[str, str]:
    """The list as it was chosen, which one goes back to."""
    found = dict(parse_qsl(call.text("list")))
    return {key: found[key] for key in ("q", "state", "category", "sort", "page") if key in found}


def sure(call: Call, ids: Sequence[int], back: str, where: str = "") -> Response:
    """Asked before sources are removed."""
    settings = call.house.settings
    titles = [shown_title(state, settings) for state, _ in actions.states(call.house, ids)]
    return call.render("sure.html", ids=ids, titles=titles, back=back, where=where)

"""Lists of sources that lie elsewhere: what came of them; asked now, and believed."""

from __future__ import annotations

from starlette.responses import Response

from config.desk import actions
from config.desk.call import Call
from feeds.errors import ConfigError


def show(call: Call) -> Response:
    return call.render("lists.html", lists=actions.lists(call.house))


def act(call: Call) -> Response:
    action = call.text("action")
    if action not in ("ask", "believe"):
        raise ConfigError(["choose what is to be done"])
    found = actions.ask_for_list(
        call.house, call.text("list"), call.user, believe=action == "believe"
    )
    held = found.held
    if held.error:
        said = f"It could not be read: {held.error}."
    elif held.doubted:
        said = f"It is not believed: {held.doubted}. What was there stays."
    else:
        said = f"It has {held.feeds} feeds, of which {found.taken} are sources by it."
    return call.go("lists", said)

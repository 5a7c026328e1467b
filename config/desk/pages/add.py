"""Adding sources: addresses or pages, then what was found, then those that were chosen."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.responses import Response

from aggregator.discover import newest
from config import adding
from config.desk.adding import Gone, Lookup, Lookups
from config.desk.call import Call
from config.desk.rights import check_new
from config.settings import ALL
from feeds.errors import ConfigError, EditError, FeedmillError, StoreError


class Adding:
    def __init__(self) -> None:
        self._lookups = Lookups()

    def show(self, call: Call) -> Response:
        return self._form(call, entered=call.query.get("url", ""))

    def _form(
        self,
        call: Call,
        *,
        entered: str = "",
        wrong: Sequence[str] = (),
        name: str = "",
        found: Lookup | None = None,
    ) -> Response:
        sent = call.asked.method == "POST"
        return call.render(
            "add.html",
            422 if wrong else 200,
            entered=entered,
            wrong=wrong,
            name=name,
            found=found,
            ticked=set(call.texts("feed")) if sent else _first_of_each(found),
            new_category=call.text("new_category"),
            newest=newest,
            categories=[c for c in call.house.settings.categories if c.slug != ALL],
            wishes=_wishes(call) if sent or found is None else found.wishes,
        )

    def look(self, call: Call) -> Response:
        text = call.text("addresses")
        check_new(call.role, _wishes(call).allow_private)
        try:
            name = self._lookups.look(
                call.house, text.split(), _wishes(call), guess=bool(call.text("guess"))
            )
        except ConfigError as error:
            return self._form(call, entered=text, wrong=error.complaints)
        return call.go(f"add/{name}")

    def found(self, call: Call) -> Response:
        name = str(call.path["name"])
        try:
            lookup = self._lookups.get(name)
        except Gone as error:
            return self._form(call, wrong=error.complaints)
        check_new(call.role, lookup.wishes.allow_private)
        return self._form(call, name=name, found=lookup)

    def add(self, call: Call) -> Response:
        name = str(call.path["name"])
        check_new(call.role, _wishes(call).allow_private)
        try:
            lookup = self._lookups.get(name)
        except Gone as error:
            return self._form(call, entered=call.text("addresses"), wrong=error.complaints)
        check_new(call.role, lookup.wishes.allow_private)
        try:
            added = self._lookups.add(
                call.house, name, call.texts("feed"), _wishes(call), call.user
            )
        except (ConfigError, EditError) as error:
            lines = error.complaints if isinstance(error, ConfigError) else str(error).splitlines()
            return self._form(call, wrong=lines, name=name, found=lookup)
        except StoreError:
            raise
        except FeedmillError as error:
            return self._form(call, wrong=[str(error)], name=name, found=lookup)
        if not added:
            return call.go("sources", "They were added already.", sort="added")
        return call.go("sources", _said(added), sort="added")


def _first_of_each(found: Lookup | None) -> set[str]:
    """What is ticked at first: a page's first feed is mostly the one that is meant."""
    return {one.feeds[0].settled for one in found.looked if one.feeds} if found else set()


def _said(added: Sequence[adding.Added]) -> str:
    articles = sum(each.articles for each in added)
    some = "1 source" if len(added) == 1 else f"{len(added)} sources"
    with_them = "1 article" if articles == 1 else f"{articles:,} articles"
    return f"{some} added, with {with_them}; their feeds show them in a few seconds."


def _wishes(call: Call) -> adding.Wishes:
    new = call.text("new_category").lower().replace(" ", "-")
    chosen = call.texts("categories")
    return adding.Wishes(
        categories=tuple(dict.fromkeys([*chosen, *([new] if new else [])])),
        create=True,
        every=call.text("every") or None,
        allow_private=bool(call.text("allow_private")),
        door=adding.DESK,
    )

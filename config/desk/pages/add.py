"""Adding sources: addresses or pages, then what was found, then those that were chosen."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.responses import Response

from aggregator.discover import newest
from config import adding
from config.desk.adding import Lookup, Lookups
from config.desk.call import Call
from config.settings import ALL
from feeds.errors import ConfigError, EditError, FeedmillError


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
        return call.render(
            "add.html",
            422 if wrong else 200,
            entered=entered,
            wrong=wrong,
            name=name,
            found=found,
            newest=newest,
            categories=[c for c in call.house.settings.categories if c.slug != ALL],
            wishes=found.wishes if found else _wishes(call),
        )

    def look(self, call: Call) -> Response:
        text = call.text("addresses")
        try:
            name = self._lookups.look(call.house, text.split(), _wishes(call))
        except ConfigError as error:
            return self._form(call, entered=text, wrong=error.complaints)
        return call.go(f"add/{name}")

    def found(self, call: Call) -> Response:
        name = str(call.path["name"])
        return self._form(call, name=name, found=self._lookups.get(name))

    def add(self, call: Call) -> Response:
        name = str(call.path["name"])
        lookup = self._lookups.get(name)
        try:
            added = self._lookups.add(
                call.house, name, call.texts("feed"), _wishes(call), call.user
            )
        except (ConfigError, EditError) as error:
            lines = error.complaints if isinstance(error, ConfigError) else str(error).splitlines()
            return self._form(call, wrong=lines, name=name, found=lookup)
        except FeedmillError as error:
            return self._form(call, wrong=[str(error)], name=name, found=lookup)
        articles = sum(each.articles for each in added)
        some = "1 source" if len(added) == 1 else f"{len(added)} sources"
        return call.go("sources?sort=last", f"{some} added, with {articles} articles.")


def _wishes(call: Call) -> adding.Wishes:
    new = call.text("new_category").lower()
    chosen = call.texts("categories")
    return adding.Wishes(
        categories=tuple(dict.fromkeys([*chosen, *([new] if new else [])])),
        create=True,
        every=call.text("every") or None,
        allow_private=bool(call.text("allow_private")),
    )

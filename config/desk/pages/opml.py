"""OPML lists, in and out: what is in one is shown, then written, as `feedmill opml import` does."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.datastructures import UploadFile
from starlette.responses import Response

from config import adding
from config.desk.call import HEADERS, Call
from config.desk.lists import NAME, as_text, exported, planned, write
from config.importing import Plan
from config.settings import ALL
from feeds.errors import ConfigError, EditError, FeedmillError, StoreError
from publisher.render.opml import MEDIA_TYPE

SHOWN = 300
"""Feeds of each kind that are shown; all are counted."""


def show(call: Call) -> Response:
    return _page(call)


def take(call: Call) -> Response:
    """Look at a list, or add all of it."""
    name, text = _given(call)
    into = call.texts("categories")
    try:
        wishes = adding.Wishes(categories=tuple(into), door=adding.DESK)
        plan = planned(call.house, name, text, wishes)
        if call.text("action") != "add":
            return _page(call, text=text, into=into, plan=plan, name=name)
        if not plan.new:
            return _page(
                call, text=text, into=into, plan=plan, name=name,
                wrong=["nothing of it is new, or can be added"],
            )  # fmt: skip
        write(call.house, plan, call.user)
    except ConfigError as error:
        return _page(call, text=text, into=into, wrong=error.complaints)
    except EditError as error:
        return _page(call, text=text, into=into, wrong=str(error).splitlines(), lines=plan.text())
    except StoreError:
        raise
    except FeedmillError as error:
        return _page(call, text=text, into=into, wrong=[str(error)])
    return call.go("sources", _said(plan), sort="added")


def _given(call: Call) -> tuple[str, str]:
    """(what complaints call it, its text): the file, else what was pasted."""
    file = call.form.get("file")
    if isinstance(file, UploadFile) and (body := file.file.read()):
        return file.filename or NAME, as_text(body)
    return NAME, call.text("text")


def _said(plan: Plan) -> str:
    said = f"{_feeds(len(plan.new))} added"
    if plan.categories:
        said += f", new categories: {', '.join(plan.categories.values())}"
    if plan.known:
        said += f"; {_feeds(len(plan.known))} configured already"
    if plan.bad:
        said += f"; {len(plan.bad)} could not be added: {'; '.join(_lines(plan)[:5])}"
    return f"{said}. They are polled in the next minutes."


def _lines(plan: Plan) -> list[str]:
    return [f"line {each.line}, {each}" for each in plan.bad]


def _feeds(number: int) -> str:
    return "1 source" if number == 1 else f"{number:,} sources"


def _page(
    call: Call,
    *,
    text: str = "",
    into: Sequence[str] = (),
    plan: Plan | None = None,
    name: str = NAME,
    wrong: Sequence[str] = (),
    lines: str = "",
) -> Response:
    settings = call.house.settings
    titles = {each.slug: each.title for each in settings.categories}
    return call.render(
        "opml.html",
        422 if wrong else 200,
        text=text,
        into=set(into),
        plan=plan,
        titles=titles | dict(plan.categories if plan else {}),
        name=name,
        wrong=wrong,
        lines=lines,
        most=SHOWN,
        categories=[each for each in settings.categories if each.slug != ALL],
    )


def give(call: Call) -> Response:
    """The configured sources as a list; secret addresses and private categories stay here."""
    headers = HEADERS | {"Content-Disposition": 'attachment; filename="sources.opml"'}
    return Response(exported(call.house), 200, headers, MEDIA_TYPE)

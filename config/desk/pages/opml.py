"""OPML lists, in and out: what is in one is shown, then written, as `feedmill opml import` does."""

from __future__ import annotations

import re
from collections.abc import Sequence

import structlog
from starlette.datastructures import UploadFile
from starlette.responses import Response

from config import adding, importing
from config.desk.call import HEADERS, Call
from config.exporting import export
from config.importing import Plan
from config.settings import ALL
from feeds.errors import ConfigError, EditError, FeedmillError, StoreError
from publisher.render.opml import MEDIA_TYPE

log = structlog.get_logger("feedmill.desk")

NAME = "the list"
"""What complaints call what was pasted."""
SHOWN = 300
"""Feeds of each kind that are shown; all are counted."""
_ENCODING = re.compile(r"""^(\s*<\?xml[^>]*?)\s+encoding\s*=\s*(?:"([^"]*)"|'([^']*)')""")


def show(call: Call) -> Response:
    return _page(call)


def take(call: Call) -> Response:
    """Look at a list, or add all of it."""
    name, text = _given(call)
    into = call.texts("categories")
    try:
        plan = _plan(call, name, text, into)
        if call.text("action") != "add":
            return _page(call, text=text, into=into, plan=plan, name=name)
        if not plan.new:
            return _page(
                call, text=text, into=into, plan=plan, name=name,
                wrong=["nothing of it is new, or can be added"],
            )  # fmt: skip
        _write(call, plan)
    except ConfigError as error:
        return _page(call, text=text, into=into, wrong=error.complaints)
    except EditError as error:
        return _page(
            call, text=text, into=into, wrong=_without_option(str(error)), lines=plan.text()
        )
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


def as_text(body: bytes) -> str:
    """As a form can show it, whatever the file is encoded as."""
    for mark, encoding in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"),
                           (b"\xfe\xff", "utf-16")):  # fmt: skip
        if body.startswith(mark):
            return body.decode(encoding, "replace")
    declared = _ENCODING.match(body[:200].decode("latin-1"))
    encoding = (declared[2] or declared[3]) if declared else "utf-8"
    try:
        return body.decode(encoding)
    except (LookupError, UnicodeDecodeError):
        return body.decode("utf-8", "replace")


def as_body(text: str) -> bytes:
    """As it is read: in UTF-8, whatever encoding the file has said that it had."""
    return _ENCODING.sub(r"\1", text).encode()


def _plan(call: Call, name: str, text: str, into: Sequence[str]) -> Plan:
    """Raises ConfigError, FeedmillError."""
    if not text.strip():
        raise ConfigError(["choose a file, or paste the text of a list"])
    app = call.house.app
    outlines = importing.outlines_of(name, as_body(text))
    wishes = adding.Wishes(categories=tuple(into))
    adding.wanted_categories(app.settings, wishes)
    return importing.plan(
        outlines, app.settings, adding.Looking(app, wishes).configured, into or None
    )


def _write(call: Call, plan: Plan) -> None:
    house = call.house
    house.take(importing.write(house.settings, plan))
    # The engine does so too, a little later: then they are in the list of sources already.
    house.app.sync()
    log.info("list imported", sources=len(plan.new), faults=len(plan.bad), by=call.user)


def _without_option(text: str) -> list[str]:
    """The command's own advice is none at the desk."""
    return text.replace("; --dry-run shows the lines", "").splitlines()


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
    house = call.house
    names = {each.url: (each.title, each.link) for each in house.store.sources()}
    found = export(house.settings, names)
    headers = HEADERS | {"Content-Disposition": 'attachment; filename="sources.opml"'}
    return Response(found.body, 200, headers, MEDIA_TYPE)

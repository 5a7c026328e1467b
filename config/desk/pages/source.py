"""One source: how it stands and why, what it is configured as, what it said, what it brought."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from config.advice import advice
from config.changing import source_table
from config.desk import actions
from config.desk.call import Call
from config.desk.documents import read_now
from config.desk.forms import SOURCE, as_form, entered, meanwhile, of_form, print_of, unseen
from config.desk.pages.sources import sure
from config.desk.rights import ADMIN, PRIVATE, address_in, tied
from config.facts import facts
from config.ledger_rows import answer_in_words, status_words
from config.settings import ALL
from config.showing import adopted, public_url, shown_change, shown_title, shown_url
from config.source_json import status_of
from config.standing import in_words, next_in_words, shown_sighting, standing
from feeds.errors import ConfigError, EditError, PollError
from feeds.models import Source, SourceState

SAVED = "Saved. Feedmill goes by it in a few seconds."


def show(call: Call) -> Response:
    state, source = _found(call)
    return _page(call, state, source)


def _found(call: Call) -> tuple[SourceState, Source]:
    return actions.states(call.house, [int(call.path["number"])])[0]


def _page(
    call: Call,
    state: SourceState,
    source: Source,
    *,
    given: Mapping[str, Any] | None = None,
    wrong: tuple[str, ...] = (),
    document: Any = None,
) -> Response:
    house = call.house
    settings, store = house.settings, house.store
    now, ledger = store.now(), store.ledger(state.id, 30)
    stands = standing(state, now)
    table, locked = _table(call, source)
    changes = [
        (each, *shown_change(each, state, settings)) for each in store.address_changes(state.id)
    ]
    return call.render(
        "source.html",
        422 if wrong else 200,
        state=state,
        source=source,
        title=shown_title(state, settings),
        address=shown_url(state, settings),
        link=None if source.secret_url or not state.link else public_url(state.link),
        stands=stands,
        words=in_words(stands, now),
        next=next_in_words(state, now),
        advice=advice(state, stands, status_of(ledger), at_desk=True),
        facts=facts(state, source, settings.poll, now),
        adopted=adopted(state, settings),
        sighting=shown_sighting(state, settings),
        changes=changes,
        guessed=any(each.guessed and each.after == state.url for each, _, _ in changes),
        ledger=[(row, status_words(row), answer_in_words(row, now)) for row in ledger],
        form=given if given is not None else _as_form(source, table),
        seen=print_of(table, call),
        private=bool(table.get(PRIVATE)),
        tied=tied(call.role, table),
        locked=locked,
        wrong=wrong,
        categories=[c for c in settings.categories if c.slug != ALL],
        inside=set(source.categories if given is None else given["categories"]),
        articles=store.articles([state.id], 20),
        document=document,
    )


def _table(call: Call, source: Source) -> tuple[Mapping[str, Any], str]:
    """(what is written of it, why it can't be changed here)"""
    try:
        return source_table(call.house.settings, source), ""
    except EditError as error:
        return {}, str(error)


def _as_form(source: Source, table: Mapping[str, Any]) -> dict[str, str]:
    """`url`: None for an address that is not shown, or is none of the web."""
    url = address_in(source, table)
    return as_form(SOURCE, table) | ({} if url is None else {"url": url})


def edit(call: Call) -> Response:
    state, source = _found(call)
    given = entered(_fields(call), call) | {"categories": call.texts("categories")}
    if "url" in call.form:
        given["url"] = call.text("url")
    try:
        table = source_table(call.house.settings, source)
        if unseen(table, call):
            raise meanwhile(_fields(call), call, table)
        values = _values(call, source, table)
        if not values:
            return call.go(f"sources/{state.id}", "Nothing was changed.")
        actions.edit_source(call.house, state.id, values, call.by, table.__eq__)
    except (ConfigError, EditError) as error:
        lines = error.complaints if isinstance(error, ConfigError) else str(error).splitlines()
        return _page(call, state, source, given=given, wrong=tuple(lines))
    return call.go(f"sources/{state.id}", SAVED)


def _fields(call: Call) -> Mapping[str, str]:
    """Those of the form. An editor's is without what is an admin's, so that there an empty field
    is no word on it."""
    return {
        key: kind
        for key, kind in SOURCE.items()
        if key != PRIVATE or call.role == ADMIN or key in call.form
    }


def _values(call: Call, source: Source, table: Mapping[str, Any]) -> dict[str, Any]:
    """What the form changes. Raises ConfigError."""
    values = of_form(_fields(call), call, table)
    categories = call.texts("categories")
    if set(categories) != set(source.categories):
        # Those that stay keep their places.
        kept = [each for each in source.categories if each in categories]
        new = [each for each in categories if each not in kept]
        values["categories"] = [*kept, *new] or None
    before = address_in(source, table)
    if before is not None and "url" in call.form and (url := call.text("url")) != before:
        values["url"] = url
    return values


def act(call: Call) -> Response:
    state, _ = _found(call)
    number, house, action = state.id, call.house, call.text("action")
    if action == "poll":
        actions.poll_now(house, [number], call.user)
        said = "It is polled as soon as its server may be asked."
    elif action == "fresh":
        actions.poll_now(house, [number], call.user, fresh=True)
        said = "All of it is read anew, as soon as its server may be asked."
    elif action in ("pause", "resume"):
        actions.pause(house, [number], action == "pause", call.user)
        said = "Paused." if action == "pause" else "It is polled again."
    elif action == "undo":
        done = actions.undo_move(house, number, call.user)
        if done is not None and done.after != state.url:
            return call.go(
                "sources",
                f"Source {number} is that of its former address again, which is configured no "
                "more; the new address is a source of its own.",
            )
        said = (
            "The configured address is requested again; that redirect is never adopted anew."
            if done
            else "The configured address is requested already."
        )
    elif action in ("release", "discard"):
        count = actions.let_in(house, number, action == "release", call.user)
        said = f"{count} articles {'let in' if action == 'release' else 'dropped for good'}."
    elif action == "remove":
        if call.text("sure") != "yes":
            return sure(call, [number], f"sources/{number}")
        actions.remove(house, [number], call.user)
        return call.go("sources", "Removed; its articles stay.")
    else:
        raise ConfigError(["choose what is to be done"])
    return call.go(f"sources/{number}", said)


def document(call: Call) -> Response:
    """Its document as it is read now: one request, in its host's turn."""
    state, source = _found(call)
    try:
        found: Any = read_now(call.house, state, source)
    except PollError as error:
        found = {"error": f"{error.kind}: {error}"}
    return _page(call, state, source, document=found)

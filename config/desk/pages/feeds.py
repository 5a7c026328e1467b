"""Feeds: categories and views, what they show, who reads them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from starlette.responses import Response

from config import outgoing
from config.changing import feed_table
from config.desk import actions, discreet, tryout
from config.desk.call import Call
from config.desk.forms import FEED, as_form, entered, meanwhile, of_form, print_of, unseen
from config.desk.rules import RuleForm, form_of
from config.settings import ALL
from config.wiring import FEEDS
from feeds.errors import ConfigError, EditError
from feeds.models import Category, Subscriber

SAVED = "Saved. Feedmill goes by it in a few seconds; its feeds then follow."
PURPOSES: Mapping[str | None, str] = {
    None: "all private feeds",
    "@api": "the API, as admin",
    "@editor": "the API, as editor",
    "@metrics": "the metrics",
    "@ops": "the operations feed",
}
"""What tokens may be for, beside single feeds."""
SHOWN = 500
"""Subscribers of the hub that are listed."""
_RULE = ("every", "some", "none", "toml")


def show(call: Call) -> Response:
    house = call.house
    rows = outgoing.rows(house.app)
    return call.render(
        "feeds.html",
        rows=rows,
        waiting=house.store.hub_queue(),
        hub=[_subscriber(each) for each in house.store.all_subscribers(SHOWN)],
        quarantined=house.store.quarantined(),
        refused=house.figures().get("refused", []),
        tokens=house.store.tokens() if call.role == "admin" else None,
        purposes=PURPOSES,
    )


def _subscriber(one: Subscriber) -> dict[str, Any]:
    """Of a callback only its host: the rest of it is a secret of the subscriber's."""
    host = urlsplit(one.callback).hostname or ""
    return {
        "topic": one.topic,
        "host": f"{host} (a hub, pinged)" if one.ping else host,
        "until": one.lease_until,
        "ping": one.ping,
        "error": one.error,
    }


def new(call: Call) -> Response:
    kind = "views" if call.query.get("kind") == "views" else "categories"
    return _page(call, kind, "", {}, None)


def edit(call: Call) -> Response:
    feed = actions.feed_of(call.house, str(call.path["slug"]))
    kind = actions.kind_of(feed)
    try:
        table = _table(call, kind, feed.slug)
    except EditError as error:
        return _page(call, kind, feed.slug, {}, feed, locked=str(error))
    return _page(call, kind, feed.slug, table, feed)


def _table(call: Call, kind: str, slug: str) -> Mapping[str, Any]:
    """What is written of it; nothing of one that comes from a list's folder. Raises EditError."""
    at = feed_table(call.house.settings, kind, slug)
    return at[1] if at else {}


def _page(
    call: Call,
    kind: str,
    slug: str,
    table: Mapping[str, Any],
    feed: Category | None,
    *,
    given: Mapping[str, Any] | None = None,
    wrong: Sequence[str] = (),
    tried: tryout.Tried | None = None,
    locked: str = "",
) -> Response:
    settings = call.house.settings
    shown = _as_form(table, feed) if given is None else given
    return call.render(
        "feed.html",
        422 if wrong else 200,
        kind=kind,
        slug=slug,
        feed=feed,
        form=shown,
        rule=shown["rule"],
        chosen=set(shown["categories"]),
        sources="\n".join(discreet.shown(call.house, shown["sources"])),
        seen=print_of(table, call),
        wrong=wrong,
        tried=tried,
        locked=locked,
        folder=feed is not None and not table and not locked and slug != ALL,
        inside=_inside(call, slug) if feed and kind == "categories" else None,
        categories=[e for e in settings.categories if e.slug != ALL or ALL in shown["categories"]],
        formats=tuple(tryout.FORMATS),
        addresses=[call.house.app.site.feed(slug, name) for name in FEEDS] if feed else [],
    )


def _inside(call: Call, slug: str) -> int:
    """How many sources are in a category."""
    sources = call.house.settings.sources.values()
    return sum(slug == ALL or slug in each.categories for each in sources)


def _as_form(table: Mapping[str, Any], feed: Category | None) -> dict[str, Any]:
    fields: dict[str, Any] = as_form(FEED, table)
    if feed is not None and not table:
        fields["title"] = feed.title
    return fields | {
        "rule": form_of(table.get("match")),
        "categories": list(table.get("categories") or ()),
        "sources": list(table.get("sources") or ()),
    }


def _given(call: Call) -> dict[str, Any]:
    return entered(FEED, call) | {
        "rule": _rule(call),
        "categories": call.texts("categories"),
        "sources": call.text("sources").split(),
    }


def _rule(call: Call) -> RuleForm:
    return RuleForm(**{name: call.text(f"rule_{name}") for name in _RULE})


def _values(call: Call, kind: str, table: Mapping[str, Any]) -> dict[str, Any]:
    """What the form changes. Raises ConfigError with each that is wrong."""
    values, complaints = dict[str, Any](), list[str]()
    try:
        values |= of_form(FEED, call, table)
    except ConfigError as error:
        complaints += error.complaints
    try:
        if (rule := _rule(call)) != form_of(table.get("match")):
            values["match"] = rule.table()
    except ConfigError as error:
        complaints += error.complaints
    if complaints:
        raise ConfigError(complaints)
    if kind == "views":
        for key, found in (
            ("categories", call.texts("categories")),
            ("sources", discreet.meant(call.house, call.text("sources").split())),
        ):
            if found != list(table.get(key) or ()):
                values[key] = found or None
    return values


def save(call: Call) -> Response:
    """Made or changed; or, with the other button, only tried."""
    made = "slug" not in call.path
    slug = call.text("slug").lower() if made else str(call.path["slug"])
    feed = None if made else actions.feed_of(call.house, slug)
    kind = _kind(call, feed)
    given, table = _given(call), dict[str, Any]()
    try:
        if feed is not None:
            table = dict(_table(call, kind, slug))
        values = _values(call, kind, table)
        if slug == ALL and feed is not None and values.get("title") == feed.title:
            del values["title"]  # it has one without saying so
        if call.text("action") == "try":
            wanted = tryout.defined(kind, slug or "new", table | values)
            found = tryout.tried(call.house, wanted)
            return _page(call, kind, slug, table, feed, given=given, tried=found)
        if feed is None:
            actions.make_feed(call.house, kind, slug, values, call.user)
        elif unseen(table, call):
            raise meanwhile(FEED, call, table)
        elif not values or values == {"title": feed.title}:
            return call.go(f"feeds/{slug}", "Nothing was changed.")
        else:
            actions.edit_feed(call.house, slug, values, call.user, table.__eq__ if table else None)
    except (ConfigError, EditError) as error:
        lines = error.complaints if isinstance(error, ConfigError) else str(error).splitlines()
        return _page(call, kind, slug, table, feed, given=given, wrong=lines)
    return call.go(f"feeds/{slug}", SAVED)


def _kind(call: Call, feed: Category | None) -> str:
    if feed is not None:
        return actions.kind_of(feed)
    return "views" if call.text("kind") == "views" else "categories"


def remove(call: Call) -> Response:
    slug = str(call.path["slug"])
    actions.remove_feed(call.house, slug, call.user)
    return call.go("feeds", f"{slug} is removed; its addresses answer 410 from now on.")


def preview(call: Call) -> Response:
    """The document that a definition would make, as text, never as a page of the desk's."""
    slug, form = str(call.path["slug"]), str(call.path["form"])
    if form not in tryout.FORMATS:
        raise actions.Missing([f"{form}: there is no such format"])
    feed = actions.feed_of(call.house, slug)
    kind, given, table = actions.kind_of(feed), _given(call), dict[str, Any]()
    try:
        table = dict(_table(call, kind, slug))
        defined = tryout.defined(kind, slug, table | _values(call, kind, table))
    except (ConfigError, EditError) as error:
        lines = error.complaints if isinstance(error, ConfigError) else str(error).splitlines()
        return _page(call, kind, slug, table, feed, given=given, wrong=lines)
    body, kind_of_it = tryout.preview(call.house, defined, form)
    text = body.decode("utf-8", "replace")
    return call.render(
        "preview.html",
        text=text,
        title=feed.title,
        slug=slug,
        form=form,
        media_type=kind_of_it.partition(";")[0],
    )


def tokens(call: Call) -> Response:
    """Make or revoke one (admins)."""
    from config import tokens as making

    app, label = call.house.app, call.text("label")
    if call.text("action") == "revoke":
        there = app.store.tokens()
        # As a form gives it back; older ones may hold anything.
        known = {each.label.strip().replace("\r\n", "\n"): each for each in there}
        known |= {each.label: each for each in there}
        if label not in known:
            raise ConfigError([f"{label}: there is no such token"])
        making.revoke_token(app, known[label])
        return call.go("feeds", f"The token of {making.shown_label(label)} is revoked.")
    purpose = call.text("feed")
    token = making.add_token(app, label, purpose or None)
    return call.render("token.html", token=token, label=label, purpose=purpose)

"""Feeds: categories and views, what they show, who reads them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.responses import Response

from config import outgoing
from config.changing import feed_table
from config.desk import actions, tryout
from config.desk.call import HEADERS, Call
from config.desk.forms import FEED, as_form, of_form, seen_of, seen_text
from config.desk.rules import RuleForm, form_of
from config.settings import ALL
from config.showing import public_url
from config.wiring import FEEDS
from feeds.errors import ConfigError, EditError
from feeds.models import Category

_RULE = ("every", "some", "none", "toml")


def show(call: Call) -> Response:
    house = call.house
    rows = outgoing.rows(house.app) if house.store.feeds() else []
    return call.render(
        "feeds.html",
        rows=rows,
        waiting=house.store.hub_queue(),
        quarantined=house.store.quarantined(),
        refused=house.figures().get("refused", []),
        tokens=house.store.tokens() if call.role == "admin" else None,
    )


def new(call: Call) -> Response:
    kind = "views" if call.query.get("kind") == "views" else "categories"
    return _page(call, kind, "", {}, None)


def edit(call: Call) -> Response:
    feed = actions.feed_of(call.house, str(call.path["slug"]))
    kind = actions.kind_of(feed)
    at = feed_table(call.house.settings, kind, feed.slug)
    table = at[1] if at else {"title": feed.title}
    return _page(call, kind, feed.slug, table, feed)


def _page(
    call: Call,
    kind: str,
    slug: str,
    table: Mapping[str, Any],
    feed: Category | None,
    *,
    entered: Mapping[str, Any] | None = None,
    wrong: Sequence[str] = (),
    tried: tryout.Tried | None = None,
) -> Response:
    settings = call.house.settings
    rule = form_of(table.get("match"))
    fields = entered if entered is not None else as_form(FEED, table)
    whose: Mapping[str, Any] = table if entered is None else entered
    if entered is not None:
        rule = RuleForm(**{name: str(entered.get(f"rule_{name}", "")) for name in _RULE})
    return call.render(
        "feed.html",
        422 if wrong else 200,
        kind=kind,
        slug=slug,
        feed=feed,
        form=fields,
        rule=rule,
        chosen=set(whose.get("categories") or ()),
        sources="\n".join(whose.get("sources") or ()),
        seen=call.text("seen") if entered is not None else seen_text(table),
        wrong=wrong,
        tried=tried,
        categories=[each for each in settings.categories if each.slug != ALL],
        formats=tuple(tryout.FORMATS),
        addresses=[call.house.app.site.feed(slug, name) for name in FEEDS] if feed else [],
        public=public_url,
    )


def _entered(call: Call) -> dict[str, Any]:
    return (
        {key: call.text(key) for key in FEED}
        | {f"rule_{name}": call.text(f"rule_{name}") for name in _RULE}
        | {"categories": call.texts("categories"), "sources": call.text("sources").split()}
    )


def _values(call: Call, kind: str) -> dict[str, Any]:
    """Raises ConfigError."""
    values = of_form(FEED, call)
    rule = RuleForm(**{name: call.text(f"rule_{name}") for name in _RULE})
    values["match"] = rule.table()
    if kind == "views":
        values["categories"] = call.texts("categories") or None
        values["sources"] = call.text("sources").split() or None
    return values


def save(call: Call) -> Response:
    """Made or changed; or, with the other button, only tried."""
    slug = str(call.path.get("slug") or call.text("slug"))
    made = "slug" not in call.path
    kind = "views" if call.text("kind") == "views" else "categories"
    feed = None if made else actions.feed_of(call.house, slug)
    entered = _entered(call)
    try:
        values = _values(call, kind)
        if call.text("action") == "try":
            found = tryout.tried(call.house, tryout.defined(kind, slug or "new", values))
            return _page(call, kind, slug, {}, feed, entered=entered, tried=found)
        if made:
            actions.make_feed(call.house, kind, slug, values, call.user)
        else:
            actions.edit_feed(call.house, slug, values, call.user, seen_of(call.text("seen")))
    except (ConfigError, EditError) as error:
        lines = error.complaints if isinstance(error, ConfigError) else str(error).splitlines()
        return _page(call, kind, slug, {}, feed, entered=entered, wrong=lines)
    return call.go(f"feeds/{slug}", "Saved. A running Feedmill takes it up in a moment.")


def remove(call: Call) -> Response:
    slug = str(call.path["slug"])
    actions.remove_feed(call.house, slug, call.user)
    return call.go("feeds", f"{slug} is removed; its addresses answer 410 from now on.")


def preview(call: Call) -> Response:
    """The document that a definition would make, as text, never as a page of the desk's."""
    slug, form = str(call.path["slug"]), str(call.path["form"])
    kind = "views" if call.text("kind") == "views" else "categories"
    feed = tryout.defined(kind, slug, _values(call, kind))
    body, kind_of_it = tryout.preview(call.house, feed, form)
    if form == "page":
        return call.render(
            "preview.html", document=body.decode("utf-8", "replace"), slug=slug, form=form
        )
    text = body.decode("utf-8", "replace")
    return call.render("preview.html", text=text, slug=slug, form=form, media_type=kind_of_it)


def tokens(call: Call) -> Response:
    """Make or revoke one (admins)."""
    from config import tokens as making

    store, label = call.house.store, call.text("label")
    known = {each.label: each for each in store.tokens()}
    if call.text("action") == "revoke":
        if label not in known:
            raise ConfigError([f"{label}: there is no such token"])
        store.revoke_token(known[label].digest)
        call.house.app.put_tokens()
        return call.go("feeds", f"The token of {label} is revoked.")
    if not label or label in known:
        raise ConfigError(["give the token a name that no other has"])
    purpose = call.text("feed")
    private = {each.slug for each in call.house.settings.feeds if each.private}
    allowed = private | {f"{making.ELSEWHERE}{each}" for each in making.PURPOSES}
    if purpose and purpose not in allowed:
        raise ConfigError([f"{purpose}: a token can't be for that"])
    token = making.new_token()
    store.add_token(making.digest(token), purpose or None, label)
    call.house.app.put_tokens()
    return call.render("token.html", token=token, label=label)


__all__ = ["HEADERS", "edit", "new", "preview", "remove", "save", "show", "tokens"]

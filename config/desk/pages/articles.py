"""Articles: found, explained, and what the operator says of them."""

from __future__ import annotations

from urllib.parse import urlencode

from starlette.responses import Response

from config.desk import actions
from config.desk.articles import Page, Wish, listing, stands
from config.desk.call import Call
from config.explaining import told
from config.naming import articles as named
from config.revising import changes
from config.settings import ALL
from config.showing import shown_title
from feeds.errors import ConfigError
from feeds.models import ArticleFacts, Listed

FOUND = 50


def show(call: Call) -> Response:
    house, query = call.house, call.query
    number = query.get("source", "")
    wish = Wish(
        words=query.get("q", "").strip()[:300],
        source=int(number) if number.isascii() and number.isdigit() and len(number) < 16 else None,
        feed=query.get("feed", "")[:64],
        day=query.get("day", "").strip(),
        after=query.get("after", ""),
    )
    page, wrong = Page(rows=(), next=""), list[str]()
    named = [] if wish.after else _by_name(call, wish.words)
    try:
        page = listing(house, wish, FOUND)
    except ConfigError as error:
        wrong += error.complaints
    if named:
        page = Page(rows=[Listed(article=each.article, held=each.held) for each in named], next="")
    shown = {each.article.source_id for each in page.rows}
    shown |= {wish.source} if wish.source is not None else set()
    titles = {
        state.id: shown_title(state, house.settings) for state in house.store.states_of(shown)
    }
    return call.render(
        "articles.html",
        422 if wrong else 200,
        rows=[(each.article, stands(each)) for each in page.rows],
        titles=titles,
        wish=wish,
        more=_link(wish, page.next),
        wrong=wrong,
        feeds=[(each.slug, each.title) for each in house.settings.feeds if each.slug != ALL],
        chosen=bool(wish.words or wish.source or wish.feed or wish.day or wish.after),
    )


def _link(wish: Wish, after: str) -> str:
    """To the page that begins there; "": to none."""
    given = {
        "q": wish.words, "source": wish.source, "feed": wish.feed, "day": wish.day, "after": after,
    }  # fmt: skip
    return "?" + urlencode({key: each for key, each in given.items() if each}) if after else ""


def _by_name(call: Call, words: str) -> list[ArticleFacts]:
    """An id, a link or a number names it; other words don't."""
    if not words or " " in words:
        return []
    try:
        return named(call.house.app, words)
    except ConfigError:
        return []


def article(call: Call) -> Response:
    number = str(call.path["number"])
    house = call.house
    try:
        [facts] = [each for each in named(house.app, number) if str(each.article.id) == number]
    except (ConfigError, ValueError) as error:
        raise actions.Missing([f"article {number}: there is none of that number"]) from error
    revisions = house.store.revisions(facts.article.id)
    pairs = zip([None, *revisions], revisions, strict=False)
    history = [
        (each, changes(before.entry, each.entry) if before is not None else [])
        for before, each in pairs
    ]
    others = house.store.articles_by_id(facts.members)
    names = {
        state.id: shown_title(state, house.settings)
        for state in house.store.states_of(
            {facts.article.source_id, *(each.source_id for each in others.values())}
        )
    }
    return call.render(
        "article.html",
        facts=facts,
        entry=facts.article.entry,
        told=told(house.app, facts),
        history=list(reversed(history)),
        others=[each for each in others.values() if each.id != facts.article.id],
        names=names,
        feeds={each.slug: each.title for each in house.settings.feeds},
    )


def act(call: Call) -> Response:
    number, action, house = str(call.path["number"]), call.text("action"), call.house
    if action == "takedown":
        ids = actions.take_down(house, number, call.user)
        some = f"{len(ids)} articles are" if len(ids) > 1 else "It is"
        return call.go("articles", f"{some} taken down for ever; feeds tell of it within seconds.")
    if action in ("merge", "split"):
        other = call.text("other")
        if action == "merge" and not other:
            raise ConfigError(["name the other article: its number, id or link"])
        one, two = actions.rule(
            house, number, other or None, together=action == "merge", by=call.user
        )
        word = "one story" if action == "merge" else "two stories"
        return call.go(f"articles/{one}", f"Articles {one} and {two} tell {word} from now on.")
    raise ConfigError(["choose what is to be done"])


def take_down(call: Call) -> Response:
    """By id or link, also of what is yet to come."""
    text = call.text("what")
    ids = actions.take_down(call.house, text, call.user)
    some = f"{len(ids)} articles are" if ids else "No article of it was stored; it is"
    return call.go("articles", f"{some} taken down, and will not come back.")

"""Why an article is, or is not, where somebody looks for it: the body of `feedmill explain`, and of
the article's page at the desk."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from aggregator.likeness.align import align
from aggregator.likeness.words import text_of
from config.showing import iso, shown_source
from config.wiring import App
from feeds.models import ArticleFacts, Category, Edge, Held, KeyKind, LedgerRow, Tie

_HELD = {
    Held.FLOOD: "held by the flood guard: `feedmill release SOURCE` lets it in, `discard` drops it",
    Held.REMOVED: "taken away: only its keys are kept, by which it does not come back",
}
_TIES = {
    Tie.ID: "the same id, by authority",
    Tie.URL: "the same link",
    Tie.TEXT: "nearly the same text",
}
WORDS = 12
"""Of what two texts share, that are shown."""


def told(app: App, facts: ArticleFacts) -> dict[str, Any]:
    article = facts.article
    return {
        "id": article.id,
        "title": article.entry.title,
        "link": article.entry.link,
        "guid": article.entry.guid,
        "source": {
            "id": article.source_id,
            "url": shown_source(facts.source_url, article.source_id, app.settings),
        },
        "state": _HELD.get(facts.held),
        "taken_down": facts.barred,
        "published": iso(article.published),
        "first_seen": iso(article.first_seen),
        "revision": article.revision,
        "shown": facts.shown,
        "polls": _polls(app.store.ledger(article.source_id), facts),
        "known_by": _known_by(facts),
        "rebound": [
            {"at": iso(each.at), "rule": each.rule, "before": each.before, "after": each.after}
            for each in facts.rebindings
        ],
        "story": _story(app, facts),
        "feeds": _feeds(app, facts),
    }


def _polls(rows: Sequence[LedgerRow], facts: ArticleFacts) -> list[dict[str, Any]]:
    """The one that brought it, if the ledger still has it, and those that found something new
    since."""
    since = [row for row in rows if row.at >= facts.article.first_seen]
    return [
        {
            "at": iso(row.at),
            "reason": row.reason,
            "outcome": str(row.outcome),
            "status": row.status,
            "brought_it": row.at == facts.article.first_seen,
        }
        for row in reversed(since)
        if row.at == facts.article.first_seen or row.new or row.changed
    ]


def _known_by(facts: ArticleFacts) -> str:
    kinds = {key.kind for key in facts.keys}
    if KeyKind.GUID in kinds:
        return "its id"
    if KeyKind.GUID_AND_URL in kinds:
        return "its id and link together, since others of its source have the same id"
    if KeyKind.DIGEST in kinds:
        return "its title, date and text, since it has neither an id nor a link of its own"
    return "its link, since it has no id"


def _story(app: App, facts: ArticleFacts) -> dict[str, Any] | None:
    if facts.story is None:
        return None
    others = [number for number in facts.members if number != facts.article.id]
    return {
        "id": facts.story.id,
        "published_id": facts.published_id,
        "lead": facts.story.lead_id,
        "published": facts.story.opened,
        "twin_of": facts.story.twin_id,
        "others": others,
        "twins": [{"id": n, "articles": list(ids)} for n, ids in facts.twins.items()],
        "ties": [_tie(app, facts, each) for each in facts.edges],
        "rulings": [
            {"other": _other(facts, each.low, each.high), "together": each.together}
            for each in facts.rulings
        ],
    }


def _other(facts: ArticleFacts, low: int, high: int) -> int:
    return high if low == facts.article.id else low


def _tie(app: App, facts: ArticleFacts, edge: Edge) -> dict[str, Any]:
    other = _other(facts, edge.low, edge.high)
    return {
        "other": other,
        "in_story": other in facts.members,
        "tie": _TIES[edge.tie],
        "contained": round(edge.contained, 3),
        "common_words": edge.common,
        "rules": edge.version,
        "shared": _shared(app, facts.article.id, other) if edge.common else "",
    }


def _shared(app: App, one: int, other: int) -> str:
    """The longest that two texts have in common, or its beginning."""
    found = app.store.firsts([one, other])
    if len(found) < 2:
        return ""
    short, long = sorted((text_of(e.article.entry) for e in found), key=lambda t: len(t.body))
    runs = align(short, long).runs
    if not runs:
        return ""
    run = max(runs, key=lambda each: each.size)
    words = short.body[run.one : run.one + min(run.size, WORDS)]
    return " ".join(words) + (" …" if run.size > WORDS else "")


def _feeds(app: App, facts: ArticleFacts) -> list[dict[str, Any]]:
    told = []
    for category in app.settings.feeds:
        events = [each for each in facts.appearances if each.slug == category.slug]
        here = category.slug in facts.placed
        entered = [each for each in events if each.kind == "enter"]
        told.append(
            {
                "feed": category.slug,
                "in": here,
                "since": iso(entered[-1].at) if here and entered else None,
                "why": _why(app, facts, category, here=here),
                "events": [
                    {"at": iso(e.at), "kind": str(e.kind), "article": e.article_id} for e in events
                ],
            }
        )
    return told


def _why(app: App, facts: ArticleFacts, feed: Category, *, here: bool) -> str:
    source = app.settings.sources.get(facts.source_url)
    apart = {each.article_id: each for each in app.store.quarantined()}.get(facts.article.id)
    if apart is not None:
        return f"kept out of all feeds until it is edited: {apart.rule}, {apart.fault}"
    if here:
        return "its story is in it"
    if facts.held is not Held.NO:
        return _HELD[facts.held]
    if source is None:
        return "its source is configured no more"
    whose = app.members()[feed.slug]
    if facts.article.source_id in whose.hidden:
        return "its source is for private feeds only"
    if whose.sources is not None and facts.article.source_id not in whose.sources:
        return f"its source is not in this {'view' if feed.view else 'category'}"
    if feed.match is not None and not _fits(app, facts, feed):
        return "the rule `match` does not fit it"
    if not facts.linked or facts.story is None:
        return "it has not been linked to a story yet"
    if facts.story.twin_id is not None:
        return f"story {facts.story.twin_id}, which is older, tells the same"
    if facts.backlog > feed.backlog:
        return (
            f"back-catalogue: number {facts.backlog} of what its source showed first, of which "
            f"{feed.backlog} enter where other sources' stories are"
        )
    age = feed.shown_age
    if age is not None and facts.article.published < app.store.now() - timedelta(seconds=age):
        return "it is older than the view shows (`max_age`)"
    return "publishing has not come to it yet, or it waits (`hold`, `delay`)"


def _fits(app: App, facts: ArticleFacts, feed: Category) -> bool:
    from publisher.matching import matcher

    known = app.store.entries([facts.article.id])
    return all(matcher(feed.match)(*each) for each in known.values())

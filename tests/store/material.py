"""Short ways to make what the store is given."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from hashlib import blake2b
from typing import Any

from feeds.models import (
    ChangedArticle,
    Claim,
    Entry,
    Failure,
    Key,
    KeyKind,
    NewArticle,
    Outcome,
    Poll,
    Schedule,
    Source,
    StoryPlan,
)
from feeds.store import Store

TTL = timedelta(minutes=2)
HOUR = timedelta(hours=1)


def digest(text: str) -> bytes:
    return blake2b(text.encode(), digest_size=16).digest()


def keys(name: str, *, shared: bool = False) -> tuple[Key, ...]:
    return (
        Key(kind=KeyKind.GUID_AND_URL, digest=digest(f"both {name}")),
        Key(kind=KeyKind.GUID, digest=digest(f"guid {name}"), shared=shared),
        Key(kind=KeyKind.URL, digest=digest(f"url {name}"), shared=shared),
    )


def new(name: str, claim: Claim, *, shared: bool = False, **changes: Any) -> NewArticle:
    """An article called `name`, published as its source was claimed."""
    at = claim.until - TTL
    article = NewArticle(
        entry=Entry(guid=name, title=f"Title of {name}", link=f"https://example.org/{name}"),
        keys=keys(name, shared=shared),
        content_digest=digest(f"content {name}"),
        published=at,
        updated=at,
        first_seen=at,
    )
    return replace(article, **changes)


def change(article_id: int, name: str, claim: Claim, **changes: Any) -> ChangedArticle:
    at = claim.until - TTL
    edit = ChangedArticle(
        article_id=article_id,
        entry=Entry(guid=name, title=f"Edited {name}"),
        keys=keys(name),
        content_digest=digest(f"edited {name}"),
        published=at,
        updated=at,
    )
    return replace(edit, **changes)


def poll(claim: Claim, *names: str, **changes: Any) -> Poll:
    """A successful poll with these new articles, due again in an hour."""
    at = claim.until - TTL
    result = Poll(
        claim=claim,
        started_at=at,
        duration=0.1,
        outcome=Outcome.NEW if names else Outcome.UNCHANGED,
        schedule=Schedule(due=at + HOUR, reason="interval"),
        status=200,
        bytes_received=1000,
        new=tuple(new(name, claim) for name in names),
    )
    return replace(result, **changes)


def failed(claim: Claim, kind: str = "dns", **changes: Any) -> Poll:
    failure = Failure(kind=kind, text="it failed")
    return poll(
        claim,
        **{
            "outcome": Outcome.FAILED,
            "failure": failure,
            "status": None,
            "counts_as_failure": True,
            **changes,
        },
    )


def sources(*names: str, **settings: Any) -> list[Source]:
    """Sources of hosts of their own: a → https://a.example/feed."""
    return [Source(url=url_of(name), **settings) for name in names]


def url_of(name: str) -> str:
    return f"https://{name}.example/feed"


def claimed(store: Store, name: str) -> Claim:
    """The claim of one source, which must be due."""
    [claim] = store.claim_due(1, TTL, urls=[url_of(name)])
    return claim


def stored(store: Store, source: str, *names: str, **changes: Any) -> None:
    """Poll a due source that shows these articles."""
    claim = claimed(store, source)
    articles = tuple(new(name, claim, **changes) for name in names)
    [recorded] = store.record([poll(claim, new=articles)])
    assert recorded.new == len(names)


def linked(store: Store) -> list[int]:
    """Give each new article a story of its own; the ids of those that were unlinked."""
    batch = store.unlinked(1000)
    new = [own_story(each.article.id) for each in batch if each.article.story_id is None]
    store.link(new, [each.article.id for each in batch], {})
    return [each.article.id for each in batch]


def found(store: Store, *ids: int) -> None:
    """Each of these articles founds a story."""
    store.link([own_story(number) for number in ids], ids, {})


def own_story(article_id: int) -> StoryPlan:
    name = f"urn:test:{article_id}"
    return StoryPlan(
        story_id=None,
        members=(article_id,),
        lead_id=article_id,
        best_id=article_id,
        published_id=name,
        fallback_id=f"{name}:fallback",
    )


def join(store: Store, story_id: int, *ids: int, lead: int, opened: bool = False) -> None:
    """These articles come to that story."""
    plan = replace(own_story(lead), story_id=story_id, members=ids, opened=opened)
    store.link([plan], ids, {})

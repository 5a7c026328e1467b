"""Which article an operator means: by number, id, link, or the id that it was published under."""

from __future__ import annotations

from aggregator.identity.identify import GLOBAL
from aggregator.identity.keys import key
from aggregator.identity.urls import UrlRules, canonical
from config.showing import shown_source
from config.wiring import App
from feeds.errors import ConfigError
from feeds.models import ArticleFacts, Key, KeyKind

FEW = 5
"""Articles that a complaint names when a word fits several."""


def keys_of(text: str, rules: UrlRules) -> list[Key]:
    """The keys that an article with this guid, or this link, has."""
    link = canonical(text, rules)
    guids = {text, "https://" + text[7:] if text[:7].lower() == "http://" else text, link or text}
    found = [key(KeyKind.GUID, guid) for guid in sorted(guids)]
    return found + ([key(KeyKind.URL, link)] if link else [])


def barred_keys(app: App, text: str) -> list[Key]:
    """What a takedown of this bars at every source: a link, or an id of global form, as it is; of
    an article that is named otherwise, its own. An id that means something within its source only
    ("17") bars nothing elsewhere. Raises ConfigError for what names nothing."""
    if text.isascii() and text.isdigit():
        return _own(article(app, text))
    if GLOBAL.match(text):
        return keys_of(text, UrlRules.load(app.settings.tracking))
    return _own(article(app, text))


def _own(facts: ArticleFacts) -> list[Key]:
    lone = (KeyKind.GUID_AND_URL, KeyKind.DIGEST)
    return [key for key in facts.keys if key.shared or key.kind in lone]


def articles(app: App, text: str) -> list[ArticleFacts]:
    """All that fit. Raises ConfigError when none does."""
    text = text.strip()
    found = app.store.facts(keys_of(text, UrlRules.load(app.settings.tracking)), text)
    if not found:
        raise ConfigError(
            [f"{text}: no stored article has this number, id or link; see `feedmill articles`"]
        )
    return found


def article(app: App, text: str) -> ArticleFacts:
    """The one that is meant. Raises ConfigError when none fits, or several."""
    found = articles(app, text)
    if len(found) > 1:
        some = "; ".join(f"{each.article.id} ({_source(app, each)})" for each in found[:FEW])
        raise ConfigError([f"{text}: {len(found)} articles have it, name one by number: {some}"])
    return found[0]


def _source(app: App, facts: ArticleFacts) -> str:
    return shown_source(facts.source_url, facts.article.source_id, app.settings)

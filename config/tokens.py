"""Tokens: made, kept as digests, put where the web server finds those for private feeds."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Sequence
from hashlib import sha256
from typing import TYPE_CHECKING

from config.settings import Settings
from feeds.errors import ConfigError, OutputError
from feeds.models import Token
from publisher.web.private import EVERY, TOKENS

if TYPE_CHECKING:
    from config.wiring import App

ELSEWHERE = "@"
"""What the `feed` of a token begins with that is for no feed."""
PURPOSES = ("api", "editor", "metrics", "ops")
"""What else a token may be for: the API as admin or as editor, /metrics, the operations feed."""


LABEL = "1 to 100 letters, digits and signs, without / and \\, and no space at either end"


def checked_label(given: str) -> str:
    """A label that can be shown on a line and named in an address. Raises ConfigError."""
    fits = given.isprintable() and given == given.strip() and not {"/", "\\"} & set(given)
    if fits and 0 < len(given) <= 100 and given not in (".", ".."):
        return given
    raise ConfigError([f"{shown_label(given)[:100]!r} can't name a token: write {LABEL}"])


def shown_label(label: str) -> str:
    """One that was kept before there was a rule may hold anything."""
    return "".join(c if c.isprintable() else "\ufffd" for c in label)


def add_token(app: App, label: str, of: str | None) -> str:
    """A new token, in force at once; the only time that it is told. `of`: the slug of a private
    feed, or a purpose after ELSEWHERE; None: all private feeds. Raises ConfigError."""
    checked_label(label)
    if any(each.label == label for each in app.store.tokens()):
        raise ConfigError([f"{label} has a token already: revoke that, or use another name"])
    allowed = {feed.slug for feed in app.settings.feeds if feed.private}
    allowed |= {f"{ELSEWHERE}{each}" for each in PURPOSES}
    if of is not None and of not in allowed:
        raise ConfigError([f"{of}: there is no such private feed"])
    token = new_token()
    app.store.add_token(digest(token), of, label)
    app.put_tokens()
    return token


def revoke_token(app: App, token: Token) -> None:
    """At once."""
    app.store.revoke_token(token.digest)
    app.put_tokens()


def new_token() -> str:
    """128 bits, as text that needs no quoting in an address."""
    return secrets.token_hex(16)


def digest(token: str) -> bytes:
    return sha256(token.encode()).digest()


def put_tokens(settings: Settings, tokens: Sequence[Token]) -> None:
    """Replace the file whole; for nobody else's eyes. Raises OutputError."""
    known: dict[str, list[str]] = {}
    for each in tokens:
        if each.feed is not None and each.feed.startswith(ELSEWHERE):
            continue
        known.setdefault(each.digest.hex(), []).append(each.feed or EVERY)
    target = settings.private / TOKENS
    part = target.with_name(f"{TOKENS}.part")
    try:
        if not known and not target.exists():
            return
        settings.private.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w") as file:
            json.dump(known, file)
        part.replace(target)
    except OSError as error:
        raise OutputError(
            f"can't write {TOKENS} in the folder of private feeds: {error.strerror or error}"
        ) from error

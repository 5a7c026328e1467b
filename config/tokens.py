"""Tokens for private feeds: made, kept as digests, put where the web server finds them."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Sequence
from hashlib import sha256

from config.settings import Settings
from feeds.errors import OutputError
from feeds.models import Token
from publisher.web.private import EVERY, TOKENS

ELSEWHERE = "@"
"""What the `feed` of a token begins with that is for no feed."""
PURPOSES = ("api", "editor", "metrics", "ops")
"""What else a token may be for: the API as admin or as editor, /metrics, the operations feed."""


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

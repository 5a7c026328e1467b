"""How many read a feed, counted without keeping who (no address is stored).

A polite reader that fetches for many says so ("Feedly/1.0 (…; 12 subscribers)"). Of the others each
is known for a day by a keyed digest of its address and name, under a key that nobody keeps: it is
in memory only, and another one tomorrow.
"""

from __future__ import annotations

import re
import secrets
from hashlib import blake2b

_SAID = re.compile(r"(\d{1,9})\s+(?:subscribers?|readers?|users?|followers?)\b", re.I)
_FEED_ID = re.compile(r"feed-?id[:=\s][^\s;,)]*|\d+\s+(?:subscriber|reader|user|follower)s?", re.I)
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_. -]{0,39}")
DOCTOR = "feedmill-doctor/1 "
"""How the agent of `feedmill doctor` begins, which asks for feeds and reads none: it is a
subscriber of nobody. Another Feedmill is one."""
DISTINCT = "readers"
"""The kind under which those are counted that speak for themselves."""
MOST = 200_000
"""Readers of one feed that are told apart on a day; beyond that nobody counts."""
AGENTS = 500
"""Services told apart for one feed."""


class Counting:
    """Of one process. One thread."""

    def __init__(self) -> None:
        self._day = 0
        self._key = secrets.token_bytes(32)
        self._seen: dict[str, set[bytes]] = {}
        self._said: dict[tuple[str, str], int] = {}
        self._fresh: set[tuple[str, str]] = set()

    def saw(self, slug: str, agent: str, address: str, now: float) -> None:
        """A document of that feed was asked for; `now`: seconds since 1970."""
        if agent.startswith(DOCTOR):
            return
        day = int(now // 86_400)
        if day != self._day:
            self._day, self._key = day, secrets.token_bytes(32)
            self._seen, self._said, self._fresh = {}, {}, set()
        found = _SAID.search(agent)
        if found is not None:
            kind = _service(agent)
            known = self._said.get((slug, kind))
            if (known is None or int(found[1]) > known) and (
                known is not None or len(self._said) < AGENTS
            ):
                self._said[slug, kind] = int(found[1])
                self._fresh.add((slug, kind))
            return
        seen = self._seen.setdefault(slug, set())
        one = blake2b(f"{address}\0{agent}".encode(), key=self._key, digest_size=8).digest()
        if one not in seen and len(seen) < MOST:
            seen.add(one)
            self._fresh.add((slug, DISTINCT))

    def news(self) -> tuple[int, list[tuple[str, str, int]]]:
        """(day, what has grown since it was last asked: slug, kind, how many)."""
        rows = [
            (slug, kind, len(self._seen[slug]) if kind == DISTINCT else self._said[slug, kind])
            for slug, kind in sorted(self._fresh)
        ]
        self._fresh = set()
        return self._day, rows


def _service(agent: str) -> str:
    """What it calls itself: "Feedly"."""
    found = _NAME.match(_FEED_ID.sub("", agent).strip())
    return found[0].strip() if found else "a service"

"""Private feeds (P39): files of a folder of their own, for whoever has a token.

The tokens lie beside them as digests, put there by the engine and the verbs; a token is in no log,
since requests are not logged, and in no document.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from urllib.parse import parse_qs

import msgspec

from publisher.web.files import Files
from publisher.web.safety import SAFE_HEADERS

TOKENS = ".tokens.json"
EVERY = "*"
"""Stands for all private feeds."""
_HEADERS = (*SAFE_HEADERS, (b"x-robots-tag", b"noindex"))


class PrivateFiles(Files):
    def __init__(self, folder: Path, site_url: str) -> None:
        super().__init__(folder, _HEADERS, site_url, public=False)
        self._tokens: tuple[int, dict[str, list[str]]] = (0, {})

    def has(self, path: str) -> bool:
        """Whether the path is one of a private feed, there or not."""
        slug = path.partition("/")[0]
        return "/" in path and self.get(f"{slug}/index.html") is not None

    def lets_in(self, slug: str, headers: Mapping[str, str], query: bytes) -> bool:
        """Whether one of the tokens that are given is for that feed."""
        known = self._in_force()
        for given in _given(headers, query):
            feeds = known.get(sha256(given.encode("utf-8", "replace")).hexdigest(), ())
            if slug in feeds or EVERY in feeds:
                return True
        return False

    def _in_force(self) -> dict[str, list[str]]:
        """Digest → feeds; read again when they have changed, and nobody's when they are away."""
        try:
            stamp = (self._folder / TOKENS).stat().st_mtime_ns
            if stamp != self._tokens[0]:
                body = (self._folder / TOKENS).read_bytes()
                self._tokens = stamp, msgspec.json.decode(body, type=dict[str, list[str]])
        except (OSError, msgspec.MsgspecError):
            self._tokens = 0, {}
        return self._tokens[1]


def _given(headers: Mapping[str, str], query: bytes) -> list[str]:
    found = parse_qs(query.decode("latin-1")).get("token", [])
    scheme, _, rest = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        found.append(rest.strip())
    elif scheme.lower() == "basic":
        try:
            text = base64.b64decode(rest.strip(), validate=True).decode("utf-8", "replace")
        except (binascii.Error, ValueError):
            return found
        found += [part for part in text.split(":", 1) if part]
    return [each for each in found if each]

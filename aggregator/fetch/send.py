"""HttpSender: one request under the guard, whatever its method; no redirect is followed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import requests

from aggregator.fetch.transport import CurlAdapter, GuardedRequest, Limits
from feeds.errors import FetchError
from feeds.protocols import Answer

ANSWER = 65_536
"""Bytes of an answer that are read."""


class HttpSender:
    """The role Send. Thread-safe; no cookies, no environment (E16), no private addresses unless
    allowed (E26)."""

    def __init__(
        self,
        user_agent: str,
        *,
        timeout: float,
        allow_private: bool | tuple[str, ...] = False,
        ca_file: Path | None = None,
        proxy: str = "",
        most: int = ANSWER,
    ) -> None:
        """`timeout`: seconds for the whole of it; `most`: bytes of an answer, decoded."""
        self._agent, self._timeout = user_agent, timeout
        self._limits = Limits(most, allow_private, proxy)
        self._adapter = CurlAdapter(ca_file)

    def __call__(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None
    ) -> Answer:
        answer = self.whole(method, url, headers, body)
        return Answer(status=answer.status_code, body=answer.content[:ANSWER])

    def whole(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None
    ) -> requests.Response:
        """The same as requests has it. Raises FetchError."""
        prepared = GuardedRequest()
        given = {"User-Agent": self._agent, **headers}
        try:
            prepared.prepare(method=method, url=url, headers=given, data=body)
        except (requests.RequestException, UnicodeError, ValueError) as error:
            raise FetchError("no usable address") from error
        prepared.limits = self._limits
        return self._adapter.send(prepared, timeout=self._timeout)

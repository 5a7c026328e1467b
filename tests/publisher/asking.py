"""The web application, asked as ASGI servers ask it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from publisher.web.app import App

TAG_HOST = "evil.test"


@dataclass
class Told:
    status: int
    headers: dict[str, str]
    body: bytes


@dataclass
class Server:
    app: App
    wrong: list[str | None]
    folder: Path

    def ask(self, path: str, method: str = "GET", **headers: str) -> Told:
        given = [(k.replace("_", "-").encode(), v.encode("latin-1")) for k, v in headers.items()]
        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "root_path": "",
            "headers": [(b"host", TAG_HOST.encode()), *given],
        }
        sent: list[Any] = []

        async def receive() -> Any:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        asyncio.run(self.app(scope, receive, send))
        pairs = {k.decode().lower(): v.decode() for k, v in sent[0]["headers"]}
        return Told(sent[0]["status"], pairs, b"".join(each.get("body", b"") for each in sent[1:]))

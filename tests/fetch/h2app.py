"""What the HTTP/2 server of test_http2.py answers: an ASGI application."""

from __future__ import annotations

import asyncio
from typing import Any

FEED = b"<rss version='2.0'><channel><title>T</title></channel></rss>"
ETAG = 'W/"grün"'.encode()


async def app(scope: Any, _receive: Any, send: Any) -> None:
    if scope["type"] != "http":
        return
    asked = dict(scope["headers"])
    path = scope["path"]
    headers = [
        (b"x-version", scope["http_version"].encode()),
        (b"x-asked", b" ".join(name for name, _ in scope["headers"])),
        (b"link", b"<https://a/self>; rel=self"),
        (b"link", b"<https://hub/>; rel=hub"),
        (b"etag", ETAG),
    ]
    status, body = 200, FEED
    if asked.get(b"if-none-match") == ETAG:
        status, body = 304, b""
    elif path == "/old":
        status, body = 301, b""
        headers.append((b"location", b"/feed"))
    elif path == "/busy":
        status, body = 429, b""
        headers.append((b"retry-after", b"60"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    if path == "/slow":
        await asyncio.sleep(60)
    big = {"type": "http.response.body", "body": b"<" * 100_000, "more_body": True}
    for _ in range(50 if path == "/big" else 0):
        await send(big)
    await send({"type": "http.response.body", "body": body})

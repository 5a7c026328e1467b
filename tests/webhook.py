"""A webhook that remembers what it was told, and may refuse to listen.

with Webhook() as hook:
    hook.url                       # with a secret in it
    hook.status = 500              # what it answers from now on
    hook.told                      # the JSON of what it took, in order
    hook.asked                     # how often it was called at all
"""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

SECRET = "hook-dont-tell-9981"


class Webhook:
    def __init__(self, port: int = 0) -> None:
        self.status, self.told, self.asked = 200, list[dict[str, Any]](), 0
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                hook.asked += 1
                if hook.status < 300:
                    assert self.headers["Content-Type"] == "application/json"
                    hook.told.append(json.loads(body))
                self.send_response(hook.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.port = self._server.server_address[1]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/{SECRET}?key={SECRET}"

    def of(self, kind: str) -> list[tuple[str, bool]]:
        """What it was told of a kind: (about, whether it was over)."""
        return [
            (each["about"], bool(each["over_at"])) for each in self.told if each["kind"] == kind
        ]

    def __enter__(self) -> Webhook:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self, _k: type[BaseException] | None, _e: BaseException | None, _t: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

"""A WebSub subscriber for tests, a process of its own; it shares no code with Feedmill.

    with Subscriber.running() as one:
        one.subscribe(hub, topic, secret="s")      # the hub's status
        one.checks()                               # the verifications it was asked for
        one.deliveries()                           # what came: body, headers, signed rightly, when
        one.set(answer=500)                        # how it behaves from now on

It does what WebSub §5.3 and §7 ask of it: it echoes the challenge of what it asked for and of
nothing else, and checks X-Hub-Signature over the body.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class _State:
    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.wanted: dict[str, dict[str, Any]] = {}
        self.checks: list[dict[str, str]] = []
        self.deliveries: list[dict[str, Any]] = []
        self.answer, self.slow, self.confirm = 204, 0.0, True


class _Handler(BaseHTTPRequestHandler):
    state: _State

    def log_message(self, *_arguments: object) -> None:
        pass

    def _say(self, status: int, body: bytes = b"") -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        parts, state = urlsplit(self.path), self.state
        if parts.path == "/-/state":
            with state.lock:
                said = {"checks": state.checks, "deliveries": state.deliveries}
            self._say(200, json.dumps(said).encode())
            return
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        with state.lock:
            wanted = state.wanted.get(parts.path)
            fits = (
                state.confirm
                and wanted is not None
                and query.get("hub.topic") == wanted["topic"]
                and query.get("hub.mode") == wanted["mode"]
            )
            state.checks.append(query | {"path": parts.path, "confirmed": str(fits)})
        self._say(200, query.get("hub.challenge", "").encode()) if fits else self._say(404)

    def do_POST(self) -> None:
        body, state = self.rfile.read(int(self.headers.get("Content-Length", 0))), self.state
        if self.path == "/-/set":
            with state.lock:
                said = json.loads(body)
                if "want" in said:
                    state.wanted[said["want"]["path"]] = said["want"]
                for name in ("answer", "slow", "confirm"):
                    if name in said:
                        setattr(state, name, said[name])
            self._say(200)
            return
        time.sleep(state.slow)
        with state.lock:
            path = urlsplit(self.path).path
            secret = (state.wanted.get(path) or {}).get("secret")
            signature = self.headers.get("X-Hub-Signature")
            right = hmac.new((secret or "").encode(), body, hashlib.sha256).hexdigest()
            state.deliveries.append(
                {
                    "path": path,
                    "body": body.decode(),
                    "type": self.headers.get("Content-Type"),
                    "link": self.headers.get("Link"),
                    "signed": signature is not None,
                    "right": signature == f"sha256={right}",
                    "at": time.time(),
                    "answer": state.answer,
                }
            )
        self._say(state.answer)


class Subscriber:
    """The process as the test sees it."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"

    @classmethod
    @contextmanager
    def running(cls) -> Iterator[Subscriber]:
        command = [sys.executable, "-m", "tests.subscriber"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            try:
                yield cls(int(process.stdout.readline()))
            finally:
                process.kill()

    def set(self, **behaviour: Any) -> None:
        self._post("/-/set", json.dumps(behaviour).encode())

    def subscribe(
        self, hub: str, topic: str, mode: str = "subscribe", path: str = "/cb?x=1", **more: str
    ) -> int:
        """Ask the hub; its status. `more`: secret, lease_seconds."""
        want = {"path": urlsplit(path).path, "topic": topic, "mode": mode}
        self.set(want=want | {"secret": more.get("secret")})
        form = {"hub.mode": mode, "hub.topic": topic, "hub.callback": self.url + path}
        form |= {f"hub.{name}": value for name, value in more.items()}
        return post(hub, urlencode(form).encode())

    def checks(self) -> list[dict[str, str]]:
        return list(self._state()["checks"])

    def deliveries(self) -> list[dict[str, Any]]:
        return list(self._state()["deliveries"])

    def _state(self) -> dict[str, Any]:
        with _direct.open(f"{self.url}/-/state", timeout=20) as answer:
            found: dict[str, Any] = json.loads(answer.read())
            return found

    def _post(self, path: str, body: bytes) -> None:
        assert post(self.url + path, body) == 200


def post(url: str, body: bytes, kind: str = "application/x-www-form-urlencoded") -> int:
    request = urllib.request.Request(url, body, {"Content-Type": kind})
    try:
        with _direct.open(request, timeout=20) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def main() -> None:
    _Handler.state = _State()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    print(server.server_address[1], flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()

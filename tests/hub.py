"""A small WebSub hub for tests, a process of its own; it shares no code with Feedmill.

    with Hub.running() as hub:
        hub.set(lease=12)                          # how it behaves from now on, see BEHAVIOUR
        hub.url                                    # where to subscribe; hub.url_of("/moved/301") …
        hub.requests()                             # the forms it was sent, in order
        hub.checks()                               # its verifications: mode, status, echoed
        hub.publish(topic, body)                   # statuses of the subscribers' answers
        hub.publish(topic, body, sign="sha1")      # or "wrong", "none"

It checks what a hub must see: verification of intent after its 202, by a GET with a challenge that
must come back (WebSub §5.3); leases; HMAC over the body with the secret of the subscription (§7.1).
"""

from __future__ import annotations

import hmac
import json
import secrets
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlencode

BEHAVIOUR: dict[str, Any] = {
    "answer": 202,  # to a request
    "headers": {},  # of that answer
    "verify": True,  # whether it is followed by a verification
    "before": False,  # the verification comes before the answer
    "topic": None,  # that the verification names instead of the right one
    "mode": None,  # likewise
    "lease": 3600,
    "deny": None,  # a reason: instead of a verification, a denial
}
_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def _ask(request: urllib.request.Request) -> tuple[int, bytes]:
    try:
        with _direct.open(request, timeout=20) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()
    except OSError as error:
        return 0, str(error).encode()


class _State:
    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.behaviour = dict(BEHAVIOUR)
        self.requests: list[dict[str, str]] = []
        self.checks: list[dict[str, Any]] = []
        self.subscriptions: dict[tuple[str, str], str] = {}

    def check(self, form: dict[str, str]) -> None:
        """Verification of intent, or denial."""
        how = self.behaviour
        query = {"hub.topic": how["topic"] or form["hub.topic"]}
        challenge = secrets.token_urlsafe(16) + "&<é>"
        if how["deny"] is not None:
            query |= {"hub.mode": "denied", "hub.reason": how["deny"]}
        else:
            query |= {"hub.mode": how["mode"] or form["hub.mode"], "hub.challenge": challenge}
            if form["hub.mode"] == "subscribe":
                query["hub.lease_seconds"] = str(how["lease"])
        callback = form["hub.callback"]
        glue = "&" if "?" in callback else "?"
        status, body = _ask(urllib.request.Request(f"{callback}{glue}{urlencode(query)}"))
        echoed = body == challenge.encode()
        with self.lock:
            key = (callback, form["hub.topic"])
            if how["deny"] is not None or (form["hub.mode"] == "unsubscribe" and echoed):
                self.subscriptions.pop(key, None)
            elif 200 <= status < 300 and echoed:
                self.subscriptions[key] = form.get("hub.secret", "")
            mode = query["hub.mode"]
            self.checks.append({"mode": mode, "status": status, "echoed": echoed})

    def publish(self, topic: str, body: bytes, kind: str, sign: str) -> list[int]:
        with self.lock:
            subscribers = [(c, s) for (c, t), s in self.subscriptions.items() if t == topic]
        return [
            self.deliver(callback, secret, body, kind, sign) for callback, secret in subscribers
        ]

    def deliver(self, callback: str, secret: str, body: bytes, kind: str, sign: str) -> int:
        headers = {"Content-Type": kind, "Link": '<http://hub.test/>; rel="hub"'}
        if sign == "wrong":
            headers["X-Hub-Signature"] = "sha256=" + "0" * 64
        elif sign != "none":
            digest = hmac.new(secret.encode(), body, sign).hexdigest()
            headers["X-Hub-Signature"] = f"{sign}={digest}"
        request = urllib.request.Request(callback, data=body, headers=headers, method="POST")
        return _ask(request)[0]


def _handler(state: _State) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            if self.path == "/control":
                state.behaviour = BEHAVIOUR | json.loads(body)
                self.say(200)
            elif self.path == "/publish":
                told = json.loads(body)
                content = bytes.fromhex(told["body"])
                statuses = state.publish(told["topic"], content, told["kind"], told["sign"])
                self.say(200, json.dumps(statuses))
            elif self.path.startswith("/moved/"):
                self.say(int(self.path.rpartition("/")[2]), headers={"Location": "/hub"})
            elif self.path == "/hub":
                self.subscribe(dict(parse_qsl(body.decode())))
            else:
                self.say(404)

        def do_GET(self) -> None:
            with state.lock:
                told = {"requests": state.requests, "checks": state.checks}
                self.say(200, json.dumps(told))

        def subscribe(self, form: dict[str, str]) -> None:
            form["user-agent"] = self.headers.get("user-agent", "")
            form["cookie"] = self.headers.get("cookie", "")
            with state.lock:
                state.requests.append(form)
            how = state.behaviour
            verifies = how["verify"] and 200 <= how["answer"] < 300
            if verifies and how["before"]:
                state.check(form)
            self.say(how["answer"], headers=how["headers"])
            if verifies and not how["before"]:
                threading.Thread(target=state.check, args=[form], daemon=True).start()

        def say(self, status: int, text: str = "", headers: dict[str, str] | None = None) -> None:
            self.send_response(status)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_arguments: Any) -> None:
            return

    return Handler


def main() -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(_State()))
    print(server.server_address[1], flush=True)
    server.serve_forever()


# --- the test's side


@dataclass
class Hub:
    process: subprocess.Popen[str]
    port: int

    @classmethod
    @contextmanager
    def running(cls) -> Iterator[Hub]:
        command = [sys.executable, "-m", "tests.hub"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            try:
                assert process.stdout is not None
                yield cls(process, int(process.stdout.readline()))
            finally:
                process.terminate()

    @property
    def url(self) -> str:
        return self.url_of("/hub")

    def url_of(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def set(self, **behaviour: Any) -> None:
        """What is not named behaves as usual again."""
        self._post("/control", behaviour)

    def publish(
        self, topic: str, body: bytes, kind: str = "application/rss+xml", sign: str = "sha256"
    ) -> list[int]:
        told = {"topic": topic, "body": body.hex(), "kind": kind, "sign": sign}
        found: list[int] = self._post("/publish", told)
        return found

    def requests(self) -> list[dict[str, str]]:
        found: list[dict[str, str]] = self._state()["requests"]
        return found

    def checks(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._state()["checks"]
        return found

    def accepted(self) -> int:
        """How many of its verifications were answered with their challenge."""
        return sum(check["echoed"] for check in self.checks())

    def _state(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(_ask(urllib.request.Request(self.url_of("/state")))[1])
        return found

    def _post(self, path: str, value: Any) -> Any:
        data = json.dumps(value).encode()
        status, body = _ask(urllib.request.Request(self.url_of(path), data=data, method="POST"))
        assert status == 200, body
        return json.loads(body or b"null")


if __name__ == "__main__":
    main()

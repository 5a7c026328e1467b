"""One request of any method under the guard: what our hub sends goes nowhere it must not (E26)."""

from __future__ import annotations

import pytest

from aggregator.fetch import HttpSender
from feeds.errors import AddressRefused, FetchError
from tests.origin import Answer, Origin


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:9/", "http://localhost:9/", "http://[::1]:9/", "http://169.254.169.254/x",
     "http://10.0.0.1/", "http://2130706433/"],
)  # fmt: skip
def test_private_addresses(url: str) -> None:
    with pytest.raises(AddressRefused):
        HttpSender("Feedmill/test", timeout=3)("POST", url, {}, b"x")


@pytest.mark.parametrize("url", ["ftp://a.test/", "nothing", "http://", "file:///etc/passwd"])
def test_no_address(url: str) -> None:
    with pytest.raises(FetchError):
        HttpSender("Feedmill/test", timeout=3)("GET", url, {}, None)


def test_what_is_sent_and_answered() -> None:
    """Headers and body as given, our name; a redirect is an answer like any other."""
    with Origin() as origin:
        origin.answer("/cb", Answer(202, b"fine"))
        origin.redirect("/moved", "/cb", status=307)
        send = HttpSender("Feedmill/test", timeout=5, allow_private=True)
        answer = send("POST", origin.url("/cb"), {"X-Hub-Signature": "sha256=1"}, b"body")
        assert (answer.status, answer.body) == (202, b"fine")
        [request] = origin.requests
        assert request.headers["x-hub-signature"] == "sha256=1"
        assert request.headers["user-agent"] == "Feedmill/test"
        assert request.headers["content-length"] == "4"
        assert send("GET", origin.url("/moved"), {}, None).status == 307
        assert len(origin.asked("/cb")) == 1

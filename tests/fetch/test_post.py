"""One form, posted: what goes out, where redirects lead, what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from aggregator.fetch import HttpPoster, Posted
from feeds.errors import (
    AddressRefused,
    BadRedirect,
    ConnectionRefused,
    FetchError,
    TooManyRedirects,
    TooSlow,
)
from tests.flows.command import free_port
from tests.hub import Hub
from tests.origin import Answer, Drip, Origin, Raw

LOOPBACK = ("127.0.0.0/8",)
FORM = {"hub.mode": "subscribe", "hub.topic": "https://a.org/?a=1&b=ü", "hub.callback": "c"}


class Turns:
    """Remembers at which URLs a turn was taken."""

    def __init__(self) -> None:
        self.taken: list[str] = []

    @contextmanager
    def at(self, url: str, _seconds: float) -> Iterator[None]:
        self.taken.append(url)
        yield


def post(url: str, turns: Turns | None = None, timeout: float = 5.0) -> Posted:
    turn = (turns or Turns()).at
    return HttpPoster("Feedmill/test", turn, timeout=timeout, allow_private=LOOPBACK)(url, FORM)


@pytest.fixture
def origin() -> Iterator[Origin]:
    with Origin() as found:
        yield found


@pytest.mark.parametrize("status", [0, 301, 302, 307, 308])
def test_the_form_arrives(status: int) -> None:
    """As it was given, also where the hub has moved to: each request with a turn of its own."""
    turns = Turns()
    with Hub.running() as hub:
        hub.set(verify=False, headers={"Retry-After": "7"})
        urls = [hub.url_of(f"/moved/{status}"), hub.url] if status else [hub.url]
        answer = post(urls[0], turns)
        assert (answer.status, answer.headers["retry-after"]) == (202, "7")
        [form] = hub.requests()
    assert {key: form[key] for key in FORM} == FORM
    assert form["user-agent"] == "Feedmill/test"
    assert turns.taken == urls


def test_any_status_is_an_answer(origin: Origin) -> None:
    """Its meaning is not for here to say; a body without end ends it no later."""
    for status in (200, 303, 400, 429, 500):
        origin.answer("/hub", Answer(status, b"said"))
        assert post(origin.url("/hub")).status == status
    origin.answer("/hub", Drip(b"HTTP/1.1 500 No\r\n\r\n", b"x" * 60_000))
    assert post(origin.url("/hub")).status == 500


def test_e26_the_guard() -> None:
    """No private address, unless the operator allows it."""
    poster = HttpPoster("Feedmill/test", Turns().at, timeout=5.0)
    with pytest.raises(AddressRefused):
        poster(f"http://127.0.0.1:{free_port()}/", FORM)


def test_a_redirect_to_a_private_address(origin: Origin) -> None:
    """The guard looks at each hop."""
    origin.redirect("/hub", "http://169.254.169.254/", 307)
    with pytest.raises(AddressRefused):
        post(origin.url("/hub"))


@pytest.mark.parametrize(
    ("to", "error"),
    [
        ("/hub", TooManyRedirects),
        ("ftp://a.org/", BadRedirect),
        ("http://[", BadRedirect),
        ("", BadRedirect),
    ],
)
def test_redirects_to_nowhere(origin: Origin, to: str, error: type[FetchError]) -> None:
    """Each ends with its name, after six requests at the most."""
    origin.redirect("/hub", to, 308)
    with pytest.raises(error):
        post(origin.url("/hub"))
    assert len(origin.requests) <= 6


@pytest.mark.parametrize(
    ("data", "error"),
    [(Drip(b"HTTP/1.1 202 Accepted\r\nX: ", b"y"), TooSlow), (Raw(b""), FetchError)],
)
def test_no_answer(origin: Origin, data: Drip | Raw, error: type[FetchError]) -> None:
    """In time, or at all."""
    origin.answer("/hub", data)
    with pytest.raises(error):
        post(origin.url("/hub"), timeout=0.5)


def test_nobody_there() -> None:
    with pytest.raises(ConnectionRefused):
        post(f"http://127.0.0.1:{free_port()}/")


def test_no_usable_address() -> None:
    """What a feed may name as its hub is no error of ours."""
    for url in ("http://", "http://[x]/", "mailto:a@b.org"):
        with pytest.raises(FetchError):
            post(url)

"""Lists of sources that lie elsewhere: a real server, a clock of the test's own."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from aggregator.fetch import HttpFetcher
from aggregator.lists import BUSY, DOUBT, MOST, SOON, Held, Lists
from aggregator.opml import read_opml
from feeds.errors import HostBusy
from feeds.protocols import Request, Response
from tests.aggregator.polling import AGENT
from tests.databases import Clock
from tests.origin import Answer, Origin

HOUR = timedelta(hours=1)


def opml(*names: str, more: str = "") -> bytes:
    """A list of these feeds."""
    lines = "".join(f'<outline type="rss" text="{n}" xmlUrl="https://{n}.test/"/>' for n in names)
    return f'<opml version="2.0"><body>{lines}{more}</body></opml>'.encode()


def many(count: int) -> list[str]:
    return [f"n{number}" for number in range(count)]


@pytest.fixture
def origin() -> Iterator[Origin]:
    with Origin() as found:
        found.serve("/list", opml(*many(10)), etag=True)
        yield found


class Asking:
    """One list, and a way to ask for it later."""

    def __init__(self, folder: Path, url: str) -> None:
        self.clock, self.url, self.folder = Clock(), url, folder
        self.lists = self.made()

    def made(self, refresh: timedelta = HOUR) -> Lists:
        return Lists(
            fetcher=HttpFetcher(AGENT, now=self.clock),
            now=self.clock,
            place=self.place,
            refresh=refresh,
            request=lambda url: Request(url=url, allow_private=True, timeout=2.0),
        )

    def place(self, url: str) -> Path:
        return self.folder / f"{url.rpartition('/')[2]}.opml"

    def ask(self, *, believe: bool = False, **later: float) -> Held:
        self.clock.forward(**later or {"hours": 1})
        return self.lists.ask(self.url, believe=believe)

    @property
    def kept(self) -> set[str]:
        """The feeds that we go by."""
        return {each.url for each in read_opml(self.place(self.url).read_bytes())}

    @property
    def waits(self) -> timedelta:
        at = self.lists.next(self.lists.held(self.url))
        assert at is not None
        return at - self.clock()


@pytest.fixture
def here(tmp_path: Path, origin: Origin) -> Asking:
    return Asking(tmp_path / "lists", origin.url("/list"))


def test_a_list_is_kept(here: Asking, origin: Origin) -> None:
    """With what is to be known of it; it is due again after `refresh`, no sooner."""
    assert here.lists.due([here.url]) == [here.url]
    held = here.ask()
    assert (held.feeds, held.failures, held.error, held.doubted) == (10, 0, "", "")
    assert held.changed_at == held.checked_at == here.clock()
    assert held == here.lists.held(here.url)
    assert len(here.kept) == 10
    assert here.waits == HOUR
    here.clock.forward(minutes=59)
    assert here.lists.due([here.url]) == []
    here.clock.forward(minutes=1)
    assert here.lists.due([here.url]) == [here.url]
    assert origin.requests[0].headers["user-agent"] == AGENT


def test_conditional(here: Asking, origin: Origin) -> None:
    """Both validators go along, as they came; a 304 is a success and touches nothing (E2, E5,
    E7)."""
    origin.serve("/list", opml("a"), etag='W/"x"', last_modified="Sun, 01 Mar 2026 10:00:00 GMT")
    first = here.ask()
    before = here.place(here.url).stat()
    second = here.ask()
    asked = origin.asked("/list")[1].headers
    assert asked["if-none-match"] == 'W/"x"'
    assert asked["if-modified-since"] == "Sun, 01 Mar 2026 10:00:00 GMT"
    assert (second.changed_at, second.checked_at) == (first.changed_at, here.clock())
    assert (second.feeds, second.failures) == (1, 0)
    assert here.place(here.url).stat().st_mtime_ns == before.st_mtime_ns
    assert here.place(here.url).stat().st_ino == before.st_ino


def test_same_bytes_are_not_written_again(here: Asking, origin: Origin) -> None:
    """A server without validators must not make the configuration read anew each hour."""
    origin.serve("/list", opml("a", "b"))
    first = here.ask()
    before = here.place(here.url).stat().st_ino
    second = here.ask()
    assert second.changed_at == first.changed_at
    assert here.place(here.url).stat().st_ino == before


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (Answer(500, b"no"), "500"),
        (Answer(404, b"no"), "404"),
        (Answer(410, b"no"), "410"),
        (Answer(200, b"<html><body>Log in</body></html>"), "a web page"),
        (Answer(200, b"<rss version='2.0'><channel/></rss>"), "is a feed, no list"),
        (Answer(200, b""), "not XML"),
        (Answer(200, opml(*many(10))[:300]), "cut off"),
        (Answer(200, b"\x00\x01\x02"), "not XML"),
        (Answer(200, b'<!DOCTYPE o [<!ENTITY a "b">]><opml><body/></opml>'), "entities"),
        (Answer(302, b"", {"Location": "http://169.254.169.254/list"}), "private"),
    ],
)
def test_failures_change_nothing(here: Asking, origin: Origin, answer: Answer, told: str) -> None:
    """What was there stays, whatever comes; the reason is told; the next answer heals it."""
    here.ask()
    origin.answer("/list", answer)
    held = here.ask()
    assert held.failures == 1
    assert told in held.error
    assert here.kept == {f"https://{n}.test/" for n in many(10)}
    assert held.feeds == 10
    origin.serve("/list", opml(*many(11)), etag=True)
    healed = here.ask()
    assert (healed.failures, healed.error, healed.feeds) == (0, "", 11)


def test_html_says_so(here: Asking, origin: Origin) -> None:
    """With the line, and what a list looks like."""
    origin.answer("/list", Answer(200, b"\n<html><body/></html>"))
    assert "line 2: a web page" in here.ask().error


def test_backoff(here: Asking, origin: Origin) -> None:
    """Twice as long each time, up to a day; soon at first where nothing is kept, never sooner than
    `refresh` where something is."""
    origin.answer("/list", Answer(500))
    waits = []
    for _ in range(12):
        here.ask()
        waits.append(here.waits)
    assert waits[:4] == [SOON, 2 * SOON, 4 * SOON, 8 * SOON]
    assert waits[-1] == MOST
    origin.serve("/list", opml("a"))
    here.ask()
    origin.answer("/list", Answer(500))
    here.ask()
    assert here.waits == HOUR
    here.ask()
    assert here.waits == 2 * HOUR


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after(here: Asking, origin: Origin, status: int) -> None:
    """Not before it (E12), a week at most."""
    origin.answer("/list", Answer(status, b"", {"Retry-After": "200000"}))
    here.ask()
    assert here.waits == timedelta(seconds=200_000)
    origin.answer("/list", Answer(status, b"", {"Retry-After": "99999999"}))
    here.ask()
    assert here.waits == timedelta(days=7)


@pytest.mark.parametrize("status", [200, 304])
def test_max_age(here: Asking, origin: Origin, status: int) -> None:
    """Lengthens the wait (E9, E10), up to a day; never shortens it."""
    origin.serve("/list", opml("a"), etag=True, headers={"Cache-Control": "max-age=20000"})
    for _ in range(1 if status == 200 else 2):
        here.ask()
    assert here.waits == timedelta(seconds=20_000)
    for age, wait in (("60", HOUR), ("9999999", MOST), ("no-cache", HOUR)):
        origin.serve("/list", opml("a"), etag=True, headers={"Cache-Control": f"max-age={age}"})
        here.ask()
        assert here.waits == wait


def test_another_refresh(here: Asking, origin: Origin) -> None:
    """Counts at once, from the last time on (E15); what the server said stays."""
    here.lists = here.made(timedelta(days=3))
    here.ask()
    assert here.waits == timedelta(days=3)
    here.lists = here.made(HOUR)
    assert here.waits == HOUR
    origin.answer("/list", Answer(429, b"", {"Retry-After": "100000"}))
    here.ask()
    here.lists = here.made(timedelta(minutes=1))
    assert here.waits == timedelta(seconds=100_000)


def test_suddenly_empty(here: Asking, origin: Origin) -> None:
    """Not believed; nor is a list of things that are no feeds."""
    here.ask()
    for body in (opml(), opml(more='<outline type="rss" text="x"/><outline text="y"/>')):
        origin.serve("/list", body, etag=True)
        held = here.ask()
        assert held.doubted == "it is empty, and had 10 feeds"
        assert held.failures == 0
        assert len(here.kept) == 10


@pytest.mark.parametrize(
    ("before", "after", "doubted"),
    [
        (10, 5, ""),
        (10, 4, "it has lost 6 of its 10 feeds"),
        (5, 3, ""),
        (5, 1, "it has lost 4 of its 5 feeds"),
        (4, 1, "it has lost 3 of its 4 feeds"),
        (3, 1, "it has lost 2 of its 3 feeds"),
        (2, 1, ""),
        (5, 0, "it is empty, and had 5 feeds"),
        (6, 3, ""),
        (6, 2, "it has lost 4 of its 6 feeds"),
        (1, 0, "it is empty, and had 1 feed"),
        (0, 0, ""),
        (0, 9, ""),
    ],
)
def test_doubt(here: Asking, origin: Origin, before: int, after: int, doubted: str) -> None:
    """Half may go at once, of a list of any size."""
    origin.serve("/list", opml(*many(before)))
    here.ask()
    origin.serve("/list", opml(*many(after)))
    assert here.ask().doubted == doubted
    assert len(here.kept) == (before if doubted else after)


@pytest.mark.parametrize("count", [1, 2, 3, 10])
def test_all_others(here: Asking, origin: Origin, count: int) -> None:
    """As many as before, or more, and none of them the same: somebody else's list."""
    origin.serve("/list", opml(*many(count)))
    here.ask()
    origin.serve("/list", opml(*(f"other{n}" for n in range(count + 2))))
    assert f"lost {count} of its {count} feed" in here.ask().doubted
    assert len(here.kept) == count


def test_another_spelling(here: Asking, origin: Origin) -> None:
    """Of the same addresses: nothing is lost."""
    here.ask()
    lines = "".join(f'<outline xmlUrl="HTTPS://{n}.TEST:443/"/>' for n in many(10))
    origin.serve("/list", f'<opml version="2.0"><body>{lines}</body></opml>'.encode())
    held = here.ask()
    assert (held.doubted, held.feeds) == ("", 10)


def test_twice_in_a_list(here: Asking, origin: Origin) -> None:
    """In two folders it is one feed."""
    origin.serve("/list", opml(*many(10), *many(10)))
    assert here.ask().feeds == 10
    origin.serve("/list", opml(*many(6)))
    assert here.ask().doubted == ""


def test_while_it_is_doubted(here: Asking, origin: Origin) -> None:
    """It is asked conditionally still, by what came last; that nothing changed settles nothing."""
    here.ask()
    origin.serve("/list", opml("n0"), etag='"small"')
    since = here.ask().doubted_since
    held = here.ask()
    assert origin.requests[-1].headers["if-none-match"] == '"small"'
    assert (held.doubted, held.doubted_since) == ("it has lost 9 of its 10 feeds", since)
    assert len(here.kept) == 10
    origin.serve("/list", opml(*many(10)), etag=True)
    held = here.ask()
    assert (held.doubted, held.doubted_since) == ("", None)


def test_believed_after_a_week(here: Asking, origin: Origin) -> None:
    """It has stayed so small: it is meant."""
    here.ask()
    origin.serve("/list", opml("n0"), etag=True)
    here.ask()
    here.ask(days=6)
    assert len(here.kept) == 10
    held = here.ask(days=1)
    assert (held.doubted, held.feeds, here.kept) == ("", 1, {"https://n0.test/"})
    assert held.changed_at == here.clock()
    assert timedelta(days=7) == DOUBT


def test_an_outage_is_no_week(here: Asking, origin: Origin) -> None:
    """Whole again meanwhile: the next doubt begins anew."""
    here.ask()
    for _ in range(3):
        origin.serve("/list", opml(), etag=True)
        here.ask(days=3)
        origin.serve("/list", opml(*many(10)), etag=True)
        here.ask()
    origin.serve("/list", opml(), etag=True)
    here.ask(days=6)
    assert len(here.kept) == 10


def test_the_operator_believes_it(here: Asking, origin: Origin) -> None:
    """`--believe`: whole, whatever is missing, also where the server would say 304."""
    here.ask()
    origin.serve("/list", opml(), etag=True)
    here.ask()
    held = here.ask(believe=True)
    assert (held.doubted, held.feeds, here.kept) == ("", 0, set())
    assert "if-none-match" not in origin.requests[-1].headers


def test_replaced_whole(here: Asking, origin: Origin) -> None:
    """Who reads meanwhile reads the one before or the one after; nothing is left over."""
    bodies = [opml(*many(2000)), opml(*(f"m{n}" for n in range(2000)))]
    kept, seen, ended = here.place(here.url), set[bytes](), threading.Event()
    origin.serve("/list", bodies[0])
    here.ask()

    def read() -> None:
        while not ended.is_set():
            seen.add(kept.read_bytes())

    reader = threading.Thread(target=read)
    reader.start()
    for turn in range(20):
        origin.serve("/list", bodies[turn % 2])
        here.ask(believe=True)
    ended.set()
    reader.join()
    assert seen <= set(bodies)
    assert sorted(each.name for each in here.folder.iterdir()) == ["list.json", "list.opml"]
    assert kept.stat().st_mode & 0o777 == 0o644


GOOD = '"due": null, "checked_at": null, "changed_at": null, "doubted_since": null'


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "null",
        "[]",
        '"x"',
        "{}",
        '{"url": "URL"}',
        f'{{"url": "URL", {GOOD}, "validators": 7}}',
        f'{{"url": "URL", {GOOD}, "validators": null, "failures": "x", "feeds": 0}}',
        f'{{"url": "URL", {GOOD}, "validators": null, "failures": 0, "feeds": 0, "odd": 1}}',
        f'{{"url": "URL", {GOOD.replace("null", "1", 1)}, "validators": null}}',
        f'{{"url": "URL", {GOOD.replace("null", chr(34) + "2026-03-01" + chr(34), 1)}, '
        '"validators": null, "failures": 0, "feeds": 0}',
        "\xff",
    ],
)
def test_a_broken_note(here: Asking, origin: Origin, text: str) -> None:
    """The file beside the list, edited or half lost: it is asked anew, and healed."""
    here.ask()
    beside = here.place(here.url).with_suffix(".json")
    beside.write_bytes(text.replace("URL", here.url).encode("latin-1"))
    assert here.lists.held(here.url) == Held(url=here.url)
    assert here.lists.due([here.url]) == [here.url]
    assert here.ask().feeds == 10
    assert json.loads(beside.read_text())["url"] == here.url


@pytest.mark.parametrize("body", [None, b"", b"<opml><body>", b"\x00"])
def test_a_broken_list(here: Asking, origin: Origin, body: bytes | None) -> None:
    """What is kept, lost or spoiled on our disk: it is fetched whole, not asked for changes."""
    here.ask()
    kept = here.place(here.url)
    kept.unlink() if body is None else kept.write_bytes(body)
    held = here.ask()
    assert "if-none-match" not in origin.requests[-1].headers
    assert (held.feeds, held.error, len(here.kept)) == (10, "", 10)


def test_another_address(here: Asking, origin: Origin, tmp_path: Path) -> None:
    """What is known of one list is never taken for another's."""
    here.ask()
    beside = here.place(here.url).with_suffix(".json")
    beside.write_text(beside.read_text().replace("/list", "/other"))
    assert here.lists.held(here.url) == Held(url=here.url)
    held = here.ask()
    assert "if-none-match" not in origin.requests[-1].headers
    assert held.url == here.url


def test_redirected(here: Asking, origin: Origin) -> None:
    """The address stays what the operator wrote; validators go only to whom they came from
    (E20)."""
    origin.serve("/elsewhere", opml("a", "b"), etag=True)
    for status in (301, 302, 307, 308):
        origin.redirect("/list", "/elsewhere", status)
        assert here.ask().feeds == 2
    assert len(origin.asked("/list")) == len(origin.asked("/elsewhere")) == 4
    assert "if-none-match" in origin.asked("/elsewhere")[-1].headers
    assert all("if-none-match" not in each.headers for each in origin.asked("/list"))


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_a_folder_that_is_read_only(here: Asking, origin: Origin) -> None:
    """Told before the server is asked: else it would be asked again and again."""
    here.folder.mkdir()
    here.folder.chmod(0o555)
    with pytest.raises(OSError, match="denied"):
        here.ask()
    assert origin.requests == []


def test_a_folder_that_is_a_file(here: Asking, origin: Origin) -> None:
    """The same, as root sees it too."""
    here.folder.write_text("")
    for _ in range(3):
        with pytest.raises(OSError, match="list"):
            here.ask()
    assert origin.requests == []


class Dying:
    """A fetcher whose process is ended under way."""

    def fetch(self, request: Request) -> Response:
        raise KeyboardInterrupt


class Busy:
    def fetch(self, request: Request) -> Response:
        raise HostBusy("its host had no turn for us; we try again")


def test_ended_under_way(here: Asking, origin: Origin) -> None:
    """Ended while it asks, and started again, it does not ask at once."""
    here.ask()
    good, here.lists = here.lists, Lists(
        fetcher=Dying(), now=here.clock, place=here.place, refresh=HOUR, request=here.lists.request
    )  # fmt: skip
    here.clock.forward(hours=2)
    with pytest.raises(KeyboardInterrupt):
        here.lists.ask(here.url)
    here.lists = good
    assert here.lists.due([here.url]) == []
    assert here.waits == SOON


def test_no_turn_at_its_host(here: Asking) -> None:
    """No fault of the list's: it is asked a minute later, and counts as no failure."""
    here.lists = Lists(
        fetcher=Busy(), now=here.clock, place=here.place, refresh=HOUR, request=here.lists.request
    )
    held = here.ask()
    assert (held.failures, held.error) == (0, "")
    assert here.waits == BUSY


def test_several(here: Asking, origin: Origin) -> None:
    """Each by its own time."""
    urls: Sequence[str] = [origin.url("/list"), origin.url("/two"), origin.url("/three")]
    origin.serve("/two", opml("a"))
    here.lists.ask(urls[0])
    here.clock.forward(minutes=30)
    here.lists.ask(urls[1])
    here.lists.ask(urls[2])
    assert here.lists.due(urls) == []
    here.clock.forward(minutes=5)
    assert here.lists.due(urls) == [urls[2]]
    here.clock.forward(minutes=25)
    assert here.lists.due(urls) == [urls[0], urls[2]]

"""Passwords, sessions and tries (THREATS: login)."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from hypothesis import given
from hypothesis import strategies as st

from config.desk import keys
from config.desk.keys import TRIES, WITHIN, Keys, Throttle, hashed
from config.settings import DeskSettings, User
from feeds.store import Store, open_store

WORD = "correct horse battery"


class Clock:
    """Seconds, turned by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


# --- tries


def test_five_tries() -> None:
    """The sixth waits until the first of them is a quarter of an hour old."""
    clock = Clock()
    throttle = Throttle(clock)
    for _ in range(TRIES):
        assert throttle.enter("a") == 0
        clock.now += 10
    assert throttle.enter("a") == pytest.approx(WITHIN - 50)
    assert throttle.enter("b") == 0
    clock.now += WITHIN - 50
    assert throttle.enter("a") == 0
    assert throttle.enter("a") == pytest.approx(10)


def test_of_several_keys_the_longest_wait() -> None:
    """And who waits for one has no try counted for the other."""
    throttle = Throttle(Clock())
    for _ in range(TRIES):
        throttle.enter("from x")
    for _ in range(20):
        assert throttle.enter("from x", "for anna") == WITHIN
    assert throttle.enter("for anna") == 0


def test_well_forgets() -> None:
    """Who came in starts anew."""
    throttle = Throttle(Clock())
    for _ in range(TRIES * 3):
        assert throttle.enter("a", "b") == 0
        throttle.well("a", "b")


def test_a_crowd_at_once() -> None:
    """Of a hundred at the same moment five get in: they count before they are judged."""
    throttle, barrier = Throttle(), threading.Barrier(100)
    found: list[float] = []

    def come() -> None:
        barrier.wait()
        found.append(throttle.enter("a"))

    threads = [threading.Thread(target=come) for _ in range(100)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sum(wait == 0 for wait in found) == TRIES


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many addresses try."""
    monkeypatch.setattr(keys, "REMEMBERED", 50)
    throttle = Throttle(Clock())
    for number in range(1000):
        throttle.enter(f"from {number}")
    assert len(throttle._failed) <= 50
    assert throttle.enter("from 999") == 0


@given(st.lists(st.tuples(st.floats(0, 500), st.booleans()), max_size=60))
def test_never_more_than_five_in_a_quarter(steps: list[tuple[float, bool]]) -> None:
    """Whatever the pace, unless one came in."""
    clock = Clock()
    throttle = Throttle(clock)
    tries: list[float] = []
    for pause, well in steps:
        clock.now += pause
        if throttle.enter("a") == 0:
            tries.append(clock.now)
            if well:
                throttle.well("a")
                tries = []
        assert sum(at > clock.now - WITHIN for at in tries) <= TRIES


# --- passwords


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    found = open_store(f"sqlite:///{tmp_path}/a.db")
    yield found
    found.close()


@pytest.fixture(scope="module")
def anna() -> User:
    return User(name="anna", password=hashed(WORD), role="admin")


def desk(*users: User, session: float = 3600) -> DeskSettings:
    return DeskSettings(users=users, trusted_proxies=(), file=Path("x"), session=session)


def test_a_password(store: Store, anna: User) -> None:
    """The right one of the right name; anything else is nobody's."""
    found, users = Keys(lambda: store), desk(anna)
    assert found.check(users, "anna", WORD) == anna
    for name, word in (
        ("anna", ""), ("anna", WORD + " "), ("anna", anna.password), ("Anna", WORD), ("", WORD),
        ("bert", WORD), ("anna", "é" * 1000),
    ):  # fmt: skip
        assert found.check(users, name, word) is None


def test_a_hash_that_is_none(store: Store) -> None:
    """Nobody gets in by it, and nothing breaks."""
    users = desk(User(name="anna", password="$argon2id$v=19$m=1,t=1,p=1$x$y", role="admin"))
    assert Keys(lambda: store).check(users, "anna", WORD) is None


def test_an_unknown_name_takes_as_long(
    store: Store, anna: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A check of argon2 is made for each, of the same strength."""
    made: list[str] = []
    plain = PasswordHasher.verify

    def verify(self: PasswordHasher, hash: str, password: str) -> bool:  # noqa: A002 - its name
        made.append(hash)
        return bool(plain(self, hash, password))

    monkeypatch.setattr(PasswordHasher, "verify", verify)
    took = []
    for name in ("anna", "nobody"):
        started = time.perf_counter()
        assert Keys(lambda: store).check(desk(anna), name, "wrong") is None
        took.append(time.perf_counter() - started)
    assert [each.rsplit("$", 2)[0] for each in made] == [anna.password.rsplit("$", 2)[0]] * 2
    assert 0.2 < took[0] / took[1] < 5


def test_a_hash_does_not_show(anna: User) -> None:
    """In what a log or an error may print."""
    assert anna.password not in repr(anna)
    assert anna.password not in repr(desk(anna))


# --- sessions


def test_a_session(store: Store, anna: User, tmp_path: Path) -> None:
    """It is its user's; no other text is; the database has its digest only."""
    found, users = Keys(lambda: store), desk(anna)
    token, other = found.begin(anna), found.begin(anna)
    assert token != other
    assert len(token) >= 43
    assert found.whose(token, users) == anna
    for wrong in ("", token[:-1], token + "x", token.swapcase(), "é", "\udcff"[:0]):
        assert found.whose(wrong, users) is None
    kept = b"".join(each.read_bytes() for each in tmp_path.iterdir())
    assert token.encode() not in kept
    assert anna.password.encode() not in kept


def test_a_session_ends(store: Store, anna: User) -> None:
    """By logging out, by a changed password, by being taken out, and a role that changed holds."""
    found = Keys(lambda: store)
    token, other = found.begin(anna), found.begin(anna)
    found.end(token)
    assert found.whose(token, desk(anna)) is None
    assert found.whose(other, desk(anna)) == anna
    assert found.whose(other, desk()) is None
    lower = User(name="anna", password=anna.password, role="editor")
    assert found.whose(other, desk(lower)) == lower
    changed = User(name="anna", password=hashed(WORD), role="admin")  # another salt
    assert found.whose(other, desk(changed)) is None


def test_a_session_gets_old(tmp_path: Path, anna: User) -> None:
    """Some time after its last use; using it puts that off."""
    url, hour = f"sqlite:///{tmp_path}/a.db", timedelta(hours=1)
    token = ""
    for at, there in ((0, True), (0.9, True), (1.8, True), (2.9, False)):
        store = open_store(url, shift=(hour * at).__pos__)
        found = Keys(lambda: store)  # noqa: B023 - used before the next one
        token = token or found.begin(anna)
        assert (found.whose(token, desk(anna)) is not None) == there, at
        store.close()


# --- marks of forms


def test_a_mark(store: Store) -> None:
    """Of one session; the same in another process; not to be made without the key."""
    one, two = Keys(lambda: store), Keys(lambda: store)
    mark = one.mark("cookie")
    assert two.mark("cookie") == mark
    assert two.marked("cookie", mark)
    for cookie, said in (
        ("other", mark), ("cookie", mark[:-1]), ("cookie", ""), ("", ""), ("cookie", "é"),
        ("", mark),
    ):  # fmt: skip
        assert not one.marked(cookie, said)

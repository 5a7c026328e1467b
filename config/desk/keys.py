"""Passwords, sessions, and how often somebody may try."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

from config.settings import DeskSettings, User
from feeds.store import Store

if TYPE_CHECKING:
    from argon2 import PasswordHasher

TRIES = 5
"""Wrong passwords of one address or for one name."""
WITHIN = 900.0
"""Seconds in which these are counted."""
REMEMBERED = 10_000
"""Addresses and names that are counted; the oldest is forgotten for a new one."""
SESSION = "feedmill"
_NOTE = "desk-key"


def hasher() -> PasswordHasher:
    """RFC 9106, second recommended option (64 MiB)."""
    from argon2 import PasswordHasher

    return PasswordHasher()


def hashed(password: str) -> str:
    return hasher().hash(password)


class Throttle:
    """Counts failures by key. Thread-safe; `now` in seconds."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now, self._lock = now, threading.Lock()
        self._failed: dict[str, list[float]] = {}

    def enter(self, *keys: str) -> float:
        """Seconds until one may try again; 0: now, and that counts as failed until `well` is said:
        of a thousand who come at once, all but five would get in before the first has failed."""
        with self._lock:
            if (wait := max((self._wait(key) for key in keys), default=0.0)) > 0:
                return wait
            for key in keys:
                self._failed.setdefault(key, []).append(self._now())
            while len(self._failed) > REMEMBERED:
                del self._failed[next(iter(self._failed))]
            return 0.0

    def well(self, *keys: str) -> None:
        with self._lock:
            for key in keys:
                self._failed.pop(key, None)

    def _wait(self, key: str) -> float:
        since = self._now() - WITHIN
        recent = [at for at in self._failed.get(key, ()) if at > since]
        if key in self._failed:
            self._failed[key] = recent
        return max(0.0, recent[-TRIES] - since) if len(recent) >= TRIES else 0.0


class Keys:
    """Logins of the desk."""

    def __init__(self, store: Callable[[], Store]) -> None:
        self._store = store
        self.throttle = Throttle()
        self._one = threading.Semaphore(2)  # each check takes 64 MiB
        self._lock, self._secret = threading.Lock(), b""

    def check(self, users: DeskSettings, name: str, password: str) -> User | None:
        """Takes as long for a name that nobody has."""
        from argon2.exceptions import InvalidHashError, VerificationError

        user = next((each for each in users.users if each.name == name), None)
        with self._one:
            try:
                hasher().verify(user.password if user else _NOBODY, password)
            except (VerificationError, InvalidHashError):
                return None
        return user

    def begin(self, user: User) -> str:
        """A session; what the cookie holds."""
        token = secrets.token_urlsafe(32)
        self._store().put_login(_digest(token), user.name, _digest(user.password))
        return token

    def whose(self, token: str, users: DeskSettings) -> User | None:
        """Who that cookie is: as long as it was used lately, and his password is the same."""
        found = self._store().login(_digest(token), timedelta(seconds=users.session))
        if found is None:
            return None
        name, password = found
        user = next((each for each in users.users if each.name == name), None)
        same = user is not None and hmac.compare_digest(_digest(user.password), password)
        return user if same else None

    def end(self, token: str) -> None:
        self._store().end_login(_digest(token))

    def mark(self, cookie: str) -> str:
        """What a form of that session carries (CSRF)."""
        return hmac.new(self._key(), cookie.encode(), hashlib.sha256).hexdigest()

    def marked(self, cookie: str, mark: str) -> bool:
        return hmac.compare_digest(self.mark(cookie).encode(), mark.encode())

    def _key(self) -> bytes:
        """The same for all processes and restarts, so that an open form can be sent after one."""
        with self._lock:
            if not self._secret:
                found = self._store().note(_NOTE)
                if found is None:
                    self._store().put_note(_NOTE, secrets.token_hex(32))
                    found = self._store().note(_NOTE)
                assert found is not None
                self._secret = bytes.fromhex(found[0])
            return self._secret


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


_NOBODY = (
    "$argon2id$v=19$m=65536,t=3,p=4$eOWi11QYeiWuwKeM7eWVvQ$"
    "Z1e6TbO5KFNh6zeE0AaXbHktyqAHRZjbJrL8VmuQW0E"
)
"""A hash of the shape that `hashed` makes; nobody knows its password."""

"""What is secret about a source, and whom it may be told (E32). Pure."""

from __future__ import annotations

from base64 import b64encode
from urllib.parse import parse_qsl, unquote, urlsplit, urlunsplit

from feeds.models import Source

_WORDY = 8
"""Characters. Shorter parts of an address are words ("feed", "atom") that messages need."""


def stays_home(before: str, after: str) -> bool:
    """Whether credentials for the URL `before` may go to `after`: same host and port, never from
    https to http."""
    if before == after:
        return True
    one, two = urlsplit(before), urlsplit(after)
    if one.hostname != two.hostname or (one.scheme, two.scheme) == ("https", "http"):
        return False
    if one.scheme == two.scheme:
        return one.port == two.port
    return (one.port, two.port) == (None, None)


def basic(user: str, password: str) -> str:
    """The value of Authorization (RFC 7617; UTF-8, as its §2.1 has it)."""
    return "Basic " + b64encode(f"{user}:{password}".encode()).decode()


def split_userinfo(url: str) -> tuple[str, tuple[str, str] | None]:
    """(the URL without user and password, the two of them if it had any)."""
    if "@" not in url:
        return url, None
    parts = urlsplit(url)
    userinfo, at, host = parts.netloc.rpartition("@")
    if not at:
        return url, None
    user, _, password = userinfo.partition(":")
    return urlunsplit(parts._replace(netloc=host)), (unquote(user), unquote(password))


def login(source: Source) -> tuple[str, str] | None:
    """User and password, from `auth` or from the configured address: an adopted address has no
    userinfo any more."""
    return source.auth or split_userinfo(source.url)[1]


def guarded(source: Source) -> bool:
    """Whether something goes along with its requests that is for its own host only."""
    return bool(source.headers) or login(source) is not None


def hidden(text: str, source: Source) -> str:
    """The text without any secret of the source: servers like to repeat what they were asked."""
    for secret in _secrets(source):
        text = text.replace(secret, "…")
    return text


def _secrets(source: Source) -> list[str]:
    """The longest first: one may be a part of another."""
    own = [*(login(source) or ()), *((split_userinfo(source.proxy or "")[1]) or ())]
    for value in source.headers.values():
        own += [value, *value.split()]
    parts = urlsplit(source.url)
    address = [parts.query, *(value for _, value in parse_qsl(parts.query))]
    if source.secret_url:
        address += [source.url, *parts.path.split("/")]
    found = {each for each in own if len(each) >= 4}
    found |= {each for each in address if len(each) >= _WORDY}
    return sorted(found, key=len, reverse=True)

"""Canonical URLs: what two links must share to be the same link.

A canonical URL is for comparing, never for showing: the published link keeps its own text.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Self
from urllib.parse import parse_qs, unquote, unquote_plus, urlsplit

import ada_url


class BadRules(ValueError):
    """A tracking file that can't be used; the message says what is wrong."""


@dataclass(frozen=True, slots=True)
class UrlRules:
    """Names of parameters to take off. `fnmatch`-like: only a trailing "*" is special."""

    params: re.Pattern[str]
    sessions: re.Pattern[str]
    hosts: Mapping[str, re.Pattern[str]] = field(default_factory=dict)
    redirectors: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """"host/path" of an address that only leads on → the parameters that may say where to; ""
    stands for the rest of the path or the whole query."""

    @classmethod
    def load(cls, extra: Path | None = None) -> Self:
        """The rules that ship with Feedmill, and those of one more file of the same form.
        Raises BadRules, OSError."""
        ours = resources.files("aggregator.identity").joinpath("tracking.toml").read_text("utf-8")
        tables = [_table(ours)]
        if extra is not None:
            tables.append(_table(extra.read_text("utf-8")))
        hosts: dict[str, list[str]] = {}
        redirectors: dict[str, tuple[str, ...]] = {}
        for table in tables:
            redirectors |= {at.lower(): tuple(said) for at, said in table["redirectors"].items()}
            for host, names in table["hosts"].items():
                hosts.setdefault(host.lower(), []).extend(names)
        return cls(
            _any(name for table in tables for name in table["params"]),
            _any(name for table in tables for name in table["sessions"]),
            {host: _any(names) for host, names in hosts.items()},
            redirectors,
        )

    def drops(self, host: str, name: str) -> bool:
        """Whether a parameter of that name says nothing about what is shown."""
        if self.params.fullmatch(name) or self.sessions.fullmatch(name):
            return True
        while self.hosts and host:
            if (own := self.hosts.get(host)) is not None and own.fullmatch(name):
                return True
            host = host.partition(".")[2]
        return False


def _table(text: str) -> dict[str, dict[str, list[str]]]:
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadRules(f"not TOML: {error}") from error
    if unknown := set(table) - {"params", "sessions", "hosts", "redirectors"}:
        keys = "params, sessions, hosts, redirectors"
        raise BadRules(f"unknown key {sorted(unknown)[0]!r}; keys are {keys}")
    found = {"params": [], "sessions": [], "hosts": {}, "redirectors": {}} | table
    for key in ("hosts", "redirectors"):
        if not isinstance(found[key], dict):
            raise BadRules(f"{key} must be a table of lists")
    by_host = [*found["hosts"].values(), *found["redirectors"].values()]
    for names in (found["params"], found["sessions"], *by_host):
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise BadRules("each value must be a list of parameter names")
    return found


def _any(names: Iterable[str]) -> re.Pattern[str]:
    parts = [
        re.escape(name[:-1]) + ".*" if name.endswith("*") else re.escape(name) for name in names
    ]
    return re.compile("|".join(parts) or r"(?!)", re.IGNORECASE)


@lru_cache(maxsize=1)
def default_rules() -> UrlRules:
    """The rules that ship with Feedmill."""
    return UrlRules.load()


# What nearly all links are: the parser would leave them as they are. No port, no number as host,
# no dot segment, nothing that is encoded or decoded, no session in the path.
_PLAIN = re.compile(
    r"https?://((?:(?!xn--)[a-z0-9-]+\.)*(?!xn--)[a-z][a-z0-9-]*)"
    r"((?:/(?![.]|%2[eE])[\w.~!$&()*+,=:@%-]*)*)"
    r"(?:\?([\w.~!$&()*+,;=:@%/?-]*))?(?:#(?:[^!\t\r\n][^\t\r\n]*)?)?",
    re.A,
)


def canonical(url: str | None, rules: UrlRules) -> str | None:
    """The URL as the WHATWG parser reads it, without scheme differences (http = https),
    userinfo, fragment (but `#!` routes), tracking parameters and session ids. None for what is
    no http(s) URL.

    Order of parameters, trailing slashes and `www.` are kept: they can carry identity, and a
    false merge is worse than a double.
    """
    if not url:
        return None
    url = url.strip()
    if url.find("http", 8) > 0:
        url = _led_on(url, rules)
    if plain := _PLAIN.fullmatch(url):
        host, path, query = plain.groups()
        query = _kept(query or "", host, rules)
        return f"https://{host}{path or '/'}{'?' + query if query else ''}"
    return _canonical(url, rules)


_HOPS = 3
"""Redirectors that may lead to each other."""
_TARGET = re.compile(r"https?(?::|%3a)(?:/|%2f)+", re.IGNORECASE)


def _led_on(url: str, rules: UrlRules) -> str:
    """Where a redirector that names its target leads to; no request is made for it."""
    for _ in range(_HOPS):
        target = _target(url, rules)
        if target is None:
            break
        url = target
    return url


def _target(url: str, rules: UrlRules) -> str | None:
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    path = f"{(parts.hostname or '').lower()}{parts.path}"
    for at, names in rules.redirectors.items():
        if not path.lower().startswith(at) or path[len(at) : len(at) + 1] not in ("", "/"):
            continue
        said = parse_qs(parts.query)
        found = [value for name in names for value in said.get(name, ())]
        if "" in names:
            rest = url.partition("://")[2][len(at) :]
            found += [unquote(rest[match.start() :]) for match in [_TARGET.search(rest)] if match]
        for value in found:
            if is_web(value):
                return value
    return None


def _canonical(url: str, rules: UrlRules) -> str | None:
    try:
        parsed = ada_url.URL(url)
    except ValueError:
        return None
    if parsed.protocol not in ("http:", "https:") or not parsed.hostname:
        return None
    host = parsed.hostname.rstrip(".")
    port = "" if parsed.port in ("", "80", "443") else f":{parsed.port}"
    path = _without_path_session(parsed.pathname, rules)
    query = _kept(parsed.search[1:], host, rules)
    route = parsed.hash if parsed.hash.startswith("#!") else ""
    return f"https://{host}{port}{path}{'?' + query if query else ''}{route}"


_OCTET = r"(?:0|[1-9][0-9]?|1[0-9]{2}|2[0-4][0-9]|25[0-5])"
_NAME = r"(?:(?!xn--)[a-z0-9-]+\.)+(?!xn--)[a-z][a-z0-9-]*"
_ADDRESS = re.compile(
    rf"https?://(?:{_NAME}|{_OCTET}(?:\.{_OCTET}){{3}})"
    r"(?::([1-9][0-9]{0,3}|[1-5][0-9]{4}))?"
    r"(/[A-Za-z0-9/._~=&+%?-]*)?"
)
_USUAL = ("80", "443")


def is_plain(url: str) -> bool:
    """Whether it is an address that all parsers take, and read alike, as nearly all are: it spares
    parsing."""
    return _ADDRESS.fullmatch(url) is not None


@lru_cache(maxsize=50_000)  # a configured address is looked at several times, and at each edit
def address_key(url: str) -> str | None:
    """What two spellings of one address share: as the WHATWG parser writes it, without fragment.
    None for what it refuses."""
    plain = _ADDRESS.fullmatch(url)
    # It takes away dots that stand for folders, however they are written, and the usual ports.
    if plain and plain[2] and plain[1] not in _USUAL and "/." not in url and "%" not in url:
        return url
    try:
        return str(ada_url.URL(url).href).partition("#")[0]
    except ValueError:
        return None


def is_web(url: str) -> bool:
    """Whether it can be requested at all: http or https, with a host."""
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


@lru_cache(maxsize=4096)
def host_of(url: str | None) -> str:
    """The lower-cased host name of a URL, without port; "" when it has none."""
    if not url:
        return ""
    try:
        return str(ada_url.URL(url).hostname).rstrip(".")
    except ValueError:
        return ""


def _kept(query: str, host: str, rules: UrlRules) -> str:
    if not query:
        return ""
    pairs = query.replace("&amp;", "&").split("&")
    return "&".join(
        pair
        for pair in pairs
        if pair and not rules.drops(host, unquote_plus(pair.partition("=")[0]))
    )


def _without_path_session(path: str, rules: UrlRules) -> str:
    """Of each segment: what follows in the path stays."""
    if ";" not in path:
        return path
    return "/".join(_without_session(segment, rules) for segment in path.split("/"))


def _without_session(segment: str, rules: UrlRules) -> str:
    head, *params = segment.split(";")
    kept = [each for each in params if not rules.sessions.fullmatch(each.partition("=")[0])]
    return ";".join([head, *kept])

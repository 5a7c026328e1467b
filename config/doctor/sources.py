"""The sources: how many fail of what, and whether it is the sources or this machine."""

from __future__ import annotations

import socket
import threading
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from ipaddress import ip_address
from urllib.parse import urlsplit

from config.advice import ADVICE
from config.doctor.finding import Finding, bad, ok, warn
from config.standing import standing
from feeds.models import SourceState

CHECK = "sources"
WORST = 3
"""Kinds of errors that are told with advice."""
_OF_NETWORK = frozenset(("dns", "refused", "connection", "tls", "too-slow", "address"))
_TROUBLE = ("failing", "blocked", "retired")
HOSTS = 4
SECONDS = 5.0


def sources(states: Sequence[SourceState], now: datetime) -> Iterator[Finding]:
    polled = [each for each in states if not each.paused and each.last_polled_at is not None]
    failing = [each for each in polled if standing(each, now).word in _TROUBLE]
    kinds = Counter(each.error_kind or "unknown" for each in failing)
    if not states:
        yield warn(CHECK, "none is configured", "`feedmill add URL` adds one")
    elif not polled:
        yield warn(CHECK, f"none of {len(states)} was polled yet", "`feedmill run` polls them")
    elif len(failing) == len(polled) and _of_network(failing):
        text = f"all {len(polled)} fail ({_counts(kinds)})"
        yield bad(CHECK, text, "it is this machine: look at its network, DNS, firewall and proxy")
    else:
        yield ok(CHECK, f"{len(polled) - len(failing)} of {len(polled)} answer as they should")
    for kind, count in kinds.most_common(WORST):
        some = "1 fails" if count == 1 else f"{count} fail"
        advice = ADVICE.get(kind, "See the error.")
        yield warn(
            CHECK, f"{some} with {kind}", f"{advice} `feedmill sources --failing` lists them"
        )
    held = sum(each.held for each in states)
    if held:
        text = f"{held} new articles are held by the flood guard"
        yield warn(CHECK, text, "`feedmill release SOURCE` or `feedmill discard SOURCE`")


def _of_network(failing: Sequence[SourceState]) -> bool:
    return all(each.error_kind in _OF_NETWORK for each in failing)


def _counts(kinds: Counter[str]) -> str:
    return ", ".join(f"{count} {kind}" for kind, count in kinds.most_common())


# --- names


def hosts(urls: Collection[str]) -> list[str]:
    """The first few different names among these."""
    found = dict.fromkeys(urlsplit(url).hostname or "" for url in urls)
    return [each for each in found if each and not _is_address(each)][:HOSTS]


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return host == "localhost"
    return True


def names(some: Sequence[str]) -> Iterator[Finding]:
    """Whether names are found; asked of the system, all at once, for a few seconds."""
    if not some:
        return
    found: dict[str, str] = {}

    def look(host: str) -> None:
        try:
            socket.getaddrinfo(host, 443, type=socket.SOCK_STREAM)
            found[host] = ""
        except (OSError, UnicodeError) as error:
            found[host] = getattr(error, "strerror", None) or "no such name"

    threads = [threading.Thread(target=look, args=(each,), daemon=True) for each in some]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SECONDS)
    known = [each for each in some if found.get(each) == ""]
    if known:
        yield ok("dns", f"{len(known)} of {len(some)} names were found")
        return
    why = found.get(some[0], f"no answer within {SECONDS:.0f} s")
    if len(some) == 1:
        text = f"{some[0]} is not found ({why})"
        yield warn("dns", text, "look whether it still exists, else at /etc/resolv.conf")
        return
    text = f"none of {len(some)} names is found, {some[0]} among them ({why})"
    yield bad("dns", text, "look at /etc/resolv.conf and at the network")

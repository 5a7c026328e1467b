"""Whether `feedmill run` is alive, and what it says of itself."""

from __future__ import annotations

from collections.abc import Iterator

from config.doctor.asking import Ask
from config.doctor.finding import Finding, bad, ok, warn
from config.settings import Settings
from config.values import Address
from feeds.errors import FetchError

CHECK = "run"


def here(listen: Address) -> str:
    """The built-in server as this machine reaches it."""
    if not listen.everywhere:
        return listen.url
    return Address("::1" if ":" in listen.host else "127.0.0.1", listen.port).url


def running(settings: Settings, alive: bool, ask: Ask) -> Iterator[Finding]:
    """`alive`: whether its lock is held."""
    place = here(settings.listen)
    try:
        page = ask(f"{place}/readyz")
    except FetchError as error:
        if alive:
            text = f"it runs, and does not answer at {place}: {error}"
            yield bad(CHECK, text, "look at its log, and at server.listen; start it anew")
        else:
            yield warn(CHECK, "no `feedmill run` works on this database", "start it")
        return
    words = page.body.decode("utf-8", "replace").strip()
    if not alive:
        text = f"none works on this database, but something answers at {place}"
        yield warn(CHECK, text, "look which program it is, and whether store.url is the right one")
    elif page.status == 200:
        yield ok(CHECK, f"alive and ready at {place}")
    else:
        text = f"alive, and not ready: {page.status} {words[:200]}"
        yield bad(CHECK, text, "its log says more; polling goes on when the trouble is over")

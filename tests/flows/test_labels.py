"""Labels of tokens: one rule at every door, and older ones can be shown and revoked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from config.tokens import digest, new_token
from feeds.store import open_store
from tests.flows.command import Installation, Site
from tests.flows.visiting import Caller, Visitor

pytestmark = pytest.mark.slow

WRONG = (
    "", " ", "a/b", "a\\b", " a", "a ", "x\ny", "x\ty", "\x1b]0;pwned\x07", "a\u202eb", "a\u200bb",
    ".", "..", "x" * 101,
)  # fmt: skip
RIGHT = (
    "reader of anna",
    "anna@example.org",
    "Ferry (phone) #2",
    "Zeitung für Åsa",
    "हिन्दी",
    "%2F",
)


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    found = Installation(tmp_path_factory.mktemp("labels"))
    found.configure("[categories.staff]\nprivate = true\n")
    found.verb("publish")
    return found


@pytest.fixture(scope="module")
def site(here: Installation) -> Iterator[Site]:
    with here.running() as found:
        yield found


def labels(site: Site) -> set[str]:
    return {each["label"] for each in Caller(site.port).get("/tokens")}


def test_what_is_no_label(here: Installation, site: Site) -> None:
    """Neither by the command, nor at the desk, nor by the API; the complaint itself can be read."""
    you, caller = Visitor(site.port), Caller(site.port)
    for label in WRONG:
        made = caller.ask("POST", "/tokens", {"label": label})
        assert made.status in (400, 422), label
        if "\x1b" not in label:
            assert here.call("token", "add", "--", label).returncode == 2, label
    told = here.call("token", "add", "--", "\x1b]0;pwned\x07")
    assert told.returncode == 2
    assert "can't name a token" in told.stderr
    assert told.stderr.strip().isprintable()
    # A form is trimmed as it comes in.
    for label in (each for each in WRONG if each == each.strip()):
        assert you.post("/desk/feeds/tokens", label=label, feed="").status == 422, label
    assert labels(site) == set()


def test_what_is_one(site: Site, here: Installation) -> None:
    """In every script, and revoked by its name in the address."""
    for label in RIGHT:
        assert Caller(site.port).ask("POST", "/tokens", {"label": label}).status == 201, label
    assert labels(site) == set(RIGHT)
    assert RIGHT[0] in here.verb("token", "list")
    for label in RIGHT:
        gone = Visitor(site.port).ask("DELETE", f"/api/tokens/{quoted(label)}")
        assert gone.json == {"revoked": label}
    assert labels(site) == set()


def quoted(label: str) -> str:
    from urllib.parse import quote

    return quote(label, safe="")


def test_what_was_kept_before_there_was_a_rule(here: Installation, site: Site) -> None:
    """Listed on one line without steering the terminal; revoked by each door."""
    old = ("a/b", "x\ny", "\x1b]0;pwned\x07", " ")
    store = open_store(f"sqlite:///{Path(here.database)}", migrate=False)
    for label in old:
        store.add_token(digest(new_token()), None, label)
    store.close()
    listed = here.verb("token", "list")
    assert len(listed.splitlines()) == len(old)
    assert all(line.isprintable() for line in listed.splitlines())
    missing = here.call("token", "revoke", "pwned")
    assert missing.returncode == 2
    assert missing.stderr.strip().isprintable()
    assert Visitor(site.port).ask("DELETE", "/api/tokens/a%2Fb").json == {"revoked": "a/b"}
    assert Visitor(site.port).ask("DELETE", "/api/tokens/%20").json == {"revoked": " "}
    page = Visitor(site.port)
    assert page.post("/desk/feeds/tokens", label="x\r\ny", action="revoke").status == 303
    here.verb("token", "revoke", "--", "\x1b]0;pwned\x07")
    assert labels(site) == set()

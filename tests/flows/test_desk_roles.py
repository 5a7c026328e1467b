"""What an editor may not do at the desk or by the API, and what a token does not open (THREATS)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from config.desk.forms import SOURCE
from config.schema import SourceTable
from tests.flows.command import Installation, Site, rss
from tests.flows.guarded import NEWS, PROXY
from tests.flows.visiting import Caller, Visitor, users
from tests.origin import Origin

pytestmark = pytest.mark.slow


def test_an_editor_makes_no_tokens(site: Site, bert: Visitor, anna: Visitor) -> None:
    """Nor revokes any, nor sees whose there are; an admin does."""
    made = anna.post("/desk/feeds/tokens", label="readers of anna", feed="")
    assert made.status == 200
    for action in ("", "revoke"):
        answer = bert.post("/desk/feeds/tokens", label="readers of anna", feed="", action=action)
        assert answer.status == 403
    assert b"readers of anna" in anna.get("/desk/feeds").body
    assert b"readers of anna" not in bert.get("/desk/feeds").body
    gone = anna.post("/desk/feeds/tokens", label="readers of anna", action="revoke")
    assert gone.status == 303


def test_tokens_are_no_logins(site: Site, here: Installation) -> None:
    """People log in at the desk; a token opens what it was made for."""
    kinds = ("api", "editor", "metrics", "ops")
    made = {kind: here.json("token", "add", f"for {kind}", "--for", kind) for kind in kinds}
    tokens = {kind: each["token"] for kind, each in made.items()}
    visitor = Visitor(site.port, PROXY, headers={"X-Forwarded-For": "192.0.2.1"})
    opened: dict[str, set[str]] = {
        "/desk/": set(),
        "/desk/ops.atom": {"api", "editor", "ops"},
        "/api/sources": {"api", "editor"},
        "/api/tokens": {"api"},
        "/metrics": {"api", "metrics"},
    }
    for path, wanted in opened.items():
        found = {
            kind
            for kind, token in tokens.items()
            if visitor.get(path, Authorization=f"Bearer {token}").status == 200
        }
        assert found == wanted, path
    token = tokens["ops"]
    assert visitor.get(f"/desk/ops.atom?token={token}").status == 200
    for path in ("/desk/ops.atom/", "/desk/", "/desk/sources", "/api/sources", "/metrics",
                 "/desk//ops.atom"):  # fmt: skip
        for kind in kinds:
            assert visitor.get(f"{path}?token={tokens[kind]}").status != 200
    here.verb("token", "revoke", "for ops")
    revoked = (
        visitor.get(f"/desk/ops.atom?token={token}"),
        visitor.get("/desk/ops.atom", Authorization=f"Bearer {token}"),
        visitor.get("/desk/ops.atom?token=wrong"),
    )
    for answer in revoked:  # a feed reader can't log in
        assert answer.status == 401
        assert answer.headers["www-authenticate"] == (
            'Bearer realm="operations", error="invalid_token"'
        )
        assert b"<html" not in answer.body
    without = visitor.get("/desk/ops.atom")
    assert without.status == 401
    assert without.headers["www-authenticate"] == 'Bearer realm="operations"'
    other = visitor.get(f"/desk/ops.atom?token={tokens['metrics']}")
    assert other.status == 403
    assert "insufficient_scope" in other.headers["www-authenticate"]


# --- the private network, secrets and files


KEY = "open-sesame-7731"
TIED = {
    "private": "allow_private = true",
    "login": f'auth = "reader:{KEY}"',
    "key": f'headers = {{ X-Key = "{KEY}" }}',
    "gate": 'proxy = "http://127.0.0.1:9"',
}
"""Sources that an editor gives no other address, by their paths."""


@pytest.fixture(scope="module")
def guarded(
    tmp_path_factory: pytest.TempPathFactory, origin: Origin
) -> Iterator[tuple[Installation, Site]]:
    """Private addresses are not allowed; source 1 is an open one, then come those of TIED."""
    found = Installation(tmp_path_factory.mktemp("guarded"))
    for path in TIED:
        origin.serve(f"/{path}", rss(path))
    origin.serve("/new", rss("new"))
    tables = [("one", ""), *TIED.items()]
    found.configure(
        users()
        + NEWS
        + "".join(f'[[sources]]\nurl = "{origin.url(f"/{p}")}"\n{more}\n' for p, more in tables)
    )
    file = found.folder / "feedmill.toml"
    file.write_text(file.read_text().replace('allow_private = ["127.0.0.0/8"]\n', ""))
    with found.running() as site:
        yield found, site


def log_in(site: Site, name: str) -> Visitor:
    found = Visitor(site.port)
    assert found.log_in(name).status == 303
    return found


def form(visitor: Visitor, number: int) -> dict[str, Any]:
    """The source's form, as a browser would send it back."""
    page = visitor.get(f"/desk/sources/{number}").text
    part = page.partition('id="settings"')[2].partition("</section>")[0]
    boxes = re.findall(r'<input type="checkbox" name="(\w+)" value="yes"( checked)?', part)
    texts = re.findall(r'<input [^>]*name="(\w+)" type="(?:text|number|url)" value="([^"]*)"', part)
    hidden = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', part)
    return {name: "yes" for name, on in boxes if on} | dict(texts) | dict(hidden)


def test_an_editor_adds_nothing_private(guarded: tuple[Installation, Site], origin: Origin) -> None:
    """Neither by the page nor by the API; nobody is asked, and nothing written. An admin does."""
    here, site = guarded
    bert, anna = log_in(site, "bert"), log_in(site, "anna")
    text = (here.folder / "feedmill.toml").read_text()
    assert 'name="allow_private"' not in bert.get("/desk/add").text
    assert 'name="allow_private"' in anna.get("/desk/add").text
    url = origin.url("/new")
    answer = bert.post("/desk/add", addresses=url, allow_private="yes")
    assert answer.status == 403
    assert "only an admin adds sources that have private addresses" in answer.text
    tokens = {
        kind: here.json("token", "add", f"{kind} adds", "--for", kind)["token"]
        for kind in ("editor", "api")
    }
    editor, admin = (Caller(site.port, tokens[kind]) for kind in ("editor", "api"))
    told = editor.ask("POST", "/sources", {"url": url, "allow_private": True})
    assert told.status == 403
    assert told.json["detail"] == [
        "allow_private: only an admin adds sources that have private addresses"
    ]
    # Without the right the guard stands before it, as ever.
    there = bert.post("/desk/add", addresses=url).headers["location"]
    assert "not dialled" in bert.get(there).text
    assert editor.ask("POST", "/sources", {"url": url}).status == 502
    assert origin.asked("/new") == []

    looked = anna.post("/desk/add", addresses=url, allow_private="yes").headers["location"]
    assert bert.get(looked).status == 403  # what an admin has looked at
    assert bert.post(looked, feed=url).status == 403
    assert bert.post(looked, feed=url, allow_private="yes").status == 403
    assert (here.folder / "feedmill.toml").read_text() == text
    added = admin.ask("POST", "/sources", {"url": url, "allow_private": True})
    assert added.status == 201
    assert "allow_private = true" in (here.folder / "feedmill.toml").read_text()[len(text) - 1 :]
    assert len(origin.asked("/new")) == 2


def test_an_editor_lets_no_source_become_private(guarded: tuple[Installation, Site]) -> None:
    """The form offers no such switch, and what is made by hand is refused, on and off; all else
    of that form is written, and what an admin has allowed stays."""
    here, site = guarded
    bert, anna = log_in(site, "bert"), log_in(site, "anna")
    file = here.folder / "feedmill.toml"
    before = file.read_text()
    token = here.json("token", "add", "editor edits", "--for", "editor")["token"]
    for number, private in ((1, ""), (2, "yes")):
        page = bert.get(f"/desk/sources/{number}").text
        assert 'name="allow_private"' not in page
        assert ("only an admin changes that" in page) == bool(private)
        changed = form(bert, number) | {"allow_private": "" if private else "yes"}
        answer = bert.post(f"/desk/sources/{number}", **changed)
        assert answer.status == 403
        assert "is for admins" in answer.text
        patched = Caller(site.port, token).ask(
            "PATCH", f"/sources/{number}", {"allow_private": not private}
        )
        assert patched.status == 422
    assert file.read_text() == before

    given = form(bert, 2) | {"title": "Renamed by bert"}
    assert bert.post("/desk/sources/2", **given).status == 303
    assert file.read_text() == before.replace(
        "allow_private = true\n", 'allow_private = true\ntitle = "Renamed by bert"\n', 1
    )
    given = form(anna, 1) | {"allow_private": "yes"}
    assert anna.post("/desk/sources/1", **given).status == 303
    assert file.read_text().count("allow_private = true") == before.count("private = true") + 1
    given = {name: value for name, value in form(anna, 1).items() if name != "allow_private"}
    assert anna.post("/desk/sources/1", **given).status == 303
    assert file.read_text().count("allow_private = true") == before.count("private = true")


def test_an_editor_carries_no_secret_elsewhere(
    guarded: tuple[Installation, Site], origin: Origin
) -> None:
    """What a source has for one server, or its way into the network, can't be given another
    address; the page says why. An open one's can."""
    here, site = guarded
    bert, file = log_in(site, "bert"), here.folder / "feedmill.toml"
    before = file.read_text()
    for number, path in enumerate(TIED, 2):
        page = bert.get(f"/desk/sources/{number}").text
        # With a login the address is a secret by itself, and no form has it.
        secret = path == "login"
        assert f"Its address is {'a secret' if secret else 'for admins to change'}" in page
        assert KEY not in page
        given = form(bert, number)
        assert "url" not in given
        answer = bert.post(f"/desk/sources/{number}", **given, url=origin.url("/catch"))
        assert answer.status == (303 if secret else 403), path
        if not secret:
            assert "the address of this source is for admins to change" in answer.text
    assert file.read_text() == before
    assert origin.asked("/catch") == []
    given = form(bert, 1) | {"url": origin.url("/moved")}
    assert bert.post("/desk/sources/1", **given).status == 303
    assert f'url = "{origin.url("/moved")}"' in file.read_text()


def test_no_key_reaches_a_secret_or_a_file(
    guarded: tuple[Installation, Site], origin: Origin
) -> None:
    """Those are in no form and no call, for whomever: they are set in the file. What a form has
    beside its fields is not heard, the API refuses it."""
    here, site = guarded
    anna, file = log_in(site, "anna"), here.folder / "feedmill.toml"
    before = file.read_text()
    token = here.json("token", "add", "an admin", "--for", "api")["token"]
    caller = Caller(site.port, token)
    for key in SourceTable.model_fields.keys() - {*SOURCE, "url", "categories", "was"}:
        given = form(anna, 2) | {key: "/etc/passwd"}
        assert anna.send("/desk/sources/2", given).status == 303
        assert caller.ask("PATCH", "/sources/2", {key: "/etc/passwd"}).status == 422
        given = {"url": origin.url("/fresh"), key: "/etc/passwd"}
        assert caller.ask("POST", "/sources", given).status == 422
    for url in ("file:///etc/passwd", "/etc/passwd", '{ env = "HOME" }', "ftp://x.test/", "x\ny=1"):
        assert anna.post("/desk/sources/2", **(form(anna, 2) | {"url": url})).status == 422, url
        assert caller.ask("POST", "/sources", {"url": url}).status in (400, 502), url
    assert file.read_text() == before


def test_which_files_there_are_is_not_told(guarded: tuple[Installation, Site]) -> None:
    """Paths are no addresses, whether there is a file or not."""
    here, site = guarded
    bert = log_in(site, "bert")
    token = here.json("token", "add", "editor looks", "--for", "editor")["token"]
    told = []
    for path in (here.folder / "feedmill.toml", here.folder / "nothing.toml"):
        page = bert.get(bert.post("/desk/add", addresses=path).headers["location"]).text
        said = Caller(site.port, token).ask("POST", "/sources", {"url": str(path)})
        named = re.compile(re.escape(path.name))
        told.append((re.findall(r'<p class="bad">(.*)</p>', named.sub("x", page)),
                     said.status, named.sub("x", said.text)))  # fmt: skip
    assert told[0] == told[1]
    assert told[0][0]

"""`feedmill opml`: lists in and out, as an operator meets them."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from aggregator.opml import read_opml
from tests.flows.command import Installation, rss
from tests.origin import Origin

SECRET = "dont-tell-7713"


@pytest.fixture
def origin() -> Iterator[Origin]:
    with Origin() as found:
        found.serve("/feed", rss("one", title="A wire of ours"))
        yield found


@pytest.fixture
def here(tmp_path: Path, origin: Origin) -> Installation:
    found = Installation(tmp_path)
    found.configure('[categories.world]\ntitle = "The world"\n', sources=[origin.url("/feed")])
    return found


def written(here: Installation) -> str:
    return (here.folder / "feedmill.toml").read_text()


def a_list(here: Installation, inner: str, name: str = "list.opml") -> str:
    (here.folder / name).write_text(f'<opml version="2.0"><body>\n{inner}\n</body></opml>')
    return name


def test_import(here: Installation, origin: Origin) -> None:
    """What is new is added, what is there is skipped and named, what is bad is named with its
    line; nothing is asked of anybody; a second time there is nothing to do."""
    again = origin.url("/feed").replace("http:", "HTTP:") + "#top"
    name = a_list(
        here,
        f'<outline text="World">\n<outline text="A" xmlUrl="https://a.test/feed"/>\n'
        f'<outline text="Tech"><outline text="B" xmlUrl="https://me:{SECRET}@b.test/feed"/></outline>'
        f'</outline>\n<outline text="Again" xmlUrl="{again}"/>\n'
        '<outline text="C" xmlUrl="nowhere"/>',
    )
    before = written(here)
    shown = here.verb("opml", "import", name, "--dry-run")
    assert 'title = "A"\ncategories = ["world"]' in shown
    assert written(here) == before
    done = here.call("opml", "import", name, "--json")
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines() == [
        'list.opml:6: xmlUrl: "nowhere" is no web address; write "https://host/path"'
    ]
    told = json.loads(done.stdout)
    assert [(e["url"], e["title"], e["categories"], e["line"]) for e in told["added"]] == [
        ("https://a.test/feed", "A", ["world"], 3),
        ("https://b.test/feed", "B", ["world", "tech"], 4),
    ]
    lines = written(here).splitlines()
    places = [e["declared_at"] for e in told["added"]] + [e["configured"] for e in told["skipped"]]
    assert [e["line"] for e in told["skipped"]] == [5]
    for place in places:
        assert lines[int(place.removeprefix("feedmill.toml:")) - 1] == "[[sources]]"
    assert [(e["line"], e["key"]) for e in told["bad"]] == [(6, "xmlUrl")]
    assert told["categories"] == ["tech"]
    assert SECRET not in done.stdout + done.stderr
    assert set(before.splitlines()) <= set(lines)
    assert origin.requests == []
    assert len(here.json("sources")) == 3
    after = written(here)
    assert here.json("opml", "import", name)["added"] == []
    assert written(here) == after
    here.verb("check")


def test_import_from_a_pipe_into_a_category(here: Installation) -> None:
    """`-`; a category that is not there is refused, or made where that is asked for."""
    body = (
        '<opml><body><outline text="X"><outline xmlUrl="https://a.test/"/></outline></body></opml>'
    )

    def piped(*options: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*here.command, "opml", "import", "-", *options],
            cwd=here.folder,
            env=here.environment(),
            input=body,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    done = piped("--category", "wrld")
    assert (done.returncode, "did you mean" in done.stderr) == (2, True)
    done = piped("--category", "fresh", "--create-category")
    assert done.returncode == 0, done.stderr
    assert '[categories.fresh]\ntitle = "Fresh"' in written(here)
    assert done.stdout.startswith("added 1 feed, from feedmill.toml:")
    assert "; new categories: fresh\n" in done.stdout


@pytest.mark.parametrize(
    ("body", "code", "said"),
    [
        ("https://a.test/feed\n", 2, "list.opml:1: can't be read as OPML: not XML"),
        ("<opml><body><outline", 2, "list.opml:1: can't be read as OPML: not XML"),
        ("<opml><body/></opml>", 1, "it names no feeds"),
        ('<opml><body><outline xmlUrl="x"/></body></opml>', 1, "nothing of it could be imported"),
        (None, 1, "list.opml: can't be read: No such file"),
    ],
)
def test_what_is_refused(here: Installation, body: str | None, code: int, said: str) -> None:
    """Nothing is half read, nothing is written, and the way out is told."""
    if body is not None:
        (here.folder / "list.opml").write_text(body)
    before = written(here)
    done = here.call("opml", "import", "list.opml")
    assert done.returncode == code
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert written(here) == before


def test_keep(here: Installation) -> None:
    """The list stays a list: what other programs wrote into it comes out again."""
    (here.folder / "given").mkdir()
    name = a_list(
        here,
        '<outline text="Tech"><outline text="A" xmlUrl="https://a.test/" stars="5"/></outline>',
        "given/mine.opml",
    )
    told = here.json("opml", "import", "--keep", name)
    assert told == {"kept": "mine.opml", "added": ["https://a.test/"]}
    assert 'include = ["mine.opml"]' in written(here)
    assert 'stars="5"' in here.verb("opml", "export")
    done = here.call("opml", "import", "--keep", name, "--dry-run")
    assert done.returncode == 2


def test_export(here: Installation, origin: Origin) -> None:
    """With what documents say of themselves; without secrets; never over what is read here."""
    text = written(here)
    secret = f'[[sources]]\nurl = "https://wire.test/?{SECRET}"\nsecret_url = true\n'
    (here.folder / "feedmill.toml").write_text(text + secret)
    done = here.call("opml", "export")
    assert done.returncode == 0, done.stderr
    assert not here.database.exists()
    assert [(e.url, e.title) for e in read_opml(done.stdout.encode())] == [
        (origin.url("/feed"), origin.url("/feed"))
    ]
    assert done.stderr.startswith("feedmill.toml:")
    assert done.stderr.endswith("left out: its address is a secret\n")
    assert SECRET not in done.stdout + done.stderr
    here.verb("poll", "--source", origin.url("/feed"))
    assert "1 feed" in here.verb("opml", "export", "out.opml")
    body = (here.folder / "out.opml").read_bytes()
    assert [each.title for each in read_opml(body)] == ["A wire of ours"]
    assert b'htmlUrl="http://a.test/"' in body
    here.verb("opml", "export", "out.opml")
    assert (here.folder / "out.opml").read_bytes() == body
    done = here.call("opml", "export", "feedmill.toml")
    assert (done.returncode, written(here)) == (1, text + secret)
    assert "choose another name" in done.stderr


def test_from_one_installation_to_another(here: Installation, tmp_path: Path) -> None:
    """What is exported there is what is imported here."""
    name = a_list(
        here, '<outline text="Far East"><outline text="A" xmlUrl="https://a.test/"/></outline>'
    )
    here.verb("opml", "import", name, "--category", "world")
    here.verb("opml", "export", "out.opml")
    there = Installation(tmp_path / "there")
    there.configure()
    there.verb("opml", "import", str(here.folder / "out.opml"))
    facts = ("url", "title", "categories")
    found = [{key: each[key] for key in facts} for each in there.json("sources")]
    wanted = [{key: each[key] for key in facts} for each in here.json("sources")]
    assert sorted(found, key=str) == sorted(wanted, key=str)
    assert '[categories.world]\ntitle = "The world"' in written(there)

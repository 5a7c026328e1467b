"""The file is changed while Feedmill runs: as editors save it, wrongly, often, while it works."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.config.test_broken import CASES, case
from tests.flows.asking import Asking
from tests.flows.command import Installation, Site, free_port, rss, until
from tests.origin import Answer, Origin

pytestmark = pytest.mark.slow

NEWS = '[categories.news]\ntitle = "News"\n'
BROKEN = (
    "backslash", "curly-quotes", "durations", "includes", "key-twice", "listen", "networks",
    "no-comma", "open-text", "secrets", "slugs", "sources-as-texts", "time-zone", "unknown-keys",
    "wrong-types", "yaml",
)  # fmt: skip


@pytest.fixture
def origin() -> Iterator[Origin]:
    with Origin() as found:
        for number in range(12):
            found.serve(f"/{number}", rss(f"n{number}"), etag=True)
        yield found


@pytest.fixture
def here(tmp_path: Path, origin: Origin) -> Installation:
    found = Installation(tmp_path)
    found.configure(NEWS + source(origin, 0))
    return found


def source(origin: Origin, *numbers: int) -> str:
    return "".join(
        f'[[sources]]\nurl = "{origin.url(f"/{n}")}"\ncategories = ["news"]\n' for n in numbers
    )


def text_with(here: Installation, origin: Origin, *numbers: int) -> str:
    """The file with these sources."""
    before = config(here).read_text()
    return before[: before.index("[[sources]]")] + source(origin, *numbers)


def config(here: Installation) -> Path:
    return here.folder / "feedmill.toml"


def says(site: Site, text: str) -> bool:
    return text in site.log.read_text()


def taken_up(site: Site) -> int:
    """How many configurations have been at work."""
    return site.log.read_text().count("event=running ")


def refusals(site: Site) -> int:
    return site.log.read_text().count('event="the configuration is refused')


def test_broken_files(here: Installation, origin: Origin) -> None:
    """Sixteen ways to get it wrong, one after the other: each is refused with its complaints, the
    web server answers all the time, the engine stays ready, no feed changes; and the right file is
    taken up afterwards."""
    with here.running() as site:
        before = site.wait_for("/news/rss.xml", "Title of n0").body
        right = config(here).read_text()
        others = here.folder / "broken"
        with Asking(site) as asking:
            for number, name in enumerate(BROKEN):
                story = case((CASES / f"{name}.toml").read_text("utf-8"))
                for each, text in story.files.items():
                    path = config(here) if each == "feedmill.toml" else here.folder / each
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_text(text)
                assert until(lambda number=number: refusals(site) > number), name
            done = here.call("status", "--json")
            assert done.returncode == 1
            assert json.loads(done.stdout)["complaints"]
            assert site.get("/readyz").status == 200
        assert set(asking.answers) == {200}
        assert site.get("/news/rss.xml").body == before
        assert taken_up(site) == 1
        assert "hush" not in site.log.read_text()
        assert not others.exists()
        config(here).write_text(right.replace('title = "News"', 'title = "Newer"'))
        site.wait_for("/news/rss.xml", "Newer")
        assert until(lambda: json.loads(here.call("status", "--json").stdout)["complaints"] == [])


def _rename_over(path: Path, text: str) -> None:
    new = path.with_name("x.new")
    new.write_text(text)
    new.replace(path)


def _in_place(path: Path, text: str) -> None:
    with path.open("r+") as file:
        file.truncate()
        file.flush()
        time.sleep(0.5)
        for at in range(0, len(text), 40):
            file.write(text[at : at + 40])
            file.flush()
        file.flush()


def _moved_away(path: Path, text: str) -> None:
    """As vim with a backup does it; the file is gone for a moment."""
    path.rename(path.with_name("x.bak"))
    time.sleep(0.5)
    path.write_text(text)


def _gone_for_long(path: Path, text: str) -> None:
    path.unlink()
    time.sleep(6)
    path.write_text(text)


def _same_size_same_time(path: Path, text: str) -> None:
    """A tool that keeps times: another file all the same."""
    at = path.stat()
    new = path.with_name("x.new")
    new.write_text(text)
    os.utime(new, ns=(at.st_atime_ns, at.st_mtime_ns))
    new.replace(path)


WAYS: tuple[Callable[[Path, str], None], ...] = (
    _rename_over, _in_place, _moved_away, _gone_for_long, _same_size_same_time,
)  # fmt: skip


def test_ways_of_saving(here: Installation, origin: Origin) -> None:
    """Each is noticed, and half a file is never taken up."""
    with here.running() as site:
        site.wait_for("/news/rss.xml", "Title of n0")
        for number, save in enumerate(WAYS, 1):
            save(config(here), text_with(here, origin, *range(number + 1)))
            site.wait_for("/news/rss.xml", f"Title of n{number}")
        log = site.log.read_text()
        assert taken_up(site) == len(WAYS) + 1, log
        assert refusals(site) <= 1, "only where it was gone for long"


def test_links_and_lists(here: Installation, origin: Origin) -> None:
    """A symlink that is switched; an included file that is changed, that a pattern finds, that is
    taken away; one that mends what is wrong although nobody knew it before."""
    one, two = here.folder / "one.toml", here.folder / "two.toml"
    text = f'include = ["more/*.toml", "more/b.toml"]\n{config(here).read_text()}'
    (here.folder / "more").mkdir()
    included = here.folder / "more" / "b.toml"
    included.write_text("")
    one.write_text(text)
    two.write_text(text.replace('title = "News"', 'title = "Switched"'))
    config(here).unlink()
    config(here).symlink_to(one)
    one.write_text(text.replace(', "more/b.toml"', ""))
    with here.running() as site:
        site.wait_for("/news/rss.xml", "Title of n0")
        included.write_text(source(origin, 1))
        site.wait_for("/news/rss.xml", "Title of n1")
        (here.folder / "more" / "c.toml").write_text(source(origin, 2))
        site.wait_for("/news/rss.xml", "Title of n2")
        (here.folder / "more" / "c.toml").unlink()
        assert until(lambda: len(here.json("sources")) == 2)
        switched = here.folder / "link"
        two.write_text(two.read_text().replace(', "more/b.toml"', ""))
        switched.symlink_to(two)
        switched.replace(config(here))
        site.wait_for("/news/rss.xml", "Switched")
        # Of the missing file only the refused configuration knows.
        two.write_text(two.read_text().replace('["more/*.toml"', '["more/*.toml", "late.toml"'))
        assert until(lambda: says(site, "late.toml"))
        (here.folder / "late.toml").write_text("[[sources]]\n")
        assert until(lambda: says(site, "needs a `url`"))
        (here.folder / "late.toml").write_text(source(origin, 3))
        site.wait_for("/news/rss.xml", "Title of n3")
        assert here.json("status")["complaints"] == []


def test_another_port(here: Installation, origin: Origin) -> None:
    """A taken one is refused, and the old one answers on; to a free one it goes over, and back."""
    with here.running() as site:
        site.wait_for("/news/rss.xml", "Title of n0")
        right = config(here).read_text()
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            config(here).write_text(right.replace(f":{here.port}", f":{port}"))
            assert until(lambda: says(site, f"can't listen on 127.0.0.1:{port}"))
            assert site.get("/readyz").status == 200
        old, new = here.port, free_port()
        config(here).write_text(right.replace(f":{here.port}", f":{new}"))
        site.port = new
        page = site.wait_for("/news/rss.xml", f"127.0.0.1:{new}/")
        assert b"Title of n0" in page.body
        site.wait_for("/readyz")
        site.port = old
        with pytest.raises(OSError, match="refused"):
            site.get("/readyz")
        config(here).write_text(right)
        site.wait_for("/news/rss.xml", "Title of n0")
        code, _ = site.stop()
        assert code == 0
    assert "Traceback" not in site.log.read_text()


def test_another_folder(here: Installation, origin: Origin) -> None:
    """The feeds are in the new one before it is served; then one that can't be made is told, tried
    again, and set right by the file."""
    with here.running() as site:
        site.wait_for("/news/rss.xml", "Title of n0")
        right = config(here).read_text()
        with Asking(site) as asking:
            config(here).write_text(right + '[output]\ndirectory = "var/other"\n')
            assert until(lambda: taken_up(site) == 2)
            site.wait_for("/readyz")
            site.wait_for("/news/rss.xml", "Title of n0")
        assert set(asking.answers) == {200}
        assert (here.folder / "var" / "other" / "news" / "rss.xml").exists()
        (here.folder / "file").write_text("")
        config(here).write_text(right + '[output]\ndirectory = "file/under"\n')
        assert until(lambda: says(site, "could not go on with the new configuration"))
        assert site.get("/news/rss.xml").status == 200, "the one before serves on"
        config(here).write_text(right)
        assert until(lambda: taken_up(site) == 3)
        site.wait_for("/readyz")


def test_polls_under_way(here: Installation, origin: Origin) -> None:
    """What is being polled as the configuration changes, many times in a row, is neither lost nor
    polled twice; the web server answers all the time; at last the newest file is at work."""
    gate = threading.Event()
    origin.answer("/9", Answer(200, rss("held"), gate=gate))
    numbers = [*range(8), 9]
    with here.running() as site, Asking(site) as asking:
        site.wait_for("/news/rss.xml", "Title of n0")
        config(here).write_text(text_with(here, origin, *numbers))
        assert until(lambda: bool(origin.asked("/9")))
        for turn in range(4):
            text = text_with(here, origin, *numbers).replace('"News"', f'"News {turn}"')
            config(here).write_text(re.sub(r'title = "News[^"]*"', f'title = "News {turn}"', text))
            if turn == 1:
                assert until(lambda: says(site, "event=stopping"))
                gate.set()
            site.process.send_signal(signal.SIGHUP)
            assert until(lambda turn=turn: taken_up(site) >= 3 or turn < 3)
        site.wait_for("/news/rss.xml", "News 3")
        site.wait_for("/news/rss.xml", "Title of held", seconds=200)
        for number in range(1, 8):
            assert len(origin.asked(f"/{number}")) == 1, number
        assert len(origin.asked("/9")) <= 2, "given back at most once"
        articles = here.json("articles")
        assert len(articles) == len({each["title"] for each in articles}) == len(numbers)
    assert set(asking.answers) <= {200, 404}


def test_asked_as_it_ends(here: Installation, origin: Origin) -> None:
    """SIGHUP, and a changed file, while it shuts down: it ends in time, with exit code 0."""
    origin.answer("/1", Answer(200, rss("late"), gate=threading.Event()))
    with here.running() as site:
        config(here).write_text(text_with(here, origin, 0, 1))
        assert until(lambda: bool(origin.asked("/1")))
        site.process.send_signal(signal.SIGTERM)
        for _ in range(20):
            if site.process.poll() is None:
                site.process.send_signal(signal.SIGHUP)
                time.sleep(0.05)
        began = time.monotonic()
        assert site.process.wait(20) == 0
        assert time.monotonic() - began < 12
    assert "Traceback" not in site.log.read_text()


def test_two_thousand_sources(here: Installation, origin: Origin) -> None:
    """Read anew, compared and at work within seconds (3 s on two free cores), while the web server
    answers; nothing is polled anew for it."""
    lines = "".join(
        f'[[sources]]\nurl = "{origin.url("/many")}?{n}"\ncategories = ["news"]\n'
        for n in range(2000)
    )
    paused = lines.replace("categories", "paused = true\ncategories")
    here.configure(NEWS + paused)
    with here.running() as site, Asking(site) as asking:
        text = config(here).read_text()
        began = time.monotonic()
        config(here).write_text(text.replace('title = "News"', 'title = "Newer"'))
        site.wait_for("/news/rss.xml", "Newer", seconds=120)
        took = time.monotonic() - began
        assert origin.asked("/many") == []
    print(f"2,000 sources taken up in {took:.1f} s; longest answer {asking.longest:.2f} s")
    assert set(asking.answers) == {200}

"""Changes of what several files say: all of it, or nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from config import editing
from config.changing import change_sources, remove_feed
from config.load import load
from config.settings import Settings
from feeds.errors import ConfigError, EditError

MAIN = """include = ["lists/more.toml"]
[categories.news]  # what is new
title = "News"
[categories.more]
[[sources]]
url = "https://a.test/x"
categories = ["news", "more"]
"""
MORE = """[[sources]]
url = "https://b.test/x"  # of the list
categories = ["news"]
"""
PAUSE = {"paused": True}


def configured(folder: Path, main: str = MAIN, more: str = MORE) -> Settings:
    (folder / "lists").mkdir()
    (folder / "lists" / "more.toml").write_text(more)
    (folder / "feedmill.toml").write_text(main)
    return load(folder / "feedmill.toml")


def texts(folder: Path) -> dict[str, str]:
    """Of all files that are there, hidden ones too."""
    return {
        str(each.relative_to(folder)): each.read_text()
        for each in sorted(folder.rglob("*"))
        if each.is_file()
    }


def test_sources_of_two_files(tmp_path: Path) -> None:
    """Each is changed where it stands."""
    settings = configured(tmp_path)
    after = change_sources(settings, [(each, PAUSE) for each in settings.sources.values()])
    assert [each.paused for each in after.sources.values()] == [True, True]
    assert after == load(settings.file)
    assert all("paused = true" in text for text in texts(tmp_path).values())
    assert "# of the list" in texts(tmp_path)["lists/more.toml"]


@pytest.mark.parametrize("shut", ["feedmill.toml", "lists/more.toml"])
def test_nothing_is_written_where_one_is_read_only(tmp_path: Path, shut: str) -> None:
    """Whichever it is: neither sources of two files are changed, nor is a category removed that
    stands in the one and is named in the other."""
    settings = configured(tmp_path)
    (tmp_path / shut).chmod(0o444)
    before = texts(tmp_path)
    with pytest.raises(EditError, match=f"{Path(shut).name} is read-only"):
        change_sources(settings, [(each, PAUSE) for each in settings.sources.values()])
    with pytest.raises(EditError, match=f"{Path(shut).name} is read-only"):
        remove_feed(settings, "categories", "news")
    assert texts(tmp_path) == before


def test_a_category_goes_from_all_its_sources(tmp_path: Path) -> None:
    """In one step: at no moment does a source name a category that there is not."""
    settings = configured(tmp_path)
    after = remove_feed(settings, "categories", "news")
    assert [each.slug for each in after.categories] == ["all", "more"]
    assert [each.categories for each in after.sources.values()] == [("more",), ()]
    assert after == load(settings.file)
    assert "news" not in "".join(texts(tmp_path).values())


def test_one_that_a_view_names_stays_whole(tmp_path: Path) -> None:
    """It can't go, so that nothing of it does."""
    settings = configured(tmp_path, MAIN + '[views.best]\ncategories = ["news"]\n')
    before = texts(tmp_path)
    with pytest.raises(ConfigError, match="news"):
        remove_feed(settings, "categories", "news")
    assert texts(tmp_path) == before


def changing(text: str, document: dict[str, Any]) -> str:
    document["x"] = 2
    return text.replace("x = 1", "x = 2")


def both(folder: Path) -> dict[Path, editing.Change]:
    found: dict[Path, editing.Change] = {}
    for name in ("one", "two"):
        (folder / name).mkdir()
        file = folder / name / "a.toml"
        file.write_text("x = 1\n")
        found[file] = changing
    return found


def test_an_edit_of_the_second_meanwhile(tmp_path: Path) -> None:
    """By somebody else, after all was checked: then the first is not written either."""
    changes = both(tmp_path)
    _, second = changes

    def check(said: Mapping[Path, editing.Said]) -> None:
        assert {text for text, _ in said.values()} == {"x = 2\n"}
        second.write_text("x = 1 # mine\n")

    with pytest.raises(EditError, match="edited meanwhile"):
        editing.edit_all(changes, check)
    assert texts(tmp_path) == {"one/a.toml": "x = 1\n", "two/a.toml": "x = 1 # mine\n"}


def test_no_room_for_the_second(tmp_path: Path) -> None:
    """A disk without room, which the larger of the two files meets: the smaller one is as it was,
    and nothing is left over."""
    changes = both(tmp_path)
    _, second = changes
    second.write_text("x = 1\n" + "# long\n" * 2000)
    before = texts(tmp_path)
    code = (
        "import resource, signal, sys\n"
        "from pathlib import Path\n"
        "from config.editing import edit_all\n"
        "from feeds.errors import EditError\n"
        "from tests.config.test_changing import changing\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n"
        "try:\n"
        "    edit_all({Path(each): changing for each in sys.argv[1:]}, lambda said: None)\n"
        "except EditError as error:\n"
        "    sys.exit(f'refused: {error}')\n"
    )
    command = [sys.executable, "-c", code, *map(str, changes)]
    done = subprocess.run(
        command, env=dict(os.environ), cwd=Path(__file__).parents[2], capture_output=True, text=True
    )
    assert done.returncode == 1
    assert "refused: " in done.stderr
    assert texts(tmp_path) == before


def test_the_first_is_put_back(tmp_path: Path) -> None:
    """When the second can't be put in its place after all: a folder stands there by now."""
    changes = both(tmp_path)
    _, second = changes
    # The moment between the last look and the writing, as another process hits it: whoever
    # reads the second file last is led on to a name that is a folder's the next moment.
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from config import editing\n"
        "from feeds.errors import EditError\n"
        "from tests.config.test_changing import changing\n"
        "second = Path(sys.argv[2])\n"
        "def watch(event, found):\n"
        "    if event == 'os.rename' and str(found[1]) == sys.argv[1] and second.is_file():\n"
        "        second.unlink(); second.mkdir()\n"
        "sys.addaudithook(watch)\n"
        "try:\n"
        "    editing.edit_all({Path(each): changing for each in sys.argv[1:]}, str)\n"
        "except EditError as error:\n"
        "    sys.exit(f'refused: {error}')\n"
    )
    command = [sys.executable, "-c", code, *map(str, changes)]
    done = subprocess.run(
        command, env=dict(os.environ), cwd=Path(__file__).parents[2], capture_output=True,
        text=True,
    )  # fmt: skip
    assert done.returncode == 1
    assert "can't be replaced" in done.stderr
    assert "written already" not in done.stderr
    assert texts(tmp_path) == {"one/a.toml": "x = 1\n"}
    assert second.is_dir()


def test_ten_thousand_sources(tmp_path: Path) -> None:
    """Each of them changed: the time grows with their number, not with its square. Twice as many
    take about twice as long; four times would be the square."""
    from time import process_time

    spent = []
    for count in (2000, 8000):
        folder = tmp_path / str(count)
        folder.mkdir()
        tables = "".join(f'[[sources]]\nurl = "https://h{n}.test/"\n' for n in range(count))
        settings = configured(folder, MAIN + tables)
        wanted = [(each, {"categories": ["more"]}) for each in settings.sources.values()]
        began = process_time()
        after = change_sources(settings, wanted)
        spent.append(process_time() - began)
        assert all(each.categories == ("more",) for each in after.sources.values())
    assert spent[1] / spent[0] < 8, spent

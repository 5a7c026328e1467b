"""$FEEDMILL_CLOCK: how far Feedmill's time is from the machine's."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from config.clock import VARIABLE, shift
from feeds.errors import ConfigError
from tests.flows.command import Installation


@pytest.mark.parametrize(
    ("text", "seconds"), [("+259200", 259200), ("-0.5", -0.5), (" 90 ", 90), ("1.25", 1.25)]
)
def test_seconds_are_added(text: str, seconds: float) -> None:
    added = shift({VARIABLE: text})
    assert added is not None
    assert added() == timedelta(seconds=seconds)


@pytest.mark.parametrize("env", [{}, {VARIABLE: ""}, {VARIABLE: "  "}])
def test_without_it_nothing_is_added(env: dict[str, str]) -> None:
    assert shift(env) is None


def test_a_file_may_change_meanwhile(tmp_path: Path) -> None:
    file = tmp_path / "clock"
    file.write_text("+60")
    added = shift({VARIABLE: f"@{file}"})
    assert added is not None
    assert added() == timedelta(minutes=1)
    file.write_text("-3600.5\n")
    assert added() == timedelta(seconds=-3600.5)


@pytest.mark.parametrize("text", ["tomorrow", "1e999", "nan", "@/nowhere/at/all"])
def test_what_is_no_number_is_told(text: str) -> None:
    with pytest.raises(ConfigError, match=VARIABLE):
        shift({VARIABLE: text})


def test_due_times_follow_it(tmp_path: Path) -> None:
    """Through the command: nothing unknown about the variable, and the store's time is shifted."""
    here = Installation(tmp_path)
    (tmp_path / "feed.xml").write_text(
        "<rss version='2.0'><channel><title>t</title></channel></rss>"
    )
    here.configure("[[sources]]\nfile = 'feed.xml'")
    days = 3 * 86_400
    done = here.call("poll", FEEDMILL_CLOCK=f"+{days}")
    assert done.returncode == 0, done.stderr
    (source,) = here.json("sources")
    ahead = datetime.fromisoformat(source["last_polled"]) - datetime.now(UTC)
    assert timedelta(days=2.9) < ahead < timedelta(days=3.1)

"""Times on the desk's pages: in words, with the whole of them beside."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from config.desk.moments import at, said

NOW = datetime(2026, 3, 6, 12, tzinfo=UTC)
THEN = '<time datetime="2026-03-04T06:00:00+00:00" title="'


def test_words_with_a_moment() -> None:
    """The moment is an element, the words are text."""
    then = NOW - timedelta(hours=54)
    told = said(["<b> until ", then, " & on"], NOW)
    assert told.startswith(f"&lt;b&gt; until {THEN}")
    assert told.endswith("</time> &amp; on")


def test_a_moment_alone() -> None:
    """Told as elsewhere, by how long ago it was."""
    assert said([NOW - timedelta(minutes=12)], NOW).endswith(">12 min ago</time>")
    assert said(["60 min"], NOW) == "60 min"


def test_words_of_a_moment() -> None:
    """Their own words, with the moment where there is one."""
    assert at("in <2 h", NOW - timedelta(hours=54)).startswith(THEN)
    assert at("in <2 h", NOW).endswith(">in &lt;2 h</time>")
    assert at("<never", None) == "&lt;never"

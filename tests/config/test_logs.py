"""Logs carry no secret and no control character."""

from __future__ import annotations

import contextlib
import io
import json
import logging
import os

import pytest
import structlog

from config import logs


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("http://bob:pw@a.org/x?token=1 failed", "http://a.org/x?… failed"),
        ("plain? text", "plain? text"),
        ("\x1b[31mred\x00", "�[31mred�"),
    ],
)
def test_redact(text: str, shown: str) -> None:
    """Userinfo, query values and control characters go."""
    assert logs.redact(text) == shown


@pytest.mark.parametrize("as_json", [True, False])
def test_one_line_per_event(as_json: bool) -> None:
    """An event is one line, whatever its values hold; JSON when asked for."""
    out = io.StringIO()
    logs.configure(json=as_json, file=out)
    structlog.get_logger("test").warning("it broke", error="a\nb https://x.org/?k=v", source=7)
    (line,) = out.getvalue().splitlines()
    assert "k=v" not in line
    if as_json:
        assert json.loads(line)["source"] == 7
    else:
        assert "source=7" in line


def test_a_log_that_nobody_reads() -> None:
    """A reader that went away (`… 2>&1 | head -1`) stops no poll: the line is lost, no more."""
    reading, writing = os.pipe()
    os.close(reading)
    with contextlib.suppress(BrokenPipeError), os.fdopen(writing, "w") as broken:
        logs.configure(file=broken)
        structlog.get_logger("test").warning("polled")
        logging.getLogger("library").warning("said")

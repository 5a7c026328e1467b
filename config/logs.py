"""Logging: one line per event on standard error, key=value for people, JSON with --log-json.

Whatever is logged passes `redact`: no userinfo, no query values, no control characters, so
that no secret and no terminal trick gets into a log (E32, THREATS.md).
"""

from __future__ import annotations

import contextlib
import logging
import re
import sys
from typing import Any, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

_USERINFO = re.compile(r"(?<=://)[^/?#\s@]*@")
_QUERY = re.compile(r"(?<=\S)\?[^\s\"'<>]*")
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029]")


def redact(text: str) -> str:
    """A text fit for a log: URLs without userinfo and query, no control characters."""
    if "://" in text:
        text = _QUERY.sub("?…", _USERINFO.sub("", text))
    return _CONTROL.sub("�", text)


def _redact_all(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    for key, value in event.items():
        if isinstance(value, str):
            text = redact(value)
            event[key] = text if key == "exception" else text.replace("\n", " ")
    return event


class _Unbreakable:
    """A stream whose reader may go away (`feedmill poll 2>&1 | head -1`) or whose disk may be
    full: a line that can't be written is lost, the work that it tells of goes on."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        with contextlib.suppress(OSError, ValueError):  # ValueError: it is closed
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            self._stream.flush()


def configure(
    *, json: bool = False, verbose: bool = False, quiet: bool = False, file: Any = None
) -> None:
    """Set up structlog for this process, and let the libraries' warnings through. `quiet`:
    warnings only, for where a progress bar shows the rest."""
    level = logging.DEBUG if verbose else logging.WARNING if quiet else logging.INFO
    stream: Any = _Unbreakable(file or sys.stderr)
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _redact_all,
    ]
    renderer: Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if json
        else structlog.processors.LogfmtRenderer(
            key_order=["timestamp", "level", "event"], bool_as_flag=False
        )
    )
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(stream),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(stream=stream, level=logging.WARNING, format="%(message)s", force=True)
    handler = logging.getLogger().handlers[0]
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processor=renderer)
    )

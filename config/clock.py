"""The clock that a rehearsal drives: how far Feedmill's time is from the machine's.

$FEEDMILL_CLOCK is a number of seconds, added to the clock that due times, claims, Retry-After
and freshness go by ("+259200" is in three days, "-0.5" half a second ago), or `@FILE`, whose
content is such a number and may change while a process runs. Pauses stay real seconds.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path

from feeds.errors import ConfigError

VARIABLE = "FEEDMILL_CLOCK"
Shift = Callable[[], timedelta]


def shift(env: Mapping[str, str] = os.environ) -> Shift | None:
    """None when nothing is to be added. Raises ConfigError for what is no number."""
    text = env.get(VARIABLE, "").strip()
    if not text:
        return None
    if not text.startswith("@"):
        fixed = _seconds(text)
        return lambda: fixed
    file = Path(text[1:])
    _read(file)
    return lambda: _read(file)


def _read(file: Path) -> timedelta:
    try:
        return _seconds(file.read_text("ascii"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError([f"{VARIABLE}: {file} can't be read"]) from error


def _seconds(text: str) -> timedelta:
    try:
        return timedelta(seconds=float(text))
    except (ValueError, OverflowError) as error:
        raise ConfigError([f'{VARIABLE}: not a number of seconds, like "+3600"']) from error

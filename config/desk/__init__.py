"""The operator's desk: pages at /desk/, the same actions as JSON at /api/, figures at /metrics.

Another front door of the house, beside the command line: it holds no judgement of its own, asks
the rooms, and edits the one file that says what is configured. It is made in the web server's
process when somebody asks for it first.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from pathlib import Path
from typing import Any

from config.desk.doors import Doors
from config.desk.house import House

_Message = MutableMapping[str, Any]


class Desk:
    """An ASGI application for these three paths."""

    def __init__(
        self,
        file: Path,
        figures: Callable[[], Mapping[str, Any]],
        applied: Callable[[], str] = str,
    ) -> None:
        """`applied`: what the engine works with (config.handing), "" while nothing is known of
        it. Raises ConfigError when then the file is wrong."""
        self._house = House(file, figures, applied)
        self._doors = Doors(self._house)

    def close(self) -> None:
        """At the end of the process: its store, and processes that have read documents."""
        self._house.close()

    async def __call__(
        self,
        scope: _Message,
        receive: Callable[[], Awaitable[_Message]],
        send: Callable[[_Message], Awaitable[None]],
    ) -> None:
        await self._doors(scope, receive, send)

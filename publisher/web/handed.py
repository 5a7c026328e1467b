"""Granian on a socket that listens already: who comes while one process follows another waits in
the same queue, and is neither refused nor cut off.

Granian itself binds a socket of its own with SO_REUSEPORT. Two of those have a queue each, and what
stands in the one that closes is reset (by Linux, unless net.ipv4.tcp_migrate_req is set).
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any, cast

from granian._granian import SocketHolder
from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server.embed import Server

from publisher.web.rsgi import Rsgi


class Handed(Server):
    """`begun` is called in the event loop when it takes connections."""

    def __init__(self, target: Rsgi, listening: socket.socket, begun: Callable[[], None]) -> None:
        host, port = listening.getsockname()[:2]
        super().__init__(
            _Beginning(target, begun),
            address=host,
            port=port,
            interface=Interfaces.RSGI,
            websockets=False,
            log_level=LogLevels.error,
        )
        self._listening = listening

    def _init_shared_socket(self) -> None:
        # Granian has no public way to be given one (2.8): its own for platforms without
        # SO_REUSEPORT is taken. It closes what it is given.
        fd, own = self._listening.detach(), cast(Any, self)
        own._shd, own._sfd, own._ssp = cast(Any, SocketHolder)(fd, False, self.backlog), fd, None


class _Beginning:
    """As the application that it stands for."""

    def __init__(self, target: Rsgi, begun: Callable[[], None]) -> None:
        self.__rsgi__, self._begun = target.__rsgi__, begun

    def __rsgi_init__(self, loop: Any) -> None:
        # The same step of the loop goes on to take connections; this comes right behind it.
        loop.call_soon(self._begun)

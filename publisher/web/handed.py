"""Granian on a socket that listens already: who comes while one process follows another waits in
the same queue, and is neither refused nor cut off.

Granian itself binds a socket of its own with SO_REUSEPORT. Two of those have a queue each, and what
stands in the one that closes is reset (by Linux, unless net.ipv4.tcp_migrate_req is set).

Its own end (2.8) is one step: it takes nobody any more, and closes at once each connection of
which it has read nothing yet (so does hyper's graceful_shutdown; hyper #3808 would give them time).
With eight readers that cut off one to four of them at each end. Hence a step before it: `leave`.
"""

from __future__ import annotations

import asyncio
import os
import select
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

from granian._granian import SocketHolder
from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server.embed import Server

from publisher.web.rsgi import Rsgi

LOOK = 0.05
"""Seconds between two looks at what is still open."""
AT_ONCE = 512
"""Connections that are open at once, idle ones too; others wait in the queue. Granian's own 128
would be held by as many readers who keep theirs; systems allow 1,024 open files at the least."""


class Handed(Server):
    """`begun` is called in the event loop when it takes connections."""

    def __init__(
        self, target: Rsgi, listening: socket.socket, begun: Callable[[], None], queue: int
    ) -> None:
        """`queue`: how many may wait for a connection; Granian says so to the socket anew."""
        host, port = listening.getsockname()[:2]
        super().__init__(
            _Beginning(target, begun),
            address=host,
            port=port,
            interface=Interfaces.RSGI,
            websockets=False,
            backlog=queue,
            backpressure=AT_ONCE,
            log_level=LogLevels.error,
        )
        self._listening, self._number = listening, listening.fileno()

    def _init_shared_socket(self) -> None:
        # Granian has no public way to be given one (2.8): its own for platforms without
        # SO_REUSEPORT is taken. It closes what it is given.
        fd, own = self._listening.detach(), cast(Any, self)
        own._shd, own._sfd, own._ssp = cast(Any, SocketHolder)(fd, False, self.backlog), fd, None

    async def leave(self, within: float) -> None:
        """Take nobody any more, and wait until all who were taken have gone, for at most so many
        seconds. To be awaited while it serves; then `stop` is for those who stay."""
        _deafen(self._number)
        deadline = time.monotonic() + within
        await asyncio.sleep(LOOK)  # one who is being taken this very moment is not seen yet
        while _connected(self.bind_port) and time.monotonic() < deadline:
            await asyncio.sleep(LOOK)


class _Beginning:
    """As the application that it stands for."""

    def __init__(self, target: Rsgi, begun: Callable[[], None]) -> None:
        self.__rsgi__, self._begun = target.__rsgi__, begun

    def __rsgi_init__(self, loop: Any) -> None:
        # The same step of the loop goes on to take connections; this comes right behind it.
        loop.call_soon(self._begun)


def _deafen(number: int) -> None:
    """Nobody comes by that listening socket any more; in other processes it goes on."""
    found = False
    for each in _descriptors("anon_inode:[eventpoll]"):
        # As long as another process has the socket open, epoll goes on to tell of it here, closed
        # or not (epoll(7), question 6), by an address that tokio frees when it closes it.
        with suppress(OSError), select.epoll.fromfd(os.dup(each)) as one:
            one.unregister(number)
            found = True
    if not found:  # no Linux: `stop` has to do
        return
    # Granian asks until it finds nobody, which under load may be never.
    with socket.socket(socket.AF_UNIX) as empty:
        empty.bind("")  # to a name that the kernel makes up (unix(7), autobind)
        empty.listen()
        empty.setblocking(False)
        os.dup2(empty.fileno(), number, inheritable=False)


def _connected(port: int) -> bool:
    """Whether this process has a connection that came by that port."""
    return any(_came_by(each, port) for each in _descriptors("socket:"))


def _came_by(number: int, port: int) -> bool:
    try:
        found = socket.socket(fileno=number)
    except OSError:  # closed meanwhile
        return False
    try:
        inet = found.family in {socket.AF_INET, socket.AF_INET6}
        return inet and found.getsockname()[1] == port and bool(found.getpeername())
    except OSError:  # the same, or no connection
        return False
    finally:
        found.detach()  # it is not ours to close


def _descriptors(kind: str) -> Iterator[int]:
    """This process's own whose name begins so (proc_pid_fd(5)); none where there is no /proc."""
    for each in Path("/proc/self/fd").glob("*"):
        with suppress(OSError):  # closed meanwhile
            if str(each.readlink()).startswith(kind):
                yield int(each.name)

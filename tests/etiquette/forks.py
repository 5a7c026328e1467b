"""Broken pollers without the half second of imports that each command costs.

    python forks.py serve SOCKET               has all modules loaded, and forks
    python -IS forks.py SOCKET E5 poll --now   like `broken.py E5 poll --now`, in such a fork

The fork has the caller's folder, environment, standard streams and signals; all else of a command
(the processes that it starts, too) is as it always is.
"""

import json
import os
import signal
import socket
import sys
import time
from pathlib import Path


def ask(path: str, words: list[str]) -> int:
    """What the command would have ended with."""
    with socket.socket(socket.AF_UNIX) as server:
        server.connect(path)
        told = json.dumps(
            {"words": words, "folder": str(Path.cwd()), "environment": dict(os.environ)}
        )
        socket.send_fds(server, [told.encode() + b"\n"], [0, 1, 2])
        with server.makefile("rb") as answers:
            number = int(answers.readline())
            for each in (signal.SIGTERM, signal.SIGINT):
                signal.signal(each, lambda told, _frame: os.kill(number, told))
            return int(answers.readline())


def serve(path: str) -> list[str] | None:
    """Comes back in each fork, with its words; None at the end of standard input."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(path)
        listening.listen(64)
        print("ready", flush=True)
        while True:
            client, _ = listening.accept()
            if os.fork() == 0:
                listening.detach()
                return _keep(client)
            client.close()


def _keep(client: socket.socket) -> list[str] | None:
    """Forks once more, to tell the client how that ended; it ends here but in the fork."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    head, streams, _, _ = socket.recv_fds(client, 1 << 16, 3)
    while not head.endswith(b"\n"):
        head += client.recv(1 << 16)
    told = json.loads(head)
    number = os.fork()
    if number:
        client.sendall(b"%d\n" % number)
        _, status = os.waitpid(number, 0)
        client.sendall(b"%d\n" % os.waitstatus_to_exitcode(status))
        os._exit(0)
    client.close()
    for place, stream in enumerate(streams):
        os.dup2(stream, place)
        os.close(stream)
    os.chdir(told["folder"])
    os.environ.clear()
    os.environ.update(told["environment"])
    time.tzset()
    words: list[str] = told["words"]
    return words


def main() -> None:
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    from config.cli import main as command
    from tests.etiquette.broken import BREAKS

    words = serve(sys.argv[2])
    if words is not None:
        sys.argv = ["feedmill", *words[1:]]
        BREAKS[words[0]]()
        command()


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        main()
    else:
        code = ask(sys.argv[1], sys.argv[2:])
        sys.exit(code if code >= 0 else 128 - code)

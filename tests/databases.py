"""Both databases for tests: a fresh one for each test, PostgreSQL a real server of our own.

`store_url` and `store` run a test once on SQLite and once on PostgreSQL. The server is a
temporary cluster, one for each worker of xdist, which ends with it.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest

from feeds.store import Store, open_for_migration, open_store

SERVER = "PostgreSQL's server programs are missing: install Debian's postgresql"
_numbers = count(1)


class Clock:
    """A time that stands until it is moved."""

    def __init__(self) -> None:
        self.at = datetime(2026, 3, 1, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at

    def forward(self, **spans: float) -> datetime:
        self.at += timedelta(**spans)
        return self.at


class Cluster:
    """A PostgreSQL server on the loopback, without the care for crashes that costs time."""

    def __init__(self, programs: Path) -> None:
        # The server refuses to run as root.
        self._user = "postgres" if os.geteuid() == 0 else None
        self._folder = Path(tempfile.mkdtemp(prefix="feedmill-pg-", dir="/tmp"))
        if self._user:
            shutil.chown(self._folder, self._user, self._user)
        data = self._folder / "data"
        self._run(programs / "initdb", "-D", data, "-U", "test", "-A", "trust", "-E", "UTF8",
                  "--locale=C", "--no-sync").wait()  # fmt: skip
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.base = f"postgresql+psycopg://test@127.0.0.1:{port}"
        self._admin = f"postgresql://test@127.0.0.1:{port}/postgres"
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": port,
            "unix_socket_directories": self._folder,
            "fsync": "off",
            "synchronous_commit": "off",
            "full_page_writes": "off",
            "max_connections": 200,
            "deadlock_timeout": "200ms",
        }
        options = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
        self._server = self._run(programs / "postgres", "-D", data, *options)
        try:
            self._wait()
        except BaseException:
            self.stop()
            raise

    def _run(self, *command: object) -> subprocess.Popen[bytes]:
        with (self._folder / "log").open("ab") as log:
            return subprocess.Popen(
                [str(part) for part in command],
                stdout=log,
                stderr=log,
                cwd=self._folder,
                user=self._user,
                group=self._user,
                extra_groups=[] if self._user else None,
            )

    def _wait(self) -> None:
        """Until it answers. Raises RuntimeError with its log when it ends or takes a minute."""
        for _ in range(600):
            try:
                psycopg.connect(self._admin).close()
            except psycopg.OperationalError:
                try:
                    self._server.wait(0.1)
                except subprocess.TimeoutExpired:
                    continue
                break
            else:
                return
        raise RuntimeError((self._folder / "log").read_text())

    def execute(self, statement: str) -> None:
        with psycopg.connect(self._admin, autocommit=True) as connection:
            connection.execute(statement.encode())

    def create(self, name: str, template: str = "template0") -> str:
        self.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return f"{self.base}/{name}"

    def drop(self, name: str) -> None:
        self.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def stop(self) -> None:
        self._server.send_signal(signal.SIGINT)  # "fast": does not wait for clients
        try:
            self._server.wait(20)
        except subprocess.TimeoutExpired:
            self._server.kill()
            self._server.wait()
        shutil.rmtree(self._folder, ignore_errors=True)


def _programs() -> Path | None:
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    if installed:
        return installed[-1].parent
    found = shutil.which("postgres")
    return Path(found).resolve().parent if found and shutil.which("initdb") else None


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A server with the database `migrated`, which each test gets a copy of."""
    programs = _programs()
    if programs is None:
        pytest.skip(SERVER)
    cluster = Cluster(programs)
    try:
        store = open_for_migration(cluster.create("migrated"))
        store.migrate()
        store.close()
        yield cluster
    finally:
        cluster.stop()


@pytest.fixture
def empty_postgres(cluster: Cluster) -> Iterator[str]:
    """The URL of a database without any table."""
    name = f"empty{next(_numbers)}"
    yield cluster.create(name)
    cluster.drop(name)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a fresh, migrated (SQLite: not yet there) database; each test runs on both."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'feedmill.db'}"
        return
    cluster: Cluster = request.getfixturevalue("cluster")
    name = f"test{next(_numbers)}"
    yield cluster.create(name, "migrated")
    cluster.drop(name)


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    """An open store with a real clock and no delay between requests to a host."""
    store = open_store(store_url, host_delay=0.0)
    yield store
    store.close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


Opened = Callable[..., Store]


@pytest.fixture
def opened(store_url: str, clock: Clock) -> Iterator[Opened]:
    """Opens stores on the database under test, driven by `clock`: opened(per_host=2) …"""
    stores: list[Store] = []

    def open_one(**options: Any) -> Store:
        settings: dict[str, Any] = {"now": clock, "host_delay": 0.0, **options}
        stores.append(open_store(store_url, **settings))
        return stores[-1]

    yield open_one
    for store in stores:
        store.close()

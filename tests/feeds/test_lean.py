"""Modules that are kept out while others are imported."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module

import pytest

from feeds.lean import without


def test_a_module_is_hidden_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    """It can't be imported meanwhile, and can afterwards, also where something failed."""
    monkeypatch.delitem(sys.modules, "this", raising=False)
    with pytest.raises(ImportError), without("this"):
        import_module("this")
    assert "this" not in sys.modules
    with without("this"):
        pass
    assert "this" not in sys.modules


def test_several_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is loaded already does not keep the others from being hidden."""
    monkeypatch.delitem(sys.modules, "this", raising=False)
    with without("json", "this"):
        assert import_module("json") is sys.modules["json"]
        with pytest.raises(ImportError):
            import_module("this")


def test_what_is_loaded_stays() -> None:
    """Nobody who has it loses it."""
    with without("json"):
        assert import_module("json") is sys.modules["json"]
    assert "json" in sys.modules


def test_what_a_process_is_spared() -> None:
    """The modules that are hidden for their size are in no process that polls or reads."""

    def loaded(code: str) -> set[str]:
        command = f"import sys; {code}; print(*sys.modules)"
        return set(subprocess.check_output([sys.executable, "-c", command], text=True).split())

    poller = loaded("import config.cli, config.wiring, feeds.store, aggregator.poll")
    assert {"structlog", "requests", "sqlalchemy"} <= poller
    assert not {"rich", "greenlet", "charset_normalizer", "chardet"} & poller
    if "pysqlite3" in poller:  # else it is the system's
        assert "sqlite3" not in poller
    reader = loaded("from aggregator.read import warm")
    assert {"feedparser", "nh3", "pebble"} <= reader
    assert not {"ssl", "rich", "alembic", "sqlalchemy"} & reader

"""Modules that others load at once and nothing here needs, kept out of our processes."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any


@contextmanager
def without(*names: str) -> Iterator[None]:
    """What is imported meanwhile finds no such modules, for which it has to be prepared. Where they
    are wanted they are imported as ever; of what was loaded before, nothing is hidden."""
    with ExitStack() as hidden:
        for name in names:
            hidden.enter_context(_hidden(name))
        yield


@contextmanager
def _hidden(name: str) -> Iterator[None]:
    modules: dict[str, Any] = sys.modules
    if name in modules:
        yield
        return
    modules[name] = None  # so an import of it fails
    try:
        yield
    finally:
        del modules[name]

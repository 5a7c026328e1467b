"""Modules that others load at once and nothing here needs, kept out of our processes."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def without(name: str) -> Iterator[None]:
    """What is imported meanwhile finds no such module, for which it has to be prepared. Where it
    is wanted it is imported as ever; where it was loaded before, nothing is done."""
    modules: dict[str, Any] = sys.modules
    if name in modules:
        yield
        return
    modules[name] = None  # so an import of it fails
    try:
        yield
    finally:
        del modules[name]

"""Modules that others load at once and nothing here needs, kept out of our processes."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def without(*names: str) -> Iterator[None]:
    """What is imported meanwhile finds no such modules, for which it has to be prepared. Where they
    are wanted they are imported as ever; of what was loaded before, nothing is hidden."""
    modules: dict[str, Any] = sys.modules
    hidden = [name for name in names if name not in modules]
    modules.update(dict.fromkeys(hidden))  # None: an import of it fails
    try:
        yield
    finally:
        for name in hidden:
            del modules[name]

"""The front door: settings, wiring, command line. Nobody imports this package."""

import sys
from typing import Any


def _without_rich() -> None:
    """Load structlog so that it does not load rich (for tracebacks that are never shown here): with
    it every process is 5 MB larger. Where rich is wanted it is imported as ever."""
    modules: dict[str, Any] = sys.modules
    if "rich" in modules or "structlog" in modules:
        return
    modules["rich"] = None  # so an import of it fails
    try:
        __import__("structlog")
    finally:
        del modules["rich"]


_without_rich()

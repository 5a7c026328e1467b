"""The front door: settings, wiring, command line. Nobody imports this package."""

import sys


def _without_rich() -> None:
    """Load structlog so that it does not load rich (for tracebacks that are never shown here): with
    it every process is 5 MB larger. Where rich is wanted it is imported as ever."""
    if "rich" in sys.modules or "structlog" in sys.modules:
        return
    sys.modules["rich"] = None  # type: ignore[assignment]
    try:
        __import__("structlog")
    finally:
        del sys.modules["rich"]


_without_rich()

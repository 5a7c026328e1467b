"""The front door: settings, wiring, command line. Nobody imports this package."""

from feeds.lean import without

with without("rich"):  # For tracebacks that are never shown here: 5 MB in every process.
    __import__("structlog")

"""The front door: settings, wiring, command line. Nobody imports this package."""

from feeds.lean import without

# Rich is for tracebacks that are never shown here, 5 MB in every process; greenlet, which other
# packages bring along, for threads that we have none of.
with without("rich", "greenlet"):
    __import__("structlog")

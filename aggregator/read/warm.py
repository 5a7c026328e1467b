"""Imported by the fork server, and by it alone: what its workers share from the start.

Frozen, the collector does not touch what is shared, which would make each worker's pages its own.
It does not look while modules are loaded either: a tenth of the start, and there is no garbage.
"""

import gc

from feeds.lean import without

gc.disable()
with without("ssl"):  # Nothing here goes to the network, but what feedparser imports could.
    from pebble.pool import process

    from aggregator.read import reader, worker

__all__ = ["process", "reader", "worker"]

gc.freeze()
gc.enable()

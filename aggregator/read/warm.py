"""Imported by the fork server, and by it alone: what its workers share from the start.

Frozen, the collector does not touch what is shared, which would make each worker's pages its own.
"""

import gc

from aggregator.read import reader, worker

__all__ = ["reader", "worker"]

gc.collect()
gc.freeze()

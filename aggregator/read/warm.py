"""Imported by the fork server, and by it alone: what its workers share from the start.

Frozen, the collector does not touch what is shared, which would make each worker's pages its own.
"""

import gc

import aggregator.read.reader
import aggregator.read.worker  # noqa: F401

gc.collect()
gc.freeze()

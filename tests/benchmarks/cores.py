"""Which core does what: the origin must not take from what is measured."""

import os

_CORES = sorted(os.sched_getaffinity(0))
MEASURED_CORE, ORIGIN_CORE = _CORES[0], _CORES[-1]

"""Fixtures and hooks for all tests."""

import os

from tests.databases import clock, cluster, empty_postgres, opened, store, store_url
from tests.must_run import pytest_runtest_makereport

# The tests start hundreds of processes: each would compile all our modules.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


def pytest_xdist_auto_num_workers() -> int:
    """Three more than there are cores: tests of whole processes wait for these a third of the
    time, for clocks another. On two cores a whole run takes 14 minutes with three, 11 with five."""
    return (os.cpu_count() or 1) + 3


__all__ = [
    "clock",
    "cluster",
    "empty_postgres",
    "opened",
    "pytest_runtest_makereport",
    "store",
    "store_url",
]

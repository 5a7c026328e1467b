"""Fixtures and hooks for all tests."""

from tests.databases import clock, cluster, empty_postgres, opened, store, store_url
from tests.must_run import pytest_runtest_makereport

__all__ = [
    "clock",
    "cluster",
    "empty_postgres",
    "opened",
    "pytest_runtest_makereport",
    "store",
    "store_url",
]

"""Fixtures that all tests may ask for."""

from tests.databases import clock, cluster, empty_postgres, opened, store, store_url

__all__ = ["clock", "cluster", "empty_postgres", "opened", "store", "store_url"]

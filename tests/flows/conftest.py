"""Fixtures of the desk that is knocked at, for the modules that define none of their own."""

from tests.flows.guarded import anna, bert, here, origin, site

__all__ = ["anna", "bert", "here", "origin", "site"]

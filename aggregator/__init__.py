"""Inward: fetch, read, identify, record."""

"""Outward: select, render, put, notify."""

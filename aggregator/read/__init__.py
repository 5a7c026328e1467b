"""Bytes to Document, in killable worker processes."""

"""Conditional requests and content negotiation (RFC 9110 §8.8.3, §12.5.3, §13). Pure."""

from __future__ import annotations

import re
from datetime import UTC
from email.utils import parsedate_to_datetime

_TAG = re.compile(r'(?:W/)?("[^"]*")')


def matches(header: str, etag: str) -> bool:
    """If-None-Match against our strong tag: a list, `*`, weak comparison (§13.1.2)."""
    return header.strip() == "*" or etag in _TAG.findall(header)


def not_modified_since(header: str, stamp: int) -> bool:
    """If-Modified-Since; False for a date that can't be read (§13.1.3). All three forms of a date
    are taken (§5.6.7); the one of asctime names no zone and means UTC."""
    try:
        when = parsedate_to_datetime(header)
        return int(when.replace(tzinfo=when.tzinfo or UTC).timestamp()) >= stamp
    except (TypeError, ValueError, OverflowError):
        return False


def takes_gzip(header: str) -> bool:
    """Whether Accept-Encoding names gzip (or `*`) with a weight above zero, and does not say that
    it would rather have identity."""
    weights: dict[str, float] = {}
    for part in header.lower().split(","):
        name, _, params = part.strip().partition(";")
        weights[name.strip()] = _weight(params)
    gzip = weights.get("gzip", weights.get("x-gzip", weights.get("*", 0.0)))
    return gzip > 0 and gzip >= weights.get("identity", 0.0)


def _weight(params: str) -> float:
    name, _, value = params.strip().partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0

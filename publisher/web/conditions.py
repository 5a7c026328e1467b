"""Conditional requests and content negotiation (RFC 9110 §8.8.3, §12.5.3, §13). Pure."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import UTC
from email.utils import parsedate_to_datetime

_PARTS = re.compile(r"(?:^|,)\s*feed\s*(?:;\s*q=(?!0(?:\.0*)?(?:\s|,|$))[^,]*)?\s*(?=,|$)", re.I)
_SMALLEST = ("br", "gzip")
_TAG = re.compile(r'(?:W/)?("[^"]*")')


def matches(header: str, etag: str) -> bool:
    """If-None-Match against our strong tag: a list, `*`, weak comparison (§13.1.2)."""
    return header.strip() == "*" or etag in _TAG.findall(header)


def tags(header: str) -> list[str]:
    """All tags of a list, without quotes and weakness."""
    return [each.strip('"') for each in _TAG.findall(header)]


def not_modified_since(header: str, stamp: int) -> bool:
    """If-Modified-Since; False for a date that can't be read (§13.1.3). All three forms of a date
    are taken (§5.6.7); the one of asctime names no zone and means UTC."""
    try:
        when = parsedate_to_datetime(header)
        return int(when.replace(tzinfo=when.tzinfo or UTC).timestamp()) >= stamp
    except (TypeError, ValueError, OverflowError):
        return False


def takes_parts(a_im: str) -> bool:
    """Whether A-IM names "feed" with a weight above zero (RFC 3229 §10.5.3)."""
    return _PARTS.search(a_im) is not None


def coding(header: str, there: Collection[str]) -> str:
    """The content coding of those that are `there` (and "identity") that Accept-Encoding likes
    best: by weight, and of equal ones the smallest."""
    weights: dict[str, float] = {}
    for part in header.lower().split(","):
        name, _, params = part.strip().partition(";")
        weights[name.strip()] = _weight(params)
    if "x-gzip" in weights:  # RFC 9110 §8.4.1.3
        weights.setdefault("gzip", weights["x-gzip"])
    best, most = "identity", weights.get("identity", 0.0)
    for name in _SMALLEST:
        weight = weights.get(name, weights.get("*", 0.0))
        if (
            name in there
            and weight > 0
            and weight >= most
            and (weight > most or best == "identity")
        ):
            best, most = name, weight
    return best


def _weight(params: str) -> float:
    name, _, value = params.strip().partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0

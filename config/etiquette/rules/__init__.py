"""E1 … E32, grouped by what they are about."""

from __future__ import annotations

from config.etiquette.rules import (
    explicit,
    failing,
    freshness,
    headers,
    hosts,
    intervals,
    limits,
    redirects,
    secrets,
    success,
    validators,
    waiting,
    websub,
)
from config.etiquette.stage import Rule

_ROOMS = (
    explicit, failing, freshness, headers, hosts, intervals, limits, redirects, secrets, success,
    validators, waiting, websub,
)  # fmt: skip
RULES: tuple[Rule, ...] = tuple(
    sorted((rule for room in _ROOMS for rule in room.RULES), key=lambda rule: rule.number)
)
"""In the order of their numbers."""

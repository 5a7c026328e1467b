"""Learned cadence: what a source's past says about when to ask it. Pure.

rhythm (bytes, learning) · habits (hours of the week, gaps) · guess (when next) · words
"""

from __future__ import annotations

from aggregator.cadence.guess import Guess, guess
from aggregator.cadence.rhythm import learn, unpack
from aggregator.cadence.words import describe, fell_silent, quiet_since, span

__all__ = [
    "Guess",
    "describe",
    "fell_silent",
    "guess",
    "learn",
    "quiet_since",
    "span",
    "unpack",
]

"""Conditional GET through requests over libcurl, under a guard and one deadline.

transport (libcurl) · routes (certificates, proxies) · guard (addresses) · decode (codings)
· client (validators) · post · redirects · credentials (whom they are told) · answers (statuses)
· blocked (pages) · freshness (max-age, Retry-After) · faults (libcurl's errors) · files
"""

from aggregator.fetch.client import HttpFetcher
from aggregator.fetch.files import Fetchers, FileFetcher
from aggregator.fetch.freshness import Freshness, freshness
from aggregator.fetch.post import HttpPoster, Posted
from aggregator.fetch.send import HttpSender

__all__ = [
    "Fetchers",
    "FileFetcher",
    "Freshness",
    "HttpFetcher",
    "HttpPoster",
    "HttpSender",
    "Posted",
    "freshness",
]

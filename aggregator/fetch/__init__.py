"""Conditional GET through requests over libcurl, under a guard and one deadline.

transport (libcurl) · routes (certificates, proxies) · guard (addresses) · decode (codings)
· client (validators) · post · redirects · credentials (whom they are told) · answers (statuses)
· blocked (pages) · freshness (max-age, Retry-After) · faults (libcurl's errors) · files
"""

import warnings

from feeds.lean import without

# For guesses at the charset of a text, which we never ask it for (aggregator.read.charset): 2 MB.
with without("chardet", "charset_normalizer"), warnings.catch_warnings():
    warnings.simplefilter("ignore")
    __import__("requests")

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

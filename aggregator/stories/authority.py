"""Who may speak for an id or a link, and what a story's public id is. Pure.

A source that merely copies another's guid and link gets a story of its own under an id of its own:
it can't edit, pre-claim or replace the other's (THREATS.md, hijack).
"""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import lru_cache
from uuid import NAMESPACE_URL, uuid5

from publicsuffixlist import PublicSuffixList

from aggregator.identity.urls import host_of
from feeds.models import Member

_IRI = re.compile(r"[a-z][a-z0-9+.-]*:[^\s<>\"{}|\\^`]+", re.IGNORECASE)
_TAG = re.compile(r"tag:(?:[^,@/]*@)?([^,@/:]+),", re.IGNORECASE)
_NUMBER = re.compile(r"\[.*|.*\.[0-9]+")


@lru_cache(maxsize=1)
def _suffixes() -> PublicSuffixList:
    """The list that ships with the package: never fetched (no traffic but the operator's feeds).
    Without its names in punycode, for which reading it takes three times as long."""
    return PublicSuffixList(accept_unknown=False, accept_encoded_idn=False)


@lru_cache(maxsize=4096)
def registrable(host: str) -> str:
    """The registrable domain of a host ("news.example.co.uk" → "example.co.uk"), private
    suffixes included (each blog of a hosting service is its own); the host itself otherwise."""
    if _NUMBER.fullmatch(host):
        return host
    found = _suffixes().privatesuffix(_readable(host))
    return ".".join(host.split(".")[-1 - found.count(".") :]) if found else host


def _readable(host: str) -> str:
    """With the labels that are in punycode as they are read (RFC 3490 §4.2)."""
    if "xn--" not in host:
        return host
    return ".".join(map(_label, host.split(".")))


def _label(label: str) -> str:
    try:
        return label.encode("ascii").decode("idna")
    except UnicodeError:
        return label


def speaks_for(source_url: str, url: str | None) -> bool:
    """Whether a source's own host and that URL's belong to one registrable domain."""
    own, other = host_of(source_url), host_of(url)
    return bool(own) and bool(other) and registrable(own) == registrable(other)


def published_id(article: Member, configured: Collection[str]) -> tuple[str, str]:
    """(id, fallback id) of a story that this article leads: the upstream guid verbatim when it is
    an IRI (P12), else a urn:uuid of source and guid. The fallback is for an id that another
    story has (P13).

    `configured`: registrable domains of all sources. A guid on the host of another configured
    source is not this one's to claim; one that names no host belongs to that of the link.
    """
    own = article.guid or article.link or article.id
    fallback = uuid5(NAMESPACE_URL, f"{article.source_url}\0{own}").urn
    if article.guid is None or not _IRI.fullmatch(article.guid):
        return fallback, fallback
    domain = registrable(authority(article.guid) or host_of(article.link))
    foreign = domain in configured and registrable(host_of(article.source_url)) != domain
    return (fallback if foreign else article.guid), fallback


def authority(guid: str) -> str:
    """The host that an id names: a URL's, or a tag's (RFC 4151 §2.1); "" for a urn."""
    tag = _TAG.match(guid)
    return tag[1].lower() if tag else host_of(guid)


def at_home(article: Member) -> bool:
    """Whether its source speaks for its own link."""
    return speaks_for(article.source_url, article.link)

"""An address that somebody gave us, as the feeds that are behind it: with the fewest requests.

fetch ─▶ read ─▶ it is a feed, or: candidates, rank by rank, until one rank holds a feed
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from itertools import groupby
from urllib.parse import urldefrag, urlsplit

from aggregator.discover import Candidate, Rank, candidates, guesses
from aggregator.moves import permanent_target
from feeds.errors import NotAFeed, PollError
from feeds.models import Document
from feeds.protocols import ReadDocument, Response


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A candidate, and what was behind it: a document, or why there is none. `configured`: where
    it is a source already (then it may not have been asked)."""

    number: int
    """From 1, as the page names them."""
    url: str
    rank: Rank
    title: str = ""
    response: Response | None = None
    document: Document | None = None
    error: PollError | None = None
    configured: str | None = None

    @property
    def settled(self) -> str:
        """The address to poll: past permanent redirects, up to the first temporary one (E22)."""
        if self.response is None or "@" in urlsplit(self.url).netloc:
            return self.url  # credentials are not in the addresses that redirects led to
        return permanent_target(self.response.hops) or urldefrag(self.url).url


@dataclass(frozen=True, slots=True, kw_only=True)
class Exploration:
    """`page`: what was at the address itself, when that is no feed."""

    found: tuple[Found, ...]
    page: NotAFeed | None = None

    @property
    def feeds(self) -> list[Found]:
        """Those that can become a source."""
        return [each for each in self.found if each.document and not each.configured]


@dataclass
class Explorer:
    """`fetch` raises PollError. `configured`: where a URL is a source already, else None."""

    fetch: Callable[[str], Response]
    read: ReadDocument
    configured: Callable[[str], str | None]
    _found: list[Found] = field(default_factory=list)

    def __call__(
        self, url: str, *, pick: int | None = None, everything: bool = False, guess: bool = False
    ) -> Exploration:
        """`pick`: ask for this candidate alone. `everything`: ask beside those that are configured
        too. `guess`: try usual paths when nothing named is a feed. Raises PollError when nothing
        can be said of the address itself."""
        response = self.fetch(url)
        itself = Found(number=1, url=url, rank=Rank.LINK, response=response)
        try:
            return Exploration(found=(self._read(itself, response),))
        except NotAFeed as error:
            page = error
        kind = response.headers.get("content-type")
        named = candidates(response.body, response.url, kind)
        self._found = [
            Found(number=number, url=each.url, rank=each.rank, title=each.title)
            for number, each in enumerate(named, 1)
        ]
        if pick is not None:
            self._ask(each for each in self._found if each.number == pick)
        else:
            self._rank_by_rank(everything)
        if guess and not any(each.document for each in self._found):
            self._guess(guesses(response.url))
        return Exploration(found=tuple(self._found), page=page)

    def _rank_by_rank(self, everything: bool) -> None:
        for _, rank in groupby(tuple(self._found), key=lambda each: each.rank):
            some = [replace(each, configured=self.configured(each.url)) for each in rank]
            known = [each for each in some if each.configured]
            # Another format of what is configured would be added the second time; asking for it
            # costs its publisher a request that hardly anybody wants.
            asked = self._ask(known if known and not everything else some)
            if any(each.document or each.configured for each in asked):
                return

    def _guess(self, paths: Iterable[Candidate]) -> None:
        for number, each in enumerate(paths, len(self._found) + 1):
            self._found.append(Found(number=number, url=each.url, rank=each.rank))
            if self._ask(self._found[-1:])[0].document:
                return

    def _ask(self, some: Iterable[Found]) -> list[Found]:
        asked = []
        for each in some:
            self._found[each.number - 1] = told = self._one(each)
            asked.append(told)
        return asked

    def _one(self, found: Found) -> Found:
        if where := self.configured(found.url):
            return replace(found, configured=where)
        try:
            return self._read(found, self.fetch(found.url))
        except PollError as error:
            return replace(found, error=error)

    def _read(self, found: Found, response: Response) -> Found:
        document = self.read(
            response.body, response.url, response.headers.get("content-type"), None
        )
        found = replace(found, response=response, document=document)
        where = self.configured(found.settled) or self.configured(response.url)
        return replace(found, configured=where)

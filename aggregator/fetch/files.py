"""Local documents as sources, and the choice of fetcher by scheme."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from stat import S_ISREG
from urllib.parse import unquote, urlsplit

from feeds.errors import BadRedirect, FileUnreadable, TooLarge
from feeds.models import Hop, Validators
from feeds.protocols import Fetcher, Request, Response


class FileFetcher:
    """file: URLs. Size and mtime are the ETag, so an unchanged file is a 304 and costs a stat."""

    def fetch(self, request: Request) -> Response:
        path = Path(unquote(urlsplit(request.url).path))
        try:
            stat = path.stat()
            if not S_ISREG(stat.st_mode):  # a pipe would be waited on for ever
                raise FileUnreadable("it is not a plain file")
            etag = f'"{stat.st_mtime_ns:x}-{stat.st_size:x}"'
            known = request.validators
            fresh = known is not None and (known.url, known.etag) == (request.url, etag)
            if not fresh and stat.st_size > request.max_body:
                raise TooLarge(f"more than {request.max_body} bytes")
            body = b"" if fresh else path.read_bytes()
        except (OSError, ValueError) as error:  # ValueError: a NUL in the path
            why = getattr(error, "strerror", None) or "not a path"
            raise FileUnreadable(
                f"the file can't be read: {why}; check its path and permissions"
            ) from error
        status = 304 if fresh else 200
        return Response(
            status=status,
            url=request.url,
            hops=(Hop(url=request.url, status=status),),
            headers={},
            body=body,
            validators=Validators(url=request.url, etag=etag),
            bytes_received=len(body),
        )


class Fetchers:
    """A Fetcher that hands each request to the one of its scheme."""

    def __init__(self, by_scheme: Mapping[str, Fetcher]) -> None:
        self._by_scheme = dict(by_scheme)

    def fetch(self, request: Request) -> Response:
        scheme = request.url.partition(":")[0].lower()
        if (fetcher := self._by_scheme.get(scheme)) is None:
            raise BadRedirect("an address that is neither http(s) nor a file")
        return fetcher.fetch(request)

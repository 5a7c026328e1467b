"""The bytes of one response → Document: JSON or XML, raw ids, clean texts. Pure, may be slow.

Hostile documents can cost seconds and memory here: callers that poll go through
`aggregator.read.pool`, which ends a reading that takes too long.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import replace

from aggregator.read.bounds import MAX_ENTRIES, MAX_GUID
from aggregator.read.clean import Clean, Verbatim, Wash
from aggregator.read.decode import decode
from aggregator.read.jsonfeed import parse_json
from aggregator.read.known import frame
from aggregator.read.mend import expand, mend
from aggregator.read.parse import parse
from aggregator.read.split import Split, split
from feeds.errors import EmptyDocument, NotAFeed, ReadError
from feeds.models import Document, Entry, KnownItems, Shown
from feeds.text import xml_safe

_BLANK = b" \t\r\n\0\xef\xbb\xbf\xff\xfe"
_FEED = re.compile(rb"<(?:[\w-]+:)?(?:rss|feed|rdf|channel)[\s>]", re.I)
_END = re.compile(rb"</(?:[\w-]+:)?(?:rss|feed|rdf|channel)\s*>", re.I)
_ITEM = re.compile(rb"<(/)?(?:[\w-]+:)?(?:item|entry)(?=[\s>])", re.I)
_HTML = re.compile(
    rb"^\s*(?:<\?xml[^>]*>|<!--.*?-->|\s)*<(?:!doctype\s+html|html|head|body)", re.I | re.S
)
_CHALLENGE = re.compile(
    rb"cf-chl|cf_chl|just a moment\.\.\.|checking your browser|captcha|attention required"
    rb"|verify(?:ing)? (?:that )?you are (?:a )?human|enable javascript and cookies|ddos-guard",
    re.I,
)
_LOGIN = re.compile(rb"type=[\"']?password", re.I)
_MAGIC = {
    b"\x1f\x8b": "gzip",
    b"PK\x03\x04": "a zip archive",
    b"%PDF": "a PDF",
    b"\x89PNG": "an image",
    b"GIF8": "an image",
    b"\xff\xd8\xff": "an image",
    b"ID3": "an audio file",
}


_MENDED = "it has bare ampersands or undefined entities"


def read(
    body: bytes, url: str, content_type: str | None, known: KnownItems | None = None
) -> Document:
    """What the response from `url` says; entries that are known are left out where they can be
    told apart. Raises EmptyDocument, NotAFeed, ReadError."""
    return _read(body, url, content_type, Clean(), known)


def read_raw(body: bytes, url: str, content_type: str | None) -> Document:
    """As `read`, but neither cleaned nor flattened, only with URLs resolved (for judging)."""
    return _read(body, url, content_type, Verbatim(), None)


def _read(
    body: bytes, url: str, content_type: str | None, wash: Wash, known: KnownItems | None
) -> Document:
    start = body[:4096].lstrip(_BLANK)
    if not start and not body.strip(_BLANK):
        raise EmptyDocument("the response is empty")
    for magic, name in _MAGIC.items():
        if body.startswith(magic):
            raise NotAFeed(f"{name}, not a feed")
    if start[:1] in (b"{", b"["):
        return parse_json(body, url, wash, known)
    decoded = decode(body, content_type)
    _refuse(decoded.data)
    data, found, mended = _mended(decoded.data)
    document = _read_rest(found, url, wash, known) if found and known else None
    if document is None:
        document = _read_all(data, found, url, wash)
    fault = document.fault or (_MENDED if mended else decoded.fault)
    return replace(document, fault=fault, wellformed=document.wellformed and not mended)


def _read_all(data: bytes, found: Split | None, url: str, wash: Wash) -> Document:
    document, guessed = parse(data, url, wash)
    if not document.entries and not _FEED.search(data):
        raise NotAFeed("no RSS, Atom or other feed in it")
    if not document.entries and _HTML.match(data[:65536]):
        raise NotAFeed("an HTML page, not a feed")  # "<rss" stood in a script of it (E28)
    same = found is not None and len(found.items) == len(document.entries) and document.wellformed
    document = _placed(document, guessed, found if same else None, frozenset(), url)
    if not document.wellformed and _half_item(data):
        document = replace(document, entries=document.entries[:-1])
    if not document.entries and document.fault and not _END.search(data):
        # Its validators would keep the rest from us for as long as nothing changes (E4).
        raise ReadError("it breaks off before the end of its first entry")
    return document


def _read_rest(found: Split, url: str, wash: Wash, known: KnownItems) -> Document | None:
    """The document without what is known; None when all has to be read: nothing is known, or what
    stands around the entries, and so what they take from it, is no longer the same."""
    cut = [item for item in found.items if item.digest in known.digests]
    if not cut or len(found.items) > MAX_ENTRIES:
        return None
    try:
        document, guessed = parse(found.without([(i.start, i.end) for i in cut]), url, wash)
    except ReadError:
        return None
    left = len(found.items) - len(cut)
    if not document.wellformed or len(document.entries) != left:
        return None
    document = _placed(document, guessed, found, known.digests, url)
    return document if document.frame == known.frame else None


def _half_item(data: bytes) -> bool:
    """Whether the document breaks off within its last item: half a link would be another
    article's, and half a text is none."""
    tags = [(found[1], found.end()) for found in _ITEM.finditer(data)]
    closing, at = tags[-1] if tags else (b"/", 0)
    return not closing and not _END.search(data, at)


def _mended(data: bytes) -> tuple[bytes, Split | None, bool]:
    """(the document to read, its items, whether it had to be mended to be XML)."""
    data = expand(data)
    found = split(data)
    # Entities of an external DTD (RSS 0.91) are no fault, but nobody fetches that DTD.
    if found is not None and b"<!DOCTYPE" not in data[:4096]:
        return data, found, False
    mended = mend(data)
    if mended == data:
        return data, found, False
    return mended, split(mended), found is None


def _refuse(data: bytes) -> None:
    """Raise NotAFeed for what is plainly something else, and say what."""
    if b"<" not in data[5:]:  # the first is that of the declaration which the decoder wrote
        raise NotAFeed("plain text, not a feed")
    head = data[:65536]
    # Our decoder put the XML declaration there; a page may carry comments before its doctype.
    if not _HTML.match(head) or _FEED.search(head):
        if re.search(rb"<opml[\s>]", head[:4096], re.I) and not _FEED.search(head):
            raise NotAFeed("an OPML list of feeds, not a feed")
        return
    if _CHALLENGE.search(head):
        raise NotAFeed("an HTML page, not a feed: it looks like a bot challenge")
    if _LOGIN.search(head):
        raise NotAFeed("an HTML page, not a feed: it looks like a login page")
    raise NotAFeed("an HTML page, not a feed")


def _placed(
    document: Document,
    guessed: tuple[bool, ...],
    found: Split | None,
    known: Collection[bytes],
    url: str,
) -> Document:
    """The document with ids as they were written, where the splitter saw the same entries, and
    without the links that feedparser makes of an id like `<guid>12345</guid>`."""
    ids: Iterable[str | None] = (entry.guid for entry in document.entries)
    shown: tuple[Shown, ...] = ()
    if found is not None:
        shown = tuple(
            Shown(digest=item.digest, guid=item.guid, read=item.digest not in known)
            for item in found.items
        )
        ids = (each.guid for each in shown if each.read)
        document = replace(document, id=found.feed_id or document.id)
    entries = tuple(
        _with_raw_id(entry, guid, guess)
        for entry, guid, guess in zip(document.entries, ids, guessed, strict=True)
    )
    return replace(document, entries=entries, shown=shown, frame=frame(document, url))


def _with_raw_id(entry: Entry, guid: str | None, guessed: bool) -> Entry:
    if guid is None:
        return entry
    raw = xml_safe(guid).strip()[:MAX_GUID] or None
    no_link = guessed and raw is not None and not re.match(r"(?i)https?:|/", raw)
    if raw == entry.guid and not (no_link and entry.link):
        return entry
    return replace(entry, guid=raw, link=None if no_link else entry.link)

"""What the web server before Feedmill does with its files: compression, types, caching, secrets."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from config.doctor.asking import Ask, Page
from config.doctor.finding import Finding, bad, ok, warn
from config.settings import Settings
from feeds.errors import FetchError
from publisher.outlet import BROTLI, GZIP, NOTES
from publisher.web.files import media_type

CHECK = "web server"
SAMPLE = "docs/nginx/feedmill.conf shows how"
OURS = ("desk/", "api/", "metrics")
"""What answers on the loopback only, or to whoever has logged in."""
_CODINGS = {"gzip": (GZIP, "gzip_static"), "br": (BROTLI, "brotli_static")}


def front(settings: Settings, path: str, ask: Ask) -> Iterator[Finding]:
    """`path`: of a published document that site.url shows as it lies there."""
    found = [*_compression(settings, path, ask), *_headers(settings, path, ask)]
    found += [*_shut(settings, path, ask)]
    yield from found
    if not found:
        yield ok(CHECK, "compressed files, types and caching as they should be, nothing let out")


def _asked(ask: Ask, url: str, **headers: str) -> Page | None:
    try:
        return ask(url, **headers)
    except FetchError:
        return None


def _compression(settings: Settings, path: str, ask: Ask) -> Iterator[Finding]:
    for coding, (end, directive) in _CODINGS.items():
        lying = settings.output / f"{path}{end}"
        page = _asked(ask, f"{settings.site.url}/{path}", Accept_Encoding=coding)
        if page is None or page.status != 200 or not lying.is_file():
            continue
        if page.headers.get("content-encoding", "").lower() != coding:
            text = f"{path} is not sent as {coding}, though {path}{end} lies there"
            yield warn(CHECK, text, f"let it send that ({directive} on); {SAMPLE}")
        elif page.sent != lying.stat().st_size:
            text = f"{path} is compressed ({coding}) for each request, not sent as {path}{end}"
            yield warn(CHECK, text, f"{directive} on saves that; {SAMPLE}")


def _headers(settings: Settings, path: str, ask: Ask) -> Iterator[Finding]:
    slug = path.partition("/")[0]
    for name in (f"{slug}/atom.xml", f"{slug}/rss.xml", f"{slug}/feed.json"):
        page = _asked(ask, f"{settings.site.url}/{name}", Accept_Encoding="identity")
        if page is None or page.status != 200:
            continue
        wanted = (media_type(name) or "").replace(" ", "")
        if page.type.partition(";")[0] != wanted.partition(";")[0]:
            text = f"{name} comes as {page.type or 'nothing'}, not {wanted}"
            yield warn(CHECK, text, f"set its type; {SAMPLE}")
        if "cache-control" not in page.headers:
            text = f"{name} comes without Cache-Control: readers can't tell when to come back"
            yield warn(CHECK, text, f"send one; {SAMPLE}")


def _shut(settings: Settings, path: str, ask: Ask) -> Iterator[Finding]:
    at = urlsplit(settings.site.url)
    if (at.hostname, at.port) == (settings.listen.host, settings.listen.port):
        return  # Feedmill itself, which tells by the connection who sits at the machine
    for name in OURS:
        page = _asked(ask, f"{settings.site.url}/{name}")
        if page is not None and page.status == 200:
            text = f"/{name} answers without a login at {settings.site.url}"
            yield bad(CHECK, text, f"answer 404 there; {SAMPLE}")
    for each in settings.feeds:
        if each.private and (settings.private / each.slug).is_dir():
            page = _asked(ask, f"{settings.site.url}/{each.slug}/atom.xml")
            if page is not None and page.status == 200:
                text = f"the private feed {each.slug} can be read without a token"
                yield bad(CHECK, text, "no web server must have output.private as a root")
    slug = path.partition("/")[0]
    page = _asked(ask, f"{settings.site.url}/{slug}/{NOTES}")
    if page is not None and page.status == 200:
        text = f"/{slug}/{NOTES}, Feedmill's own notes, can be read"
        yield warn(CHECK, text, f"answer 404 for names that begin with a dot; {SAMPLE}")

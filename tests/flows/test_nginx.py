"""The sample configuration for nginx (docs/nginx) with a real nginx in front of a running site."""

from __future__ import annotations

import gzip
import os
import re
import shutil
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from email.message import Message
from pathlib import Path
from types import MappingProxyType

import pytest

from tests.flows.command import ROOT, Installation, Page, Site, free_port, rss, until
from tests.origin import Origin

pytestmark = pytest.mark.slow

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
BROTLI = Path("/usr/lib/nginx/modules/ngx_http_brotli_static_module.so")


class Front:
    """nginx, with the sample as it is but for the three values that it asks to change."""

    def __init__(
        self,
        folder: Path,
        public: Path,
        behind: str,
        *,
        port: int | None = None,
        mistakes: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """`mistakes`: what else is put in the place of parts of the sample."""
        self.port = port or free_port()
        sample = (ROOT / "docs" / "nginx" / "feedmill.conf").read_text()
        for old, new in (
            ("listen 80;", f"listen 127.0.0.1:{self.port};"),
            ("/var/lib/feedmill/public", str(public)),
            ("http://127.0.0.1:8080", behind),
        ):
            assert sample.count(old) == 1
            sample = sample.replace(old, new)
        if not BROTLI.exists():
            sample = sample.replace("brotli_static on;", "")
        for old, new in mistakes.items():
            assert old in sample
            sample = sample.replace(old, new)
        for each in ("body", "proxy", "fastcgi", "uwsgi", "scgi"):
            (folder / each).mkdir(parents=True)
        paths = "".join(
            f"{name}_temp_path {folder}/{place};"
            for name, place in (("client_body", "body"), ("proxy", "proxy"),
                                ("fastcgi", "fastcgi"), ("uwsgi", "uwsgi"), ("scgi", "scgi"))
        )  # fmt: skip
        module = f"load_module {BROTLI};\n" if BROTLI.exists() else ""
        user = "user root;\n" if os.geteuid() == 0 else ""  # reads pytest's own folders
        (folder / "nginx.conf").write_text(
            f"{module}{user}daemon off; worker_processes 1; pid {folder}/pid;\n"
            f"error_log {folder}/error.log;\nevents {{}}\nhttp {{ access_log {folder}/access.log; "
            f"{paths}\n{sample}\n}}\n"
        )
        self.folder = folder
        command = [str(NGINX), "-p", str(folder), "-c", str(folder / "nginx.conf")]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)

    def get(self, path: str, **headers: str) -> Page:
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", headers=given)
        try:
            with _direct.open(request, timeout=20) as answer:
                return Page(answer.status, _lower(answer.headers), answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return Page(error.code, _lower(error.headers), error.read())

    def up(self) -> bool:
        try:
            return self.get("/").status == 200
        except OSError:
            return False


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_arguments: object) -> None:
        return None


_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirects)


def _lower(headers: Message) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in headers.items():
        low = name.lower()
        found[low] = f"{found[low]}, {value}" if low in found else str(value)
    return found


CONFIG = """
[categories.news]
was = "old-news"
[categories.staff]
private = true
[[sources]]
url = "{news}"
categories = ["news"]
[[sources]]
url = "{staff}"
categories = ["staff"]
"""


@pytest.fixture(scope="module")
def fronted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Front, Site, Installation]]:
    if NGINX is None:
        pytest.skip("nginx is missing: install Debian's nginx")
    folder = tmp_path_factory.mktemp("nginx")
    here = Installation(folder / "site")
    with Origin(host="0.0.0.0") as origin:
        origin.serve("/news", rss("one", title="News"), etag=True)
        origin.serve("/staff", rss("hush-hush", title="Inside"), etag=True)
        urls = {
            "news": origin.url("/news", host="127.0.1.1"),
            "staff": origin.url("/staff", host="127.0.1.2"),
        }
        text = CONFIG.format(**urls)
        here.configure(text.replace('[categories.news]\nwas = "old-news"', "[categories.old-news]")
                       .replace('"news"]', '"old-news"]'))  # fmt: skip
        here.verb("poll", "--now")
        here.verb("publish")
        here.configure(text)
        with here.running() as site:
            site.wait_for("/news/atom.xml", "one")
            front = Front(folder / "nginx", here.public, site.url(""))
            try:
                assert until(front.up), front.process.poll()
                yield front, site, here
            finally:
                front.process.terminate()
                front.process.wait(10)


@pytest.mark.parametrize("name", ["atom.xml", "rss.xml", "feed.json", "", "archive/0/atom.xml"])
def test_the_same_bytes(fronted: tuple[Front, Site, Installation], name: str) -> None:
    """As Feedmill itself serves them: body, type, what may be kept, who may read it."""
    front, site, _ = fronted
    ours, theirs = site.get(f"/news/{name}"), front.get(f"/news/{name}")
    assert (theirs.status, theirs.body) == (ours.status, ours.body)
    if theirs.status == 200:
        for header in ("content-type", "vary", "x-content-type-options", "last-modified"):
            assert theirs.headers[header] == ours.headers[header], header
        assert theirs.headers.get("access-control-allow-origin") == ours.headers.get(
            "access-control-allow-origin"
        )
        assert "max-age" in theirs.headers["cache-control"]


def test_compressed_beforehand(fronted: tuple[Front, Site, Installation]) -> None:
    """The very files that lie there; conditional requests by their time."""
    front, _, here = fronted
    lying = here.public / "news"
    told = front.get("/news/atom.xml", Accept_Encoding="gzip")
    assert told.headers["content-encoding"] == "gzip"
    assert told.body == (lying / "atom.xml.gz").read_bytes()
    assert gzip.decompress(told.body) == (lying / "atom.xml").read_bytes()
    if BROTLI.exists():
        told = front.get("/news/atom.xml", Accept_Encoding="gzip, br")
        assert told.headers["content-encoding"] == "br"
        assert told.body == (lying / "atom.xml.br").read_bytes()
    stamp = told.headers["last-modified"]
    assert front.get("/news/atom.xml", If_Modified_Since=stamp).status == 304
    tag = front.get("/news/atom.xml").headers["etag"]
    assert front.get("/news/atom.xml", If_None_Match=tag).status == 304


def test_what_only_feedmill_knows(fronted: tuple[Front, Site, Installation]) -> None:
    """Parts, searches, moves, private feeds; nothing hidden comes out."""
    front, site, here = fronted
    tag = site.get("/news/atom.xml").headers["etag"]
    assert front.get("/news/atom.xml", A_IM="feed", If_None_Match=tag).status == 304
    assert until(lambda: b"one" in front.get("/news/?q=one").body)
    assert b"Nothing was found" in front.get("/news/?q=nothing").body
    moved = front.get("/old-news/atom.xml")
    assert (moved.status, moved.headers["location"]) == (301, site.url("/news/atom.xml"))
    token = here.json("token", "add", "ada")["token"]
    assert front.get("/staff/atom.xml").status == 401
    assert b"hush-hush" in front.get(f"/staff/atom.xml?token={token}").body
    log = (front.folder / "access.log").read_text()
    assert token not in log
    assert re.search(r"GET /news/", log)
    for path in ("/.site.json", "/news/.feed.json", "/news/atom.xml.gz", "/desk/", "/metrics",
                 "/api/x", "/nothing/"):  # fmt: skip
        assert front.get(path).status == 404, path

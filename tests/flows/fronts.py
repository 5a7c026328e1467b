"""Web servers in front of Feedmill, with the samples of docs/ as they are but for the values that
these ask to change."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from email.message import Message
from pathlib import Path
from types import MappingProxyType

import pytest

from tests.flows.command import ROOT, Installation, Page, Site, free_port, rss, until
from tests.origin import Origin

BROTLI = Path("/usr/lib/nginx/modules/ngx_http_brotli_static_module.so")
INSIDE = ("desk", "api", "metrics")
DENIED = tuple(
    spelling.format(name=name, hex=f"%{ord(name[0]):x}{name[1:]}")
    for name in INSIDE
    for spelling in (
        "/{name}", "/{name}/", "/{name}/x", "/{name}?x=1", "/{name}/?q=one", "//{name}",
        "///{name}//x", "/./{name}", "/news/../{name}/", "/news/..%2f{name}", "/{hex}", "/{hex}/",
        "/{name}%2f", "/%2f{name}/", "/{name}/atom.xml",
    )
)  # fmt: skip
"""What nobody outside may reach, in all spellings that lead there."""


class Front:
    """A web server that runs, on a port of its own."""

    name: str
    program: str | None
    brotli: bool
    desk: str
    """How the first of the lines that open the desk begins."""

    def __init__(
        self,
        folder: Path,
        public: Path,
        behind: str,
        *,
        opened: str = "",
        port: int | None = None,
        mistakes: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """`behind`: Feedmill's address. `opened`: with the sample's lines that open the desk in
        force, for this network. `mistakes`: what else is put in the place of parts of it."""
        self.port, self.folder = port or free_port(), folder
        folder.mkdir(parents=True, exist_ok=True)
        text = self.sample(public, behind)
        for old, new in mistakes.items():
            assert old in text, old
            text = text.replace(old, new)
        if opened:
            text = uncommented(text, self.desk).replace("10.0.0.0/8", opened)
        self.process = subprocess.Popen(
            self.command(text), stderr=(folder / "said").open("wb"), env=self.environment()
        )

    def sample(self, public: Path, behind: str) -> str:
        raise NotImplementedError

    def command(self, sample: str) -> list[str]:
        raise NotImplementedError

    def environment(self) -> dict[str, str]:
        return dict(os.environ)

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

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(10)


class Nginx(Front):
    name, brotli, desk = "nginx", BROTLI.exists(), "#location"
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")

    def sample(self, public: Path, behind: str) -> str:
        changes = (
            ("listen 80;", f"listen 127.0.0.1:{self.port};"),
            ("/var/lib/feedmill/public", str(public)),
            ("http://127.0.0.1:8080", behind),
        )
        text = changed(ROOT / "docs" / "nginx" / "feedmill.conf", changes)
        return text if self.brotli else text.replace("brotli_static on;", "")

    def command(self, sample: str) -> list[str]:
        folder = self.folder
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
        return [str(self.program), "-p", str(folder), "-c", str(folder / "nginx.conf")]


class Caddy(Front):
    name, brotli, desk = "caddy", True, "#@desk"
    program = shutil.which("caddy")

    def sample(self, public: Path, behind: str) -> str:
        changes = (
            ("wire.example {", f"http://127.0.0.1:{self.port} {{\n\tbind 127.0.0.1"),
            ("/var/lib/feedmill/public", str(public)),
            ("127.0.0.1:8080", behind.removeprefix("http://")),
            ("\tlog {", f"\tlog {{\n\toutput file {self.folder}/access.log"),
        )
        return changed(ROOT / "docs" / "caddy" / "Caddyfile", changes)

    def command(self, sample: str) -> list[str]:
        file = self.folder / "Caddyfile"
        file.write_text(f"{{\n\tadmin off\n\tauto_https off\n}}\n{sample}")
        return [str(self.program), "run", "--adapter", "caddyfile", "--config", str(file)]

    def environment(self) -> dict[str, str]:
        return dict(os.environ) | {"HOME": str(self.folder), "XDG_DATA_HOME": str(self.folder)}


def changed(file: Path, changes: Sequence[tuple[str, str]]) -> str:
    """The sample, with each of these values, that must stand in it once, replaced."""
    text = file.read_text()
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


def uncommented(text: str, first: str) -> str:
    """With the # taken away from the line that begins so, and from those that follow it."""
    lines = text.splitlines()
    at = next(n for n, line in enumerate(lines) if line.lstrip().startswith(first))
    while lines[at].lstrip().startswith("#"):
        lines[at] = lines[at].replace("#", "", 1)
        at += 1
    return "\n".join(lines) + "\n"


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
url = {news}
categories = ["news"]
[[sources]]
url = {staff}
categories = ["staff"]
"""
Fronted = tuple[Front, Site, Installation]


def there(kind: type[Front]) -> type[Front]:
    """That server; skips where it is missing."""
    if kind.program is None:
        pytest.skip(f"{kind.name} is missing: install Debian's {kind.name}")
    return kind


@contextmanager
def fronting(kind: type[Front], folder: Path) -> Iterator[Fronted]:
    """That server in front of a site with a public feed that has moved, and a private one."""
    here = Installation(folder / "site")
    with Origin(host="0.0.0.0") as origin:
        origin.serve("/news", rss("one", title="News"), etag=True)
        origin.serve("/staff", rss("hush-hush", title="Inside"), etag=True)
        text = CONFIG.format(
            news=json.dumps(origin.url("/news", host="127.0.1.1")),
            staff=json.dumps(origin.url("/staff", host="127.0.1.2")),
        )
        here.configure(text.replace('[categories.news]\nwas = "old-news"', "[categories.old-news]")
                       .replace('"news"]', '"old-news"]'))  # fmt: skip
        here.verb("poll", "--now")
        here.verb("publish")
        here.configure(text)
        with here.running() as site:
            site.wait_for("/news/atom.xml", "one")
            with running(kind(folder / kind.name, here.public, site.url(""))) as front:
                yield front, site, here


@contextmanager
def running(front: Front) -> Iterator[Front]:
    """When it answers."""
    try:
        assert until(front.up), (front.folder / "said").read_text()
        yield front
    finally:
        front.stop()

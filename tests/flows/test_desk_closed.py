"""While no user is set: who is at the machine, and who only seems to be (THREATS, login)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.flows.command import Installation, Site
from tests.flows.fronts import Nginx, running, there
from tests.flows.guarded import installation
from tests.flows.visiting import Caller, Visitor, raw, status
from tests.origin import Origin

pytestmark = pytest.mark.slow

PATHS = ("/desk/", "/desk/sources", "/api/sources", "/metrics")


class Plain(Nginx):
    """Nginx with what most begin with: no header is set, and none says that it is there."""

    def sample(self, public: Path, behind: str) -> str:
        place = f"location / {{ proxy_pass {behind}; }}"
        return f"server {{ listen 127.0.0.1:{self.port}; {place} }}"


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with Origin() as origin:
        yield installation(tmp_path_factory.mktemp("alone"), origin)


@pytest.fixture(scope="module")
def site(here: Installation) -> Iterator[Site]:
    with here.running() as found:
        yield found


def test_behind_the_plainest_nginx(site: Site, tmp_path: Path) -> None:
    """Nobody comes in through it, and feeds do; at the machine itself one does."""
    with running(there(Plain)(tmp_path / "nginx", tmp_path, site.url(""))) as front:
        assert front.get("/news/atom.xml").status == 200
        assert [front.get(path).status for path in PATHS] == [403, 403, 401, 401]
        assert b"user is set" in front.get("/desk/").body
        assert Visitor(front.port).ask("POST", "/api/sources/bulk", b"{}").status == 401
    assert [Visitor(site.port).get(path).status for path in PATHS] == [200] * 4


def test_no_browser_speaks_so(site: Site) -> None:
    """HTTP/1.0 to a loopback name, as a proxy sends it."""
    for path in PATHS:
        for version, allowed in ((b"1.0", False), (b"1.1", True)):
            asked = b"GET %s HTTP/%s\r\nHost: 127.0.0.1:%d\r\nConnection: close\r\n\r\n"
            found = status(raw(site.port, asked % (path.encode(), version, site.port)))
            assert (found == 200) == allowed, (path, version)


def test_a_site_for_others_needs_a_user(tmp_path: Path) -> None:
    """Whatever the request looks like: who publishes has a proxy somewhere. The refusal says why;
    a token opens the API, and figures are for the machine."""
    with Origin() as origin:
        here = installation(tmp_path, origin, site="https://feeds.example.org")
        with here.running() as site:
            you = Visitor(site.port)
            assert [you.get(path).status for path in PATHS] == [403, 403, 401, 200]
            for path in ("/desk/", "/api/sources"):
                assert "site.url is a public address" in you.get(path).text
            token = here.json("token", "add", "ci", "--for", "api")["token"]
            assert Caller(site.port, token).get("/sources")["total"] == 1

"""The API does what its description says (schemathesis), and what each of its addresses is for."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any, cast

import pytest
import schemathesis
from hypothesis import HealthCheck, settings

from config.desk import Desk
from config.desk.api import api
from config.desk.house import House
from tests.flows.command import Installation, rss
from tests.flows.visiting import users
from tests.origin import Origin

pytestmark = pytest.mark.slow

EXAMPLES = int(os.environ.get("EXAMPLES", "12"))
"""Of each operation. A longer run by hand: EXAMPLES=300 pytest tests/flows/test_api.py"""


@pytest.fixture(scope="module")
def origin() -> Iterator[Origin]:
    with Origin() as found:
        found.serve("/one", rss("one", "two"))
        found.serve("/two", rss("three"))
        yield found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, origin: Origin) -> Installation:
    here = Installation(tmp_path_factory.mktemp("api"))
    tables = [
        f'[[sources]]\nurl = "{origin.url(path)}"\ncategories = ["news"]\n'
        for path in ("/one", "/two")
    ]
    here.configure(
        "\n".join([users(), "[categories.news]", "[categories.staff]\nprivate = true", *tables])
    )
    here.verb("poll", "--now")
    here.verb("publish")
    return here


@pytest.fixture(scope="module")
def token(folder: Installation) -> str:
    return str(folder.json("token", "add", "fuzz", "--for", "api")["token"])


class _Present:
    """The desk of the installation of the moment: operations are known before there is one."""

    def __init__(self) -> None:
        self.desk: Desk | None = None
        self.token = ""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            return
        assert self.desk is not None
        await self.desk(scope, receive, send)


present = _Present()
_described = api(cast(House, None)).openapi()
schema = schemathesis.openapi.from_dict(
    _described,
    config=schemathesis.Config.from_dict(
        {
            "checks": {
                # 502: the address that was given can't be read.
                "not_a_server_error": {"expected-statuses": ["2xx", "3xx", "4xx", 502]},
                # 400: of the right form, and still not to be done; 409: somebody else's edit.
                "positive_data_acceptance": {
                    "expected-statuses": ["2xx", 400, 401, 403, 404, 409, 502]
                },
            }
        }
    ),
)
schema.app = present


@pytest.fixture(scope="module")
def desk(folder: Installation, token: str) -> None:
    present.desk, present.token = Desk(folder.folder / "feedmill.toml", figures=dict), token


@schema.auth()
class _Token:
    """Sent with each call, but by the check that goes without."""

    def get(self, _case: Any, _context: Any) -> str:
        return present.token

    def set(self, case: Any, data: str, _context: Any) -> None:
        case.headers = {**(case.headers or {}), "Authorization": f"Bearer {data}"}


@schema.hook
def map_body(context: Any, body: Any) -> Any:
    """No address of somebody's: what is added is asked for."""
    if context.operation.label == "POST /api/sources" and isinstance(body, dict) and "url" in body:
        return {**body, "url": "http://127.0.0.1:9/"} if isinstance(body["url"], str) else body
    return body


@schema.parametrize()
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@pytest.mark.usefixtures("desk")
def test_as_described(case: Any) -> None:
    """Whatever is sent, right or wrong: the answers that are described, and no other."""
    case.call_and_validate(base_url="http://localhost")

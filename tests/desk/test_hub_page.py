"""Who is told by the hub, as the desk shows it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from starlette.datastructures import FormData, QueryParams

from config.desk.access import Asked
from config.desk.call import Call
from config.desk.house import House
from config.desk.pages import feeds
from feeds.models import Asked as Wanted

SECRET = "callback-path-4711"


def test_leases(tmp_path: Path) -> None:
    """Document, host and end of the lease; of the callback nothing else, of a secret nothing."""
    file = tmp_path / "feedmill.toml"
    file.write_text('[categories.news]\ntitle = "News"\n')
    house = House(file, dict, str)
    store = house.app.sync()
    wanted = Wanted(subscribe=True, lease=3600.0, secret="s3cret-of-theirs")
    store.ask("news/atom.xml", f"https://reader.example/{SECRET}", wanted)
    [one] = store.due_subscribers(10, ())
    until = store.now() + timedelta(hours=1)
    after = replace(one, asked=None, secret=wanted.secret, lease_until=until, error="it said 500")
    store.save_subscriber(one, after, None)
    page = bytes(feeds.show(_call(house)).body).decode()
    assert "news/atom.xml" in page
    assert "reader.example" in page
    assert "it said 500" in page
    assert SECRET not in page
    assert "s3cret" not in page


def _call(house: House) -> Call:
    asked = Asked(method="GET", peer="127.0.0.1", scheme="http", headers={"host": "localhost"})
    given: dict[str, Any] = {
        "user": "you", "role": "admin", "mark": "", "secure": False, "path": {},
        "query": QueryParams(""), "form": FormData(), "cookies": {}, "local": True,
    }  # fmt: skip
    return Call(house=house, asked=asked, **given)

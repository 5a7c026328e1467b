"""Other projects' tables of pages and the feeds that are named in them.

Left out: what miniflux makes of addresses at YouTube and GitHub without looking at the page, and
the feeds that yarr invents beside the one that YouTube names.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from aggregator.discover import candidates
from tests.shared import shared

pytestmark = pytest.mark.shared


def rows(suite: str, part: str) -> Iterator[dict[str, Any]]:
    for line in shared(f"suites/{suite}.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        if part in row["id"]:
            yield row["expect"] | {"id": row["id"]}


def test_miniflux() -> None:
    """Its checks: how many, and the address and title of the first."""
    checked = 0
    for row in rows("miniflux-tables", "subscription/finder/TestParseWebPage"):
        url = row["calls"][1]["args"][0]
        found = candidates(row["vars"]["htmlPage"].encode(), url, "text/html")
        checks = " ".join(row["fails_if"])
        [count] = re.findall(r"len\(subscriptions\) != (\d+)", checks)
        assert len(found) == int(count), row["id"]
        for field, mine in (("URL", "url"), ("Title", "title")):
            for expected in re.findall(rf'subscriptions\[0\]\.{field} != "([^"]*)"', checks):
                assert getattr(found[0], mine) == expected, row["id"]
        checked += 1
    assert checked == 6


def test_yarr() -> None:
    checked = 0
    for row in rows("yarr-tables", "scraper/finder"):
        body, named = row["vars"]["body"].encode(), row["vars"]["want"][0]
        [found] = candidates(body, "https://www.youtube.com/@channel", "text/html")
        assert found.url == named["URL"]
        assert f"{found.title} - All".replace(" - All - All", " - All") == named["Title"]
        checked += 1
    assert checked == 2

"""What of a source is an admin's: judged from what is written of it and what is to change."""

from __future__ import annotations

from typing import Any

import pytest

from config.desk.rights import Forbidden, check_edit, check_new, tied

TIED: list[dict[str, Any]] = [
    {"allow_private": True},
    {"allow_private": ["10.0.0.0/8"]},
    {"auth": {"env": "WIRE"}},
    {"headers": {"X-Key": {"file": "key"}}},
    {"proxy": "http://gate:3128"},
    {"proxy": ""},
]
"""What is meant for one address."""


@pytest.mark.parametrize("table", TIED)
def test_an_editor_may_not(table: dict[str, Any]) -> None:
    """Give such a source another address; each reason is named."""
    with pytest.raises(Forbidden, match=f"^url: .*{tied('editor', table)}"):
        check_edit("editor", table, {"url": "https://elsewhere.example/"})
    assert tied("editor", table)
    check_edit("editor", table, {"title": "Another", "paused": True})


@pytest.mark.parametrize("value", [True, None, ["10.0.0.0/8"]])
def test_nor_lift_the_guard(value: Any) -> None:
    """Nor put it back: it would stop a source that somebody has allowed."""
    with pytest.raises(Forbidden, match=r"^allow_private: "):
        check_edit("editor", {}, {"allow_private": value})
    with pytest.raises(Forbidden, match=r"^allow_private: "):
        check_new("editor", allow_private=True)


@pytest.mark.parametrize(
    "table", [{}, {"allow_private": False}, {"headers": {}}, {"user_agent": "x", "title": "y"}]
)
def test_an_editor_may(table: dict[str, Any]) -> None:
    """Move what goes nowhere else."""
    check_edit("editor", table, {"url": "https://elsewhere.example/"})
    check_new("editor", allow_private=False)


@pytest.mark.parametrize("table", [{}, *TIED])
def test_an_admin_may_all(table: dict[str, Any]) -> None:
    check_edit("admin", table, {"url": "https://elsewhere.example/", "allow_private": True})
    check_new("admin", allow_private=True)

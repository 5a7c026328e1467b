"""What operators are told of: every kind, where it begins and where it ends."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from config.troubles import LEAST, MANY, Facts, late, troubles
from feeds.models import Brief, Quarantined, Stands

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
WHOLE = 100 * 10**9


def stands(polled: int = 0, due: datetime | None = None, **states: int) -> Stands:
    """`states`: how many sources stand so; all of them were polled, unless said."""
    count = polled or sum(states.values())
    return Stands(states=states, polled=count, held=0, oldest_due=due)


def facts(**given: Any) -> Facts:
    values: dict[str, Any] = {"now": NOW, "stands": stands(), "failing": 0.5, "late": 900.0}
    return Facts(**values | given)


def kinds(**given: Any) -> list[tuple[str, str]]:
    return list(troubles(facts(**given)))


def apart(count: int) -> list[Quarantined]:
    return [
        Quarantined(article_id=number, revision=1, rule="P3", fault="P3: a relative link")
        for number in range(count)
    ]


def test_nothing_is_wrong() -> None:
    """All is well, and well within the limits."""
    assert not troubles(
        facts(
            stands=stands(ok=100, failing=49, due=NOW - timedelta(seconds=900)),
            free={"/data": (WHOLE // 2, WHOLE)},
        )
    )
    assert not troubles(facts())


@pytest.mark.parametrize(
    ("given", "key", "text"),
    [
        ({"jobs": {"publish": "the output folder can't be used"}}, ("paused", "publish"), "waits"),
        ({"complaints": ["feedmill.toml:1: a", "b"]}, ("configuration", ""), "feedmill.toml:1: a"),
        ({"refused": {"news"}}, ("gate", "feed news"), "what was published before stands"),
        ({"quarantined": apart(1)}, ("quarantine", "article 0"), "P3: a relative link"),
        ({"lists": {"https://x.org/l": "it is empty"}}, ("list", "https://x.org/l"), "is empty"),
        ({"free": {"/data": (10**9, WHOLE)}}, ("disk", "/data"), "only 1000 MB"),
        ({"stands": stands(ok=5, failing=5)}, ("sources failing", ""), "5 of 10 sources fail"),
        ({"stands": stands(ok=5, blocked=5)}, ("sources failing", ""), "5 of 10 sources fail"),
        ({"stands": stands(ok=1, due=NOW - timedelta(hours=1))}, ("late", ""), "due for 60 min"),
        ({"lasting": {7: "failing"}}, ("source", "source 7"), "source 7 is failing"),
        ({"lasting": {7: "blocked"}}, ("source", "source 7"), "source 7 is blocked"),
        ({"lasting": {7: "retired"}}, ("source", "source 7"), "source 7 is retired"),
        ({"lasting": {7: "quiet"}}, ("source", "source 7"), "source 7 is quiet"),
        ({"held": {7: 30}}, ("held", "source 7"), "holds 30 new articles of source 7"),
    ],
)
def test_each_kind(given: dict[str, Any], key: tuple[str, str], text: str) -> None:
    """Alone, in words."""
    found = troubles(facts(**given))
    assert list(found) == [key]
    assert text in found[key]


@pytest.mark.parametrize(
    ("states", "told"),
    [
        ({"failing": 4}, False),
        ({"failing": 5}, True),
        ({"ok": 51, "failing": 49}, False),
        ({"ok": 50, "failing": 50}, True),
        ({"ok": 50, "failing": 25, "blocked": 25}, True),
        ({"ok": 10, "waiting": 90}, False),
        ({"ok": 10, "retired": 90}, False),
        ({"new": 90, "failing": 5, "polled": 10}, True),
        ({}, False),
    ],
)
def test_many_fail_at_once(states: dict[str, Any], told: bool) -> None:
    """From the operator's share on; of a handful no share is worth telling, and those that wait as
    they were told do not fail."""
    assert (("sources failing", "") in kinds(stands=stands(**states))) is told


def test_the_limits_are_the_operators() -> None:
    few = stands(ok=90, failing=10, due=NOW - timedelta(seconds=31))
    assert kinds(stands=few) == []
    assert kinds(stands=few, failing=0.1) == [("sources failing", "")]
    assert kinds(stands=few, late=30.0) == [("late", "")]
    assert kinds(stands=few, late=31.0) == []
    assert kinds(stands=stands(ok=1, due=NOW + timedelta(hours=1)), late=1.0) == []


def test_late_after_a_pause() -> None:
    """A house that was shut for a night is not late as it opens; what is told goes on until it is
    over, also through a configuration that is read anew."""
    night = stands(ok=1, due=NOW - timedelta(hours=8))
    assert kinds(stands=night, running=60.0) == []
    assert kinds(stands=night, running=901.0) == [("late", "")]
    assert kinds(stands=night, running=60.0, told=[("late", "")]) == [("late", "")]
    assert kinds(stands=stands(ok=1, due=NOW), running=60.0, told=[("late", "")]) == []


@pytest.mark.parametrize(
    ("free", "whole", "told"),
    [
        (WHOLE // 50, WHOLE, False),
        (WHOLE // 50 - 1, WHOLE, True),
        (LEAST, 10 * LEAST, False),
        (LEAST - 1, 10 * LEAST, True),
        (0, 2 * LEAST, False),
        (0, 0, False),
    ],
)
def test_disks(free: int, whole: int, told: bool) -> None:
    """2 % or 200 MB; a disk that is as small as that is meant to be full, like a memory disk."""
    assert bool(kinds(free={"/data": (free, whole)})) is told


@pytest.mark.parametrize(
    ("name", "kind", "values"),
    [
        ("lasting", ("source", "source {}"), dict.fromkeys(range(1, 500), "failing")),
        ("held", ("held", "source {}"), dict.fromkeys(range(1, 500), 3)),
    ],
)
def test_of_many_only_the_number(name: str, kind: tuple[str, str], values: dict[int, Any]) -> None:
    """A network that is away makes no thousand messages."""
    few = {number: values[number] for number in range(1, MANY + 1)}
    assert len(kinds(**{name: few})) == MANY
    found = troubles(facts(**{name: values}))
    assert len(found) == 1
    assert "499 sources" in next(iter(found.values()))


@pytest.mark.parametrize(
    ("name", "kind", "values"),
    [
        ("lasting", "source", dict.fromkeys(range(1, 500), "failing")),
        ("held", "held", dict.fromkeys(range(1, 500), 3)),
    ],
)
def test_that_others_join_is_no_end(name: str, kind: str, values: dict[int, Any]) -> None:
    """What was told singly, and goes on, is not told to be over when it becomes one of many."""
    told = [(kind, "source 3"), (kind, "source 4"), (kind, "source 777")]
    found = kinds(**{name: values, "told": told})
    assert (kind, "source 3") in found
    assert (kind, "source 4") in found
    assert (kind, "source 777") not in found
    assert len(found) == 3
    assert (kind, "source 3") not in kinds(**{name: {5: values[5]}, "told": told})


def test_many_articles() -> None:
    """Those of the gate too."""
    assert len(kinds(quarantined=apart(MANY))) == MANY
    found = troubles(facts(quarantined=apart(MANY + 1)))
    assert found == {("quarantine", ""): "21 articles are kept out of all feeds"}


def test_order_and_stability() -> None:
    """The same facts give the same words, in the same order."""
    given: dict[str, Any] = {"lasting": {2: "failing", 1: "quiet"}, "jobs": {"poll": "x"}}
    assert list(troubles(facts(**given)).items()) == list(troubles(facts(**given)).items())
    assert kinds(**given) == [("paused", "poll"), ("source", "source 2"), ("source", "source 1")]


def brief(**given: Any) -> Brief:
    values: dict[str, Any] = dict.fromkeys(Brief._fields)
    values |= {"id": 1, "paused": False, "active": True, "retired": False, "held": 0}
    at = int((NOW - timedelta(seconds=90)).timestamp() * 1e6)
    return Brief(**values | {"next_due": at} | given)


@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        ({}, 90.0),
        ({"paused": True}, 0.0),
        ({"retired": True}, 0.0),
        ({"next_due": None}, 0.0),
        ({"next_due": int(NOW.timestamp() * 1e6) + 5}, 0.0),
        ({"claim_until": int(NOW.timestamp() * 1e6) + 5}, 0.0),
        ({"claim_until": int(NOW.timestamp() * 1e6) - 5}, 90.0),
    ],
)
def test_late(given: dict[str, Any], seconds: float) -> None:
    """Not while it is being polled; a claim that has run out is none."""
    assert late(brief(**given), NOW.timestamp()) == seconds

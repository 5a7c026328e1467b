"""The first-seen rule."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from aggregator.dates import first_dates, updated_date
from tests.aggregator.making import NOW, entry

PAST = datetime(2020, 1, 2, tzinfo=UTC)


def test_plausible_dates_are_kept() -> None:
    """A date between 1990 and now is the publisher's."""
    later = PAST + timedelta(days=1)
    assert first_dates([entry(published=PAST, updated=later)], NOW) == [(PAST, later)]
    assert first_dates([entry(updated=PAST)], NOW) == [(PAST, PAST)]
    assert first_dates([entry(published=later, updated=PAST)], NOW) == [(later, later)]


def test_implausible_dates_become_first_seen() -> None:
    """P16: missing, before 1990 or in the future = first seen, one second apart in document
    order, so that the first item stays the newest."""
    items = [
        entry(),
        entry(published=PAST),
        entry(published=datetime(1970, 1, 1, tzinfo=UTC)),
        entry(published=NOW + timedelta(hours=1)),
    ]
    second = timedelta(seconds=1)
    assert [published for published, _ in first_dates(items, NOW)] == [
        NOW,
        PAST,
        NOW - second,
        NOW - 2 * second,
    ]


def test_edit() -> None:
    """An edit is dated by the publisher when that is later than before, else by us."""
    assert updated_date(entry(updated=PAST), PAST - timedelta(days=1), NOW) == PAST
    assert updated_date(entry(updated=PAST), PAST, NOW) == NOW
    assert updated_date(entry(updated=NOW + timedelta(days=1)), PAST, NOW) == NOW

"""aggregator.read.dates: what feeds call a date."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.read.dates import parse_date


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("2019-09-27T21:01:48.25Z", "2019-09-27T21:01:48.250000"),
        ("2004-02-28T18:14:55-08:00", "2004-02-29T02:14:55"),
        ("2010-11-17 08:40:07 +0530", "2010-11-17T03:10:07"),
        ("20101117T084007Z", "2010-11-17T08:40:07"),
        ("2018-12-12T12:12", "2018-12-12T12:12:00"),
        ("2003-335", "2003-12-01T00:00:00"),
        ("1997-07", "1997-07-01T00:00:00"),
        ("2016-12-31T23:59:60Z", "2016-12-31T23:59:59"),
        ("2016-12-31T24:00:00Z", "2017-01-01T00:00:00"),
        ("Fri, 28 May 2010 21:03:38 GMT", "2010-05-28T21:03:38"),
        ("Fri, 28 May 2010 21:03:38", "2010-05-28T21:03:38"),
        ("Fri, 28 May 2010 21:03 CEST", "2010-05-28T19:03:00"),
        ("28 May 10 21:03:38 PDT", "2010-05-29T04:03:38"),
        ("5 Nov 94 13:15:30 K", "1994-11-05T13:15:30"),
        ("Fri, 28 May 2010 21:03:38 America/New_York", "2010-05-29T01:03:38"),
        ("Thu Nov 12 2020 17:00:00 GMT+0100 (Central Europe)", "2020-11-12T16:00:00"),
        ("Sun Jan  4 16:29:06 PST 2004", "2004-01-05T00:29:06"),
        ("Nov. 16, 2020, 10:57 p.m.", "2020-11-16T22:57:00"),
        ("12:05 am, 3 July 2020", "2020-07-03T00:05:00"),
        ("mar., 01 déc. 2020 16:11:02 +0000", "2020-12-01T16:11:02"),
        ("Mi, 3. März 2021 09:00:00 +0100", "2021-03-03T08:00:00"),
        ("понедельник, 5 мая 2014 10:00", "2014-05-05T10:00:00"),
        ("Δευ, 05 Ιούλ 2004 10:00:00 +0300", "2004-07-05T07:00:00"),
        ("2012. március 3. 10:00", "2012-03-03T10:00:00"),
        ("2004년 05월 28일  01:31:15", "2004-05-27T16:31:15"),
        ("2004-05-25 오후 11:23:17", "2004-05-25T14:23:17"),
        ("2020年1月2日 03:04", "2020-01-02T03:04:00"),
        ("31.12.2019 10:00", "2019-12-31T10:00:00"),
        ("12/31/2019", "2019-12-31T00:00:00"),
        ("31/12/2019", "2019-12-31T00:00:00"),
        ("03-12-31", "2003-12-31T00:00:00"),
        ("Mon, 02 Jan 2006 15:04:05 GMT+2", "2006-01-02T13:04:05"),
        ("Mon, 02 Jan 2006 15:04:05 UTC-11", "2006-01-03T02:04:05"),
        ("Mon, 02 Jan 2006 15.04.05 GMT", "2006-01-02T15:04:05"),
        ("Mon, 02 Jan 106 10:00:00 GMT", "2006-01-02T10:00:00"),
        ("2006-01-02T15:04:05Z[UTC]", "2006-01-02T15:04:05"),
        ("2006-01-02T15:04:05+01:00[Europe/Paris]", "2006-01-02T14:04:05"),
        ("2006-01-02T15:04:05-7:00", "2006-01-02T22:04:05"),
        ("2 Jan 2006 15:04 \u22120100", "2006-01-02T16:04:00"),
        ("1520932969", "2018-03-13T09:22:49"),
        ("1520932969000", "2018-03-13T09:22:49"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00"),
        ("9999-12-31T23:59:59Z", "9999-12-31T23:59:59"),
    ],
)
def test_dates(text: str, iso: str) -> None:
    """Aware UTC; no zone is UTC, but for Korean dates."""
    assert parse_date(text) == datetime.fromisoformat(iso).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        None, "", "meep", "May", "22013", "2003-12-31T25:14:55Z", "2003-12-31T10:14:62Z",
        "2013-01-28T11:30:00-06:00Textra", "2013-01-28T09:xx:00Z", "2013-02-30", "2013-400",
        "Sun, 16 zzz 2012 11:47:32 GMT", "Sun, 16 Dec 2012 11:47:32 +zz:00",
        "Sun, 16 Dec 2012 1:2:3:4 GMT", "31 Dec", "99999999999999999999", "0000-01-01",
        "9999-12-31T23:59:59-10:00", "1 Jan 2020 " * 20,
    ],
)  # fmt: skip
def test_what_is_no_date(text: str | None) -> None:
    """None, and never a guess at half of it."""
    assert parse_date(text) is None


@given(st.text())
def test_dates_never_raise(text: str) -> None:
    """Whatever stands there."""
    found = parse_date(text)
    assert found is None or found.tzinfo is UTC


@given(st.datetimes(min_value=datetime(1000, 1, 1)))  # noqa: DTZ001
def test_our_own_dates_come_back(moment: datetime) -> None:
    """RFC 3339 and RFC 822 as we write them ourselves."""
    aware = moment.replace(tzinfo=UTC)
    assert parse_date(aware.isoformat()) == aware
    whole = aware.replace(microsecond=0)
    assert parse_date(whole.strftime("%a, %d %b %Y %H:%M:%S +0000")) == whole


@given(st.integers(0, 7_000_000_000), st.integers(-1439, 1439))
def test_rfc_822_as_it_should_be(seconds: int, minutes: int) -> None:
    """Is read at a glance, to the same as by looking for its parts."""
    at = datetime.fromtimestamp(seconds, UTC)
    zone = f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}{abs(minutes) % 60:02}"
    text = f"{at:%a, %d %b %Y %H:%M:%S} {zone}"
    wanted = at - timedelta(minutes=minutes)
    assert parse_date(text) == parse_date(text.replace(",", " ,")) == wanted

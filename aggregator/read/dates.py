"""A date as feeds write it → aware UTC. Pure; whether it is plausible is decided elsewhere.

ISO 8601 and RFC 3339, RFC 822 and its many misspellings, month names of the larger European
languages, Chinese, Japanese and Korean dates, Unix time. No zone is UTC (also RFC 822's
military letters, which RFC 2822 §4.3 calls meaningless), except on Korean dates.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

LONGEST = 100
"""Characters; a longer text is no date."""

_ISO = re.compile(
    r"(\d{4})(?:-?(\d\d)(?:-?(\d\d))?|-?(\d{3}))?"
    r"(?:[t _]+(\d\d?)(?::?(\d\d)(?::?(\d\d)(?:[.,:](\d+))?)?)?"
    r"\s*(z|utc|gmt|[+-]\d\d(?::?\d\d)?|[+-]\d:\d\d)?)?"
    r"(?:\[[a-z/_+-]+\])?"  # as Java writes a zone behind its offset
)
_RFC_822 = re.compile(
    r"[a-z]{3}, (\d\d?) ([a-z]{3}) (\d{4}) (\d\d):(\d\d):(\d\d) (?:gmt|([+-])(\d\d)(\d\d))"
)
"""As it should be, and nearly always is."""
_ISO_START = re.compile(r"\d{4}-?\d\d-?\d\dt\d")
_TIME = re.compile(
    r"(?<![\d:+-])(?:(am|pm|오전|오후|上午|下午)\s*)?(\d{1,2})(?:[:h](\d\d?)(?::(\d\d?)(?:[.,]\d+)?)?"
    r"(?![:\d])\s*(am\b|pm\b)?|\s*(am|pm)\b)"
)
_ZONE = re.compile(
    r"[\s,]*(?:\(?(?:gmt|utc)?\s*([+-])(\d\d?):?(\d\d)\b|(?:gmt|utc)\s*([+-]\d\d?)\b"
    r"|([a-z]+/[a-z_]+(?:/[a-z_]+)?)|\(?([a-z]{1,5})\b(?!\s*\d{1,2}\b))"
)
_YMD = re.compile(r"(\d{4})\s*[-/.年년]\s*(\d{1,2})\s*[-/.月월]\s*(\d{1,2})")
_DMY = re.compile(r"(\d{1,2})([-/.])\s*(\d{1,2})[-/.]\s*(\d{4}|\d\d)\b")
_WORD = re.compile(r"[^\W\d_]+")
_KOREAN = re.compile(r"[년월일]|오[전후]")

# The beginnings, without accents, of the twelve names in en de fr es it pt nl sv/da/no pl hu
# ru el ro. Maandag and mardi are why "ma" and "maa" are not among them.
_MONTHS = {
    beginning: number
    for number, beginnings in enumerate(
        [
            "jan ene gen sty янв ιαν ian",
            "feb fev lut фев φεβ",
            "mar mrt maart марта март μαρ",
            "apr abr avr kwi апр απρ",
            "may mai maj mag mei май мая μαι",
            "jun juin giu cze июн ιουν ιον iun",
            "jul juil lug lip июл ιουλ ιολ iul",
            "aug ago aou sie авг αυγ",
            "sep set szep wrz сен σεπ",
            "oct okt out ott paz окт οκτ",
            "nov noi lis ноя νοε",
            "dec dez dic des gru дек δεκ",
        ],
        start=1,
    )
    for beginning in beginnings.split()
}
# Hours. Where letters mean several zones, the one that feeds come from.
_ZONES = {
    "z": 0, "ut": 0, "utc": 0, "gmt": 0, "wet": 0, "west": 1, "bst": 1, "cet": 1, "met": 1,
    "mez": 1, "cest": 2, "mest": 2, "mesz": 2, "cat": 2, "sast": 2, "eet": 2, "eest": 3, "msk": 3,
    "trt": 3, "eat": 3, "msd": 4, "gst": 4, "pkt": 5, "ist": 5.5, "npt": 5.75, "ict": 7, "wib": 7,
    "hkt": 8, "sgt": 8, "awst": 8, "pht": 8, "jst": 9, "kst": 9, "acst": 9.5, "acdt": 10.5,
    "aest": 10, "aedt": 11, "nzst": 12, "nzdt": 13, "brt": -3, "art": -3, "clt": -4, "nst": -3.5,
    "ndt": -2.5, "ast": -4, "adt": -3, "est": -5, "edt": -4, "et": -5, "cst": -6, "cdt": -5,
    "ct": -6, "mst": -7, "mdt": -6, "mt": -7, "pst": -8, "pdt": -7, "pt": -8, "akst": -9,
    "akdt": -8, "hst": -10,
}  # fmt: skip


def parse_date(text: str | None) -> datetime | None:
    """Aware UTC, or None when the text is no date. Never raises."""
    text = (text or "")[: LONGEST + 1].strip().lower()
    if not text or len(text) > LONGEST:
        return None
    try:
        if text.lstrip("-").isdecimal() and text.isascii():
            return _number(text)
        if (rfc := _RFC_822.fullmatch(text)) and (month := _MONTHS.get(rfc[2])):
            return _rfc_822(month, *rfc.groups())
        if iso := _ISO.fullmatch(text):
            return _iso(*iso.groups())
        return None if _ISO_START.match(text) else _free(_plain(text))
    except (ValueError, OverflowError):
        return None


def _plain(text: str) -> str:
    """Without accents, "a.m." as "am", "nov(ember)" as one word; Hangul stays composed."""
    text = unicodedata.normalize("NFC", _unaccented(text)).replace("\u2212", "-")
    text = re.sub(r"\b([ap])\.\s?m\b\.?", r"\1m", text)
    text = re.sub(r"(?<=[a-z])\(([a-z]+)\)", r"\1", text)
    # After a year, 15.04.05 is a time.
    return re.sub(r"(?<=\b\d{4} )(\d\d?)\.(\d\d)\.(\d\d)\b", r"\1:\2:\3", text)


def _unaccented(text: str) -> str:
    parts = unicodedata.normalize("NFD", text)
    return "".join(c for c in parts if not unicodedata.combining(c)).replace("ł", "l")


def _number(text: str) -> datetime | None:
    """1997, 19970716, 19970716192030, or seconds or milliseconds since 1970."""
    if len(text) in (4, 8):
        return _moment(int(text[:4]), int(text[4:6] or 1), int(text[6:8] or 1))
    if len(text) == 14:
        return datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    if len(text) in (9, 10):
        return datetime.fromtimestamp(int(text), UTC)
    return datetime.fromtimestamp(int(text) / 1000, UTC) if len(text) in (12, 13) else None


def _rfc_822(
    month: int,
    day: str,
    _name: str,
    year: str,
    hour: str,
    minute: str,
    second: str,
    sign: str | None,
    hours: str,
    minutes: str,
) -> datetime:
    found = _moment(int(year), month, int(day), int(hour), int(minute), int(second))
    return found - _offset(sign, hours, minutes) if sign else found


def _iso(
    year: str,
    month: str | None,
    day: str | None,
    ordinal: str | None,
    hour: str | None,
    minute: str | None,
    second: str | None,
    fraction: str | None,
    zone: str | None,
) -> datetime:
    found = _moment(
        int(year),
        int(month or 1),
        int(day or 1),
        int(hour or 0),
        int(minute or 0),
        int(second or 0),
        int(f"{fraction or '0':0<6.6}"),
    )
    if ordinal:
        if not 1 <= int(ordinal) <= 366:
            raise ValueError(ordinal)
        found += timedelta(days=int(ordinal) - 1)
    if zone and zone[0] in "+-":
        digits = f"{zone[1:]:0>5}" if zone[2:3] == ":" else zone[1:]
        digits = digits.replace(":", "").ljust(4, "0")
        found -= _offset(zone[0], digits[:2], digits[2:])
    return found


def _free(text: str) -> datetime | None:
    """Find the time, what follows it as zone, and the date in what is left."""
    time, hour, minute, second, zone = _TIME.search(text), 0, 0, 0, None
    rest = text
    if time:
        half = time[1] or time[5] or time[6]
        hour, minute, second = int(time[2]), int(time[3] or 0), int(time[4] or 0)
        if half in ("pm", "오후", "下午"):
            hour += 12 if hour < 12 else 0
        elif half and hour == 12:
            hour = 0
        zone = _ZONE.match(text, time.end())
        tail = zone.end() if zone and not _month(zone[6] or "") else time.end()
        zone = zone if tail > time.end() else None
        rest = f"{text[: time.start()]} {text[tail:]}"
    date = _date(rest)
    if date is None:
        return None
    # The nate form writes 오후 23 for what it means as 23 o'clock.
    found = _moment(*date, hour, minute, second)
    if zone:
        return _zoned(found, zone)
    return found - timedelta(hours=9) if _KOREAN.search(text) else found


def _date(text: str) -> tuple[int, int, int] | None:
    """(year, month, day) in a text that holds no time any more."""
    if short := re.fullmatch(r"(\d\d)-(\d\d)-(\d\d)", text.strip()):  # ISO 8601:1988
        return _year(short[1]), int(short[2]), int(short[3])
    if ymd := _YMD.search(text):
        return int(ymd[1]), int(ymd[2]), int(ymd[3])
    if dmy := _DMY.search(text):
        day, month = int(dmy[1]), int(dmy[3])
        if month > 12 or (dmy[2] == "/" and day <= 12):  # slashes are American
            day, month = month, day
        return _year(dmy[4]), month, day
    months = [month for word in _WORD.findall(text) if (month := _month(word))]
    numbers = re.findall(r"\d+", text)
    if not months or len(numbers) != 2:
        return None
    day_text, year_text = numbers if len(numbers[0]) <= 2 else reversed(numbers)
    # The last: in "mar., 01 déc. 2020" the first is a Tuesday.
    return _year(year_text), months[-1], int(day_text)


def _month(word: str) -> int:
    """1-12, or 0 when the word is no month's name."""
    for length in (5, 4, 3):
        if len(word) >= length and (number := _MONTHS.get(word[:length])):
            return number
    return 0


def _year(text: str) -> int:
    """Two or three digits as RFC 2822 §4.3 reads them."""
    year = int(text)
    if len(text) > 3:
        return year
    return year + (2000 if year < 50 and len(text) < 3 else 1900)


def _zoned(found: datetime, zone: re.Match[str]) -> datetime:
    sign, hours, minutes, whole, place, name = zone.groups()
    if sign:
        return found - _offset(sign, hours, minutes)
    if whole:
        return found - _offset(whole[0], whole[1:], "0")
    if place:
        return _at_place(found, place)
    return found - timedelta(hours=_ZONES.get(name, 0))


def _offset(sign: str, hours: str, minutes: str) -> timedelta:
    if int(hours) > 23 or int(minutes) > 59:
        raise ValueError(hours + minutes)
    offset = timedelta(hours=int(hours), minutes=int(minutes))
    return -offset if sign == "-" else offset


def _at_place(found: datetime, place: str) -> datetime:
    """A zone of the IANA database, whose keys are written `America/Los_Angeles`."""
    try:
        zone = ZoneInfo(re.sub(r"[a-z]+", lambda m: m[0].capitalize(), place))
    except (KeyError, OSError):  # no such place, or a machine without the database
        return found
    return found.replace(tzinfo=zone).astimezone(UTC)


def _moment(
    year: int,
    month: int,
    day: int,
    hour: int = 0,
    minute: int = 0,
    second: int = 0,
    microsecond: int = 0,
) -> datetime:
    """The moment in UTC; a leap second is the one before, 24:00 the next day's midnight."""
    midnight = hour == 24 and not minute and not second
    leap = second == 60
    found = datetime(
        year, month, day, 0 if midnight else hour, minute, second - leap, microsecond, tzinfo=UTC
    )
    return found + timedelta(days=midnight)

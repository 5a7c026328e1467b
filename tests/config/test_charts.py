"""Small drawings: what stands where, and what is told to those who can't see them."""

from __future__ import annotations

import re

from config.desk.charts import POLLS, bars, sparkline


def test_a_week_has_its_days() -> None:
    """One busy hour among many is no lone line: days are marked, and named below."""
    values = [(f"Thu 26 Nov {hour % 24:02}:00", int(hour == 30)) for hour in range(48)]
    drawn = bars(values, label="New", marks={0: "Thu", 24: "Fri", 47: "Sat"})
    assert re.findall(r'<path class="day" d="M(\d+) 0V56"/>', drawn) == ["0", "24", "47"]
    words = re.findall(r'<text x="([\d.]+)%" y="13" dx="3">(\w+)</text>', drawn)
    assert words == [("0.00", "Thu"), ("50.00", "Fri")], "none is cut at the end"
    assert 'aria-label="New: 1 in all, 1 at the most"' in drawn
    assert "days" not in bars(values, label="New")


def test_few_polls_stand_at_the_left() -> None:
    """Below the name of their column, also where it is a card's label."""
    drawn = sparkline([("new", 2), ("failed", 0)])
    assert re.findall(r' x="(\d+)"', drawn) == ["0", "4"]
    full = re.findall(r' x="(\d+)"', sparkline([("same", 0)] * POLLS))
    assert full[-1] == str(4 * POLLS - 4)

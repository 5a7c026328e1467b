"""In the continuous build (FEEDMILL_CI) a test that it can run must run: its skip is a failure."""

from __future__ import annotations

import os
from collections.abc import Generator

import pytest

MUST_RUN = ("postgres", "browser")
"""Markers of tests whose needs `.ci/run` installs."""


def judged(report: pytest.TestReport, markers: set[str]) -> pytest.TestReport:
    """The report, failed when it is a skip that must not be."""
    if report.skipped and markers.intersection(MUST_RUN):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"must run in the continuous build, and was skipped: {reason}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if not os.environ.get("FEEDMILL_CI"):
        return report
    return judged(report, {mark.name for mark in item.iter_markers()})

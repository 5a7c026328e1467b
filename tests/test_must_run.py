"""The continuous build fails on skips that it must not have."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SAMPLE = '''
import pytest

@pytest.fixture
def database():
    pytest.skip("install Debian's postgresql")

@pytest.mark.postgres
def test_needs_it(database):
    """x"""

@pytest.mark.shared
def test_may_be_absent():
    pytest.skip("no shared material")
'''


@pytest.mark.parametrize(("ci", "failed"), [("", False), ("1", True)])
def test_a_skip_that_must_not_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ci: str, failed: bool
) -> None:
    """With FEEDMILL_CI the PostgreSQL test's skip is a failure that tells its reason; one for want
    of shared material stays a skip."""
    root = Path(__file__).parents[1]
    (tmp_path / "conftest.py").write_text("from tests.must_run import pytest_runtest_makereport\n")
    (tmp_path / "test_it.py").write_text(SAMPLE)
    monkeypatch.setenv("FEEDMILL_CI", ci)
    monkeypatch.setenv("PYTHONPATH", str(root))
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)]
    done = subprocess.run([*command, "-c", "/dev/null"], capture_output=True, text=True)
    assert (done.returncode != 0) == failed, done.stdout
    assert ("1 skipped" if failed else "2 skipped") in done.stdout
    assert ("must run in the continuous build" in done.stdout) == failed

"""Where the shared material lies: cases, corpus and schemas that are not part of the project."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

BESIDE = Path(__file__).resolve().parents[2] / "shared"


def folder() -> Path:
    """FEEDMILL_SHARED, else the folder `shared` beside the checkout."""
    return Path(os.environ.get("FEEDMILL_SHARED") or BESIDE)


def shared(path: str) -> Path:
    """A file or folder of the shared material; skips the test where it is absent."""
    found = folder() / path
    if not found.exists():
        pytest.skip(f"no shared material at {found} (set FEEDMILL_SHARED)")
    return found

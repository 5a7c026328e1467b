"""One file, edited through the door that edits several."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from config import editing


def edit_one(
    path: Path, change: editing.Change, check: Callable[[str, dict[str, Any]], Any]
) -> Any:
    """As `editing.edit_all`; `check` gets text and document."""
    return editing.edit_all({path: change}, lambda said: check(*said[path.resolve()]))

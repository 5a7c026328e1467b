"""Lists of sources that lie elsewhere: where what came of one is kept."""

from __future__ import annotations

import hashlib
from pathlib import Path
from urllib.parse import urlsplit


def kept_list(url: str, folder: Path) -> Path:
    """The file of that list: a name that people know again, and that is no other's."""
    host = "".join(c if c.isalnum() else "-" for c in urlsplit(url).hostname or "list")
    return folder / f"{host[:60]}-{hashlib.sha256(url.encode()).hexdigest()[:12]}.opml"

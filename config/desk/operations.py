"""The operations feed, from what was written down."""

from __future__ import annotations

from datetime import UTC, datetime

from config.desk.house import House
from config.reloading import FIRST
from publisher.render.operations import render_operations

MOST = 100


def operations_feed(house: House) -> bytes:
    """Raises StoreError."""
    note = house.store.note(FIRST)
    began = note[1] if note else datetime.fromtimestamp(0, UTC)
    return render_operations(house.app.site, house.store.happenings(MOST), began)

"""The operator's desk."""

from typing import Any


class Desk:
    def __init__(self, *a: Any, **k: Any) -> None: ...
    async def __call__(self, *a: Any) -> None: ...

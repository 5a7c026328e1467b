"""Numbers in addresses, `{number:id}`: no larger than a database's integers. Python reads no more
than 4300 digits, and SQLite no more than 63 bits."""

from __future__ import annotations

from starlette.convertors import IntegerConvertor, register_url_convertor


class _Id(IntegerConvertor):
    regex = "[0-9]{1,15}"


register_url_convertor("id", _Id())
ID = "{number:id}"
"""In a path."""
MOST = 10**15 - 1
"""As a number of JSON it is exact."""

"""What an editor may not do with a source: let Feedmill into the private network, or carry what was
given to one server (credentials, headers, a way through a proxy) to another. Pure.

`file`, `headers`, `auth`, `proxy` and `secret_url` are in no form and no call of the API: whoever
may edit the file sets them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from feeds.errors import FeedmillError
from feeds.models import Source

ADMIN = "admin"
PRIVATE = "allow_private"
"""The key of [[sources]] that is an admin's: with it a source reads what only this machine can
reach, and its articles show that to whoever made it one (SSRF)."""
_TIED = {
    PRIVATE: "it may have a private address",
    "auth": "it has credentials of its own",
    "headers": "it has headers of its own",
    "proxy": "it has a proxy of its own",
}
"""Key → why the address that goes with it is an admin's: another one would get what is meant for
this one."""


@dataclass(frozen=True, slots=True)
class By:
    """Who does something, and as what."""

    name: str
    role: str

    def __str__(self) -> str:
        return self.name


class Forbidden(FeedmillError):
    """That is for admins; nothing was done."""


def tied(role: str, table: Mapping[str, Any]) -> str:
    """Why that role may not change the address of a source of which this is written; "": it may."""
    if role == ADMIN:
        return ""
    for key, why in _TIED.items():
        # A proxy of "" is one too: past the one that all others go through.
        if table.get(key) or (key == "proxy" and key in table):
            return why
    return ""


def address_in(source: Source, table: Mapping[str, Any]) -> str | None:
    """The address that is written there, where it may be seen and changed: not that of a document
    of this machine, nor one that is, or holds, a secret."""
    url = table.get("url")
    shown = isinstance(url, str) and not source.secret_url and "@" not in url
    return str(url).strip() if shown else None


def check_edit(role: str, table: Mapping[str, Any], values: Mapping[str, Any]) -> None:
    """`table`: what is written of the source; `values`: what is to change. Raises Forbidden."""
    if role != ADMIN and PRIVATE in values:
        raise Forbidden(f"{PRIVATE}: whether a source may have a private address is for admins")
    if "url" in values and (why := tied(role, table)):
        raise Forbidden(f"url: the address of this source is for admins to change, since {why}")


def check_new(role: str, allow_private: bool) -> None:
    """Of a source that is to be looked at, or added. Raises Forbidden."""
    if role != ADMIN and allow_private:
        raise Forbidden(f"{PRIVATE}: only an admin adds sources that have private addresses")

"""What goes along with a source's requests: headers, credentials, proxy; texts or secrets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from config.complaints import Complaints
from config.document import TomlFile
from config.dotted import dotted
from config.lines import Path as KeyPath
from config.schema import SourceTable
from config.values import (
    Secret,
    header_name,
    header_text,
    is_header_name,
    login,
    proxy,
    text_or_secret,
)

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Going:
    """`secret`: the source leaves Feedmill by title and site link only (E32)."""

    headers: dict[str, str] = field(default_factory=dict)
    auth: tuple[str, str] | None = None
    proxy: str | None = None
    secret: bool = False


@dataclass(frozen=True, slots=True)
class SourceSecrets:
    """Reads them for the source that stands at `path` of `file`."""

    folder: Path
    complaints: Complaints
    file: TomlFile
    path: KeyPath

    def read(self, table: SourceTable, url: str) -> Going:
        if not table.headers and table.auth is None and table.proxy is None:  # as nearly all
            secret = isinstance(table.url, Secret)
            return Going(headers={}, auth=None, proxy=None, secret=secret)
        headers, hidden = self._headers(table)
        if table.auth is not None:
            self._only_one(table, url)
        hidden = hidden or any(isinstance(each, Secret) for each in (table.url, table.proxy))
        return Going(
            headers=headers,
            auth=self._value(table.auth, login, "auth"),
            proxy=self._value(table.proxy, proxy, "proxy"),
            secret=hidden or table.auth is not None,
        )

    def _headers(self, table: SourceTable) -> tuple[dict[str, str], bool]:
        """(headers, whether one of them is a secret)"""
        headers, secret = dict[str, str](), False
        for name, given in table.headers.items():
            try:
                header_name(name)
            except ValueError as error:
                key = "" if is_header_name(name) else "headers"
                self._complain(error, "headers", name, key=key)
                continue
            try:
                value = text_or_secret(given)
            except ValueError as error:
                self._complain(error, "headers", name)
                continue
            secret |= isinstance(value, Secret)
            if (text := self._value(value, header_text, "headers", name)) is not None:
                headers[name] = text
        return headers, secret

    def _value(self, given: str | Secret | None, form: Callable[[str], T], *key: str) -> T | None:
        if given is None:
            return None
        try:
            return form(given.value(self.folder) if isinstance(given, Secret) else given)
        except ValueError as error:
            self._complain(error, *key)
            return None

    def _only_one(self, table: SourceTable, url: str) -> None:
        if any(name.lower() == "authorization" for name in table.headers):
            self._complain("`headers` has Authorization already; keep one of them", "auth")
        elif "@" in urlsplit(url).netloc:
            self._complain("its address has a user already; keep one of them", "auth")

    def _complain(self, text: str | ValueError, *at: str, key: str = "") -> None:
        """`key`: as which it is told, when the key itself is not to be repeated."""
        name = dotted((*self.path, key)) if key else ""
        self.file.complain(self.complaints, (*self.path, *at), text, name)

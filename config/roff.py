"""Text as roff, for man(7). Pure."""

from __future__ import annotations

import re

_CODE = re.compile(r"`([^`]+)`")


def escaped(text: str) -> str:
    """Every character as itself: no request, no escape, no ligature, whatever the locale."""
    text = text.replace("\\", r"\e").replace("-", r"\-").replace("`", r"\(ga").replace("'", r"\(aq")
    text = text.replace("^", r"\(ha").replace("~", r"\(ti")
    text = "".join(c if c.isascii() else rf"\[u{ord(c):04X}]" for c in text)
    return rf"\&{text}" if text.startswith(".") else text


def bold(text: str) -> str:
    return rf"\fB{escaped(text)}\fR"


def italic(text: str) -> str:
    return rf"\fI{escaped(text)}\fR"


def prose(text: str) -> str:
    """A help text on one line: what stands in backticks is bold."""
    parts = _CODE.split(" ".join(text.split()))
    shown = [bold(part) if at % 2 else escaped(part) for at, part in enumerate(parts)]
    return "".join(shown)


def paragraphs(text: str) -> list[str]:
    """Lines; an empty one parts paragraphs in the text."""
    first, *rest = [prose(part) for part in re.split(r"\n\s*\n", text.strip())]
    return [first, *(line for part in rest for line in (".PP", part))]


def section(title: str) -> str:
    return f'.SH "{escaped(title)}"'


def subsection(title: str) -> str:
    return f'.SS "{escaped(title)}"'


def item(head: str, text: str) -> list[str]:
    """`head`: in roff already; `text`: prose."""
    return [".TP", head, prose(text)]

"""What is no TOML, and what would be: tomllib says where it stopped, this what to write there."""

from __future__ import annotations

import re
from collections.abc import Callable

from config.lines import dotted_keys, statements
from config.schema import SECTIONS, keys

_BOOLS = {"yes": "true", "on": "true", "no": "false", "off": "false"}
_NONE = frozenset(("null", "none", "nil", "undefined", "~"))
_CURLY = "“”„‟‘’‚‛«»"
_OF_MANY_LINES = ("Unterminated string", "Expected \"'''\"")
_TWICE = re.compile(r"Cannot declare \((.*?),?\) twice")
_HARMLESS = frozenset(key for table in SECTIONS.values() for key in keys(table)) - {
    *("url", "auth", "proxy", "headers", "was", "user_agent", "others", "sources"),
    *("password", "webhook", "users"),
}
_PAIR = re.compile(r"\s*([\w.\"'-]+)\s*[=:]\s*(.*?)\s*$")


def explained(message: str, text: str, line: int) -> str:
    """What tomllib said, in words, with the right form. `line`: from 1."""
    lines = text.split("\n")
    at = lines[line - 1] if line <= len(lines) else ""
    opened = _unclosed_text(text) if message in _OF_MANY_LINES else _opened(text, line)
    if found := _TWICE.search(message):
        return _twice(found[1])
    for beginning, form in _FORMS.items():
        if message.startswith(beginning):
            return f"{message}; {form(at.strip(), opened)}"
    return message


def _opened(text: str, line: int) -> str:
    """The key whose value began in an earlier line and goes on to this one, with that line; ""
    when none does."""
    begin, number = "", 1
    for each in statements(text):
        last = number + text.count("\n", each.start, each.end - 1)
        if number < line <= last and each.keys and not each.header:
            begin = f"`{dotted_keys(each.keys)}` of line {number}"
        number += text.count("\n", each.start, each.end)
    return begin


def _unclosed_text(text: str) -> str:
    """The key of the text of several lines that goes on to the end of the file."""
    start = max(text.rfind('"""'), text.rfind("'''"))
    key = re.search(r"([\w.-]+)\s*=\s*\Z", text[:start])
    return f"`{key[1]}` of line {text.count(chr(10), 0, start) + 1}" if key else ""


def _told(key: str, value: str) -> str:
    """A value of the file, as the right form shows it: what may be a secret is left out."""
    return value if key in _HARMLESS and "@" not in value else "…"


def _twice(names: str) -> str:
    parts = re.findall(r"'([^']*)'", names)
    table = dotted_keys(tuple(parts))
    if parts and parts[0] == "sources":
        return f"[{table}] stands among [[sources]]; write [[sources]], with two brackets, for each"
    return f"[{table}] stands twice; write all its keys below the first of them"


def _value(line: str, opened: str) -> str:
    found = _PAIR.match(line)
    key, value = (found[1], found[2]) if found else ("key", line)
    if value.startswith(("[", "{")) and value.endswith(("]", "}")):
        return f"write each text within {key} in quotes"
    if opened or value.startswith(("[", "{")):
        return f"close the list ({opened or key}) with ], each of its texts in quotes"
    if not value:
        return f'write a value behind it, like {key} = "…"'
    word = value.split("#")[0].strip().lower()
    if word in ("true", "false") or word in _BOOLS:
        return f"write {key} = {_BOOLS.get(word, word)}"
    if word in _NONE:
        return "remove the line: what is not given has its default"
    if value[0] in _CURLY:
        plain = value.strip(_CURLY)
        return f'write straight quotes: {key} = "{_told(key, plain)}"'
    # In capitals: a password may begin with $ too.
    if variable := re.fullmatch(r"\$(\{)?([A-Z_][A-Z0-9_]*)(?(1)\})", value):
        return f'write {key} = {{ env = "{variable[2]}" }}'
    return f'write texts in quotes: {key} = "{_told(key, value)}"'


def _pair(line: str, _opened: str) -> str:
    if re.match(r"[\w.-]+\s*:", line):
        found = _PAIR.match(line)
        value = found[2] if found else ""
        if not value:
            return f"write [{line.partition(':')[0].strip()}] for a table, key = value for the rest"
        key = found[1] if found else "key"
        told = _told(key, value)
        return f"write {key} = " + (told if value[0] in "\"'[{0123456789" else f'"{told}"')
    before, equals, _ = line.partition("=")
    if equals:
        # Who forgot the sign may have written the secret before it: `password aGVsbG8=`.
        words = before.split()
        known = len(words) < 2 or words[0] in _HARMLESS
        key = before.strip() if known else f"{words[0]} …"
        return f'write the key in one word, or in quotes: "{key}" = …'
    return 'write key = value, like title = "Wire"'


def _rest(line: str, _opened: str) -> str:
    if "\r" in line:
        return "save the file with the line ends of Unix or of Windows"
    if header := re.match(r"(\[\[?[^\]]+\]\]?)\s*([^#\s].*)", line):
        return f"write what stands behind {header[1]} below it, on a line of its own"
    found = _PAIR.match(line)
    key, value = (found[1], found[2]) if found else ("key", line)
    if value.endswith((";", ",")):
        return f"write {key} = {_told(key, value[:-1])}, with nothing behind it"
    if re.fullmatch(r"0[0-9]+", value):
        return f"write {key} = {value.lstrip('0') or '0'}"
    if value.startswith("'"):
        inner = value.rstrip().strip("'")
        return f'write double quotes around it: {key} = "{_told(key, inner)}"'
    if value and value[0] not in "\"'[{":
        return f'write it in quotes: {key} = "{_told(key, value)}"'
    return 'write one key = value on each line; a " within a text is written \\"'


def _header(line: str, _opened: str) -> str:
    many = line.startswith("[[")
    name = re.sub(r"[\[\]]", "", line.split("#")[0]).strip()
    table, dot, slug = name.partition(".")
    if dot and table in ("categories", "views"):
        from feeds.text import slugify

        return f"a slug has small letters, digits and hyphens: write [{table}.{slugify(slug)}]"
    return f"write [[{name}]]" if many else f"write [{name}]"


def _key(line: str, opened: str) -> str:
    if "[" in line and "{" not in line:
        return "write a name in the brackets, like [categories.world]"
    inside = f" ({opened})" if opened else ""
    return f"write {{ … }}{inside} on one line, without a comma before }}"


def _statement(line: str, _opened: str) -> str:
    if line.startswith(("//", ";", "--", "/*", "%")):
        return "a comment begins with #"
    if line.startswith("{"):
        return "this looks like JSON: write tables as [site], and below them key = value"
    if line.startswith("<"):
        return "this looks like XML or HTML: an OPML list goes into `include`"
    return "write [table], key = value, or a comment that begins with #"


def _illegal(line: str, _opened: str) -> str:
    quotes = line.count('"') % 2 or line.count("'") % 2
    if quotes:
        return 'close the quotes on the same line; a text of several lines stands in """ … """'
    return "remove that character"


def _unclosed(_line: str, opened: str) -> str:
    return f"close {opened or 'it'} with the same quotes that it began with"


def _list(_line: str, opened: str) -> str:
    return f"put a comma between the elements, and ] behind the last, of {opened or 'the list'}"


_FORMS: dict[str, Callable[[str, str], str]] = {
    "Invalid value": _value,
    "Expected '='": _pair,
    "Expected newline": _rest,
    "Expected ']": _header,
    "Invalid initial": _key,
    "Invalid statement": _statement,
    "Illegal character": _illegal,
    "Unterminated string": _unclosed,
    'Expected "\'"': _unclosed,
    "Unclosed array": _list,
    "Unclosed inline table": _key,
    "Cannot overwrite": lambda _line, _opened: "the key stands there already; keep one of them",
    "Cannot mutate": lambda _line, _opened: "write all of it in one place: there, or as a table",
    "Unescaped": lambda _l, _o: "write \\\\ for each \\, or the text in single quotes '…'",
    "Duplicate inline": lambda _line, _opened: "keep one of them",
    "Escaped character": lambda _line, _opened: "write the character itself",
}


def unreadable(text: str, error: Exception) -> tuple[int, str]:
    """(line, words) of what Python can't take, though it may be TOML: it tells no place."""
    if isinstance(error, RecursionError):
        lines = text.split("\n")
        deepest = max(range(len(lines)), key=lambda n: len(re.findall(r"[\[{]", lines[n])))
        return deepest + 1, "nested too deep; nothing here needs more than a list in a table"
    number = re.search(r"[0-9_]{1000,}", text)
    line = text.count("\n", 0, number.start()) + 1 if number else 1
    key = re.search(r"([\w.-]+)\s*=\s*\Z", text[: number.start()]) if number else None
    named = f"`{key[1]}`: " if key else ""
    return line, f"{named}{str(error).split(';')[0].split(':')[0]}; write a smaller number"

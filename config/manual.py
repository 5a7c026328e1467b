"""feedmill(1), made of the commands themselves, so that it can't say anything else than they do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from config.environment import SINGLE
from config.reference import keys
from config.roff import bold, escaped, italic, item, paragraphs, prose, section, subsection
from config.schema import SECTIONS
from feeds import VERSION

_COMMON = ("config", "log_json", "verbose")
"""Options that most verbs have; told once."""
_EXIT = (
    ("0", "Done. For `poll`: the round ran, whatever single sources said."),
    ("1", "Could not; standard error says why. For `poll --strict`: a source failed."),
    ("2", "The configuration or the command line is wrong; each complaint is one line."),
)
_FILES = (
    ("feedmill.toml", "The configuration. Paths in it are relative to its folder."),
    ("var/feedmill.db", "The database, where `store.url` names no other; see `backup`."),
    ("var/public/", "Feeds and pages, where `output.directory` names no other folder."),
    ("var/private/", "Private feeds, where `output.private` names no other folder."),
)
_EXAMPLES = (
    ("feedmill init && feedmill run", "Writes the example, then polls, publishes and serves it."),
    ("feedmill add https://example.org/ --category world", "Adds the feed that a page names."),
    ("feedmill sources --failing", "What is wrong, the gravest first."),
)


def render(command: Any, name: str = "feedmill") -> str:
    """The page in roff. `command`: the root of the tree, as Typer makes it. The same bytes each
    time: no date."""
    summary, _, more = (command.help or "").partition("\n\n")
    lines = [
        f'.TH {name.upper()} 1 "" "Feedmill {VERSION}" "User Commands"',
        section("NAME"),
        rf"{name} \- {prose(_phrase(summary))}",
        section("SYNOPSIS"),
        f"{bold(name)} [{italic('options')}] {italic('command')} [{italic('arguments')}]",
        section("DESCRIPTION"),
        *paragraphs(f"{summary}\n\n{more}" if more else summary),
        section("OPTIONS"),
        *paragraphs("These may stand before the command, and most of them after it as well."),
        *(line for each in _options(command) for line in item(_head(each), each.help or "")),
        *item(rf"{bold('-h')}, {bold('--help')}", "Say what there is, of any command too."),
        section("COMMANDS"),
    ]
    for path, verb in _verbs(command, ()):
        lines += _verb(" ".join(path), verb)
    return "\n".join([*lines, *_rest()]) + "\n"


def _phrase(text: str) -> str:
    """A sentence as the line of NAME has it."""
    return text[:1].lower() + text[1:].rstrip(".")


def _verbs(command: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, each in command.commands.items():
        if each.hidden:
            continue
        if hasattr(each, "commands"):
            yield from _verbs(each, (*path, name))
        else:
            yield (*path, name), each


def _verb(name: str, verb: Any) -> list[str]:
    arguments = [each for each in verb.params if not _is_option(each)]
    shown = " ".join([name, *(_argument(each) for each in arguments)])
    lines = [subsection(shown), *paragraphs(verb.help or "")]
    for each in arguments:
        if getattr(each, "help", None):
            lines += item(italic(_metavar(each)), each.help)
    for each in _options(verb):
        if each.name not in _COMMON:
            lines += item(_head(each), each.help or "")
    return lines


def _is_option(parameter: Any) -> bool:
    return bool(parameter.opts[0].startswith("-"))


def _options(command: Any) -> list[Any]:
    return [each for each in command.params if _is_option(each) and not each.hidden]


def _metavar(parameter: Any) -> str:
    return str(parameter.metavar or parameter.name.upper())


def _argument(parameter: Any) -> str:
    shown = _metavar(parameter) + (" ..." if parameter.nargs == -1 else "")
    return shown if parameter.required else f"[{shown}]"


def _head(option: Any) -> str:
    """The short one first."""
    names = sorted([*option.opts, *option.secondary_opts], key=len)
    said = ", ".join(bold(name) for name in names)
    return said if option.is_flag else f"{said} {italic(_metavar(option))}"


def _rest() -> Iterator[str]:
    yield section("EXIT STATUS")
    for code, text in _EXIT:
        yield from item(bold(code), text)
    yield section("ENVIRONMENT")
    yield from item(bold("FEEDMILL_CONFIG"), "The configuration, where `--config` names none.")
    yield from item(
        rf"\fBFEEDMILL_\fR{italic('SECTION')}_{italic('KEY')}",
        "Sets one key of the configuration, before the file does. In `poll`, `websub`, `hub`, "
        "`stories` and `retention` read as TOML where it is TOML, else as text.",
    )
    variables = [(table, key.name) for table in SINGLE for key in keys(SECTIONS[table])]
    names = [f"FEEDMILL_{table}_{key}".upper() for table, key in variables]
    yield from (".IP", ",\n".join(escaped(name) for name in names) + ".")
    yield section("FILES")
    for name, text in _FILES:
        yield from item(italic(name), text)
    yield section("EXAMPLES")
    for line, text in _EXAMPLES:
        yield from item(bold(line), text)

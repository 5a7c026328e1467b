"""docs/settings.md: every key is explained, and the page is what the models say."""

from __future__ import annotations

import tomllib

import pytest

from config.reference import COMMAND, NONE, duration, explanations, keys, render
from config.schema import SECTIONS, MainFile, Table
from tests.flows.command import ROOT

TABLES: dict[str, type[Table]] = {"": MainFile, **SECTIONS}


@pytest.mark.parametrize("name", TABLES)
def test_every_key_is_explained(name: str) -> None:
    """A sentence below each key in config/schema.py, and one for the table."""
    of = TABLES[name]
    assert of.__doc__ != Table.__doc__, f"{of.__name__} needs a docstring"
    for key in keys(of):
        assert key.text.endswith("."), f"{of.__name__}.{key.name} needs a sentence below it"
        assert "|" not in key.text, f"{of.__name__}.{key.name}: a | would end its cell"
    assert explanations(of).keys() <= of.model_fields.keys()


def test_the_page_is_up_to_date() -> None:
    """Whoever changes a key makes the page anew."""
    page = (ROOT / "docs" / "settings.md").read_text()
    assert page == render(), f"docs/settings.md is not what the models say: run `{COMMAND}`"


@pytest.mark.parametrize("name", TABLES)
def test_defaults_can_be_written(name: str) -> None:
    """A default, copied from the page into the file, is what holds without it."""
    for key in keys(TABLES[name]):
        if key.default != NONE:
            raw = tomllib.loads(f"{key.name} = {key.default.strip('`')}")
            read = getattr(TABLES[name].model_validate(raw), key.name)
            assert read == TABLES[name].model_fields[key.name].get_default(
                call_default_factory=True
            )


def test_the_prose_has_every_key() -> None:
    """docs/configuration.md says so of itself."""
    prose = (ROOT / "docs" / "configuration.md").read_text()
    for of in TABLES.values():
        assert not [key.name for key in keys(of) if f"`{key.name}`" not in prose], of.__name__


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.5, "0.5s"), (1.0, "1s"), (90.0, "90s"), (900.0, "15m"), (86_400.0, "1d"), (6e5, "10000m")],
)
def test_durations_in_words(seconds: float, said: str) -> None:
    """In the largest unit that says them whole."""
    assert duration(seconds) == said

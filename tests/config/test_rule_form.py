"""Rules as the desk's form has them: what is written comes back, what lines can't say is TOML."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, reject
from hypothesis import strategies as st

from config.desk.rules import RuleForm, form_of
from config.rules import as_table, match_rule
from feeds.errors import ConfigError
from feeds.models import FIELDS

LINE = st.builds(
    lambda field, pattern: {field: pattern},
    st.sampled_from(FIELDS),
    st.text("abc .*?|(:)", min_size=1, max_size=8).map(str.strip).filter(bool),
)
LINES = st.lists(LINE, min_size=1, max_size=3)
RULES = st.fixed_dictionaries(
    {}, optional={"all": LINES, "any": LINES, "not": LINES.map(lambda each: {"any": each})}
)


@given(RULES)
def test_lines_come_back(rule: dict[str, Any]) -> None:
    """What the form writes it shows again, line by line."""
    form = form_of(rule)
    assert not form.toml
    assert (form.table() or {}) == rule


@pytest.mark.parametrize(
    ("rule", "every", "some", "none"),
    [
        ({"title": "ferry"}, "title: ferry", "", ""),
        ({"title": "a", "any": [{"text": "b"}]}, "title: a", "text: b", ""),
        ({"not": {"source": "x"}}, "", "", "source: x"),
    ],
)
def test_rules_written_by_hand(rule: dict[str, Any], every: str, some: str, none: str) -> None:
    """In shorter words than the form's own; they mean the same."""
    form = form_of(rule)
    assert (form.every, form.some, form.none, form.toml) == (every, some, none, "")
    assert match_rule(form.table()).kind


@pytest.mark.parametrize(
    "rule",
    [
        {"title": ["a", "b"]},
        {"any": [{"all": [{"title": "a"}, {"text": "b"}]}]},
        {"not": {"all": [{"title": "a"}, {"text": "b"}]}},
        {"any": [{"title": "a", "text": "b"}]},
    ],
)
def test_what_lines_can_not_say(rule: dict[str, Any]) -> None:
    """It is shown as TOML, and means what it meant."""
    form = form_of(rule)
    assert form.toml
    assert form.table() == rule


@pytest.mark.parametrize(
    ("form", "words"),
    [
        (RuleForm(every="ferry"), 'all of, line 1: no rule; write one like "title: ferr(y|ies)"'),
        (RuleForm(some="title: a\ntitel: b"), 'any of, line 2: no rule; did you mean "title"?'),
        (RuleForm(none="title:"), "none of, line 1: no rule"),
        (RuleForm(toml="{ title = }"), "not TOML"),
        (RuleForm(toml='"a"'), "write a table"),
        (RuleForm(toml='{ title = "a" }\nother = 1'), "write a table"),
        (RuleForm(every="title: a", toml='{ title = "a" }'), "not both"),
    ],
)
def test_mistakes(form: RuleForm, words: str) -> None:
    """Each is told with field and line, and what to write."""
    with pytest.raises(ConfigError, match=r"^match") as told:
        form.table()
    assert words in str(told.value)


def test_no_rule() -> None:
    assert RuleForm().table() is None
    assert form_of(None) == RuleForm()


@given(RULES.filter(bool))
def test_a_rule_that_was_read_is_written(rule: dict[str, Any]) -> None:
    """As a table that means the same: what `plan` shows."""
    try:
        read = match_rule(rule)
    except ValueError:  # "(" is no pattern
        reject()
    assert match_rule(as_table(read)) == read


@pytest.mark.parametrize(
    "rule",
    [
        {"title": "ferry"},
        {"title": ["a", "b"]},
        {"title": "a", "any": [{"text": "b"}, {"text": "c"}]},
        {"all": [{"title": "a"}, {"title": "b"}]},
        {"not": {"all": [{"title": "a"}, {"title": "b"}]}},
        {"any": [{"title": "a", "text": "b"}, {"url": "c"}]},
    ],
)
def test_written_as_by_hand(rule: dict[str, Any]) -> None:
    assert as_table(match_rule(rule)) == rule

"""What may be a secret is in no complaint: whatever is wrong with it, wherever it was put."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from config.load import load
from config.written import value_text
from feeds.errors import ConfigError

MARK = "zQ9xvK"
"""What nobody is to read. In no key, no path and no word of ours."""

# Each with %s for a value in TOML, whose whole is a secret.
SECRET_KEYS = (
    "store = %s",
    "[store]\nurl = %s",
    "poll = %s",
    "[poll]\nproxy = %s",
    "alerts = %s",
    "[alerts]\nwebhook = %s",
    "desk = %s",
    "[desk]\nusers = %s",
    "[desk.users]\nanna = %s",
    "[desk.users.anna]\npassword = %s",
    '[desk.users.anna]\nrole = "admin"\npassword = %s',
    '[desk.users.anna]\nrole = "admin"\npasword = %s',
    "[desk.users.anna]\nrole = %s",
    '[[sources]]\nurl = "https://a.example/"\nauth = %s',
    '[[sources]]\nurl = "https://a.example/"\nproxy = %s',
    '[[sources]]\nurl = "https://a.example/"\nheaders = %s',
    '[[sources]]\nurl = "https://a.example/"\nheaders = { Authorization = %s }',
    "[[sources]]\nsecret_url = true\nurl = %s",
    '[[sources]]\nsecret_url = "yes"\nurl = %s',
    '[[sources]]\nauth = "a"\nurl = %s',
    '[[sources]]\nsecret_url = true\nurl = "https://a.example/"\nwas = %s',
    "[[sources]]\nsecret_url = true\nfile = %s",
    '[[sources]]\nsecret_url = true\nurl = "https://a.example/"\n'
    '[[sources]]\nurl = "https://b.example/"\nsecret_url = true\nwas = "https://a.example/"\n'
    "[[sources]]\nsecret_url = true\nurl = %s",
)
# The same, where user, password and query are secrets.
ADDRESS_KEYS = (
    "include = %s",
    "include = [%s]",
    "[hub]\nothers = %s",
    "[hub]\nothers = [%s]",
    "hub = %s",
    "[site]\nurl = %s",
    "sources = %s",
    "sources = [%s]",
    "[[sources]]\nurl = %s",
    '[[sources]]\nurl = "https://a.example/"\nwas = %s',
    "[views.v]\nsources = [%s]",
    "[views.v]\nsources = %s",
    "[poll]\nallow_private = [%s]",
    "[server]\nlisten = %s",
)
VARIABLES = ("STORE_URL", "POLL_PROXY", "ALERTS_WEBHOOK")

AROUND = st.text("abz09 :/.@?#=&%\\\t'[]{}$-é", max_size=8)
ADDRESSES = st.builds(
    str.format,
    st.sampled_from(
        [
            "u:{m}@x.example/l.opml",
            "https://u:{m}@x.example:port/",
            "https://u:{m} @x.example/",
            "https://u:{m}/{m}@x.example/",
            "https://u:{m}@{m}@x.example/l",
            "http:/u:{m}@x.example/",
            "ftp://u:{m}@x.example/l.opml",
            "//u:{m}@x.example/l",
            "feed:https://u:{m}@x.example/",
            "https://x.example/ l?key={m}",
            "x.example/l?key={m}",
            "ftp://x.example/l.opml?{m}",
            "https://x..example/#{m}",
            "https://u:{m}@x.example/a\tb",
            "https://x.example/a\tb?{m}",
        ]
    ),
    m=st.just(MARK),
)
SECRETS = ADDRESSES | st.builds("{}{}{}".format, AROUND, st.just(MARK), AROUND)
SECRETS |= st.sampled_from(
    [
        f"hooks.example/T0/{MARK}",
        f"https://hooks.example/T0/ {MARK}",
        f"ftp://hooks.example/{MARK}",
        f"mysql://u:{MARK}@h/n",
        f"sqlite:///x?key={MARK}",
        f"https://x.example:99999/{MARK}",
    ]
)


def shapes(texts: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    """As a text, and as what a text is put into by mistake."""
    return st.one_of(
        texts,
        texts.map(lambda text: [text]),
        texts.map(lambda text: [[text], 5]),
        texts.map(lambda text: {"url": text, "password": text, "x": [text]}),
        texts.map(lambda text: {"env": f"{text} "}),
        texts.map(lambda text: {"env": text, "x": text}),
    )


def told(folder: Path, text: str, env: dict[str, str] | None = None) -> list[str]:
    (folder / "feedmill.toml").write_text(text + "\n", encoding="utf-8")
    try:
        load(folder / "feedmill.toml", env or {})
    except ConfigError as error:
        return list(error.complaints)
    return []


HERE = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.mark.parametrize("key", SECRET_KEYS)
@HERE
@given(value=shapes(SECRETS))
def test_a_secret(tmp_path: Path, key: str, value: Any) -> None:
    found = told(tmp_path, key.replace("%s", value_text(value)))
    assert MARK not in "".join(found)


@pytest.mark.parametrize("key", ADDRESS_KEYS)
@HERE
@given(value=shapes(ADDRESSES))
def test_an_address(tmp_path: Path, key: str, value: Any) -> None:
    found = told(tmp_path, key.replace("%s", value_text(value)))
    assert MARK not in "".join(found)


@pytest.mark.parametrize("name", VARIABLES)
@HERE
@given(value=SECRETS.map(lambda text: text.replace("\0", "")))
def test_a_variable(tmp_path: Path, name: str, value: str) -> None:
    for text in (value, json.dumps(value), f"[{json.dumps(value)}]"):
        assert MARK not in "".join(told(tmp_path, "", {f"FEEDMILL_{name}": text}))


@pytest.mark.parametrize(
    "lines",
    [
        f"[desk.users]\nanna: {MARK}",
        f"[desk]\nusers = anna:{MARK}",
        f"[desk.users.anna]\npassword {MARK}==",
        f"[desk.users.anna]\npassword = {MARK}",
        f"[desk.users.anna]\npassword = “{MARK}”",
        f"[alerts]\nwebhook = hooks.example/{MARK}",
        f"[alerts]\nwebhook: https://hooks.example/{MARK}",
        f'[[sources]]\nheaders = {{ "Authorization: Bearer {MARK}" = "x" }}',
        f"[[sources]]\nheaders = {{ Authorization = {MARK} }}",
        f"[[sources]]\nauth = u:{MARK}",
        f"[[sources]]\nauth u:{MARK} = 5",
    ],
)
def test_what_is_no_toml(tmp_path: Path, lines: str) -> None:
    """The right form is shown without what stood there."""
    found = told(tmp_path, lines)
    assert found
    assert MARK not in "".join(found)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[alerts]\nwebhook = "hooks.example/T"', 'is no web address; write "https://host/path"'),
        ('[desk.users]\nanna = "x"', "must be a table; write [desk.users.anna] with password and"),
        ('[hub]\nothers = ["u:x@h"]', '"…@h" is no web address'),
        ('include = ["u:x@h.example/l.opml"]', '"…@h.example/l.opml": there is no such file'),
    ],
)
def test_it_is_told_all_the_same(tmp_path: Path, text: str, said: str) -> None:
    """Place, key, and the right form."""
    [line] = told(tmp_path, text)
    assert said in line

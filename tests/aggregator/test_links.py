"""Hub discovery: RFC 8288 headers, then the document (WebSub §4)."""

from __future__ import annotations

import pytest

from aggregator.links import announced, links
from tests.aggregator.making import document

URL = "https://a.org/blog/feed?x=1"
HUB, SELF = "https://hub.test/", "https://a.org/self"


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (f'<{HUB}>; rel="hub"', [("hub", HUB)]),
        (f"<{HUB}>; rel=hub, <{SELF}>; rel=self", [("hub", HUB), ("self", SELF)]),
        (f"<{HUB}>;rel=hub,<{SELF}>;rel=self", [("hub", HUB), ("self", SELF)]),
        (f'<{HUB}>; REL="HUB self"', [("hub", HUB), ("self", HUB)]),
        (f'<{HUB}>; title="a, <b>; rel=x"; rel="hub"', [("hub", HUB)]),
        (r'<https://h.test/>; title="say \"rel=no\""; rel=hub', [("hub", "https://h.test/")]),
        ("</x?a=1,2>; rel=self", [("self", "https://a.org/x?a=1,2")]),
        ("<>; rel=self", [("self", URL)]),
        (f"<{HUB}>; rel=hub; rel=self", [("hub", HUB)]),
        (f"<{HUB}>; crossorigin; rel=hub; title*=UTF-8''a%2C", [("hub", HUB)]),
        (f'<{HUB}>; anchor="https://other.org/"; rel=hub', []),
        (f'<{HUB}>; anchor="#part"; rel=hub', [("hub", HUB)]),
        (f" , , <{HUB}> ; rel = hub", [("hub", HUB)]),
        (f"<{HUB}>", []),
        (f"nonsense, <{HUB}>; rel=hub", []),
        ("<http://[bad>; rel=hub, <https://b.test/>; rel=hub", [("hub", "https://b.test/")]),
        ("", []),
    ],
)
def test_links(header: str, expected: list[tuple[str, str]]) -> None:
    """Several in one header, quoted commas, several relations, relative targets; the first rel of a
    link counts (§3.3), and a link about another resource does not (§3.2)."""
    assert list(links(header, URL)) == expected


def test_a_header_that_would_take_long() -> None:
    """An endless header of nothing: over at once."""
    assert list(links("<a>" + "; x" * 100_000, URL)) == []
    assert list(links('<a>; t="' + "\\" * 100_000, URL)) == []


def test_headers_come_first() -> None:
    """Each relation from the header where that has it, else from the document."""
    said = document(hubs=("https://doc.test/hub",), self_link="https://doc.test/self")
    header = {"link": f'<{HUB}>; rel="hub", <https://second.test/>; rel=hub'}
    assert announced({}, URL, said) == ("https://doc.test/hub", "https://doc.test/self")
    assert announced(header, URL, said) == (HUB, "https://doc.test/self")
    both = {"link": f"<{SELF}>; rel=self, <{HUB}>; rel=hub"}
    assert announced(both, URL, said) == (HUB, SELF)
    assert announced(both, URL, document()) == (HUB, SELF)
    assert announced({}, URL, document()) == (None, None)


def test_a_hub_that_is_no_web_address() -> None:
    """It is none; the next one counts."""
    said = document(hubs=("mailto:hub@a.org", "https://doc.test/hub"))
    assert announced({"link": "<ftp://hub.test/>; rel=hub"}, URL, said).hub == (
        "https://doc.test/hub"
    )

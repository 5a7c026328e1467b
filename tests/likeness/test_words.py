"""Finding the words of a text: what is quicker finds the same."""

from __future__ import annotations

import sys

import pytest

from aggregator.likeness import words
from aggregator.likeness.words import seen_text, words_of

TEXTS = (
    "Plain words, 1,000.50 of them at 10:30; abc123def under_scored",
    "Größe ‘quoted’ — naïve café 1.234,5 ½ x² ﬁne",
    "日本語 and かな, ไทย ๑๒.๓ 3.๕, ລາວ, မြန်မာ, ខ្មែរ, 한국어",
    "नमस्ते दुनिया १२३ שלום عربي٣٫٥",
    "an 😀 emoji, 𝔘𝔫𝔦 𐐷 beyond the basic plane 𝟙𝟚",
)


@pytest.mark.parametrize("text", TEXTS)
def test_each_finder_finds_the_same(text: str) -> None:
    """Whatever a text is made of."""
    folded = words.folded(text)
    assert words_of(text) == words._WORD.findall(folded)
    assert words._word(text).findall(text) == words._WORD.findall(text)


def test_every_character() -> None:
    """Alone, and within a word and a number."""
    for code in range(sys.maxunicode + 1):
        if 0xD800 <= code < 0xE000:
            continue
        text = f"a{chr(code)}b 1{chr(code)}2"
        assert words._word(text).findall(text) == words._WORD.findall(text), hex(code)


def test_tags() -> None:
    """A block ends a line; ">" within quotes ends no tag; an unknown name is no block's."""
    html = 'a<b title="x > y">c</b><br>d<picture>e</picture><P>f</p  ><h2 id="">g</h2>'
    assert seen_text(html) == "ac\nde" + "f\n\ng\n"


def test_a_tag_that_never_ends() -> None:
    """It is text, and costs no time."""
    html = '<a href="' + "x" * 100_000
    assert seen_text(html) == html

"""The words of an article, as far as likeness cares. Pure.

Markup, punctuation, case and the repeated headline do not count. Scripts without spaces between
words go by character. A number is one word, however its thousands are marked.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cached_property
from html import unescape

from feeds.models import Entry

LONGEST = 5000
"""Words of a text that are looked at."""

_BLOCK = re.compile(
    r"</?(?:address|article|aside|blockquote|br|caption|center|dd|details|div|dl|dt|figcaption"
    r"|figure|footer|h[1-6]|header|hr|img|iframe|li|nav|ol|p|pre|section|summary|table|tbody|td"
    r"|tfoot|th|thead|tr|ul|video|audio)\b(?:[^>\"]|\"[^\"]*\")*>"
)
_TAG = re.compile(r"<(?:[^>\"]|\"[^\"]*\")*>")
_NUMBER = r"\d+(?:[.,:]\d+)*"
# Han, kana, Thai, Lao, Khmer, Burmese: no spaces between words.
_UNSPACED = r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]"
_WORD = re.compile(rf"{_UNSPACED}|{_NUMBER}|[^\W\d_{_UNSPACED[1:-1]}]+")
_THOUSANDS = re.compile(r"(?<=\d)[.,](?=\d{3}(?!\d))")
_SENTENCE = re.compile(r"[.!?:;\u0964\u3002\uff01\uff1f\"“”«»()\[\]–—\n-]\s*$")


def seen_text(html: str) -> str:
    """The text of cleaned HTML; a block ends a line."""
    html = html.replace("\n", " ")
    if "<" in html:
        html = _TAG.sub("", _BLOCK.sub("\n", html))
    return unescape(html) if "&" in html else html


def words_of(text: str) -> list[str]:
    """In their own case."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    return _WORD.findall(text)


def folded(word: str) -> str:
    """What two spellings of a word share."""
    if word[0].isdigit():
        return _THOUSANDS.sub("", word)
    return word.casefold()


@dataclass(frozen=True)
class Text:
    """Title and body of an article's first revision. `body` without the title where it begins
    with that; `lines`: where in it lines begin, its end included."""

    title: tuple[str, ...]
    body: tuple[str, ...]
    lines: frozenset[int]
    raw: str

    @cached_property
    def held(self) -> frozenset[str]:
        """All words of the body."""
        return frozenset(self.body)

    @cached_property
    def named(self) -> frozenset[str]:
        """Words of the body that look like names: a capital in the middle of a sentence, never
        without one."""
        names, others = set[str](), set[str]()
        for match in _WORD.finditer(self.raw):
            word = match[0]
            first = word[0]
            if first.isupper():
                if not _begins(self.raw, match.start()):
                    names.add(word.casefold())
            elif first.islower():
                others.add(word.casefold())
        return frozenset(names - others)


def _begins(text: str, at: int) -> bool:
    """Whether a sentence may begin there."""
    before = text[max(0, at - 4) : at]
    return not before.strip() or _SENTENCE.search(before) is not None


def body_of(entry: Entry) -> str:
    """What is seen of its content, else of its summary: the fuller one where both are there."""
    texts = [seen_text(html) for html in (entry.content, entry.summary) if html]
    return max(texts, key=len, default="")


def text_of(entry: Entry) -> Text:
    raw = body_of(entry)
    title = tuple(map(folded, words_of(entry.title)))
    body: list[str] = []
    lines: set[int] = set()
    for line in raw.splitlines():
        lines.add(len(body))
        body.extend(map(folded, words_of(line)))
        if len(body) > LONGEST:
            break
    begun = len(title) if title and tuple(body[: len(title)]) == title else 0
    begun = begun if begun < len(body) else 0
    words = tuple(body[begun:LONGEST])
    return Text(title, words, frozenset({at - begun for at in lines} | {len(words)}), raw)

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
    """As they are compared: without case, numbers without the marks of their thousands."""
    return _WORD.findall(folded(text))


def folded(text: str) -> str:
    """What two spellings of a text share."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    return _THOUSANDS.sub("", text.casefold())


@dataclass(frozen=True)
class Text:
    """Title and body of an article's first revision. `body` without the title where it begins
    with that, of which so many words were `dropped`; `raw` as it is seen."""

    title: tuple[str, ...]
    body: tuple[str, ...]
    dropped: int
    raw: str

    @cached_property
    def lines(self) -> frozenset[int]:
        """Where in the body lines begin; its end included."""
        begins, at = {len(self.body)}, -self.dropped
        for line in self.raw.splitlines():
            begins.add(at)
            at += len(words_of(line))
        return frozenset(begins)

    @cached_property
    def held(self) -> frozenset[str]:
        """All words of the body."""
        return frozenset(self.body)

    @cached_property
    def named(self) -> frozenset[str]:
        """Words of the body that look like names: a capital in the middle of a sentence, never
        without one."""
        names, others = set[str](), set[str]()
        raw = self.raw if self.raw.isascii() else unicodedata.normalize("NFKC", self.raw)
        for match in _WORD.finditer(raw):
            word = match[0]
            first = word[0]
            if first.isupper():
                if not _begins(raw, match.start()):
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
    title = tuple(words_of(entry.title))
    body = tuple(words_of(raw))
    begun = len(title) if title and body[: len(title)] == title else 0
    begun = begun if begun < len(body) else 0
    return Text(title, body[begun : begun + LONGEST], begun, raw)

"""The words of an article, as far as likeness cares. Pure.

Markup, punctuation, case and the repeated headline do not count. Scripts without spaces between
words go by character. A number is one word, however its thousands are marked.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cached_property, lru_cache
from html import unescape

from feeds.models import Entry

LONGEST = 5000
"""Words of a text that are looked at."""

# The rest of a tag: ">" may stand within the quotes of an attribute.
_REST = r"[^>\"]*+(?:\"[^\"]*+\"[^>\"]*+)*+>"
# By first letters: tried one by one, the names cost twice as much.
_BLOCK = re.compile(
    r"</?(?:a(?:ddress|rticle|side|udio)|b(?:lockquote|r)|c(?:aption|enter)|d(?:d|etails|iv|l|t)"
    r"|f(?:igcaption|igure|ooter)|h(?:[1-6]|eader|r)|i(?:mg|frame)|li|nav|ol|p(?:|re)"
    rf"|s(?:ection|ummary)|t(?:able|body|d|foot|h|head|r)|ul|video)\b{_REST}"
)
_TAG = re.compile(rf"<{_REST}")
_NUMBER = r"\d+(?:[.,:]\d+)*"
# Han, kana, Thai, Lao, Khmer, Burmese: no spaces between words.
_UNSPACED = r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
_LETTER = rf"[^\W\d_{_UNSPACED}]"
_WORD = re.compile(rf"[{_UNSPACED}]|{_NUMBER}|{_LETTER}+")
_ASCII_WORD = re.compile(r"[a-zA-Z]+|[0-9]+(?:[.,:][0-9]+)*")
_MARKS = "‘’“”–—•"
_ASTRAL = re.compile("[\U00010000-\U0010ffff]")
_THOUSANDS = re.compile(r"[.,](?<=\d.)(?=\d{3}(?!\d))")
_SENTENCE = re.compile(r"[.!?:;\u0964\u3002\uff01\uff1f\"“”«»()\[\]–—\n-]\s*$")


def seen_text(html: str) -> str:
    """The text of cleaned HTML; a block ends a line."""
    html = html.replace("\n", " ")
    if "<" in html:
        html = _TAG.sub("", _BLOCK.sub("\n", html))
    return unescape(html) if "&" in html else html


def words_of(text: str) -> list[str]:
    """As they are compared: without case, numbers without the marks of their thousands."""
    text = folded(text)
    return _word(text).findall(text)


def folded(text: str) -> str:
    """What two spellings of a text share."""
    if not text.isascii():
        # Four of five texts that are not ASCII are so by these alone, of which no word has any.
        for mark in _MARKS:
            text = text.replace(mark, " ")
    return _THOUSANDS.sub("", _composed(text).casefold())


def _composed(text: str) -> str:
    """In NFKC. Nine of ten texts that are not have these two characters only."""
    if text.isascii():
        return text
    return unicodedata.normalize("NFKC", text.replace("\xa0", " ").replace("…", "..."))


def _word(text: str) -> re.Pattern[str]:
    """What finds the words of this text: all find the same, at a half and a third of _WORD's
    cost where they will do."""
    if text.isascii():
        return _ASCII_WORD
    return _WORD if _ASTRAL.search(text) else _plane()


@lru_cache(maxsize=1)
def _plane() -> re.Pattern[str]:
    """_WORD for texts of the basic plane. Its letters as they are, which is one look into a table
    for each character; what _LETTER says of them is ten questions."""
    every = "".join(map(chr, range(0x10000)))
    runs = (found[0] for found in re.finditer(f"{_LETTER}+", every))
    letters = "".join(f"{re.escape(run[0])}-{re.escape(run[-1])}" for run in runs)
    return re.compile(rf"[{letters}]+|[{_UNSPACED}]|{_NUMBER}")


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
        raw = _composed(self.raw)
        for match in _word(raw).finditer(raw):
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
    title, body = words_of(entry.title), words_of(raw)
    begun = len(title) if title and body[: len(title)] == title else 0
    begun = begun if begun < len(body) else 0
    return Text(tuple(title), tuple(body[begun : begun + LONGEST]), begun, raw)

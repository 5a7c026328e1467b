"""What somebody may have meant."""

from __future__ import annotations

import difflib
from collections.abc import Collection


def did_you_mean(word: str, words: Collection[str], prefix: str = "") -> str:
    """`did you mean "x"?`, or the list of what there is. `prefix`: what all of them begin with,
    so that it makes none of them similar."""
    small = {each.lower(): each for each in words}
    if close := [small[each] for each in difflib.get_close_matches(word.lower(), small, 1, 0.6)]:
        return f'did you mean "{prefix}{close[0]}"?'
    there = ", ".join(prefix + each for each in sorted(words))
    return f"there is {there}" if words else "there is none"

"""Small charts as SVG, drawn from numbers: bars over time, and the last polls of a source. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from markupsafe import Markup, escape

from feeds.models import Outcome

_WORDS = {
    Outcome.NEW: "new",
    Outcome.UNCHANGED: "fine",
    Outcome.SAME: "fine",
    Outcome.NOT_MODIFIED: "fine",
    Outcome.DEFERRED: "deferred",
    Outcome.FAILED: "bad",
}
POLLS = 20
"""Of a sparkline."""


def bars(
    values: Sequence[tuple[str, int]],
    *,
    label: str,
    height: int = 56,
    marks: Mapping[int, str] | None = None,
) -> Markup:
    """One bar for each (what it is, how many); the whole is told to those who can't see it.
    `marks`: where a line stands before a bar, and what is written below it."""
    most = max((count for _, count in values), default=0) or 1
    width = max(len(values), 1)
    drawn = Markup("").join(
        Markup(
            '<rect x="{}" y="{:.2f}" width=".8" height="{:.2f}"><title>{}: {}</title></rect>'
        ).format(at, height - height * count / most, height * count / most, name, count)
        for at, (name, count) in enumerate(values)
        if count
    )
    lines = Markup("").join(
        Markup('<path class="day" d="M{} 0V{}"/>').format(at, height) for at in marks or {}
    )
    total = sum(count for _, count in values)
    text = f"{label}: {total} in all, {most if total else 0} at the most"
    return Markup(
        '<svg class="bars" viewBox="0 0 {} {}" preserveAspectRatio="none" role="img" '
        'aria-label="{}">{}{}</svg>{}'
    ).format(width, height, text, lines, drawn, _below(marks or {}, width))


def _below(marks: Mapping[int, str], width: int) -> Markup:
    """In a drawing of its own: the bars' is stretched to the room there is."""
    if not marks:
        return Markup("")
    words = Markup("").join(
        Markup('<text x="{:.2f}%" y="13" dx="3">{}</text>').format(100 * at / width, word)
        for at, word in marks.items()
        if at < width * 0.93  # nothing is to be cut at the end
    )
    return Markup('<svg class="days" aria-hidden="true">{}</svg>').format(words)


def shares(parts: Mapping[str, int], *, label: str) -> Markup:
    """One bar, divided: state or outcome → how many."""
    total = sum(parts.values()) or 1
    drawn, at = Markup(""), 0.0
    for name, count in parts.items():
        if not count:
            continue
        size = 100 * count / total
        drawn += Markup(
            '<rect class="s-{}" x="{:.3f}" y="0" width="{:.3f}" height="10">'
            "<title>{}: {}</title></rect>"
        ).format(name.replace(" ", "-"), at, size, name, count)
        at += size
    told = ", ".join(f"{name} {count}" for name, count in parts.items() if count) or "none"
    return Markup(
        '<svg class="shares" viewBox="0 0 100 10" preserveAspectRatio="none" role="img" '
        'aria-label="{}">{}</svg>'
    ).format(f"{label}: {told}", drawn)


def sparkline(polls: Sequence[tuple[str, int]]) -> Markup:
    """(outcome, new articles) of the last polls, oldest first."""
    most = max((new for _, new in polls), default=0) or 1
    drawn = Markup("")
    # From the left, where the column's name is, also where the polls are few.
    for at, (outcome, new) in enumerate(polls):
        height = 4 + (12 * new / most if new else 0)
        drawn += Markup('<rect class="p-{}" x="{}" y="{:.1f}" width="3" height="{:.1f}"/>').format(
            _WORDS[Outcome(outcome)], at * 4, 16 - height, height
        )
    failed = sum(outcome == Outcome.FAILED for outcome, _ in polls)
    news = sum(new for _, new in polls)
    text = f"last {len(polls)} polls: {news} new articles, {failed} failed" if polls else "no polls"
    return Markup(
        '<svg class="spark" viewBox="0 0 {} 16" role="img" aria-label="{}">{}</svg>'
    ).format(POLLS * 4, escape(text), drawn)

"""The verb `explain`: why an article is, or is not, where somebody looks for it."""

from __future__ import annotations

import json
from typing import Any

import typer

from config.cli import ConfigOption, Json, JsonLogs, Verbose
from config.cli_articles import ArticleName
from config.explaining import told
from config.naming import articles
from config.opening import open_app
from config.showing import plain


def register(app: typer.Typer) -> None:
    app.command()(explain)


def explain(
    context: typer.Context,
    which: ArticleName,
    config: ConfigOption = None,
    as_json: Json = False,
    log_json: JsonLogs = False,
    verbose: Verbose = False,
) -> None:
    """Tell of an article which polls saw it, by what it was known, its story and why, and in which
    feeds it is, since when, or why not."""
    with open_app(context, config, log_json=log_json, verbose=verbose) as app:
        app.sync()
        found = [told(app, each) for each in articles(app, which)]
    if as_json:
        print(json.dumps(found))
        return
    for at, each in enumerate(found):
        if at:
            print()
        _print(each)


def _print(told: dict[str, Any]) -> None:
    print(plain(f"article {told['id']}: {told['title'] or '(no title)'}"))
    lines = [
        f"link {told['link'] or '(none)'}, id {told['guid'] or '(none)'}",
        f"of source {told['source']['id']}, first seen {told['first_seen']}, revision "
        f"{told['revision']}",
        {True: "its source shows it", False: "its source shows it no more"}.get(
            told["shown"], "whether its source shows it is not known"
        ),
        f"known by {told['known_by']}",
    ]
    if told["taken_down"]:
        lines.append(f"taken down for ever: {told['taken_down']}")
    if told["state"]:
        lines.append(told["state"])
    for poll in told["polls"]:
        what = "brought it" if poll["brought_it"] else poll["outcome"]
        lines.append(f"poll {poll['at']} ({poll['reason']}): {what}")
    for each in told["rebound"]:
        lines.append(f"{each['at']}: known again by {each['rule']}; its id was {each['before']}")
    lines += _story_lines(told["story"])
    for feed in told["feeds"]:
        where = f"since {feed['since']}" if feed["in"] else feed["why"]
        lines.append(f"{'in' if feed['in'] else 'not in'} {feed['feed']}: {where}")
    for line in lines:
        print(plain(f"   {line}"))


def _story_lines(story: dict[str, Any] | None) -> list[str]:
    if story is None:
        return ["no story"]
    twins = [f"{n} (story {each['id']})" for each in story["twins"] for n in each["articles"]]
    others = ", ".join([*map(str, story["others"]), *twins]) or "nobody else"
    lines = [f"story {story['id']}, published as {story['published_id']}, led by article "
             f"{story['lead']}, also told by {others}"]  # fmt: skip
    if story["twin_of"]:
        lines.append(f"tells the same as story {story['twin_of']}, which takes on what comes")
    elif story["twins"]:
        younger = ", ".join(str(each["id"]) for each in story["twins"])
        lines.append(f"takes on what comes; published, too, and as it was: story {younger}")
    for tie in story["ties"]:
        detail = f", {tie['contained']:.0%} of the shorter, {tie['common_words']} words in common"
        where = "" if tie["in_story"] else " (of another story)"
        lines.append(f"article {tie['other']}{where}: {tie['tie']}"
                     f"{detail if tie['common_words'] else ''}")  # fmt: skip
        if tie["shared"]:
            lines.append(f"   “{tie['shared']}”")
    for ruling in story["rulings"]:
        word = "one story" if ruling["together"] else "two stories"
        lines.append(f"article {ruling['other']}: {word}, by your word")
    return lines

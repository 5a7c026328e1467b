"""The baseline: the loop that most people would write. requests, feedparser, sqlite3, one process.

    python -m tests.benchmarks.plain_loop DATABASE URL-LIST

Conditional requests, one table of articles keyed by id or link: no more, and no less than a
careful afternoon gives.
"""

from __future__ import annotations

import json
import sqlite3
import sys
from pathlib import Path

import feedparser
import requests


def main() -> None:
    database, urls = sys.argv[1:3]
    db = sqlite3.connect(database)
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("CREATE TABLE IF NOT EXISTS feed (url TEXT PRIMARY KEY, etag TEXT, modified TEXT)")
    db.execute(
        "CREATE TABLE IF NOT EXISTS article (feed TEXT, id TEXT, title TEXT, link TEXT, "
        "published TEXT, content TEXT, PRIMARY KEY (feed, id))"
    )
    session = requests.Session()
    polled = new = 0
    for url in Path(urls).read_text().split():
        row = db.execute("SELECT etag, modified FROM feed WHERE url = ?", [url]).fetchone()
        headers = {}
        if row and row[0]:
            headers["If-None-Match"] = row[0]
        if row and row[1]:
            headers["If-Modified-Since"] = row[1]
        response = session.get(url, headers=headers, timeout=30)
        polled += 1
        if response.status_code != 200:
            continue
        for entry in feedparser.parse(response.content).entries:
            content = entry["content"][0]["value"] if "content" in entry else entry.get("summary")
            identity = entry.get("id") or entry.get("link") or entry.get("title")
            values = [url, identity, entry.get("title"), entry.get("link"), entry.get("published")]
            new += db.execute(
                "INSERT OR IGNORE INTO article VALUES (?,?,?,?,?,?)", [*values, content]
            ).rowcount
        db.execute(
            "INSERT OR REPLACE INTO feed VALUES (?,?,?)",
            [url, response.headers.get("ETag"), response.headers.get("Last-Modified")],
        )
        db.commit()
    print(json.dumps({"polled": polled, "new": new}))


if __name__ == "__main__":
    main()

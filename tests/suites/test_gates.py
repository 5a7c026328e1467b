"""The quality gates over the shared suites: thresholds that are never lowered.

Each test prints what failed, so that a gate that holds still shows what it lets through.
"""

from __future__ import annotations

import base64
import importlib
import json
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from aggregator.fetch import HttpFetcher
from aggregator.read.clean import Markup, clean_title
from aggregator.read.reader import read
from feeds.errors import PollError, ReadError
from feeds.protocols import Request
from feeds.text import collapse, xml_safe
from tests.shared import shared
from tests.suites import adapter

pytestmark = [pytest.mark.shared, pytest.mark.slow]

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def suites() -> Path:
    """The folder of the suites, its tools importable."""
    folder = shared("suites")
    sys.path.insert(0, str(folder / "tools"))
    return folder


def cases(*files: Path) -> Iterator[dict[str, Any]]:
    for file in files:
        yield from map(json.loads, file.read_text("utf-8").splitlines())


def stored(case: dict[str, Any], suites: Path, folder: Path) -> Path:
    """A case's document as a file."""
    if case.get("input_file"):
        return suites / str(case["input_file"])
    path = folder / "document"
    if "input_b64" in case:
        path.write_bytes(base64.b64decode(case["input_b64"]))
    else:
        path.write_bytes((case.get("input") or "").encode("utf-8", "surrogatepass"))
    return path


def unmet(case: dict[str, Any], found: dict[str, Any], check: Callable[..., bool]) -> list[Any]:
    """The expectations of a parse case that an answer does not meet, as the runner judges."""
    expect = case["expect"]
    bad: list[Any] = []
    if expect.get("ok") is True and not found["ok"]:
        bad.append(("ok", found.get("error")))
    if expect.get("ok") is False and found["ok"] and found["entries"]:
        bad.append(("ok", "accepted"))
    wanted = expect.get("neutral") or []
    return bad + [want for want in wanted if not (found["ok"] and check(found, want, True))]


def report(name: str, failed: list[Any], total: int) -> float:
    """Print the failures; the share that holds."""
    for failure in failed:
        print(name, "failed:", str(failure)[:300])
    share = 1 - len(failed) / total
    print(f"{name}: {total - len(failed)} of {total} = {share:.4f}")
    return share


def test_confirmed_parse_cases(suites: Path, tmp_path: Path) -> None:
    """What two implementations agree on we read alike: 98 %, also of those with assertions."""
    check = importlib.import_module("run_suite").check
    failed, asserting, count = [], 0, 0
    for case in cases(*sorted(suites.glob("*.jsonl"))):
        if case["kind"] != "parse" or not case.get("confirmed_by"):
            continue
        path = stored(case, suites, tmp_path)
        bad = unmet(case, adapter.answer({**case, "path": path}, raw=True), check)
        count += 1
        asserting += bool(case["expect"].get("neutral"))
        if bad:
            failed.append((case["id"], bool(case["expect"].get("neutral")), bad[0]))
    assert count > 1000
    assert report("confirmed", failed, count) >= 0.98
    asserted = [failure for failure in failed if failure[1]]
    assert report("confirmed, with assertions", asserted, asserting) >= 0.98


def test_every_parse_case_is_survived(suites: Path, tmp_path: Path) -> None:
    """Whatever a suite holds, the cleaned reading gives a document or a ReadError."""
    for case in cases(*sorted(suites.glob("*.jsonl"))):
        if case["kind"] == "parse":
            path = stored(case, suites, tmp_path)
            assert "ok" in adapter.answer({**case, "path": path}, raw=False)


def test_date_suites(suites: Path) -> None:
    """Four date suites together: 90 %, before any rule of plausibility."""
    judge = importlib.import_module("run_simple").ok
    origins = ("feedparser", "miniflux", "simplepie", "rsparser")
    rows = list(cases(*(suites / f"{origin}-dates.jsonl" for origin in origins)))
    failed = [row["id"] for row in rows if not judge(row, adapter.simple(row)["output"])]
    assert report("dates", failed, len(rows)) >= 0.90


def test_json_feeds(suites: Path) -> None:
    """Every valid one is read with its items; an invalid one is refused, or its fault named."""
    refused: list[str] = []
    for case in cases(suites / "jsonfeed.jsonl"):
        body = (suites / case["input_file"]).read_bytes()
        expect = case["expect"]
        try:
            document = read(body, adapter.NOWHERE, "application/feed+json")
        except ReadError as error:
            assert not expect.get("valid"), case["id"]
            assert not expect.get("must_parse"), case["id"]
            refused.append(str(error))
            continue
        if expect.get("valid") or expect.get("must_parse"):
            assert len(document.entries) == len(json.loads(body)["items"]) > 0, case["id"]
        elif expect.get("valid") is False:
            assert document.fault, case["id"]
    assert refused
    assert all(refused), "what is refused says why"


def test_json_syntax(suites: Path) -> None:
    """No JSON, however broken or deep, ends otherwise than in NotAFeed or EmptyDocument."""
    for case in cases(suites / "json-syntax.jsonl"):
        path = case.get("input_file")
        body = (suites / path).read_bytes() if path else base64.b64decode(case["input_b64"])
        with pytest.raises(ReadError):
            read(body, adapter.NOWHERE, "application/json")


def test_xss_oracle(suites: Path) -> None:
    """Cleaned HTML carries nothing that runs, by a judge that parses as browsers do."""
    pytest.importorskip("html5lib", reason="the oracle parses with html5lib")
    violations = importlib.import_module("xss_oracle").violations
    files = [*sorted(suites.glob("xss-*.jsonl")), *sorted(suites.glob("*-sanitizer.jsonl"))]
    failed, count = [], 0
    for case in cases(*files):
        if case["kind"] != "sanitize" or case.get("sub", "html") != "html":
            continue
        html = html_of(case, suites)
        row = {"id": case["id"], "html": html, "base_url": case.get("base_url")}
        cleaned = adapter.sanitised(row)["html"]
        count += 1
        if found := violations(cleaned):
            failed.append((case["id"], found))
    assert count > 500
    assert report("xss", failed, count) == 1


def html_of(case: dict[str, Any], suites: Path) -> str:
    if "input" in case:
        return str(case["input"])
    if "input_b64" in case:
        body = base64.b64decode(case["input_b64"])
    else:
        body = (suites / str(case["input_file"])).read_bytes()
    return body.decode("utf-8", "surrogatepass")


def test_w3c_validator_documents(suites: Path) -> None:
    """A document without errors is read; one with errors is read or refused, never a crash."""
    failed, must = [], 0
    for case in cases(suites / "w3c-validator.jsonl"):
        must_parse = bool(case["expect"].get("must_parse"))
        must += must_parse
        try:
            read((suites / case["input_file"]).read_bytes(), adapter.NOWHERE, None)
        except ReadError as error:
            if must_parse:
                failed.append((case["id"], error))
    assert report("w3c must_parse", failed, must) == 1


def test_naughty_strings_as_titles(suites: Path) -> None:
    """A title comes back as it was, but for white space and what XML can't carry."""
    count = 0
    for case in cases(suites / "naughty-strings.jsonl"):
        text = case.get("input", "")
        wanted = collapse(xml_safe(text))
        feed = {
            "version": "https://jsonfeed.org/version/1.1",
            "title": text,
            "items": [{"id": "1", "title": text, "content_text": "x"}],
        }
        document = read(json.dumps(feed).encode(), adapter.NOWHERE, None)
        assert document.title == wanted, case["id"]
        assert document.entries[0].title == wanted, case["id"]
        assert clean_title(Markup(text, "text/plain")) == wanted
        count += 1
    assert count > 200


def test_nasty_documents(suites: Path, tmp_path: Path) -> None:
    """Time, memory, crashes, network and content, one process a case: 95 %, and no crash."""
    pytest.importorskip("html5lib", reason="the oracle parses with html5lib")
    results = tmp_path / "results.json"
    adapter_command = f"{sys.executable} -m tests.suites.adapter"
    done = subprocess.run(
        [sys.executable, suites / "tools/run_nasty.py", "--sanitised", "--slow", "2",
         "--adapter", adapter_command, "--json", results],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    found = json.loads(results.read_text())
    failed = [(name, result["bad"]) for name, result in found.items() if not result["ok"]]
    assert len(found) > 100, done.stderr
    assert report("nasty", failed, len(found)) >= 0.95
    fatal = ("no answer", "slow", "memory", "network", "XSS", "not JSON")
    assert not [bad for _, bads in failed for bad in bads if bad.startswith(fatal)]


@pytest.fixture(scope="module")
def nasty_server(suites: Path) -> Iterator[str]:
    """The misbehaving server on a free port of the loopback."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    program = [sys.executable, str(suites / "tools/nasty_server.py"), "--port", str(port)]
    with subprocess.Popen(program, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        deadline = time.monotonic() + 10
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                assert time.monotonic() < deadline, "the server does not answer"
        yield f"http://127.0.0.1:{port}"
        server.kill()


def test_nasty_wire_cases(suites: Path, nasty_server: str) -> None:
    """Broken and strange content codings, fetched and read as a poll does."""
    fetcher = HttpFetcher("Feedmill tests")
    failed, count = [], 0
    for case in cases(suites / "nasty.jsonl"):
        if not case.get("wire"):
            continue
        url = f"{nasty_server}/nasty/{Path(case['input_file']).name}"
        entries, error = fetched(fetcher, url)
        count += 1
        if case["expect"]["ok"] and entries != case["expect"]["entries"]:
            failed.append((case["id"], entries, error))
        print(case["id"], entries, repr(error))
    assert count >= 6
    assert not failed


def fetched(fetcher: HttpFetcher, url: str) -> tuple[int | None, PollError | None]:
    """(how many entries, or None, and why)."""
    try:
        response = fetcher.fetch(Request(url=url, timeout=10, allow_private=True))
        found = read(response.body, response.url, response.headers.get("content-type"))
    except PollError as error:
        return None, error
    return len(found.entries), None

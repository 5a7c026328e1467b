"""docs/monitoring: rules and dashboard over what a real scrape has, as Prometheus reads them."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.flows.command import ROOT, Installation

FOLDER = ROOT / "docs" / "monitoring"
RULES, BOARD = FOLDER / "alerts.yml", FOLDER / "grafana.json"
PROMTOOL = shutil.which("promtool")
NAME = re.compile(r"\bfeedmill_[a-z_]+\b")

needs_promtool = pytest.mark.skipif(PROMTOOL is None, reason="promtool is missing")


def promtool(*arguments: str, text: str | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(PROMTOOL), *arguments], capture_output=True, text=True, input=text, check=False
    )


def alerts() -> list[tuple[str, str]]:
    """(name, its lines)"""
    _, *rest = re.split(r"(?m)^ +- alert: (\w+)$", RULES.read_text())
    return list(zip(rest[::2], rest[1::2], strict=True))


def panels() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(BOARD.read_text())["panels"]
    return found


@pytest.fixture(scope="module")
def scraped(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What a real one tells."""
    here = Installation(tmp_path_factory.mktemp("scraped"))
    here.configure()
    with here.running() as site:
        return site.get("/metrics").body.decode()


@pytest.mark.slow
def test_what_is_named_is_there(scraped: str) -> None:
    """Each metric of the rules, of the dashboard and of docs/desk.md exists; and the dashboard
    shows each that exists."""
    there = {
        sample.name
        for family in text_string_to_metric_families(scraped)
        for sample in family.samples
    } | {family.name for family in text_string_to_metric_families(scraped)}
    for file in (RULES, BOARD):
        assert set(NAME.findall(file.read_text())) - there == set(), file.name
    table = (ROOT / "docs" / "desk.md").read_text().partition("## Alerts")[0]
    assert set(NAME.findall(table)) - there == set()
    bare = {re.sub(r"_(bucket|count|sum|total|created)$", "", each) for each in there}
    shown = {re.sub(r"_(bucket|count|sum|total)$", "", n) for n in NAME.findall(BOARD.read_text())}
    told = {re.sub(r"_total$", "", each) for each in NAME.findall(table)}
    for name in bare - {"feedmill"}:
        assert name in shown, f"{name} is not on the dashboard"
        assert name in told, f"{name} is not in docs/desk.md"


@pytest.mark.slow
@needs_promtool
def test_promtool_takes_the_metrics(scraped: str) -> None:
    """Names, types and help are as its lint wants them."""
    done = promtool("check", "metrics", text=scraped)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout + done.stderr == ""


@needs_promtool
def test_promtool_takes_the_rules() -> None:
    done = promtool("check", "rules", str(RULES))
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(alerts())} rules found" in done.stdout


def test_each_alert_says_what_to_do() -> None:
    """A summary, a runbook, a severity."""
    assert len(alerts()) >= 10
    for name, lines in alerts():
        assert re.search(r"\n +summary: \S", lines), name
        assert re.search(r"\n +runbook: \S.{20}", lines), name
        assert re.search(r"severity: (critical|warning|info)", lines), name


def test_what_runbooks_name() -> None:
    """Verbs that there are."""
    verbs = set(re.findall(r"`feedmill ([a-z]+)", RULES.read_text()))
    known = (ROOT / "docs" / "commands.md").read_text()
    assert verbs
    for verb in verbs:
        assert re.search(rf"(?m)^## (.*, )?{verb}\b", known), verb


def test_the_dashboard() -> None:
    """One of the files that Grafana imports: panels that do not overlap, each with a query."""
    taken: set[tuple[int, int]] = set()
    for panel in panels():
        assert panel["title"]
        assert panel["targets"]
        at = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }
        assert not cells & taken, panel["title"]
        assert max(x for x, _ in cells) < 24
        taken |= cells
        for target in panel["targets"]:
            assert target["expr"].count("(") == target["expr"].count(")")
    numbers = [panel["id"] for panel in panels()]
    assert len(set(numbers)) == len(numbers)


@needs_promtool
def test_promtool_takes_the_queries(tmp_path: Path) -> None:
    """Of the dashboard, as rules, with Grafana's variables filled in."""
    rules = []
    for panel in panels():
        for target in panel["targets"]:
            query = target["expr"].replace("$__rate_interval", "5m").replace("$instance", ".*")
            name = f"q:{panel['id']}:{target['refId']}"
            rules.append({"record": name, "expr": query})
    file = tmp_path / "queries.yml"
    # JSON is YAML.
    file.write_text(json.dumps({"groups": [{"name": "g", "rules": rules}]}))
    done = promtool("check", "rules", str(file))
    assert done.returncode == 0, done.stdout + done.stderr


def series(name: str, values: str, **labels: str) -> dict[str, str]:
    given = {"instance": "a", "job": "feedmill"} | labels
    inside = ",".join(f'{key}="{value}"' for key, value in given.items())
    return {"series": f"{name}{{{inside}}}", "values": values}


GOOD = [
    series("up", "1x120"),
    series("feedmill_polls_total", "0+60x120", outcome="new"),
    series("feedmill_due_lag_seconds", "5x120"),
    series("feedmill_sources", "90x120", state="ok"),
    series("feedmill_sources", "10x120", state="failing"),
    series("feedmill_sources", "0x120", state="blocked"),
    series("feedmill_sources", "500x120", state="paused"),
    series("feedmill_publishing_delay_seconds_bucket", "0+10x120", le="1.0"),
    series("feedmill_publishing_delay_seconds_bucket", "0+10x120", le="300.0"),
    series("feedmill_publishing_delay_seconds_bucket", "0+10x120", le="+Inf"),
    series("feedmill_feeds_refused", "0x120"),
    series("feedmill_articles_quarantined", "0x120"),
    series("feedmill_articles_held", "0x120"),
    series("feedmill_configuration_refused", "0x120"),
    series("feedmill_hub_failing", "2x120"),
    series("feedmill_troubles", "0x120"),
]
BAD = {
    "FeedmillDown": {"up": "0x120"},
    "FeedmillPollsNothing": {
        "feedmill_polls_total": "60x120",
        "feedmill_due_lag_seconds": "0+60x120",
    },
    "FeedmillLate": {"feedmill_due_lag_seconds": "2000x120"},
    "FeedmillManySourcesFail": {"feedmill_sources blocked": "200x120"},
    "FeedmillSlowPublishing": {"feedmill_publishing_delay_seconds_bucket 1.0": "0x120"},
    "FeedmillFeedRefused": {"feedmill_feeds_refused": "1x120"},
    "FeedmillArticlesQuarantined": {"feedmill_articles_quarantined": "1x120"},
    "FeedmillArticlesHeld": {"feedmill_articles_held": "7x120"},
    "FeedmillConfigurationRefused": {"feedmill_configuration_refused": "1x120"},
    "FeedmillHubFailing": {"feedmill_hub_failing": "11x120"},
    "FeedmillTroubled": {"feedmill_troubles": "1x120"},
}
MORE = {"FeedmillPollsNothing": {"FeedmillLate"}}
"""What else comes with it."""


def with_values(changed: dict[str, str]) -> list[dict[str, str]]:
    """GOOD, with these series otherwise: a name, and the value of a label."""
    found = []
    for each in GOOD:
        values = each["values"]
        for key, new in changed.items():
            name, _, label = key.partition(" ")
            if each["series"].startswith(f"{name}{{") and f'"{label}' in each["series"]:
                values = new
        found.append(each | {"values": values})
    return found


@needs_promtool
def test_each_alert_comes_alone(tmp_path: Path) -> None:
    """None while all is well, and each after two hours of its own trouble only."""
    assert set(BAD) == {name for name, _ in alerts()}
    tests = []
    for firing, changed in {"": {}, **BAD}.items():
        expected = {firing} | MORE.get(firing, set())
        tests.append(
            {
                "interval": "1m",
                "input_series": with_values(changed),
                "promql_expr_test": [
                    {
                        "expr": 'count by (alertname) (ALERTS{alertstate="firing"})',
                        "eval_time": "119m",
                        "exp_samples": [
                            {"labels": f'{{alertname="{name}"}}', "value": 1}
                            for name in sorted(expected - {""})
                        ],
                    }
                ],
            }
        )
    file = tmp_path / "test.yml"
    text = {"rule_files": [str(RULES)], "evaluation_interval": "1m", "tests": tests}
    file.write_text(json.dumps(text))
    done = promtool("test", "rules", str(file))
    assert done.returncode == 0, done.stdout + done.stderr


def test_linked() -> None:
    """From where an operator reads."""
    for name in ("desk.md", "operating.md"):
        text = (ROOT / "docs" / name).read_text()
        assert "monitoring/alerts.yml" in text
        assert "monitoring/grafana.json" in text

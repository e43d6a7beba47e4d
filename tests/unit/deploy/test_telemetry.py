"""What Prometheus and Grafana are given: complete, current, and linked to what an operator reads."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.grafana.build import FOLDER, encoded
from deploy.grafana.dashboards import DASHBOARDS
from tests.unit.test_metrics import METRICS

ROOT = Path(__file__).parents[3]
PROMETHEUS = ROOT / "deploy/prometheus"
RULES: list[dict[str, Any]] = [
    rule
    for group in yaml.safe_load((PROMETHEUS / "alerts.yml").read_text(encoding="utf-8"))["groups"]
    for rule in group["rules"]
]
TESTS: list[dict[str, Any]] = yaml.safe_load((PROMETHEUS / "alerts.test.yml").read_text(encoding="utf-8"))[
    "tests"
]
SERIES = {
    name + part
    for name, metric in METRICS.items()
    for part in {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count")}.get(metric._type, ("",))
}


@pytest.mark.parametrize("name", DASHBOARDS)
def test_the_dashboards_are_those_of_the_code(name: str) -> None:
    assert (FOLDER / f"{name}.json").read_text(encoding="utf-8") == encoded(DASHBOARDS[name]), (
        "run `make dashboards`"
    )


def test_there_are_no_others() -> None:
    assert {path.stem for path in FOLDER.glob("*.json")} == set(DASHBOARDS)


def test_panels_do_not_overlap() -> None:
    for page in DASHBOARDS.values():
        taken: set[tuple[int, int]] = set()
        for panel in yaml.safe_load(encoded(page))["panels"]:
            place = panel["gridPos"]
            cells = {
                (x, y)
                for x in range(place["x"], place["x"] + place["w"])
                for y in range(place["y"], place["y"] + place["h"])
            }
            assert not cells & taken, panel["title"]
            assert place["x"] + place["w"] <= 24
            taken |= cells


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_an_alert_says_what_it_means_and_where_to_read_what_to_do(rule: dict[str, Any]) -> None:
    assert rule["labels"]["severity"] in {"critical", "warning"}
    assert set(rule["annotations"]) == {"summary", "description", "runbook_url"}
    page, _, anchor = rule["annotations"]["runbook_url"].partition("#")
    headings = re.findall(r"^## (.+)$", (ROOT / page).read_text(encoding="utf-8"), re.MULTILINE)
    assert anchor in [heading.lower().replace(" ", "-") for heading in headings]
    assert anchor == rule["alert"].lower()


def test_each_alert_is_tested_silent_and_firing() -> None:
    for rule in RULES:
        (test,) = [test for test in TESTS if test["name"] == rule["alert"]]
        samples = [check["exp_samples"] for check in test["promql_expr_test"]]
        assert samples[0] == []
        assert f'alertname="{rule["alert"]}"' in samples[1][0]["labels"]


def test_rules_and_panels_ask_for_nothing_that_is_not_there() -> None:
    asked = {rule["alert"]: rule["expr"] for rule in RULES}
    asked |= {
        f"{page.uid}: {panel.title} {legend}": query
        for page in DASHBOARDS.values()
        for panels in page.rows.values()
        for panel in panels
        for legend, query in panel.queries.items()
    }
    for name, expression in asked.items():
        assert set(re.findall(r"vigil_[a-z_]+", expression)) <= SERIES, name

"""Rules, dashboard, catalogue and runbook name the same things, so that no alert waits for a metric that is gone."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from streams.metrics import ANSWERS_CATALOGUE, CATALOGUE, PREFIX, RECORD_CATALOGUE, Spec

ROOT = Path(__file__).resolve().parents[3]
PROMETHEUS = ROOT / "ops" / "prometheus"
DASHBOARD = ROOT / "ops" / "grafana" / "dashboards" / "foreshock.json"
OUTSIDE_LABELS = {"instance", "job", "le"}  # Prometheus adds them


def rules() -> list[dict[str, Any]]:
    groups = yaml.safe_load((PROMETHEUS / "rules.yml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def dashboard() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(DASHBOARD.read_text())
    return loaded


def expressions() -> list[tuple[str, str]]:
    shown = dashboard()
    return [
        *((rule["alert"], rule["expr"]) for rule in rules()),
        *((panel["title"], target["expr"]) for panel in shown["panels"] for target in panel["targets"]),
        *((note["name"], note["expr"]) for note in shown["annotations"]["list"]),
    ]


def families() -> dict[str, Spec]:
    """Every name that Prometheus will hold, with the family that it belongs to."""
    every = (*CATALOGUE, *RECORD_CATALOGUE, *ANSWERS_CATALOGUE)
    names = {spec.exposed: spec for spec in every if spec.kind != "histogram"}
    for spec in every:
        if spec.kind == "histogram":
            names |= {f"{spec.exposed}_{part}": spec for part in ("bucket", "sum", "count")}
    return names


def selectors(expression: str) -> Iterator[tuple[str, set[str]]]:
    """Each metric of an expression with the labels that its braces name."""
    for name, braces in re.findall(rf"\b({PREFIX}\w+)(?:\{{([^}}]*)\}})?", expression):
        yield name, set(re.findall(r"(\w+)\s*(?:=|!=|=~|!~)\s*\"", braces))


@pytest.mark.parametrize(("where", "expression"), expressions())
def test_every_metric_that_is_asked_for_is_in_the_catalogue_with_its_labels(where: str, expression: str) -> None:
    known = families()
    asked = list(selectors(expression))
    grouped = {label.strip() for group in re.findall(r"\bby \(([^)]*)\)", expression) for label in group.split(",")}

    assert [name for name, _ in asked if name not in known] == [], where
    for name, labels in asked:
        assert labels <= {*known[name].labels, *OUTSIDE_LABELS}, f"{where}: {name}"
    carried = {label for name, _ in asked for label in known[name].labels}
    assert grouped <= carried | OUTSIDE_LABELS, where


def test_what_this_module_looks_for_is_found_in_an_expression() -> None:
    expression = 'sum by (channel) (foreshock_receipts_total{outcome!="delivered", job="x"}) / foreshock_alerts_open'

    assert list(selectors(expression)) == [
        ("foreshock_receipts_total", {"outcome", "job"}),
        ("foreshock_alerts_open", set()),
    ]


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule["alert"])
def test_every_rule_sends_its_reader_to_its_own_section_of_the_runbook(rule: dict[str, Any]) -> None:
    headings = re.findall(r"^## (\w+)$", (ROOT / "docs" / "runbook.md").read_text(), re.MULTILINE)

    assert rule["annotations"]["runbook"] == f"docs/runbook.md#{rule['alert'].lower()}"
    assert rule["alert"] in headings
    assert rule["labels"]["severity"] in {"page", "ticket"}
    assert {"summary", "description"} <= set(rule["annotations"])


def test_the_runbook_speaks_of_no_rule_that_is_gone() -> None:
    headings = re.findall(r"^## (Foreshock\w+)$", (ROOT / "docs" / "runbook.md").read_text(), re.MULTILINE)

    assert sorted(headings) == sorted(rule["alert"] for rule in rules())


def test_every_rule_is_seen_to_fire_and_seen_to_stay_quiet() -> None:
    cases = [
        case
        for test in yaml.safe_load((PROMETHEUS / "rules_test.yml").read_text())["tests"]
        for case in test["alert_rule_test"]
    ]
    names = {rule["alert"] for rule in rules()}

    assert {case["alertname"] for case in cases if case.get("exp_alerts")} == names
    assert {case["alertname"] for case in cases if not case.get("exp_alerts")} == names


def test_the_panels_lie_side_by_side_and_say_what_they_show() -> None:
    panels = dashboard()["panels"]
    cells = [
        (x, y)
        for place in (panel["gridPos"] for panel in panels)
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]

    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < 24
    assert all(panel["description"] for panel in panels)
    assert len({panel["id"] for panel in panels}) == len(panels)


def test_the_dashboard_asks_the_provisioned_data_source() -> None:
    provisioned = yaml.safe_load((ROOT / "ops/grafana/provisioning/datasources/prometheus.yml").read_text())
    uids = {source["uid"] for source in provisioned["datasources"]}

    asked = {target["datasource"]["uid"] for panel in dashboard()["panels"] for target in panel["targets"]}

    assert asked == uids

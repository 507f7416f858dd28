"""A recording of another system than the one that the detectors were made with, under the configuration of the demo."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from streams.commands import app

ROOT = Path(__file__).parents[2]
RECORDING = ROOT / "tests" / "recordings" / "second"
CONFIG = ROOT / "streams" / "demo" / "payments.yaml"
AFTERWARDS_S = 60.0  # trouble that is over may still be told of
Row = dict[str, Any]


def rows(file: Path) -> list[Row]:
    return [json.loads(line) for line in file.read_text().splitlines()]


INCIDENTS, CHANGES = rows(RECORDING / "incidents.jsonl"), rows(RECORDING / "events.jsonl")
FAULTS = [each for each in INCIDENTS if each["kind"] not in {"data", "sudden_kill"} and each["breach_at"] is not None]


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> list[Row]:
    """What `foreshock backtest` says of it."""
    out = tmp_path_factory.mktemp("second")
    call = ["backtest", str(RECORDING / "telemetry.csv.gz"), "--config", str(CONFIG), "--out", str(out)]
    done = CliRunner().invoke(app, call)
    assert done.exit_code == 0, done.output
    return rows(out / "alerts.jsonl")


@pytest.fixture(scope="module")
def openings(said: list[Row]) -> list[Row]:
    """The first line of each alert."""
    return [row for row in said if row["status"] == "open"]


def first_after(openings: list[Row], incident: Row) -> float:
    """How long after its beginning the first alert on a service that it affects opened; infinite if none did."""
    began = incident["fault_started_at"]
    found = [row["at"] - began for row in openings if row["service"] in incident["affected"] and row["at"] >= began]
    return min(found, default=float("inf"))


def test_faults_that_grow_are_warned_of_before_the_breach(openings: list[Row]) -> None:
    warned = [
        each["id"] for each in FAULTS if first_after(openings, each) < each["breach_at"] - each["fault_started_at"]
    ]
    assert len(FAULTS) == 9
    assert len(warned) >= 8


def test_sudden_faults_are_told_within_two_samples(openings: list[Row]) -> None:
    sudden = [each for each in INCIDENTS if each["kind"] == "sudden_kill"]
    assert len(sudden) == 2
    assert all(first_after(openings, each) <= 2.0 for each in sudden)


def test_telemetry_that_lies_is_found_and_named(said: list[Row]) -> None:
    # one of them in the alert of a service that came back too often to be over, so not by an alert of its own
    named = [
        row for row in said if row["status"] in {"open", "update"} and row["kind"] in {"schema", "silence", "stuck"}
    ]
    lies = [each for each in INCIDENTS if each["kind"] == "data"]
    assert {each["type"] for each in lies} == {"late", "stuck", "silent", "dup"}
    assert all(first_after(named, each) <= 30.0 for each in lies)


def test_hardly_anybody_is_alerted_in_calm_time_and_nobody_by_changes_that_harm_nobody(openings: list[Row]) -> None:
    troubled = [(each["fault_started_at"], each["resolved_at"] + AFTERWARDS_S) for each in INCIDENTS]
    alarms = [row for row in openings if not any(begin <= row["at"] <= end for begin, end in troubled)]
    assert len(CHANGES) == 5
    assert not [row for row in alarms if any(each["started_at"] <= row["at"] <= each["ended_at"] for each in CHANGES)]
    assert len(alarms) <= 1  # 23 s after a restart, when garbage is collected for the first time

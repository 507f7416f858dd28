"""The figures: which alert counts for what."""

import gzip
import json
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from tests.hours.score import Tally, tally
from tests.hours.table import table

Row = dict[str, Any]


def fault(kind: str, start: float, end: float, breach: float | None = None, **more: Any) -> Row:
    times = {"fault_started_at": start, "breach_at": breach, "resolved_at": end}
    return {"id": f"at-{start}", "kind": kind, "affected": ["api"], "dependent": ["gateway"], **times, **more}


def alert(at: float, end: float, service: str = "api", kind: str = "level") -> list[Row]:
    row = {"alert": f"{service}-{at}", "service": service, "kind": kind}
    return [{**row, "at": at, "status": "open"}, {**row, "at": end, "status": "resolved"}]


def scored(folder: Path, faults: list[Row], alerts: list[list[Row]], changes: list[Row] | None = None) -> Tally:
    """An hour from 0 to 3600."""
    for name, rows in (("incidents", faults), ("events", changes or []), ("alerts", chain(*alerts))):
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    text = "ts,service,metric,value\n0,api,depth,1\n3600,api,depth,1\n"
    (folder / "telemetry.csv.gz").write_bytes(gzip.compress(text.encode()))
    return tally(folder, folder)


def test_a_lead_is_from_the_first_alert_on_a_service_that_is_hit_to_the_breach(tmp_path: Path) -> None:
    alerts = [alert(1010, 1100, "gateway"), alert(1025, 1100), alert(1080, 1200)]
    (outcome,) = scored(tmp_path, [fault("mem_leak", 1000, 1150, breach=1100)], alerts).of("slow")

    assert (outcome.delay_s, outcome.lead_s, outcome.share) == (25, 75, 0.75)


@pytest.mark.parametrize("at", [999, 1100, 1130, 1211])
def test_what_comes_before_the_fault_or_not_before_the_breach_is_no_warning(tmp_path: Path, at: float) -> None:
    (outcome,) = scored(tmp_path, [fault("mem_leak", 1000, 1150, breach=1100)], [alert(at, 1300)]).of("slow")

    assert outcome.lead_s is None
    assert (outcome.delay_s is None) == (at in {999, 1211})


def test_an_alert_of_no_fault_is_benign_within_a_minute_of_a_change_and_otherwise_calm(tmp_path: Path) -> None:
    change = {"kind": "load_burst", "started_at": 2000, "ended_at": 2040}
    found = scored(tmp_path, [], [alert(1999, 2001), alert(2099, 2110), alert(2101, 2110)], [change])

    assert (found.changes, found.changes_alerted, found.calm_alerts) == (1, 1, 2)
    assert found.calm_s == 3500
    assert found.per_calm_hour == pytest.approx(2 / 3500 * 3600)


def test_calm_is_what_no_fault_and_no_change_covers_counted_once(tmp_path: Path) -> None:
    change = {"kind": "load_burst", "started_at": 1100, "ended_at": 1200}

    assert scored(tmp_path, [fault("mem_leak", 1000, 1150)], [], [change]).calm_s == 3600 - 260


@pytest.mark.parametrize(
    ("lies", "says", "named"),
    [("stuck", "stuck", True), ("late", "schema", True), ("unit", "breach", False), ("renamed", "silence", False)],
)
def test_telemetry_that_lies_is_named_by_what_says_how(tmp_path: Path, lies: str, says: str, named: bool) -> None:
    row = fault("data", 1000, 1060, type=lies)
    (outcome,) = scored(tmp_path, [row], [alert(1010, 1050, kind=says)]).of("data")

    assert (outcome.delay_s, outcome.named) == (10, named)


def test_precision_counts_alerts_that_were_open_near_a_fault(tmp_path: Path) -> None:
    alerts = [alert(900, 1001, "gateway"), alert(1010, 1020), alert(1010, 1020, "host"), alert(2000, 2001)]

    assert scored(tmp_path, [fault("sudden_kill", 1000, 1100, breach=1009)], alerts).precision == 0.5


def test_chance_is_what_the_calm_rate_would_have_warned_of(tmp_path: Path) -> None:
    alerts = [alert(100 * n, 100 * n + 5) for n in range(1, 11)]
    (outcome,) = scored(tmp_path, [fault("mem_leak", 2000, 2240, breach=2100)], alerts).of("slow")

    assert outcome.chance == pytest.approx(1 - 2.718281828 ** (-10 / 3300 * 100))


def test_hours_add_up_in_the_table(tmp_path: Path) -> None:
    warned = scored(tmp_path, [fault("mem_leak", 1000, 1150, breach=1100)], [alert(1025, 1100)])
    missed = scored(tmp_path, [fault("mem_leak", 1000, 1150, breach=1100)], [])
    text = table(sum((warned, missed), Tally()))

    assert "slow faults warned before the breach  1 of 2\n" in text
    assert "median lead of those warned         75 s, 0.75 of the ramp\n" in text
    assert "median lead of all, 0 where none    38 s\n" in text
    assert "alerts per calm hour                  0.00 (0 in 1.9 h)\n" in text


def test_the_table_of_nothing_has_no_figures(tmp_path: Path) -> None:
    assert "slow faults warned before the breach  0 of 0\n" in table(scored(tmp_path, [], []))

"""Detectors and decisions offline."""

import csv
import gzip
import json
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from alerts.decide import Decide
from alerts.params import AlertParams
from detectors.detection import Detection
from detectors.params import DetectionParams
from domain.journeys import Landscape, Service
from domain.telemetry import EventKind, EventStatus
from streams.backtest import Backtest, BacktestError, Summary, read_events
from streams.backtest.run import EVERY
from streams.commands.backtest import backtest
from tests.support.timelines import START, noise

HEADER = "ts,service,metric,value\n"
VALUES = [*noise(400), 95.0, 95.0, *noise(79, seed=4)]


def rows(values: list[float] = VALUES, service: str = "api", metric: str = "value") -> list[str]:
    return [f"{START + i:.3f},{service},{metric},{value!r}\n" for i, value in enumerate(values)]


def write(path: Path, lines: list[str], header: str = HEADER) -> Path:
    text = header + "".join(lines)
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return path


def run(telemetry: Path, out: Path, services: tuple[Service, ...] = ()) -> Summary:
    landscape = Landscape(services=services)
    return Backtest(Detection(DetectionParams(), services), Decide(landscape, AlertParams())).run(telemetry, out)


def scores(out: Path) -> list[list[str]]:
    with (out / "scores.csv").open(newline="") as source:
        return list(csv.reader(source))


def alerts(out: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (out / "alerts.jsonl").read_text().splitlines()]


@pytest.mark.parametrize("name", ["telemetry.csv", "telemetry.csv.gz"])
def test_every_row_gets_a_score_in_its_place_and_a_spike_an_alert(tmp_path: Path, name: str) -> None:
    telemetry = write(tmp_path / name, rows())
    summary = run(telemetry, tmp_path / "out")
    table = scores(tmp_path / "out")
    assert table[0] == ["ts", "service", "metric", "score"]
    assert [row[:3] for row in table[1:]] == [line.split(",")[:3] for line in rows()]
    values = [float(row[3]) for row in table[1:]]
    assert values[:100] == [0.0] * 100
    assert all(0 <= value <= 1 for value in values)
    assert max(values) == values[400]
    said = alerts(tmp_path / "out")
    assert [line["status"] for line in said][:1] == ["open"]
    assert set(said[0]) >= {"alert", "service", "at", "status", "severity", "kind", "predicted_impact_at", "metrics"}
    assert (said[0]["service"], said[0]["at"], said[0]["metrics"]) == ("api", START + 401, ["value"])
    assert (summary.rows, summary.bad_rows, summary.series) == (len(VALUES), 0, 1)


def test_bad_rows_score_zero_keep_their_place_and_are_told_by_line(tmp_path: Path) -> None:
    good = rows()
    bad = ["not,a,row\n", "1700000000.0,api,value,many\n", "nan,api,value,1\n", "1,2,3,4,5\n", "\n"]
    telemetry = write(tmp_path / "t.csv", [*good[:200], *bad[:4], *good[200:]])
    summary = run(telemetry, tmp_path / "out")
    table = scores(tmp_path / "out")
    assert len(table) == 1 + len(good) + 4
    assert [row[3] for row in table[201:205]] == ["0.0"] * 4
    assert summary.bad_rows == 4
    assert f"{telemetry}:202: " in summary.complaints[0]
    assert f"{telemetry}:203: 'many' is not a number" in summary.complaints[1]


def test_bad_rows_change_nothing_for_the_others(tmp_path: Path) -> None:
    good = rows()
    run(write(tmp_path / "a.csv", good), tmp_path / "a")
    run(write(tmp_path / "b.csv", [*good[:300], "x,y,z,w\n", *good[300:]]), tmp_path / "b")
    assert (tmp_path / "a/alerts.jsonl").read_text() == (tmp_path / "b/alerts.jsonl").read_text()
    assert scores(tmp_path / "a")[-100:] == scores(tmp_path / "b")[-100:]


def test_nothing_is_known_of_later_rows(tmp_path: Path) -> None:
    run(write(tmp_path / "whole.csv", rows()), tmp_path / "whole")
    run(write(tmp_path / "part.csv", rows()[:403]), tmp_path / "part")
    assert scores(tmp_path / "part") == scores(tmp_path / "whole")[:404]
    early = [line for line in alerts(tmp_path / "whole") if line["at"] <= START + 402]
    assert alerts(tmp_path / "part") == early
    assert early[-1]["status"] == "open"  # and stays open: the end of a file is no event


def test_a_metric_called_total_is_a_counter(tmp_path: Path) -> None:
    counted = [float(10 * i) for i in range(400)]
    summary = run(write(tmp_path / "t.csv", rows([*counted, *counted], metric="requests_total")), tmp_path / "out")
    assert summary.alerts.total() == 0
    assert summary.refusals == {"no_rate": 2}


def test_how_much_is_read_is_told_now_and_then(tmp_path: Path) -> None:
    telemetry = write(tmp_path / "t.csv", rows(noise(EVERY + 300)))
    told: list[int] = []
    Backtest(Detection(DetectionParams()), Decide(Landscape(), AlertParams())).run(
        telemetry, tmp_path / "out", told.append
    )
    assert len(told) == 1
    assert 0 < told[0] <= telemetry.stat().st_size
    assert len(scores(tmp_path / "out")) == 1 + EVERY + 300


def test_a_wrong_header_is_told(tmp_path: Path) -> None:
    with pytest.raises(BacktestError, match=r"t\.csv:1: no column for the time: call it ts, .* 'a, b'"):
        run(write(tmp_path / "t.csv", rows(), header="a,b\n"), tmp_path / "out")


@pytest.mark.parametrize("damage", [lambda raw: raw[:-500], lambda raw: raw[:900] + b"not gzip" + raw[900:]])
def test_a_damaged_archive_ends_with_a_sentence(tmp_path: Path, damage: Any) -> None:
    telemetry = write(tmp_path / "t.csv.gz", rows(noise(3000)))
    telemetry.write_bytes(damage(telemetry.read_bytes()))
    with pytest.raises(BacktestError, match="cannot be read"):
        run(telemetry, tmp_path / "out")


def test_events_are_read_in_order_of_time_and_unknown_kinds_are_changes(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    lines = [
        {"at": 20.0, "kind": "incident", "service": "api", "status": "closed", "id": "i1"},
        {"at": 10.0, "kind": "vacuum", "service": None},
        {"at": 15.0, "kind": "maintenance", "services": ["api", "db"]},
    ]
    path.write_text("\n".join(map(json.dumps, lines)) + "\n\n")
    events = read_events(path)
    assert [(e.at, e.kind, e.status, e.services) for e in events] == [
        (10.0, EventKind.DEPLOY, EventStatus.OPENED, ()),
        (15.0, EventKind.MAINTENANCE, EventStatus.OPENED, ("api", "db")),
        (20.0, EventKind.INCIDENT, EventStatus.CLOSED, ("api",)),
    ]


@pytest.mark.parametrize("line", ["{", "[]", '{"kind": "incident"}', '{"at": "x", "kind": "incident"}', "7"])
def test_a_bad_event_is_told_by_line(tmp_path: Path, line: str) -> None:
    path = tmp_path / "events.jsonl"
    path.write_text(f'{{"at": 1, "kind": "deploy"}}\n{line}\n')
    with pytest.raises(BacktestError, match=r"events\.jsonl:2: "):
        read_events(path)


def command() -> typer.Typer:
    app = typer.Typer()
    app.command()(backtest)
    return app


def test_the_command_writes_both_files_and_a_summary(tmp_path: Path) -> None:
    telemetry = write(tmp_path / "t.csv.gz", [*rows(), "bad\n"])
    result = CliRunner().invoke(command(), [str(telemetry), "--out", str(tmp_path / "out")])
    assert result.exit_code == 0
    assert len(scores(tmp_path / "out")) == len(VALUES) + 2
    assert "1 opened" in result.stderr
    assert "t.csv.gz:483" in result.stderr


def test_the_command_takes_declared_events_in(tmp_path: Path) -> None:
    events = tmp_path / "events.jsonl"
    events.write_text(json.dumps({"at": START + 390, "kind": "maintenance", "service": "api"}) + "\n")
    telemetry = write(tmp_path / "t.csv", rows())
    arguments = [str(telemetry), "--out", str(tmp_path / "out"), "--incidents", str(events)]
    assert CliRunner().invoke(command(), arguments).exit_code == 0
    assert alerts(tmp_path / "out") == []


def test_the_command_ends_with_two_and_a_sentence_when_the_input_is_unusable(tmp_path: Path) -> None:
    telemetry = write(tmp_path / "t.csv", rows(), header="a,b\n")
    result = CliRunner().invoke(command(), [str(telemetry), "--out", str(tmp_path / "out")])
    assert result.exit_code == 2
    assert "no column for the time" in result.stderr
    assert "Traceback" not in result.stderr


def test_names_and_times_that_need_quotes_are_written_as_they_were_read(tmp_path: Path) -> None:
    odd = ['"a ""b"", c"', '"line\nbreak"', "plain"]
    lines = [f'"\n{START + i}",{odd[i % 3]},{odd[(i + 1) % 3]},{i}.5\n' for i in range(6)]
    telemetry = write(tmp_path / "telemetry.csv", lines)
    assert run(telemetry, tmp_path / "out").bad_rows == 0
    with telemetry.open(newline="") as source:
        read = [row[:3] for row in csv.reader(source)]
    assert [row[:3] for row in scores(tmp_path / "out")] == read

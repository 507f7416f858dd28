"""What would make the figures mean something else than it seems is said before the figures are believed."""

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from domain.identity import ServiceId, SquadId
from domain.journeys import Landscape, Objective, Service
from streams.backtest import BacktestError
from streams.backtest.csv_file import CsvFile
from streams.backtest.declared import Incident, read_declared
from streams.backtest.notes import notes, within
from streams.backtest.run import AHEAD, Summary
from streams.backtest.source import Complain, Line
from streams.commands.backtest import backtest
from tests.support.builders import T0
from tests.support.timelines import noise

SUMMARY = Summary(first_at=T0, last_at=T0 + 3600, services=(ServiceId("api"), ServiceId("db")))


def incident(at: float, *services: str) -> Incident:
    return Incident("i", "slow", T0 + at, services=tuple(map(ServiceId, services)))


def landscape(*services: str, fallback: str | None = None) -> Landscape:
    return Landscape(
        services=tuple(Service(ServiceId(name), objectives=(Objective("m", 3.0, above=True),)) for name in services),
        fallback_squad=None if fallback is None else SquadId(fallback),
    )


def run(folder: Path, text: str, *more: object) -> tuple[int, str, str]:
    app = typer.Typer()
    app.command()(backtest)
    (folder / "t.csv").write_text(text)
    result = CliRunner().invoke(app, [str(each) for each in (folder / "t.csv", "--out", folder / "out", *more)])
    return result.exit_code, result.stdout, result.stderr


def rows(service: str, start: float = T0) -> str:
    return "".join(f"{start + 60 * i},{service},m,{value}\n" for i, value in enumerate(noise(600)))


def test_where_everything_meets_nothing_is_said() -> None:
    assert notes(SUMMARY, [incident(60, "api")], landscape("api", "db"), ()) == ()
    assert notes(SUMMARY, [incident(60)], landscape("api", "db"), ()) == ()


def test_what_cannot_be_without_services_or_objectives_is_told() -> None:
    (nothing,) = notes(SUMMARY, [], Landscape(), ())
    assert nothing.startswith("Without services in a configuration")
    bare = tuple(Service(each) for each in SUMMARY.services)
    (no_objective,) = notes(SUMMARY, [], Landscape(services=bare), ())
    assert no_objective.startswith("No service of the configuration has an objective")


def test_incidents_of_another_time_are_told_and_not_judged() -> None:
    every = [incident(-1, "api"), incident(60, "api"), incident(4000, "api")]
    (note,) = notes(SUMMARY, every, landscape("api", "db"), ())
    assert note.startswith("2 of 3 incidents are not within the time of the telemetry")
    assert within(every, SUMMARY) == (every[1],)


@pytest.mark.parametrize(("first_at", "last_at"), [(20_261_121.0, T0), (T0, 18_281_000_001.0)])
def test_a_time_that_hardly_was_meant_is_told(first_at: float, last_at: float) -> None:
    (note, *_) = notes(Summary(first_at=first_at, last_at=last_at), [], Landscape(), ())
    assert note.startswith("The telemetry was read as from ")


def test_a_label_that_is_different_in_each_row_is_told(tmp_path: Path) -> None:
    traces = "".join(f"{T0 + i},api,m,1,{i:x}z\n" for i in range(50))
    assert (
        "Too few samples to learn from: 1.0 for each of 50 series"
        in run(tmp_path, "ts,service,metric,value,trace\n" + traces)[2]
    )
    assert (
        "Too few samples" not in run(tmp_path, "ts,service,metric,value,trace\n" + rows("api").replace("\n", ",z\n"))[2]
    )


def test_names_that_do_not_meet_are_told() -> None:
    said = notes(SUMMARY, [incident(60, "payments")], landscape("api", "ledger"), ())
    assert [note.rpartition(": ")[2] for note in said] == ["payments.", "ledger.", "db."]
    assert "Nobody would be told" in said[2]
    assert len(notes(SUMMARY, [], landscape("api", "db", "ledger", fallback="ops"), ())) == 1
    assert len(notes(SUMMARY, [], landscape("api", fallback="ops"), ())) == 0


def test_a_table_that_is_sorted_by_series_is_told(tmp_path: Path) -> None:
    header = "ts,service,metric,value\n"
    code, printed, said = run(tmp_path, header + rows("a") + rows("b"), "--json", "--report")
    assert code == 0
    assert "not in order of time" in said
    assert json.loads(printed)["notes"][0].startswith("The input is not in order of time")
    assert "not in order of time" in (tmp_path / "out/report.html").read_text()
    assert "not in order" not in run(tmp_path, header + rows("a") + rows("a", T0 + 36000))[2]


@pytest.mark.parametrize("text", ["ts,service,metric,value\n", "ts,service,metric,value\nyesterday,a,m,1\n"])
def test_a_file_without_a_sample_ends_with_two_and_why(text: str, tmp_path: Path) -> None:
    code, _, said = run(tmp_path, text)
    assert code == 2
    assert "there is no sample in it" in said
    assert ("'yesterday' is not a time" in said) == ("yesterday" in text)


def test_an_incident_of_another_time_does_not_count_as_missed(tmp_path: Path) -> None:
    lines = [{"at": T0 + at, "kind": "incident", "service": "a"} for at in (-60, 600, 1e6)]
    (tmp_path / "i.jsonl").write_text("\n".join(map(json.dumps, lines)))
    text = "ts,service,metric,value\n" + rows("a")
    _, printed, said = run(tmp_path, text, "--incidents", tmp_path / "i.jsonl", "--json")
    assert json.loads(printed)["worth"]["incidents"] == 1
    assert "2 of 3 incidents are not within" in said


def test_what_is_stopped_leaves_whole_lines_and_ends_as_a_shell_expects(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Stopped(CsvFile):
        def lines(self, complain: Complain) -> Iterator[Line]:
            yield from islice(super().lines(complain), 2 * AHEAD)
            raise KeyboardInterrupt

    monkeypatch.setattr("streams.commands.backtest.open_file", Stopped)
    code, _, said = run(tmp_path, "ts,service,metric,value\n" + rows("a"))
    assert code == 130
    assert "stopped" in said
    written = (tmp_path / "out/scores.csv").read_text()
    assert written.endswith("\n")
    assert written.count("\n") == 1 + 2 * AHEAD


def test_incidents_may_tell_their_time_in_any_way(tmp_path: Path) -> None:
    lines = [
        {"at": round((T0 + 600) * 1000), "kind": "incident", "service": "a"},
        {"at": "2025-06-15T15:26:40Z", "kind": "incident", "service": "a", "resolved_at": "2025-06-15T17:36:40+02:00"},
    ]
    (tmp_path / "i.jsonl").write_text("\ufeff" + "\n".join(map(json.dumps, lines)))
    code, printed, _ = run(
        tmp_path, "ts,service,metric,value\n" + rows("a"), "--incidents", tmp_path / "i.jsonl", "--json"
    )
    assert code == 0
    assert [each["felt_at"] for each in json.loads(printed)["incidents"]] == [T0 + 600, T0 + 1200]


def test_incidents_may_come_as_a_table(tmp_path: Path) -> None:
    rows_ = ["INC-1;2025-06-15T15:16:40Z;a db;2025-06-15T15:26:40Z;", "d;1750000000;a;;deploy"]
    (tmp_path / "i.csv").write_text("\n".join(["id;at;services;resolved_at;kind", *rows_]))
    known = read_declared(tmp_path / "i.csv")
    services = ServiceId("a"), ServiceId("db")
    assert known.incidents == (Incident("INC-1", "incident", T0 + 600, None, T0 + 1200, services),)
    assert [event.kind for event in known.events] == ["deploy", "incident", "incident"]
    (tmp_path / "i.csv").write_text("id,service\nINC-1,a\n")
    with pytest.raises(BacktestError, match=r"i\.csv:2: not an event \(no 'at'\)"):
        read_declared(tmp_path / "i.csv")


def test_a_report_of_an_earlier_run_does_not_stay_beside_the_files_of_another(tmp_path: Path) -> None:
    text = "ts,service,metric,value\n" + rows("a")
    run(tmp_path, text, "--report")
    assert (tmp_path / "out/report.html").exists()
    run(tmp_path, text)
    assert not (tmp_path / "out/report.html").exists()


@pytest.mark.parametrize(
    ("text", "services"),
    [
        (f'id,at,kind,services\nA,{T0},Incident,"api, db;cache"\n', ("api", "db", "cache")),
        (f'id,at,title,services\nA,{T0},"two\nlines",api\n', ("api",)),
        (f'{{"id": "A", "at": {T0}, "kind": "incident", "title": "a\u2028b", "service": "api"}}\n', ("api",)),
        (f'{{"id": "A", "at": {T0}, "kind": "incident", "services": "api"}}\n', ("api",)),
    ],
)
def test_incidents_are_read_as_people_and_programs_write_them(
    text: str, services: tuple[str, ...], tmp_path: Path
) -> None:
    (tmp_path / "i").write_text(text)
    (found,) = read_declared(tmp_path / "i").incidents
    assert (found.id, found.felt_at, found.services) == ("A", T0, services)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("id,at,services\nA,1,api\nB,2,api,db\n", "i:3: more cells than columns"),
        (f'{{"at": {10**400}, "kind": "incident"}}', "i:1: not an event"),
    ],
)
def test_incidents_that_would_be_read_in_part_are_refused(text: str, told: str, tmp_path: Path) -> None:
    (tmp_path / "i").write_text(text)
    with pytest.raises(BacktestError, match=told):
        read_declared(tmp_path / "i")

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from domain.alert import AlertStatus, Severity
from domain.identity import AlertId, ServiceId
from domain.notice import Notify, Phase
from streams.commands import app
from streams.commands.alerts import squads_of, status_of
from streams.commands.explain import parse_time
from streams.record.database import RecordError
from streams.record.questions import Episode
from tests.support.builders import T0, an_anomaly
from tests.support.record import ALERT, OTHER, Log, a_client_notice, a_record_file, a_transition, tamper


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


@pytest.fixture
def file(tmp_path: Path) -> str:
    return a_record_file(tmp_path)


def test_a_sound_record_is_said_to_be_so_with_what_was_not_compared(file: str) -> None:
    done = run("audit", "verify", "--database", file)

    assert done.exit_code == 0
    assert "17 entries in 7 chains are what was written; seal " in done.stdout
    assert "Not compared with Kafka: give --config" in done.stdout


def test_a_changed_record_names_the_first_place_and_fails(file: str) -> None:
    tamper(file, ["DELETE FROM entries WHERE topic = 'foreshock.notices' AND partition_no = 2 AND position = 2"])

    done, as_json = run("audit", "verify", "--database", file), run("audit", "verify", "--database", file, "--json")

    assert (done.exit_code, as_json.exit_code) == (1, 1)
    place = "foreshock.notices/2@2 (position 3, notice)"
    assert done.stdout.startswith(f"{place}: position 3 follows 1: entries are missing")
    assert "The record is NOT what was written." in done.stdout
    found = json.loads(as_json.stdout)
    assert found["sound"] is False
    assert found["findings"][0]["where"] == place


@pytest.mark.parametrize("option", ["--heads-every", "--verify-every"])
def test_a_duration_that_is_none_is_told_with_its_option(option: str, tmp_path: Path) -> None:
    config = tmp_path / "foreshock.yaml"
    config.write_text('kafka: {brokers: ["localhost:9"]}\n', encoding="utf-8")

    done = run("record", "--config", str(config), "--database", str(tmp_path / "r.sqlite"), option, "soon")

    assert done.exit_code == 2
    assert done.stderr.startswith(f"{option}: 'soon' is not a duration")


@pytest.mark.parametrize(
    "arguments",
    [("audit", "verify"), ("alerts",), ("explain", "alert-1"), ("explain", "--client", "c", "--at", "2026-01-01")],
)
def test_a_missing_record_is_said_so_and_not_made(arguments: tuple[str, ...], tmp_path: Path) -> None:
    done = run(*arguments, "--database", str(tmp_path / "none.sqlite"))

    assert done.exit_code == 2
    assert "there is no record at" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_database_may_come_from_the_environment(file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORESHOCK_DATABASE", file)

    assert ALERT in run("explain", ALERT).stdout


def test_an_alert_is_explained_and_an_unknown_one_is_said_so(file: str) -> None:
    known, unknown = run("explain", ALERT, "--database", file), run("explain", "alert-x", "--database", file)

    assert known.exit_code == 0
    assert "Who was not told, and why" in known.stdout
    assert unknown.exit_code == 1
    assert "the record has never heard of alert-x" in unknown.stderr


def test_a_client_is_explained_as_json(file: str) -> None:
    done = run("explain", "--client", "fintech-7", "--at", "2025-06-15T15:07:00Z", "--database", file, "--json")

    assert done.exit_code == 0
    found = json.loads(done.stdout)
    assert found["subject"] == "client fintech-7 at 2025-06-15 15:07:00 UTC"
    assert found["sections"][0]["lines"][0]["source"] == "foreshock.notices/2@1"


@pytest.mark.parametrize(
    "arguments", [(), (ALERT, "--client", "c", "--at", "2026-01-01"), ("--client", "c"), (ALERT, "--at", "2026-01-01")]
)
def test_a_question_that_is_not_clear_is_refused(arguments: tuple[str, ...], file: str) -> None:
    done = run("explain", *arguments, "--database", file)

    assert done.exit_code == 2
    assert "give either an alert or a notice, or --client and --at" in done.stderr


def test_alerts_are_listed_and_those_that_are_over_are_not_open(file: str) -> None:
    every, as_json, still = (
        run("alerts", "--database", file, *more) for more in ((), ("--json",), ("--open",))
    )  # fmt: skip

    assert ALERT in every.stdout
    assert json.loads(as_json.stdout)["held"] == ["fintech-7", "wary-3"]
    assert still.stdout == "no open alerts\n"


def test_the_list_counts_the_clients_of_an_alert_when_they_are_many_and_json_names_all(tmp_path: Path) -> None:
    log = Log()
    anomaly = an_anomaly("ledger-db", at=T0)
    log.say(anomaly)
    log.say(a_transition(AlertStatus.OPEN, 1, 0, anomaly))
    for number in range(40):
        log.say(a_client_notice(Phase.WARNING, 1, 0, Notify("because"), client=f"client-{number:02d}"))
    file = a_record_file(tmp_path, log=log)

    table, as_json = run("alerts", "--database", file), run("alerts", "--database", file, "--json")

    assert " 37 " in table.stdout
    assert "client-39" not in table.stdout
    assert len(json.loads(as_json.stdout)["clients"]) == 40


def an_episode(status: AlertStatus, *squads: str, joined: str | None = None) -> Episode:
    with_alert = None if joined is None else AlertId(joined)
    gateway, ended_at = ServiceId("gateway"), T0 + 60.0
    return Episode(
        AlertId(ALERT), gateway, Severity.WARNING, status, T0, ended_at, "", None, with_alert, squads, (), ()
    )


@pytest.mark.parametrize(
    ("squads", "joined", "shown"),
    [((), None, "-"), (("payments", "web"), OTHER, "payments, web"), ((), OTHER, f"with {OTHER}")],
)
def test_an_alert_that_is_told_with_another_names_it(squads: tuple[str, ...], joined: str | None, shown: str) -> None:
    assert squads_of(an_episode(AlertStatus.OPEN, *squads, joined=joined)) == shown


@pytest.mark.parametrize(
    ("status", "shown"),
    [
        (AlertStatus.OPEN, "open"),
        (AlertStatus.UPDATE, "open"),
        (AlertStatus.SUSPENDED, "suspended"),
        (AlertStatus.RESOLVED, "resolved after 60 s"),
    ],
)
def test_the_status_of_an_alert_is_what_it_is_in_now(status: AlertStatus, shown: str) -> None:
    assert status_of(an_episode(status)) == shown


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2025-06-15T15:06:40Z", T0), ("2025-06-15 15:06:40", T0), ("2025-06-15T17:06:40+02:00", T0),
        ("1750000000", T0), ("1750000000.5", T0 + 0.5), ("2025-06-15", T0 - 54400.0), ("20250615", T0 - 54400.0),
    ],
)  # fmt: skip
def test_a_time_is_read_as_people_and_machines_write_it(text: str, at: float) -> None:
    assert parse_time(text) == at


@pytest.mark.parametrize("text", ["", "nan", "inf", "yesterday", "99999999999999", "-5", "2026-13-01"])
def test_what_is_no_time_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(RecordError, match="is no time; write it such as"):
        parse_time(text)


def test_recording_without_a_usable_configuration_is_refused(tmp_path: Path) -> None:
    done = run("record", "--config", str(tmp_path / "none.yaml"), "--once", "--database", str(tmp_path / "r.sqlite"))

    assert done.exit_code == 2
    assert "none.yaml" in done.stderr
    assert list(tmp_path.iterdir()) == []

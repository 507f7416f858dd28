"""Declared incidents against alerts: lead, precision, recall, false alarms, and what each detector was worth."""

import json
import math
from collections.abc import Sequence
from pathlib import Path

import pytest

from domain.alert import AlertStatus, Transition
from domain.identity import JourneyId, ServiceId
from domain.journeys import Landscape
from domain.telemetry import EventStatus
from streams.backtest import BacktestError
from streams.backtest.declared import Incident, incidents_of, read_declared
from streams.backtest.history import Episode
from streams.backtest.judge import Judged, Result, Scope, Verdict, judge
from tests.support.backtest import an_alert
from tests.support.builders import T0, a_forecast, a_journey, a_landscape, a_service, a_stage, an_incident

HORIZON_S = 600.0


def verdict(
    alerts: Sequence[tuple[Transition, ...]],
    incidents: Sequence[Incident],
    landscape: Landscape | None = None,
    services: int = 2,
    span_s: float = 86400.0,
) -> Verdict:
    known = a_landscape() if landscape is None else landscape
    names = [ServiceId(name) for name in ("payments-api", "ledger-db", "c", "d")[:services]]
    return judge([Episode(steps) for steps in alerts], incidents, known, Scope(names, span_s, HORIZON_S))


def incident(
    felt: float | None = 100.0, name: str = "i", began_at: float | None = None, ended_at: float | None = None
) -> Incident:
    """An incident of payments-api; times are seconds since T0."""
    felt_at, began, ended = (None if at is None else T0 + at for at in (felt, began_at, ended_at))
    return Incident(name, name, felt_at, began, ended, (ServiceId("payments-api"),))


def only(result: Verdict) -> Judged:
    (judged,) = result.judged
    return judged


def test_an_alert_that_opened_before_and_was_still_open_is_a_warning_with_its_lead() -> None:
    result = verdict([an_alert(opened=40, ended=200)], [incident(100, ended_at=150)])
    assert (only(result).result, only(result).lead_s) == (Result.WARNED, 60.0)
    assert (result.whole.recall, result.whole.precision, result.whole.median_lead_s) == (1.0, 1.0, 60.0)


@pytest.mark.parametrize(
    ("opened", "ended", "result", "true"),
    [
        (100, 200, Result.LATE, 1),  # at the very moment: nobody was early
        (120, 200, Result.LATE, 1),
        (40, 99, Result.LATE, 1),  # it had been taken back by then
        (40, None, Result.WARNED, 1),
        (-501, None, Result.MISSED, 0),  # more than the horizon before
        (211, 220, Result.MISSED, 0),  # more than a minute after the end
        (205, 220, Result.LATE, 1),
    ],
)
def test_what_counts_as_early_late_and_missed(opened: float, ended: float | None, result: Result, true: int) -> None:
    found = verdict([an_alert(opened=opened, ended=ended)], [incident(100, ended_at=150)])
    assert (only(found).result, found.whole.true_alerts) == (result, true)


def test_the_known_beginning_of_the_cause_replaces_the_horizon() -> None:
    early, late = an_alert(opened=10), an_alert(opened=60, ended=None)
    found = verdict([early, late], [incident(100, began_at=50, ended_at=150)])
    assert only(found).lead_s == 40.0
    assert found.whole.true_alerts == 1


def test_an_incident_without_an_end_takes_alerts_for_the_horizon() -> None:
    assert verdict([an_alert(opened=650)], [incident(100)]).whole.true_alerts == 1
    assert verdict([an_alert(opened=800)], [incident(100)]).whole.true_alerts == 0


def test_an_incident_that_nobody_felt_is_none_to_be_early_for_but_explains_its_alerts() -> None:
    found = verdict([an_alert(opened=60)], [incident(None, began_at=50, ended_at=150)])
    assert only(found).result is Result.NOT_FELT
    assert (found.whole.incidents, found.whole.recall, found.whole.precision) == (0, None, 1.0)


@pytest.mark.parametrize(
    ("service", "result"),
    [("payments-api", Result.WARNED), ("ledger-db", Result.WARNED), ("reporting", Result.MISSED)],
)
def test_an_alert_counts_on_the_service_and_on_what_it_needs(service: str, result: Result) -> None:
    found = verdict([an_alert(service, opened=40, ended=None)], [incident(100)])
    assert only(found).result is result


def test_an_incident_without_services_concerns_all() -> None:
    everywhere = Incident("i", "i", T0 + 100)
    assert only(verdict([an_alert("x", opened=40, ended=None)], [everywhere])).result is Result.WARNED


def test_false_alarms_are_counted_by_service_and_day() -> None:
    alerts = [an_alert(opened=40, ended=None), an_alert("ledger-db", opened=5000), an_alert("ledger-db", opened=9000)]
    whole = verdict(alerts, [incident(100, ended_at=150)], span_s=43200.0).whole
    assert (whole.alerts, whole.true_alerts) == (3, 1)
    assert whole.false_per_service_day == pytest.approx(2.0)
    window_s, reached = HORIZON_S, 2  # payments-api and ledger-db, which it needs
    assert whole.by_chance == pytest.approx(1 - math.exp(-2.0 * reached * window_s / 86400))


def test_nothing_is_divided_by_nothing() -> None:
    whole = verdict([], [], services=0, span_s=0.0).whole
    assert (whole.precision, whole.recall, whole.false_per_service_day, whole.by_chance) == (None,) * 4


def test_a_journey_has_figures_of_its_own() -> None:
    journeys = [a_journey(), a_journey("reports", a_stage("read", "reporting"), title="Reports")]
    services = [a_service(depends_on=["ledger-db"]), a_service("ledger-db"), a_service("reporting")]
    landscape = a_landscape(services, journeys)
    alerts = [an_alert("ledger-db", opened=40, ended=None), an_alert("reporting", opened=40)]
    first, second = verdict(alerts, [incident(100)], landscape).journeys
    assert (first.name, first.incidents, first.warned, first.alerts, first.true_alerts) == (
        "Payment initiation", 1, 1, 1, 1,
    )  # fmt: skip
    assert (second.name, second.incidents, second.alerts, second.true_alerts) == ("Reports", 0, 1, 0)


def test_journeys_named_with_an_incident_win_over_those_of_its_services() -> None:
    named = Incident("i", "i", T0 + 100, services=(ServiceId("payments-api"),), journeys=(JourneyId("other"),))
    (score,) = verdict([], [named]).journeys
    assert score.incidents == 0


def test_a_detector_is_worth_the_incidents_that_rest_on_it_alone() -> None:
    alerts = [
        an_alert(opened=40, ended=None, detectors=["level"]),
        an_alert(opened=5040, ended=None, detectors=["objective", "level"]),
        an_alert(opened=9000, detectors=["stuck"]),
        an_alert(opened=12040, ended=None, detectors=["level"], forecast=a_forecast()),
    ]
    incidents = [incident(at, str(at), ended_at=at + 50.0) for at in (100, 5100, 12100)]
    rows = {row.detector: row for row in verdict(alerts, incidents).detectors}
    assert [
        (name, row.led, row.took_part, row.only, row.only_false, row.warned_only) for name, row in rows.items()
    ] == [
        ("forecast", 1, 1, 0, 0, 0),
        ("level", 1, 3, 1, 0, 1),
        ("objective", 1, 1, 0, 0, 0),
        ("stuck", 1, 1, 1, 1, 0),
    ]


def test_a_withdrawn_alert_has_told_its_end() -> None:
    episode = Episode(an_alert(status=AlertStatus.RETRACTED))
    assert (episode.withdrawn, episode.ended_at) == (True, T0 + 30)


def declare(tmp_path: Path, *rows: object) -> Path:
    path = tmp_path / "incidents.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_openings_and_closings_make_one_incident() -> None:
    events = [
        an_incident("b", at=T0 + 5),
        an_incident("a", "api", at=T0, status=EventStatus.OPENED),
        an_incident("a", "api", at=T0 + 1, status=EventStatus.UPDATED),
        an_incident("a", "api", at=T0 + 9, status=EventStatus.CLOSED),
    ]
    found = {each.id: each for each in incidents_of(events)}
    assert (found["a"].felt_at, found["a"].ended_at, found["a"].services) == (T0, T0 + 9, ("api",))
    assert (found["b"].felt_at, found["b"].ended_at) == (T0 + 5, None)


def test_an_incident_may_be_one_line_with_its_end(tmp_path: Path) -> None:
    row = {
        "at": T0, "kind": "incident", "service": "api", "id": "x", "began_at": T0 - 50, "resolved_at": T0 + 90,
        "journeys": ["payment"], "title": "slow",
    }  # fmt: skip
    known = read_declared(declare(tmp_path, row, {"at": T0, "kind": "deploy", "service": "api"}))
    (found,) = known.incidents
    assert found == Incident("x", "slow", T0, T0 - 50, T0 + 90, (ServiceId("api"),), (JourneyId("payment"),))
    assert [(e.kind, e.status, e.at) for e in known.events] == [
        ("incident", "opened", T0), ("deploy", "opened", T0), ("incident", "closed", T0 + 90),
    ]  # fmt: skip


@pytest.mark.parametrize("kind", ["maintenance", "deploy"])
def test_what_is_no_incident_may_be_one_line_with_its_end_too(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "known.jsonl"
    row = {"id": "m-1", "kind": kind, "at": T0, "resolved_at": T0 + 1200, "services": ["ledger-db"]}
    path.write_text(json.dumps(row))
    known = read_declared(path)
    assert known.incidents == ()
    assert [(event.id, event.kind, event.status, event.at, event.services) for event in known.events] == [
        ("m-1", kind, EventStatus.OPENED, T0, ("ledger-db",)),
        ("m-1", kind, EventStatus.CLOSED, T0 + 1200, ("ledger-db",)),
    ]


def test_the_lines_of_a_recording_are_incidents_declared_when_they_were_felt(tmp_path: Path) -> None:
    felt = {
        "id": "dev-01", "kind": "disk_fill", "affected": ["db"], "fault_started_at": T0, "breach_at": T0 + 60,
        "resolved_at": T0 + 90, "journeys": ["payment"],
    }  # fmt: skip
    known = read_declared(declare(tmp_path, felt, felt | {"id": "dev-02", "breach_at": None}))
    assert [(i.title, i.began_at, i.felt_at, i.ended_at) for i in known.incidents] == [
        ("disk fill", T0, None, T0 + 90), ("disk fill", T0, T0 + 60, T0 + 90),
    ]  # fmt: skip
    assert [(e.id, e.status, e.at) for e in known.events] == [
        ("dev-01", "opened", T0 + 60), ("dev-01", "closed", T0 + 90),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "row",
    [
        {"kind": "x", "breach_at": None},
        {"breach_at": T0},
        {"at": T0, "kind": "incident", "resolved_at": "soon"},
        {"at": math.inf, "kind": "incident"},
    ],
)
def test_a_bad_line_is_told_by_file_and_line(row: object, tmp_path: Path) -> None:
    with pytest.raises(BacktestError, match=r"incidents\.jsonl:2: not an event"):
        read_declared(declare(tmp_path, {"at": T0, "kind": "deploy"}, row))

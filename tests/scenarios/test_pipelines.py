"""Telemetry that stops: one episode for what carries it, of which no client hears. One sign is ten seconds."""

from alerts.policy.facts import ALSO_SHOWN
from domain.alert import first_alert
from domain.anomaly import Anomaly, AnomalyKind, AnomalyPhase
from domain.feedback import FeedbackKind
from domain.journeys import Landscape
from tests.support.builders import (
    T0,
    a_client,
    a_feedback,
    a_journey,
    a_landscape,
    a_service,
    a_stage,
    an_anomaly,
    an_evidence,
)
from tests.support.scenario import BANK, DATA, OPENED, PAYMENTS, UPDATED, WAITING, Story, finding

BREACH = AnomalyKind.BREACH


def silent(service: str, at: float, last: float, gap: float = 1.0, phase: AnomalyPhase = OPENED) -> Anomaly:
    """Nothing has come of a service since ``last``; something usually comes each ``gap``."""
    found = an_evidence(service, at=T0 + at, actual=None, low=0.0, high=2 * gap, since=T0 + last)
    return an_anomaly(service, phase, T0 + at, T0 + at, AnomalyKind.SILENCE, evidence=[found])


def seven() -> Landscape:
    services = [a_service(f"service-{number}", depends_on=["ledger-db"]) for number in range(3)]
    apart = [a_service(f"alone-{number}", "data") for number in range(3)]
    return a_landscape(
        services=[a_service("ledger-db", "data"), *services, *apart],
        journeys=[a_journey(f"j-{each.id}", a_stage("do", each.id), title=each.id) for each in (*services, *apart)],
        clients=[a_client(journeys=[f"j-{each.id}" for each in (*services, *apart)])],
    )


#   silent since 0, found when each has been silent for longer than usual
STOPPED = [
    silent("service-0", 4, -0.5),
    silent("alone-0", 5, -1),
    silent("alone-1", 5.5, -2),
    silent("ledger-db", 6, 0.0),
    silent("service-1", 6, -1),
    silent("alone-2", 130, -40, gap=60.0),  # sends once a minute
]


def test_telemetry_of_many_services_that_stops_at_once_is_one_episode_about_what_carries_it() -> None:
    story = Story(seven(), *STOPPED, until=200, params=WAITING)

    episodes = [alert for alert in story.decide.open_alerts if alert.joined is None]
    assert [(alert.service, len(alert.consequences)) for alert in episodes] == [("service-0", 5)]
    assert [line for line in story.said if line[1] == BANK and line[3] == "notify"] == []
    assert story.sent(PAYMENTS)[0] == (4, PAYMENTS, "warning")
    assert len(story.sent(DATA)) <= 3
    last = story.facts[-1]
    said = "the telemetry of 6 services is in doubt since the same time: look at what carries it"
    assert (last.probable_cause, last.notes) == (None, (f"{said} (service-0, alone-0, alone-1 and 3 more)",))
    assert f"{said.replace('6', '5')} (service-0, alone-0, alone-1 and 2 more)" in story.headlines


def test_doubts_that_began_at_different_times_and_other_trouble_stay_apart() -> None:
    story = Story(
        seven(), silent("alone-0", 5, -1), silent("alone-1", 30, 20), finding(OPENED, 6, 6, service="alone-2"),
        until=60, params=WAITING,
    )  # fmt: skip

    assert {alert.joined for alert in story.decide.open_alerts} == {None}


def test_a_doubt_does_not_join_an_episode_of_trouble_on_a_service_of_which_it_knows_nothing() -> None:
    story = Story(seven(), finding(OPENED, 0, 0, service="alone-0"), silent("alone-1", 5, 0), until=60, params=WAITING)

    assert {alert.joined for alert in story.decide.open_alerts} == {None}


def test_of_trouble_among_doubts_a_client_hears_what_is_in_trouble_and_nothing_else() -> None:
    hurt = finding(OPENED, 20, 20, BREACH, service="service-2")  # needs the database, whose telemetry has stopped
    story = Story(seven(), *STOPPED, hurt, until=40, params=WAITING)

    assert story.letters == [(20, ("service-2",))]
    assert story.read[-1].started_at == T0 + 20


def test_no_approval_sends_a_letter_about_nothing_to_a_client_of_whom_only_telemetry_is_in_doubt() -> None:
    landscape = a_landscape(
        services=[a_service("a"), a_service("b")],
        journeys=[a_journey("j-a", a_stage("do", "a"), title="A"), a_journey("j-b", a_stage("do", "b"), title="B")],
        clients=[
            a_client("one", journeys=["j-a"]),
            a_client("two", "Two", journeys=["j-b"], emails=["ops@two.example"]),
        ],
    )
    doubts = [silent("b", 0, -1), silent("a", 1, -1)]
    hurt = finding(UPDATED, 20, 1, service="a")
    approved = a_feedback(FeedbackKind.APPROVE, first_alert(doubts[0].service, doubts[0].id), T0 + 25)
    story = Story(landscape, *doubts, hurt, approved, until=60, params=WAITING)
    alone = Story(landscape, *doubts, approved, until=60, params=WAITING)

    assert story.letters == [(20, ("A",))]
    assert sorted(alone.letters) == [(20, ("A",)), (20, ("B",))]  # a person may know more than the telemetry


def test_a_message_names_no_more_services_than_it_has_room_for() -> None:
    names = [f"s-{number}" for number in range(ALSO_SHOWN + 3)]
    landscape = a_landscape(services=[a_service(name) for name in names], journeys=[], clients=[])
    story = Story(landscape, *(silent(name, 5, 0) for name in names), until=60, params=WAITING)

    assert (len(story.facts[-1].also_affected), story.facts[-1].also_affected[-1]) == (
        ALSO_SHOWN + 1,
        "2 more services",
    )


def test_a_doubt_about_telemetry_keeps_no_trouble_quiet() -> None:
    late = finding(OPENED, 400, 400, service="service-0")
    story = Story(seven(), silent("ledger-db", 5, 0), late, until=450, params=WAITING)
    known = Story(seven(), finding(OPENED, 5, 5, service="ledger-db"), late, until=450, params=WAITING)

    assert (400, PAYMENTS, "warning") in story.sent(PAYMENTS)
    assert (400, PAYMENTS, "warning") not in known.sent(PAYMENTS)

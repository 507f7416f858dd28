"""Faults that show on several services within seconds: what waits for what, and what does not. One sign is ten seconds.

l level   s silence   . calm   w warning   u update   c all-clear
"""

from dataclasses import replace

import pytest

from alerts.decide import Decide
from alerts.params import AlertParams
from domain.alert import AlertStatus, first_alert
from domain.anomaly import Anomaly, AnomalyKind
from domain.feedback import Feedback, FeedbackKind
from domain.journeys import Landscape
from domain.notice import ClientFacts
from domain.telemetry import IncidentEvent
from tests.support.builders import (
    T0,
    a_client,
    a_feedback,
    a_journey,
    a_landscape,
    a_service,
    a_stage,
    a_watermark,
    an_incident,
)
from tests.support.decide import sent
from tests.support.scenario import BANK, ENDED, OPENED, PAYMENTS, UPDATED, WAITING, Story, finding

AT_ONCE = WAITING.model_copy(update={"group_wait": 0.0})
NAMES = [f"service-{number}" for number in range(5)]
BREACH = AnomalyKind.BREACH


def five(*, important: bool = False) -> Landscape:
    """Five services that need the database, each with a journey that the bank uses."""
    journeys = [
        a_journey(f"j-{name}", a_stage("do", name), title=f"Journey {name[-1]}", important=important) for name in NAMES
    ]
    return a_landscape(
        services=[a_service("ledger-db", "data"), *(a_service(name, depends_on=["ledger-db"]) for name in NAMES)],
        journeys=journeys,
        clients=[a_client(journeys=[each.id for each in journeys])],
    )


def failing(*at: float, kind: AnomalyKind = AnomalyKind.LEVEL) -> list[Anomaly]:
    return [finding(OPENED, when, when, kind, service=name) for name, when in zip(NAMES, at, strict=False)]


def the_database(at: float) -> Anomaly:
    return finding(OPENED, at, at, service="ledger-db")


def test_what_fails_in_the_same_seconds_is_one_letter_and_one_warning_with_one_edit() -> None:
    # service-0 shows it first and the database last, which is what ties them together
    items = [*failing(0), the_database(1), *failing(0, 2, 3, 4, 6)[1:]]
    story = Story(five(), *items, until=60, params=WAITING)
    hasty = Story(five(), *items, until=60, params=AT_ONCE)

    assert story.letters == [(10, tuple(f"Journey {number}" for number in range(5)))]
    assert story.sent(PAYMENTS) == [(0, PAYMENTS, "warning"), (10, PAYMENTS, "update")]
    assert len(story.facts[-1].also_affected) == 5
    assert hasty.letters == [(0, ("Journey 0",)), (1, tuple(f"Journey {number}" for number in range(5)))]
    assert len(hasty.sent(PAYMENTS)) == 6


def test_a_late_update_says_which_services_have_joined_since_the_last_one() -> None:
    items = [*failing(0), the_database(1), *failing(0, 2, 3, 4, 6)[1:]]
    changed = finding(UPDATED, 25, 0, service=NAMES[0])
    story = Story(five(), *items, changed, until=80, params=WAITING)

    now = f"{NAMES[0]}: latency_p95_ms is 420, expected 180 to 310"
    late = [text for text in story.headlines if text.startswith(now) and "also affected" in text]
    assert late == [f"{now}; also affected: service-1, service-2, service-3 and 1 more"]  # of the database they knew
    assert story.headlines[-1] == now  # nothing has joined since


def test_what_a_squad_knows_is_not_said_to_have_joined_because_a_client_heard_less() -> None:
    landscape = replace(five(), clients=(a_client(journeys=[f"j-{NAMES[0]}"]),))
    story = Story(landscape, the_database(0), *failing(1, 12, 25), until=80, params=WAITING)

    joined = [text.rpartition("; also affected: ")[2] for text in story.headlines if "; also affected: " in text]
    assert joined == ["service-1", "service-1", "service-2", "service-2"]  # two squads


def test_the_record_says_for_how_long_somebody_waited_and_for_what() -> None:
    story = Story(a_landscape(), finding(OPENED, 0, 0), until=20, params=WAITING)

    assert [line for line in story.reasons if line[1] == BANK] == [
        (0, BANK, "waits 10 s for what belongs to it"),
        (10, BANK, "90% sure reaches the client's 80%; waited 10 s for what belongs to it"),
    ]
    assert story.facts[0].client_decisions == ("Example Bank (bank-042): held: waits 10 s for what belongs to it",)


def an_approval() -> Feedback:
    found = finding(OPENED, 0, 0)
    return a_feedback(FeedbackKind.APPROVE, first_alert(found.service, found.id), T0 + 3)


@pytest.mark.parametrize(
    ("items", "told_at"),
    [
        ([finding(OPENED, 0, 0, BREACH)], 0),
        ([finding(OPENED, 0, 0, AnomalyKind.FORECAST, breach_at=240)], 0),  # at the earliest in 168 s
        ([finding(OPENED, 0, 0, AnomalyKind.FORECAST, breach_at=300)], 10),  # at the earliest in 210 s
        ([finding(OPENED, 0, 0), finding(UPDATED, 4, 0, BREACH)], 4),
        ([finding(OPENED, 0, 0), an_incident("INC-1", "payments-api", at=T0 + 3)], 3),
        ([finding(OPENED, 0, 0), an_approval()], 0),  # event time has not moved when it is heard
        ([finding(OPENED, 0, 0)], 10),
    ],
)
def test_no_letter_waits_where_that_would_cost_what_matters(
    items: list[Anomaly | IncidentEvent | Feedback], told_at: float
) -> None:
    story = Story(a_landscape(), *items, until=30, params=WAITING)

    assert story.sent(BANK) == [(told_at, BANK, "warning")]


def test_what_is_critical_does_not_wait() -> None:
    story = Story(five(important=True), *failing(0), until=30, params=WAITING)

    assert [at for at, _ in story.letters] == [0]


@pytest.mark.parametrize("resolve_hold", [0.0, 60.0])
def test_of_what_is_over_within_the_wait_no_client_hears_and_the_record_says_why(resolve_hold: float) -> None:
    params = WAITING.model_copy(update={"resolve_hold": resolve_hold})
    story = Story(a_landscape(), finding(OPENED, 0, 0), finding(ENDED, 4, 0), until=100, params=params)

    assert story.sent(BANK) == []
    ended_at = 4 if resolve_hold == 0 else 70
    assert [line for line in story.reasons if line[1] == BANK][-1] == (
        ended_at,
        BANK,
        "over before they had to be told: waits 10 s for what belongs to it",
    )
    assert [line for line in story.said if line[1] == BANK][-1][2:] == ("warning", "suppress")
    assert (story.sent(PAYMENTS)[-1], story.decide.debt()) == ((ended_at, PAYMENTS, "all-clear"), 0)


def test_of_services_that_are_calm_within_the_wait_no_update_is_sent_and_the_next_waits_again() -> None:
    calm = finding(ENDED, 104, 102, service="ledger-db")
    quiet = Story(five(), *failing(0), the_database(102), calm, until=150, params=WAITING)
    again = Story(five(), *failing(0), the_database(102), calm, the_database(200), until=250, params=WAITING)

    over = "over before they had to be told: waits 10 s for what belongs to it"
    assert quiet.letters == [(10, ("Journey 0",))]
    assert [line for line in quiet.said if line[1] == BANK][-1] == (120, BANK, "update", "suppress")
    assert quiet.facts[-1].client_decisions == (
        f"Example Bank (bank-042): told, 1 contact: an update is not sent: {over}",
    )
    assert [at for at, _ in again.letters] == [10, 210]
    assert (210, BANK, "more of their journeys are affected; waited 10 s for what belongs to it") in again.reasons


def test_no_client_hears_within_or_after_a_wait_of_a_service_that_is_calm_while_another_goes_on() -> None:
    landscape = a_landscape(
        services=[a_service("a", depends_on=["b"]), a_service("b")],
        journeys=[a_journey("j-a", a_stage("do", "a"), title="A"), a_journey("j-b", a_stage("do", "b"), title="B")],
        clients=[
            a_client("one", journeys=["j-a"]),
            a_client("two", "Two", journeys=["j-b"], emails=["ops@two.example"]),
        ],
    )
    begun = [finding(OPENED, 0, 0, service="a"), finding(OPENED, 2, 2, service="b")]
    calm = finding(ENDED, 6, 2, service="b")
    story = Story(landscape, *begun, calm, until=60, params=WAITING)
    over = Story(landscape, *begun, calm, finding(ENDED, 60, 0, service="a"), until=150, params=WAITING)

    assert story.letters == [(10, ("A",))]
    assert [line for line in over.reasons if line[1] == "ops@two.example"] == [
        (2, "ops@two.example", "waits 10 s for what belongs to it"),
        (120, "ops@two.example", "over before they had to be told: waits 10 s for what belongs to it"),
    ]
    assert over.decide.debt() == 0


def test_a_letter_never_waits_into_the_quiet_hours_of_its_reader() -> None:
    def sent_at(starts: int) -> list[float]:
        hours = (starts * 60 + 10, starts * 60 + 70)  # of the bank, where it is 17:06:40
        client = a_client()
        client = replace(client, policy=replace(client.policy, quiet_hours=hours))
        story = Story(a_landscape(clients=[client]), finding(OPENED, 0, 0), until=60, params=WAITING)
        return [at for at, _ in story.letters]

    assert (sent_at(17), sent_at(18)) == ([0], [10])


def test_what_began_long_ago_on_a_partition_that_lags_is_not_said_to_have_waited_for_longer_than_it_did() -> None:
    decide = Decide(a_landscape(), WAITING)
    ahead, late = a_watermark(T0 + 500, partition=1), a_watermark(T0 + 505, partition=1)
    decide.handle(ahead)
    decide.handle(finding(OPENED, 0, 0))

    told = [notice for notice in decide.handle(late).notices if notice.recipient == BANK]

    assert [notice.decision.reason for notice in told] == [
        "90% sure reaches the client's 80%; waited 10 s for what belongs to it"
    ]


def test_a_wait_that_has_hardly_begun_is_not_spoken_of() -> None:
    story = Story(a_landscape(), finding(OPENED, 0, 0), finding(UPDATED, 0.3, 0, BREACH), until=20, params=WAITING)

    assert [reason for at, who, reason in story.reasons if who == BANK and at > 0] == [
        "90% sure reaches the client's 80%"
    ]


def test_services_that_join_are_told_no_later_than_any_other_change() -> None:
    long = WAITING.model_copy(update={"group_wait": 60.0})
    story = Story(five(), *failing(0, 2), the_database(1), until=100, params=long)

    assert story.sent(PAYMENTS)[:2] == [(0, PAYMENTS, "warning"), (30, PAYMENTS, "update")]


def test_trouble_that_comes_back_after_the_wait_is_told_at_once() -> None:
    back = [finding(ENDED, 4, 0), finding(OPENED, 33, 33)]
    story = Story(a_landscape(), finding(OPENED, 0, 0), *back, until=50, params=WAITING)

    assert story.sent(BANK) == [(33, BANK, "warning")]


def test_a_wait_is_not_made_longer_by_what_joins_meanwhile() -> None:
    story = Story(five(), *failing(0), the_database(8), until=40, params=WAITING)

    assert [at for at, _ in story.letters] == [10]


def test_more_journeys_of_one_client_are_told_in_one_further_letter() -> None:
    story = Story(five(), *failing(0), the_database(101), *failing(0, 102)[1:], until=150, params=WAITING)
    calm = [finding(ENDED, 104, at, service=name) for name, at in ((NAMES[0], 0), ("ledger-db", 102))]
    over = Story(five(), *failing(0), the_database(102), *calm, until=150, params=WAITING)

    assert story.letters == [(10, ("Journey 0",)), (120, tuple(f"Journey {number}" for number in range(5)))]
    assert over.letters == [(10, ("Journey 0",))]


def test_a_restart_within_the_wait_changes_nothing() -> None:
    first, second = Decide(a_landscape(), WAITING), Decide(a_landscape(), WAITING)
    first.handle(finding(OPENED, 0, 0))
    second.restore(first.snapshot())

    assert sent(second.handle(a_watermark(T0 + 9))) == []
    assert sent(second.handle(a_watermark(T0 + 10))) == [(BANK, "warning")]
    assert second.handle(a_watermark(T0 + 11)).notices == ()


def test_trouble_that_began_too_late_to_be_the_cause_is_said_to_be_perhaps_of_its_own() -> None:
    story = Story(a_landscape(), finding(OPENED, 0, 0), the_database(200), until=260, params=WAITING)
    slow = Story(a_landscape(), finding(OPENED, 0, 0), the_database(40), until=100, params=WAITING)

    last, usual = story.facts[-1], slow.facts[-1]
    assert last.probable_cause == "payments-api"
    assert last.also_affected[0].startswith(
        "ledger-db (payments-api needs it; began 3 min later, perhaps of its own): latency"
    )
    assert usual.probable_cause == "ledger-db"
    assert usual.also_affected[0].startswith("ledger-db (payments-api needs it): latency")


def test_settings_that_keep_nobody_waiting_wait_for_nothing() -> None:
    story = Story(a_landscape(), finding(OPENED, 0, 0), until=20, params=AT_ONCE)

    assert [(at, kind) for at, who, _, kind in story.said if who == BANK] == [(0, "notify")]
    assert [status for _, _, status in story.statuses] == [AlertStatus.OPEN]
    assert AlertParams().group_wait == 10.0
    assert all(not isinstance(facts, ClientFacts) for facts in story.facts)

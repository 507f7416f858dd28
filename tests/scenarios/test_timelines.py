"""Small labelled timelines, in event time, and everything that is said of them. One sign is ten seconds.

f forecast   l level   b breach   . calm   ! incident declared   w warning   u update   c all-clear   r retraction
"""

from typing import Any

from alerts.params import AlertParams
from domain.anomaly import AnomalyKind
from domain.journeys import Landscape
from domain.telemetry import EventStatus
from tests.support.builders import (
    T0,
    a_client,
    a_journey,
    a_landscape,
    a_service,
    a_squad,
    a_stage,
    an_incident,
)
from tests.support.scenario import BANK, DATA, ENDED, OPENED, PAYMENTS, UPDATED, Story, finding


def test_a_ramp_is_told_before_it_hits_and_its_end_after() -> None:
    #          0         100       200       300       400       500
    # api      ....ffffffffffffffffbbbbbbbbbb....................
    # squad        w       u       u                 c               the forecast moves at 120, the breach comes at 200
    # client       w               u                 c               the move is small beside the time that is left
    breach_at = 200.0
    story = Story(
        a_landscape(),
        finding(OPENED, 40, 40, AnomalyKind.FORECAST, breach_at=240),
        finding(UPDATED, 120, 40, AnomalyKind.FORECAST, breach_at=195),
        finding(UPDATED, breach_at, 40, AnomalyKind.BREACH, breach_at=195),
        finding(ENDED, 300, 40, AnomalyKind.BREACH),
        until=500,
    )

    assert story.sent() == [
        (40, PAYMENTS, "warning"),
        (40, BANK, "warning"),
        (120, PAYMENTS, "update"),
        (200, PAYMENTS, "update"),
        (200, BANK, "update"),
        (360, PAYMENTS, "all-clear"),
        (360, BANK, "all-clear"),
    ]
    assert breach_at - story.sent(BANK)[0][0] == 160  # the lead time
    assert story.headlines == [
        "payments-api: latency_p95_ms is expected above its limit of 800 in about 3 min (2 min to 5 min, 80% sure)",
        (
            "payments-api: forecast changed: latency_p95_ms is expected above its limit of 800 in about 75 s "
            "(52 s to 2 min, 80% sure)"
        ),
        "payments-api: latency_p95_ms has breached its objective: 420, expected 180 to 310",
        "payments-api: back to normal after 5 min",
    ]
    assert story.decide.debt() == 0


def test_a_forecast_that_does_not_come_true_is_taken_back() -> None:
    #          0         100       200
    # api      ffffff..............
    # both     w           r
    story = Story(
        a_landscape(),
        finding(OPENED, 0, 0, AnomalyKind.FORECAST, breach_at=240),
        finding(ENDED, 60, 0, AnomalyKind.FORECAST, breach_at=240),
        until=200,
    )

    assert story.sent() == [
        (0, PAYMENTS, "warning"),
        (0, BANK, "warning"),
        (120, PAYMENTS, "retraction"),
        (120, BANK, "retraction"),
    ]


def test_one_cause_is_one_thread_for_every_reader_and_ends_once() -> None:
    #             0         100       200       300
    # ledger-db   bbbbbbbbbbbbbbbb..............
    # api         ...llllllllllllllll...........   needs ledger-db, so joins its episode
    # data        w  u                     c       answers for ledger-db
    # payments    w  u                     c       its journey needs ledger-db; answers for payments-api
    # client      w                        c       their journey was affected from the first
    story = Story(
        a_landscape(),
        finding(OPENED, 0, 0, AnomalyKind.BREACH, service="ledger-db"),
        finding(OPENED, 30, 30),
        finding(ENDED, 160, 0, AnomalyKind.BREACH, service="ledger-db"),
        finding(ENDED, 190, 30),
        until=300,
    )

    assert [line for line in story.statuses if line[1] == "payments-api"] == [
        (30, "payments-api", "open"),
        (250, "payments-api", "resolved"),
    ]
    assert [line for line in story.statuses if line[1] == "ledger-db"] == [
        (0, "ledger-db", "open"),
        (30, "ledger-db", "update"),
        (250, "ledger-db", "update"),
        (250, "ledger-db", "resolved"),
    ]
    for squad in (DATA, PAYMENTS):
        assert [(at, phase) for at, _, phase in story.sent(squad)] == [
            (0, "warning"),
            (30, "update"),
            (250, "all-clear"),
        ]
    assert story.sent(BANK) == [(0, BANK, "warning"), (250, BANK, "all-clear")]
    assert story.headlines[2].startswith("also affected: payments-api: ")


def test_a_consequence_that_shows_first_finds_its_cause() -> None:
    story = Story(
        a_landscape(),
        finding(OPENED, 0, 0),
        finding(OPENED, 40, 40, service="ledger-db"),
        until=100,
    )

    facts = story.facts[-1]
    assert (facts.service, facts.probable_cause) == ("payments-api", "ledger-db")
    assert facts.also_affected == ("ledger-db (payments-api needs it): latency_p95_ms is 420, expected 180 to 310",)
    assert [at for at, *_ in story.sent(BANK)] == [0]


def test_unrelated_troubles_stay_apart_however_close_in_time() -> None:
    landscape = a_landscape(services=[a_service(), a_service("reporting", "data")])
    story = Story(landscape, finding(OPENED, 0, 0), finding(OPENED, 1, 1, service="reporting"), until=50)

    assert story.sent() == [(0, PAYMENTS, "warning"), (0, BANK, "warning"), (1, DATA, "warning")]


def test_related_troubles_that_began_far_apart_stay_apart() -> None:
    story = Story(a_landscape(), finding(OPENED, 0, 0), finding(OPENED, 301, 301, service="ledger-db"), until=400)

    assert [phase for _, _, phase in story.sent(BANK)] == ["warning", "warning"]


def test_a_client_hears_again_when_a_joining_service_affects_more_of_their_journeys() -> None:
    landscape = a_landscape(
        services=[a_service(depends_on=["ledger-db"]), a_service("ledger-db", "data")],
        journeys=[a_journey(), a_journey("report", a_stage("send", "ledger-db"), title="Report", squad="data")],
        clients=[a_client(journeys=["payment-initiation", "report"])],
    )
    story = Story(landscape, finding(OPENED, 0, 0), finding(OPENED, 20, 20, service="ledger-db"), until=50)

    assert story.sent(BANK) == [(0, BANK, "warning"), (20, BANK, "update")]


def quiet_bank(**policy: Any) -> Landscape:
    """Return a bank whose quiet hours end at 17:15 in Berlin, 500 seconds after the beginning of a story."""
    return a_landscape(squads=[], clients=[a_client(quiet_hours=(16 * 60, 17 * 60 + 15), **policy)])


def test_what_is_held_in_quiet_hours_is_told_when_they_end() -> None:
    story = Story(quiet_bank(), finding(OPENED, 0, 0), finding(ENDED, 600, 0), until=700)

    assert [(at, phase, kind) for at, _, phase, kind in story.said] == [
        (0, "warning", "hold"),
        (500, "warning", "notify"),
        (660, "all-clear", "notify"),
    ]


def test_what_is_over_before_the_quiet_hours_end_is_never_sent() -> None:
    story = Story(quiet_bank(), finding(OPENED, 0, 0), finding(ENDED, 100, 0), until=700)
    holding = Story(quiet_bank(), finding(OPENED, 0, 0), finding(ENDED, 480, 0), until=700)

    assert [(at, kind) for at, _, _, kind in story.said] == [(0, "hold")]
    assert [(at, kind) for at, _, _, kind in holding.said] == [(0, "hold")]  # over, but its end not yet due


def test_an_update_in_quiet_hours_waits_for_their_end_too() -> None:
    eve = a_landscape(squads=[], clients=[a_client(quiet_hours=(17 * 60 + 7, 17 * 60 + 15))])
    story = Story(eve, finding(OPENED, 0, 0), finding(UPDATED, 60, 0, AnomalyKind.BREACH), until=700)

    assert [(at, phase, kind) for at, _, phase, kind in story.said] == [
        (0, "warning", "notify"),
        (60, "update", "hold"),
        (500, "update", "notify"),
    ]


def test_no_more_than_the_agreed_number_of_notices_goes_out_in_a_day_and_endings_do_not_count() -> None:
    limited = a_landscape(squads=[], clients=[a_client(max_per_day=1)])
    items = [
        *(finding(OPENED, start, start) for start in (0, 1000)),
        finding(ENDED, 100, 0),
        finding(UPDATED, 24 * 3600, 1000),
    ]
    story = Story(
        limited, *items, until=26 * 3600, params=AlertParams.model_validate({"stale_after": "2d", "group_wait": "0s"})
    )

    midnight_in_berlin = 6 * 3600 + 53 * 60 + 20
    assert [(at, phase, kind) for at, _, phase, kind in story.said] == [
        (0, "warning", "notify"),
        (160, "all-clear", "notify"),
        (1000, "warning", "hold"),
        (midnight_in_berlin, "warning", "notify"),
    ]


def test_an_incident_that_is_declared_meanwhile_is_linked_and_its_close_ends_nothing() -> None:
    #          0         100       200       300
    # api      llllllllllllllllllll..............
    # people        !         !                    declared at 50, closed at 150
    # squad    w    u                    c
    story = Story(
        a_landscape(),
        finding(OPENED, 0, 0),
        an_incident("INC-1", "payments-api", at=T0 + 50),
        an_incident("INC-1", "payments-api", at=T0 + 150, status=EventStatus.CLOSED),
        finding(ENDED, 200, 0),
        until=300,
    )

    assert [(at, phase) for at, _, phase in story.sent(PAYMENTS)] == [
        (0, "warning"),
        (50, "update"),
        (260, "all-clear"),
    ]
    assert story.headlines[1].startswith("incident INC-1 was declared; payments-api: ")
    assert story.sent(BANK) == [(0, BANK, "warning"), (260, BANK, "all-clear")]


def test_without_clients_the_squads_are_told_all_the_same() -> None:
    story = Story(a_landscape(clients=[]), finding(OPENED, 0, 0), finding(ENDED, 100, 0), until=200)

    assert story.sent() == [(0, PAYMENTS, "warning"), (160, PAYMENTS, "all-clear")]


def test_without_any_landscape_the_episode_is_kept_and_nobody_is_told() -> None:
    bare = a_landscape([], [], [], [])

    story = Story(bare, finding(OPENED, 0, 0), finding(ENDED, 100, 0), until=200)

    assert story.statuses == [(0, "payments-api", "open"), (160, "payments-api", "resolved")]
    assert story.said == []


def test_each_client_hears_only_as_much_as_they_agreed_to() -> None:
    #          0         100       200
    # api      llllllllllll...............   confidence 0.7, then 0.9 at 60
    # eager    w                 c           automatic from 0.5
    # careful        w           c           automatic from 0.8
    # asks                                   approval required: held, nobody approves
    # away                                   uses another journey
    landscape = a_landscape(
        services=[a_service(), a_service("reporting", "data")],
        journeys=[a_journey(), a_journey("report", a_stage("send", "reporting"), title="Report", squad="data")],
        squads=[a_squad(), a_squad("data")],
        clients=[
            a_client("eager", min_confidence=0.5),
            a_client("careful"),
            a_client("asks", approval="required"),
            a_client("away", journeys=["report"]),
        ],
    )

    story = Story(
        landscape,
        finding(OPENED, 0, 0, confidence=0.7),
        finding(UPDATED, 60, 0, confidence=0.9),
        finding(ENDED, 120, 0),
        until=200,
    )

    assert [line for line in story.said if line[1] != PAYMENTS] == [
        (0, "ops@eager.example", "warning", "notify"),
        (0, "ops@careful.example", "warning", "suppress"),
        (0, "ops@asks.example", "warning", "suppress"),
        (60, "ops@careful.example", "warning", "notify"),
        (60, "ops@asks.example", "warning", "hold"),
        (180, "ops@eager.example", "all-clear", "notify"),
        (180, "ops@careful.example", "all-clear", "notify"),
    ]

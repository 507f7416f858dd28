"""Trouble that comes and goes, and everything that is said of it: what is suspended, and what that never hides."""

import pytest

from alerts.decide import Decide
from alerts.params import AlertParams
from domain.anomaly import AnomalyKind
from tests.support.builders import a_landscape
from tests.support.scenario import BANK, ENDED, OPENED, PAYMENTS, UPDATED, Story, finding


def test_flapping_is_one_episode_for_the_squad_and_two_messages_for_the_client() -> None:
    #          0         100       200       300
    # api      ll...ll...ll...ll..............
    # squad    w    u    u    u        c
    # client   w                       c
    swings = [(0, 20), (50, 70), (100, 120), (150, 170)]
    story = Story(
        a_landscape(),
        *(finding(OPENED, start, start) for start, _ in swings),
        *(finding(ENDED, end, start) for start, end in swings),
        until=400,
    )

    assert [(at, phase) for at, _, phase in story.sent(PAYMENTS)] == [
        (0, "warning"),
        (50, "update"),
        (100, "update"),
        (150, "update"),
        (230, "all-clear"),
    ]
    assert story.sent(BANK) == [(0, BANK, "warning"), (230, BANK, "all-clear")]
    assert len({service for _, service, _ in story.statuses}) == 1


def test_what_flaps_is_suspended_in_sight_and_its_end_is_told_when_it_stays_calm() -> None:
    # api      ll....... six times, a minute and a half apart; calm for good from 470 on
    swings = [(90 * number, 90 * number + 20) for number in range(6)]
    story = Story(
        a_landscape(),
        *(finding(OPENED, start, start) for start, _ in swings),
        *(finding(ENDED, end, start) for start, end in swings),
        until=1000,
        params=AlertParams.model_validate({"resolve_hold": "80s", "group_wait": "0s"}),
    )

    assert [at for at, _, status in story.statuses if status == "suspended"] == [360]
    squad = [(at, phase) for at, _, phase in story.sent(PAYMENTS)]
    assert squad[-2:] == [(360, "update"), (770, "all-clear")]
    assert "payments-api is suspended: its trouble comes and goes" in story.facts[-1].notes
    assert story.sent(BANK) == [(0, BANK, "warning"), (770, BANK, "all-clear")]


def test_what_is_suspended_and_then_stays_is_told_of_as_before() -> None:
    swings = [(90 * number, 90 * number + 20) for number in range(4)]
    story = Story(
        a_landscape(clients=[]),
        *(finding(OPENED, start, start) for start, _ in swings),
        *(finding(ENDED, end, start) for start, end in swings),
        finding(OPENED, 360, 360),
        finding(UPDATED, 500, 360),
        finding(UPDATED, 660, 360),
        until=700,
        params=AlertParams.model_validate({"resolve_hold": "80s", "group_wait": "0s"}),
    )

    assert [at for at, phase in [(at, phase) for at, _, phase in story.sent(PAYMENTS)] if at > 360] == [660]
    assert story.headlines[-1].startswith("trouble stays, no longer suspended; payments-api: ")


def test_troubles_of_several_causes_in_a_short_time_do_not_suspend() -> None:
    causes = ["latency_p95_ms", "pool_in_use", "http_5xx_per_s", "rss_bytes", "event_loop_lag_ms", "cpu_util"]
    story = Story(
        a_landscape(clients=[]),
        *(finding(OPENED, 90 * n, 90 * n, metric=metric) for n, metric in enumerate(causes)),
        *(finding(ENDED, 90 * n + 20, 90 * n, metric=metric) for n, metric in enumerate(causes)),
        until=1000,
        params=AlertParams.model_validate({"resolve_hold": "30s", "group_wait": "0s"}),
    )

    statuses = [status for _, _, status in story.statuses]
    assert statuses.count("open") == len(causes)
    assert "suspended" not in statuses


@pytest.mark.parametrize(("leads", "suspended_at"), [("AAAAAAA", 320), ("ABABABA", 400), ("ABCABCA", 480)])
def test_what_comes_back_in_turns_is_suspended_like_what_comes_back_alone(leads: str, suspended_at: float) -> None:
    times = [(lead, 80 * number) for number, lead in enumerate(leads)]
    story = Story(
        a_landscape(clients=[]),
        *(finding(OPENED, at, at, metric=lead) for lead, at in times),
        *(finding(ENDED, at + 20, at, metric=lead) for lead, at in times),
        until=490,
        params=AlertParams.model_validate({"resolve_hold": "30s", "group_wait": "0s"}),
    )

    assert [at for at, _, status in story.statuses if status == "suspended"] == [suspended_at]


def test_of_what_comes_and_goes_for_hours_no_more_is_remembered_than_the_window() -> None:
    decide = Decide(a_landscape(), AlertParams.model_validate({"resolve_hold": "80s"}))
    for at in range(0, 36_000, 90):
        decide.handle(finding(OPENED, at, at))
        decide.handle(finding(ENDED, at + 20, at))

    (alert,) = decide.open_alerts
    assert alert.suspended_at is not None
    assert len(alert.comings) == 7


def test_what_is_suspended_stays_so_until_its_hold_is_over_however_short_the_window() -> None:
    story = Story(
        a_landscape(clients=[]),
        *(finding(phase, at, 0) for phase, at in ((OPENED, 0), (ENDED, 10))),
        *(finding(phase, at, 20) for phase, at in ((OPENED, 20), (UPDATED, 200), (UPDATED, 320))),
        until=330,
        params=AlertParams.model_validate({"flap_after": 2, "flap_window": "100s", "flap_hold": "300s"}),
    )

    assert [(at, status) for at, _, status in story.statuses][-4:] == [
        (20, "suspended"),
        (200, "update"),
        (320, "update"),
        (320, "update"),
    ]


def test_another_cause_gets_an_alert_of_its_own_beside_what_comes_and_goes() -> None:
    # api      ll....... five times, a minute and a half apart; calm from 380 on; at 500 a pool runs full
    swings = [(90 * number, 90 * number + 20) for number in range(5)]
    story = Story(
        a_landscape(),
        *(finding(OPENED, start, start) for start, _ in swings),
        *(finding(ENDED, end, start) for start, end in swings),
        finding(OPENED, 500, 500, AnomalyKind.FORECAST, breach_at=560, metric="pool_in_use"),
        until=510,
        params=AlertParams.model_validate({"resolve_hold": "80s", "group_wait": "0s"}),
    )

    assert [(at, status) for at, _, status in story.statuses if at >= 360] == [
        (360, "update"),
        (360, "suspended"),
        (500, "resolved"),
        (500, "open"),
    ]
    assert [(at, phase) for at, _, phase in story.sent(PAYMENTS)][-2:] == [(500, "all-clear"), (500, "warning")]

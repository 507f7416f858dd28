"""While people deal with an incident, and at its end: what is still seen, and what is no longer true."""

import math
import random  # noqa: TID251 - seeded
from collections.abc import Sequence

import pytest

from detectors.detection import Detection
from detectors.params import DetectionParams
from detectors.units.unit_jump import levels
from detectors.values.stuck import StuckDetector, StuckParams
from domain.anomaly import Anomalous, Anomaly, AnomalyKind
from domain.identity import ServiceId
from domain.journeys import Objective, Service
from domain.telemetry import EventKind, EventStatus, IncidentEvent
from tests.support.detectors import Alone
from tests.support.timelines import START, feed, noise, timeline

API = ServiceId("payments-api")
LAG = Service(API, objectives=(Objective("lag_s", 30.0, above=True, for_s=5.0),))
CALM = 400
RAMP = [4.4 * step for step in range(1, 21)]  # to 88
CATCHING_UP = (
    0.67, 0.62, 0.58, 0.58, 0.61, 0.92, 1.44, 1.63, 0.93, 0.93, 1.24, 1.1, 1.38, 1.37, 2.58, 1.78, 3.6, 7.92,
    12.32, 16.9, 21.91, 26.32, 30.57, 34.76, 39.59, 43.85, 48.11, 53.01, 57.32, 61.9, 66.11, 70.49, 75.02, 79.33,
    83.73, 88.17, 0.13, 0.22, 0.28, 0.3, 0.33, 0.47, 0.51, 0.41, 0.52, 0.41,
)  # fmt: skip


def lag(count: int, seed: int = 1, spread: float = 0.35) -> list[float]:
    """What a replica is usually behind: noise of a third of itself."""
    chance = random.Random(seed)
    return [0.5 * math.exp(spread * chance.gauss(0, 1)) for _ in range(count)]


def declared(detection: Detection, kind: EventKind, begins: int, ends: int) -> None:
    """Declare what begins and ends after so many samples."""
    for status, at in ((EventStatus.OPENED, begins), (EventStatus.CLOSED, ends)):
        detection.event(IncidentEvent("i-1", kind, status, START + at, (API,)))


def during_maintenance(values: Sequence[float], begins: int, ends: int) -> list[Anomaly]:
    detection = Detection(DetectionParams(), (LAG,))
    declared(detection, EventKind.MAINTENANCE, begins, ends)
    return feed(detection, timeline(values, metric="lag_s"))[1]


def factors(values: Sequence[float], without: Sequence[str] = ()) -> list[float]:
    """By what the values of a single series are divided in the end."""
    detection = Detection(DetectionParams.model_validate({"without": without}))
    feed(detection, timeline(values, metric="lag_s"))
    return [each.watch.factor for each in detection._bank if each.watch is not None and each.watch.factor != 1.0]


def found(detector: Alone, values: Sequence[float], start: int, *, learn: bool) -> int:
    """How many of the values are findings."""
    verdicts = [detector.observe(START + start + number, value, learn=learn) for number, value in enumerate(values)]
    return sum(isinstance(verdict, Anomalous) for verdict in verdicts)


def test_what_stands_still_is_found_while_nothing_may_be_learnt_and_teaches_nothing() -> None:
    detector = Alone(StuckDetector(StuckParams()))
    found(detector, noise(200), 0, learn=True)
    assert found(detector, [7.0] * 30, 200, learn=False) == 11
    assert found(detector, noise(50, seed=2), 230, learn=False) == 0
    found(detector, noise(50, seed=3), 280, learn=True)
    assert found(detector, [7.0] * 30, 330, learn=True) == 11


def test_a_standstill_that_outlasts_an_incident_is_no_measure_of_what_is_usual() -> None:
    detector = Alone(StuckDetector(StuckParams()))
    found(detector, noise(200), 0, learn=True)
    found(detector, [7.0] * 18, 200, learn=False)
    found(detector, [7.0, *noise(50, seed=2)], 218, learn=True)
    assert found(detector, [7.0] * 30, 269, learn=True) == 11


def test_equal_values_before_and_after_an_incident_are_no_run_when_others_came_in_between() -> None:
    detector = Alone(StuckDetector(StuckParams()))
    found(detector, [*noise(200), *[7.0] * 15], 0, learn=True)
    found(detector, noise(50, seed=2), 215, learn=False)
    assert found(detector, [7.0] * 15, 265, learn=True) == 0


def test_a_fall_back_from_a_ramp_to_where_it_began_is_no_change_of_unit() -> None:
    values = [*lag(CALM), *CATCHING_UP]
    assert factors(values, without=["level"]) == []  # not even where nothing is known to be wrong


@pytest.mark.parametrize("seed", range(3))
def test_a_change_of_unit_after_a_calm_time_is_still_one(seed: int) -> None:
    assert factors([*lag(CALM, seed, 0.1), *(0.001 * value for value in lag(100, seed + 50, 0.1))]) == [0.001]


@pytest.mark.parametrize("trouble", [False, True])
def test_a_fall_takes_more_evidence_to_be_another_unit_while_an_incident_is_declared(*, trouble: bool) -> None:
    detection = Detection(DetectionParams())
    if trouble:
        declared(detection, EventKind.INCIDENT, CALM - 50, CALM + 50)
    falls = [value / 60 for value in lag(40, 7, 0.1)]
    feed(detection, timeline([*lag(CALM, 3, 0.1), *falls], metric="lag_s"))
    assert any(each.watch is not None and each.watch.factor != 1.0 for each in detection._bank) is not trouble


def test_a_limit_passed_during_a_maintenance_is_not_told_once_it_is_kept_again() -> None:
    values = [*lag(CALM), *RAMP, *lag(100, 2)]
    assert during_maintenance(values, CALM - 5, CALM + len(RAMP)) == []


def test_a_limit_that_is_still_passed_at_the_end_of_a_maintenance_is_told_with_the_next_sample() -> None:
    values = [*lag(CALM), *RAMP, *noise(20, centre=88.0), *lag(100, 2)]
    ends = CALM + len(RAMP) + 2
    (first, *_) = during_maintenance(values, CALM - 5, ends)
    assert (first.kind, first.at) == (AnomalyKind.BREACH, START + ends)


def test_a_good_value_amid_bad_ones_does_not_end_what_was_told() -> None:
    values: list[float] = [*lag(CALM), *RAMP, *[88.0, 89.0, 87.0, 0.5] * 8, *lag(100, 2)]
    said = feed(Detection(DetectionParams(), (LAG,)), timeline(values, metric="lag_s"))[1]
    breached = [anomaly for anomaly in said if anomaly.kind is AnomalyKind.BREACH]
    assert len({anomaly.id for anomaly in breached}) == 1


def test_a_forecast_made_during_a_maintenance_is_not_told_once_the_series_is_back() -> None:
    ramp = [1.3 * step for step in range(1, 21)]
    values = [*lag(CALM), *ramp, *lag(100, 2)]
    assert during_maintenance(values, CALM - 5, CALM + 15)[0].kind is AnomalyKind.FORECAST
    assert during_maintenance(values, CALM - 5, CALM + len(ramp)) == []


def test_where_a_series_stood_is_where_its_way_began() -> None:
    stood = (0.5, 0.0)
    assert levels(stood, [0.5] * 4 + RAMP) == stood
    assert levels(stood, [0.5] * 4 + RAMP[::-1]) == stood
    assert levels(stood, [0.5] * 10 + [60.0] * 14) == (60.0, 0.5)

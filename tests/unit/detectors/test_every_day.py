"""A spike at the same time every day, in detection as a whole."""

import json

import pytest

from detectors.detection import Detection
from detectors.params import DetectionParams
from domain.anomaly import AnomalyPhase
from domain.identity import ServiceId
from domain.journeys import Objective, Service
from tests.support.timelines import feed, noise, timeline

MIDNIGHT = 1_699_920_000.0
DAYS = 17
BAR = 0.97  # of a score that opens an alert


def spiky(step_s: float) -> tuple[list[float], int]:
    """Seventeen days with a spike in each; the last one is a hundred times as large."""
    per_day = int(86_400 / step_s)
    values = noise(DAYS * per_day)
    for day in range(DAYS):
        values[day * per_day + per_day // 3] += 40.0 if day < DAYS - 1 else 4000.0
    return values, per_day


@pytest.mark.parametrize("step_s", [60.0, 300.0])
def test_it_is_known_after_two_weeks_and_a_larger_one_is_told(step_s: float) -> None:
    values, per_day = spiky(step_s)
    said = feed(Detection(DetectionParams()), timeline(values, step_s=step_s, start=MIDNIGHT))[1]
    opened = [round((a.at - MIDNIGHT) / step_s) for a in said if a.phase is AnomalyPhase.OPENED]
    told = {place // per_day for place in opened if place % per_day == per_day // 3}
    assert set(range(2, 9)) <= told
    assert not {12, 13, 14, 15} & told
    assert DAYS - 1 in told


def test_where_objectives_would_tell_of_harm_it_is_known_in_the_third_night() -> None:
    values, per_day = spiky(300.0)
    samples = timeline(values, step_s=300.0, start=MIDNIGHT)[: 6 * per_day]
    spikes = slice(per_day // 3, None, per_day)
    objective = Objective("error_ratio", 0.05, above=True)
    beside, alone = (
        feed(Detection(DetectionParams(), services), samples)[0][spikes]
        for services in ((Service(ServiceId("payments-api"), objectives=(objective,)),), ())
    )
    assert min(alone[1:]) > BAR
    assert min(beside[1:3]) > BAR
    assert max(beside[3:]) < BAR


def test_what_is_known_is_known_after_a_restart() -> None:
    values, _ = spiky(300.0)
    samples = timeline(values, step_s=300.0, start=MIDNIGHT)
    first, second = Detection(DetectionParams()), Detection(DetectionParams())
    feed(first, samples[: 14 * 288])
    second.restore(json.loads(json.dumps(first.snapshot())))
    assert feed(first, samples[14 * 288 :]) == feed(second, samples[14 * 288 :])

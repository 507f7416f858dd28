"""A limit that is passed with good values in between, and several limits of one series: one alert with one end."""

import json
from itertools import cycle, islice

import pytest

from detectors.detection import Detection
from detectors.params import DetectionParams
from domain.anomaly import AnomalyKind, AnomalyPhase
from domain.identity import ServiceId
from domain.journeys import Objective, Service
from domain.telemetry import Sample
from tests.support.timelines import START, feed, noise, timeline

OPENED, ENDED, BREACH = AnomalyPhase.OPENED, AnomalyPhase.ENDED, AnomalyKind.BREACH
CHANGE, LASTS = 300, 480
Said = list[tuple[AnomalyPhase, AnomalyKind, float]]


def detection(*limits: float, for_s: float) -> Detection:
    goals = tuple(Objective("latency_ms", limit, above=True, for_s=for_s) for limit in limits)
    return Detection(DetectionParams(), (Service(ServiceId("payments-api"), objectives=goals),))


def trouble(pattern: str) -> list[Sample]:
    """Good telemetry, then a pattern of bad (B) and good values again and again, then good telemetry."""
    bad, good = noise(LASTS, 2, 200.0, 2.0), noise(LASTS, 4, 50.0, 2.0)
    kinds = list(islice(cycle(pattern), LASTS))
    mixed = [bad[i] if kind == "B" else good[i] for i, kind in enumerate(kinds)]
    return timeline([*noise(CHANGE, 1, 50.0, 2.0), *mixed, *noise(200, 3, 50.0, 2.0)], metric="latency_ms")


def said_of(watch: Detection, samples: list[Sample]) -> Said:
    return [(each.phase, each.kind, each.at - START - CHANGE) for each in feed(watch, samples)[1]]


@pytest.mark.parametrize(
    ("pattern", "for_s", "opens"),
    [("BG", 10, 10), ("B" * 10 + "G" * 6, 60, 64), ("B" * 40 + "G" * 40, 120, 160), ("B", 10, 10)],
)
def test_a_breach_that_flickers_is_one_alert_until_half_of_its_time_was_good(
    pattern: str, for_s: float, opens: float
) -> None:
    opened, ended = said_of(detection(100.0, for_s=for_s), trouble(pattern))
    assert opened == (OPENED, BREACH, opens)
    assert ended[:2] == (ENDED, BREACH)
    assert LASTS <= ended[2] <= LASTS + for_s / 2 + DetectionParams().fusion.clear


@pytest.mark.parametrize("limits", [(100.0, 1000.0), (1000.0, 100.0)])
def test_a_limit_that_holds_does_not_hide_the_breach_of_another_of_the_same_series(limits: tuple[float, ...]) -> None:
    told = said_of(detection(*limits, for_s=10.0), trouble("B"))
    assert [(phase, kind) for phase, kind, _ in told] == [(OPENED, BREACH), (ENDED, BREACH)]
    assert told[0][2] == 10


@pytest.mark.parametrize("cut", [5, 63, 70, 76, LASTS + 2, LASTS + 20])
def test_a_snapshot_amid_bad_and_good_values_continues_identically(cut: int) -> None:
    samples = trouble("B" * 10 + "G" * 6)
    whole, first, second = (detection(100.0, for_s=60.0) for _ in range(3))
    expected = said_of(whole, samples)
    before = said_of(first, samples[: CHANGE + cut])
    second.restore(json.loads(json.dumps(first.snapshot())))
    assert before + said_of(second, samples[CHANGE + cut :]) == expected
    assert json.dumps(second.snapshot()) == json.dumps(whole.snapshot())

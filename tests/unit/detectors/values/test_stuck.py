"""When a value that does not move is a finding, and what such a finding leaves behind."""

from collections.abc import Sequence

from alerts.params import AlertParams
from detectors.detection import Detection
from detectors.params import DetectionParams
from detectors.values.stuck import StuckDetector, StuckParams
from domain.anomaly import Anomalous, AnomalyKind
from tests.support.detectors import Alone
from tests.support.timelines import START, feed, noise, timeline

MOVING = noise(200)


def found(values: Sequence[float]) -> list[int]:
    """The positions that are findings."""
    detector = Alone(StuckDetector(StuckParams()))
    verdicts = [detector.observe(START + i, value) for i, value in enumerate(values)]
    return [i for i, verdict in enumerate(verdicts) if isinstance(verdict, Anomalous)]


def still(*runs: int) -> list[float]:
    """Values that move, but for such runs."""
    return [*MOVING, *(value for run in runs for value in [*[7.0] * run, *MOVING])]


def starts(*runs: int) -> list[int]:
    return [(number + 1) * len(MOVING) + sum(runs[:number]) for number in range(len(runs))]


def test_a_run_that_was_told_does_not_hide_the_next_that_is_longer() -> None:
    first, second = starts(24, 61)
    assert found(still(24, 61)) == [*range(first + 19, first + 24), *range(second + 24, second + 61)]


def test_a_run_that_comes_again_as_long_is_told_once() -> None:
    assert {place // 400 for place in found(still(*[200] * 5))} == {0}


def test_a_run_that_was_too_short_to_be_told_is_what_is_usual() -> None:
    _, second = starts(15, 46)
    assert found(still(15, 45)) == []
    assert found(still(15, 46)) == [second + 45]


def test_it_is_never_sure_enough_to_be_critical_however_long_it_lasts() -> None:
    said = feed(Detection(DetectionParams()), timeline([*noise(300), *[51.0] * 500, *noise(60, seed=3)]))[1]
    stuck = [anomaly for anomaly in said if anomaly.kind is AnomalyKind.STUCK]
    assert stuck
    assert max(anomaly.confidence for anomaly in stuck) < AlertParams().critical_confidence

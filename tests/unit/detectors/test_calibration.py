"""A score is a bound on how often so much happens."""

import pytest

from detectors.calibration import nines_of, score_of
from domain.anomaly import Warming
from tests.support.detectors import a_level
from tests.support.timelines import START, noise


@pytest.mark.parametrize(("nines", "score"), [(0.0, 0.0), (-1.0, 0.0), (1.0, 0.9), (3.0, 0.999)])
def test_nines_and_scores_are_the_same_thing(nines: float, score: float) -> None:
    assert score_of(nines) == pytest.approx(score)
    assert nines_of(score) == pytest.approx(max(0.0, nines))


def test_the_rarest_score_is_still_below_one() -> None:
    assert score_of(400.0) < 1
    assert nines_of(score_of(400.0)) == pytest.approx(15.0, abs=0.1)


@pytest.mark.parametrize("bound", [0.5, 0.8, 0.9, 0.95, 0.98])
def test_at_most_the_promised_share_of_samples_scores_as_high(bound: float) -> None:
    for values in (
        noise(20_000),
        [abs(v - 50) ** 3 for v in noise(20_000, seed=3)],
        [float(v > 54) for v in noise(20_000)],
    ):
        detector = a_level()
        verdicts = [detector.observe(START + i, value) for i, value in enumerate(values)]
        scores = [v.score for v in verdicts if not isinstance(v, Warming)]
        assert sum(s >= bound for s in scores) / len(scores) <= 1 - bound

"""Foreshock's detection as a detector of River: it scores as in the service, and keeps River's own conventions."""

import inspect
import math
import re
from collections.abc import Callable, Hashable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from river import anomaly, base, compose, evaluate, metrics
from river.checks import common

from detectors.calibration import nines_of, ranked, score_of
from detectors.on_river import PARAMS, SeriesScorer
from detectors.registry import DETECTORS
from domain.anomaly import Warming
from tests.support.detectors import Alone
from tests.support.timelines import START, noise
from tests.support.tree import text_of

BAR = score_of(PARAMS.fusion.alone)
PAGE = Path("docs/howto/use-with-river.md")
Row = dict[Hashable, Any]
Labelled = tuple[Row, bool]
NAMES = ("latency_ms", "error_ratio", "queue", "rss_mb", "gc_ms")
# River yields its checks only where scikit-learn is installed, and runs those for detectors on a set that it downloads.
# So they are taken from where it takes them, with a stream of our own; for what scikit-learn measures see ROCAUC below.
NOT_OURS = {
    "check_debug_one": "there is nothing to debug in a pipeline",
    "check_has_tag": "it has no tags",
    "check_learn_many_matches_learn_one": "it learns no batches",
    "check_mutable_attributes_exist": "it names no mutable attributes",
    "check_predict_many_matches_predict_one": "it learns no batches",
    "check_predict_proba_many_matches_predict_proba_one": "it learns no batches",
    "check_seeding_is_idempotent": "it draws nothing",
    "check_transform_many_matches_transform_one": "it learns no batches",
    "check_transform_one": "it transforms nothing",
    "check_wrapper_accepts_kwargs": "it wraps nothing",
}
CHECKS: dict[str, Callable[..., None]] = {
    name: check for name, check in inspect.getmembers(common, inspect.isfunction) if name.startswith("check_")
}


def said(scorer: SeriesScorer, values: list[float]) -> list[float]:
    """The score of every value before it is learnt."""
    scores = []
    for value in values:
        scores.append(scorer.score_one({"latency_ms": value}))
        scorer.learn_one({"latency_ms": value})
    return scores


def known(scorer: SeriesScorer) -> tuple[float, dict[Hashable, list[bytes]]]:
    """All that it has learnt."""
    return scorer._at, {name: [bytes(part) for part in parts] for name, parts in scorer._series.items()}


def several(count: int) -> list[Labelled]:
    """Rows of five series, of which the first one triples now and then."""
    columns = [noise(count, seed=seed) for seed in range(len(NAMES))]
    labels = [number > count // 2 and number % 60 < 2 for number in range(count)]
    rows: list[Row] = [dict(zip(NAMES, row, strict=True)) for row in zip(*columns, strict=True)]
    return [(row | {NAMES[0]: row[NAMES[0]] * 3} if odd else row, odd) for row, odd in zip(rows, labels, strict=True)]


@pytest.mark.parametrize("name", sorted(CHECKS.keys() - NOT_OURS.keys()))
def test_it_keeps_the_conventions_that_river_checks(name: str) -> None:
    wants_data = len(inspect.signature(CHECKS[name]).parameters) > 1
    CHECKS[name](SeriesScorer(), *([several(400)] if wants_data else []))


def test_what_river_checks_and_is_not_checked_here_still_exists() -> None:
    assert NOT_OURS.keys() <= CHECKS.keys()


def test_the_score_of_one_series_is_that_of_the_detectors_of_the_service() -> None:
    values = [*noise(900), 90.0, 50.0, *[55.0] * 80, *noise(100, centre=80.0), *noise(50, centre=1e4)]
    judges = [Alone(entry.make(PARAMS, 0)) for entry in DETECTORS]
    expected = []
    for number, value in enumerate(values):
        verdicts = [judge.observe(60.0 * (number + 1), value) for judge in judges]
        scores = [ranked(each, PARAMS.fusion.alone) for each in verdicts if not isinstance(each, Warming)]
        expected.append(max(scores, default=0.0))

    assert said(SeriesScorer(every_s=60.0), values) == pytest.approx(expected, abs=1e-12)
    assert max(expected) > BAR


def test_a_score_says_at_most_which_share_of_the_samples_is_so_unusual() -> None:
    scores = said(SeriesScorer(), noise(6000))

    assert sum(score > 0.95 for score in scores) < 0.05 * len(scores)
    assert all(0 <= score < 1 for score in scores)


def test_scoring_alone_teaches_nothing() -> None:
    scorer = SeriesScorer()
    said(scorer, noise(300))
    before = known(scorer)

    assert scorer.score_one({"latency_ms": 500.0}) == scorer.score_one({"latency_ms": 500.0}) > BAR
    assert known(scorer) == before


def test_of_several_series_the_rarest_counts_as_much_less_as_there_are_chances() -> None:
    alone, among = SeriesScorer(), SeriesScorer()
    *learnt, (last, _) = several(401)
    for row, _ in learnt:
        alone.learn_one({"queue": row["queue"]})
        among.learn_one(row)

    one, five = alone.score_one({"queue": 80.0}), among.score_one(last | {"queue": 80.0})
    assert nines_of(five) == pytest.approx(nines_of(one) - math.log10(5))


@pytest.mark.parametrize("odd", [math.nan, math.inf, -math.inf, 1e200, 10**400, "text", None])
def test_what_is_no_finite_number_is_passed_over(odd: object) -> None:
    plain, fed = SeriesScorer(), SeriesScorer()
    for value in noise(300):
        plain.learn_one({"latency_ms": value})
        fed.learn_one({"latency_ms": value, "other": odd})

    assert fed.score_one({"latency_ms": odd}) == 0.0
    assert fed.score_one({"latency_ms": 80.0, "other": odd}) == plain.score_one({"latency_ms": 80.0}) > BAR


def by_quarter_hours(days: int, busy: int) -> SeriesScorer:
    """What has learnt some days by the quarter of an hour, of which one is busy."""
    scorer = SeriesScorer(time="at")
    for number, value in enumerate(noise(days * 96)):
        scorer.learn_one({"at": START + 900.0 * number, "load": value + 30.0 * (number % 96 == busy)})
    return scorer


def test_a_feature_can_be_the_time_so_that_what_is_usual_at_another_hour_is_odd_now() -> None:
    scorer, today = by_quarter_hours(20, busy=40), START + 900.0 * 20 * 96
    now, then = (scorer.score_one({"at": today + 900.0 * quarter, "load": 80.0}) for quarter in (70, 40))

    assert now > then


@pytest.mark.parametrize("when", [{"at": START}, {"at": START + 900.0 * 191}, {"at": math.nan}, {}])
def test_what_comes_late_or_without_its_time_is_not_learnt(when: Row) -> None:
    scorer = by_quarter_hours(2, busy=40)
    before = known(scorer)
    scorer.learn_one({**when, "load": 1e6})

    assert known(scorer) == before


@pytest.mark.parametrize("when", [datetime.fromtimestamp(START, UTC), "2026-01-01", None])
def test_a_time_that_is_no_number_is_refused_instead_of_never_learning_anything(when: object) -> None:
    with pytest.raises(TypeError, match="at must be epoch seconds"):
        SeriesScorer(time="at").learn_one({"at": when, "load": 1.0})


@pytest.mark.parametrize("every_s", [0.0, -1.0, math.nan, math.inf])
def test_a_rhythm_in_which_no_time_passes_is_refused(every_s: float) -> None:
    with pytest.raises(ValueError, match="every_s must be"):
        SeriesScorer(every_s)


@pytest.mark.parametrize("kind", [np.float64, np.float32, np.int64])
def test_numbers_of_numpy_are_numbers(kind: Callable[[float], Any]) -> None:
    plain, fed = SeriesScorer(), SeriesScorer()
    for value in noise(300, spread=9.0):
        plain.learn_one({"latency_ms": float(kind(value))})
        fed.learn_one({"latency_ms": kind(value)})

    assert known(fed) == known(plain)
    assert fed.score_one({"latency_ms": kind(500.0)}) > BAR


def test_a_new_level_alarms_once_and_is_usual_within_a_hundred_samples() -> None:
    scores = said(SeriesScorer(), [*noise(400), *noise(400, seed=8, centre=90.0)])

    assert scores[400] > BAR
    assert max(scores[500:]) < BAR


def test_filters_of_river_alarm_by_its_score() -> None:
    values = [*noise(400), 90.0, *noise(50, seed=8)]
    model = anomaly.ThresholdFilter(SeriesScorer(), threshold=BAR)
    alarms = []
    for number, value in enumerate(values):
        if model.classify(model.score_one({"latency_ms": value})):
            alarms.append(number)
        model.learn_one({"latency_ms": value})

    assert alarms == [400]


def evaluated(model: base.Estimator) -> float:
    metric = metrics.ROCAUC()
    evaluate.progressive_val_score(several(1500), model, metric)
    return float(metric.get())


def test_it_is_evaluated_and_composed_as_any_detector_of_river() -> None:
    assert evaluated(SeriesScorer()) > 0.95
    assert evaluated(compose.Select("latency_ms") | SeriesScorer()) > 0.95
    assert evaluated(anomaly.QuantileFilter(SeriesScorer(), q=0.97, protect_anomaly_detector=False)) > 0.8


def test_a_series_takes_no_more_memory_as_it_goes_on() -> None:
    scorer, sizes = SeriesScorer(), set()
    for value in noise(3000):
        scorer.learn_one({"latency_ms": value})
        sizes.add(sum(map(len, known(scorer)[1]["latency_ms"])))

    assert len(sizes) == 1
    assert max(sizes) < 1200


def test_the_page_on_it_prints_what_it_says(capsys: pytest.CaptureFixture[str]) -> None:
    example, told = re.findall(r"```\w+\n(.*?)```", text_of(PAGE), re.DOTALL)
    exec(example, {})  # noqa: S102 - our own page

    assert capsys.readouterr().out == told

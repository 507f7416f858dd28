"""What a score ranks by beyond the bar, and what is news."""

import math
from collections.abc import Sequence

import pytest

from detectors.anomalies.fusion import LONGEST_REST_S, Fusion, FusionParams
from detectors.calibration import nines_of, score_of
from detectors.detection import Detection
from detectors.params import DetectionParams
from detectors.series.bank import HOLD, Bank, Series
from detectors.values.level import FEW, LevelDetector, LevelParams
from detectors.values.tail import BLOCK, KEPT, Tails
from domain.anomaly import Anomalous, AnomalyKind, Evidence
from domain.identity import SeriesKey, ServiceId
from tests.support.detectors import Alone, a_level
from tests.support.timelines import START, feed, noise, timeline, with_shape

KEY = SeriesKey.of("payments-api", "latency_ms")
BARS = FusionParams()
HOUR_S = 3600.0


def a_series() -> Series:
    series = Bank(DetectionParams(), []).get(KEY)
    assert series is not None
    return series


def news(series: Series, nines: Sequence[float]) -> list[bool]:
    """Which of these rarities are news."""
    return [series.surprise(score_of(each), BARS) > 0 for each in nines]


def spiked(heights: Sequence[float], every: int = 300) -> list[float]:
    """Noise with one spike of each height, the first after a thousand samples."""
    values = noise(1000 + every * len(heights), seed=3)
    for number, height in enumerate(heights):
        values[1000 + every * number] += height
    return values


def strengths(heights: Sequence[float], every: int = 300) -> list[float | None]:
    """The strength of each spike; None: no finding."""
    detector = a_level()
    verdicts = [detector.observe(START + i, value) for i, value in enumerate(spiked(heights, every))]
    spikes = verdicts[1000::every]
    return [verdict.strength if isinstance(verdict, Anomalous) else None for verdict in spikes]


def test_the_tail_of_the_few_largest_begins_at_the_smallest_of_them() -> None:
    tails = Tails(2, 12_000)
    record = bytearray(tails.fresh)
    for number in range(KEPT):
        tails.take(record, 0, 10.0 + number)
        tails.take(record, 1, 1.0)
    fourth = 10.0 + KEPT - FEW
    assert tails.rarity(record, 0, fourth, KEPT * BLOCK) > 0
    assert tails.rarity(record, 0, fourth, KEPT * BLOCK, FEW) == 0
    steps, folds = 3 * fourth / (1 + 2 + 3), 3 * math.log(2) / sum(math.log(1 + i / fourth) for i in (1, 2, 3))
    chance = FEW / 200 * (math.exp(-steps) + math.exp(-folds)) / 2
    assert tails.rarity(record, 0, 2 * fourth, 200 * BLOCK, FEW) == pytest.approx(-math.log10(chance))


def test_what_passes_all_of_late_is_stronger_than_what_does_not() -> None:
    before, larger, smaller = (
        strengths([30, 32, 34, 36, 90])[-1],
        strengths([30] * 5)[-1],
        strengths([60] * 4 + [40])[-1],
    )
    assert before is not None
    assert larger is not None
    assert smaller is not None
    assert before > larger + 0.5 > smaller + 0.5
    assert smaller < 0.01


def test_the_strength_is_taken_before_the_sample_is_learnt_wherever_its_block_ends() -> None:
    for shift in range(BLOCK):
        detector = a_level()
        verdicts = [detector.observe(START + i, value) for i, value in enumerate([*noise(996 + shift), 90.0])]
        found = verdicts[-1]
        assert isinstance(found, Anomalous)
        assert found.strength is not None
        assert found.strength > 1.5


def test_a_score_passes_the_bar_only_where_the_rarity_does() -> None:
    values = spiked([9, 8, 10, 30, 12, 9, 31, 32, 33, 34, 28, 60, 20])
    detector = a_level()
    verdicts = [detector.observe(START + i, value) for i, value in enumerate(values)]
    rarities = [nines_of(verdict.score) if isinstance(verdict, Anomalous) else 0.0 for verdict in verdicts]
    scores = [nines_of(score) for score in feed(Detection(DetectionParams()), timeline(values))[0]]
    told = [(rarity, score) for rarity, score in zip(rarities, scores, strict=True) if rarity > 0 and score > 0]
    assert len(told) >= 5
    assert all((rarity >= BARS.alone) is (score >= BARS.alone - 1e-9) for rarity, score in told)
    assert all(rarity == pytest.approx(score) for rarity, score in told if rarity < BARS.alone)
    assert not any(rarity == pytest.approx(score) for rarity, score in told if rarity >= BARS.alone)


def test_a_lower_score_is_no_news_for_a_while() -> None:
    assert news(a_series(), [1.0, *[0.9] * HOLD, 0.9]) == [True, *[False] * HOLD, True]


def test_below_the_bar_whatever_is_rarer_is_news_and_beyond_it_what_would_open_again() -> None:
    assert news(a_series(), [1.0, 1.1, 1.7, 1.8, 2.5, 2.6, 4.0]) == [True, True, True, False, False, True, True]


def test_what_is_no_news_does_not_prolong_the_silence() -> None:
    assert news(a_series(), [2.0, *[2.5] * HOLD, 2.5]) == [True, *[False] * HOLD, True]


def test_a_gigantic_residual_counts_for_more_than_is_learnt_of_it() -> None:
    def nines(clip: float) -> float:
        detector = Alone(LevelDetector(LevelParams(clip=clip)))
        verdicts = [detector.observe(START + i, value) for i, value in enumerate([*noise(1000), 90.0])]
        return nines_of(verdicts[-1].score) if isinstance(verdicts[-1], Anomalous) else 0.0

    assert nines(2.0) > 2
    assert nines(20.0) > 2


def test_less_is_learnt_of_a_gigantic_residual_than_counts() -> None:
    def width(clip: float) -> float:
        detector = Alone(LevelDetector(LevelParams(clip=clip)))
        values = with_shape(noise(1100), 1000, lambda i: 400.0 if i % 50 == 0 else 0.0)
        for i, value in enumerate(values):
            detector.observe(START + i, value)
        found = detector.observe(START + 1100, 900.0)
        assert isinstance(found, Anomalous)
        return found.evidence.high - found.evidence.low

    assert width(5.0) < 0.5 * width(20.0)


@pytest.mark.parametrize(("gap_s", "later_s", "opens"), [
    (HOUR_S, LONGEST_REST_S - HOUR_S, False),
    (HOUR_S, LONGEST_REST_S, True),
    (300.0, 39 * 300.0, False),
    (300.0, 40 * 300.0, True),
])  # fmt: skip
def test_an_opening_rests_forty_gaps_but_never_longer_than_half_a_day(
    gap_s: float, later_s: float, opens: bool
) -> None:
    fusion = Fusion(ServiceId("payments-api"), BARS, series=1, gap_s=gap_s)
    for at in (START, START + later_s):
        fusion.found(AnomalyKind.LEVEL, Evidence("level", KEY, at, 9.0, 1.0, 0.0, 2.0, score_of(2.0), at, "high"))
        said = fusion.settle(at)
        fusion.over(KEY, "level")
        fusion.settle(at)
    assert bool(said) is opens

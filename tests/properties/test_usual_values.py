"""What a person is shown as unusual is not what they see all day: small counts, whole numbers, zeros, small shares."""

import math
import random  # noqa: TID251 - seeded
from collections import defaultdict
from collections.abc import Iterator

import pytest

from detectors.anomalies.agreement import NAME as AGREEMENT
from detectors.detection import Detection
from detectors.params import DetectionParams
from domain.anomaly import Evidence
from domain.identity import SeriesKey
from domain.telemetry import Sample
from tests.support.timelines import START

SERIES, ROUNDS = 8, 1500
LATELY = 100  # values
OFTEN = 0.2  # share of them


def count(chance: random.Random, mean: float) -> int:
    """Return how often something of that mean happened (Knuth's way to a Poisson number)."""
    product, happened = chance.random(), 0
    while product > math.exp(-mean):
        product, happened = product * chance.random(), happened + 1
    return happened


def value(kind: str, happened: int, chance: random.Random) -> float:
    """Return what a series of that kind says of it."""
    match kind:
        case "small count":
            return float(happened)
        case "whole number":
            return 10.0 + happened
        case "share":
            return happened / chance.uniform(50.0, 150.0)
        case _:  # mostly zero
            return float(happened * (chance.random() < 0.3))


def busy_now_and_then(seed: int) -> Iterator[tuple[list[float], Evidence]]:
    """Yield what a service says whose series have busy minutes in common, and the values before that began."""
    chance = random.Random(seed)
    means = [chance.choice([0.05, 0.1, 0.2, 0.5, 1.0, 3.0]) for _ in range(SERIES)]
    kinds = [chance.choice(["small count", "whole number", "share", "mostly zero"]) for _ in range(SERIES)]
    detection, past, times, busy = Detection(DetectionParams()), defaultdict[SeriesKey, list[Sample]](list), 1.0, 0
    for minute in range(ROUNDS):
        if busy == 0 and chance.random() < 0.004:
            busy, times = chance.choice([3, 10, 40]), chance.choice([3.0, 6.0, 10.0])
        rate = times if busy else 1.0
        busy = max(0, busy - 1)
        for number, (kind, mean) in enumerate(zip(kinds, means, strict=True)):
            key = SeriesKey.of("payments-api", f"m{number}")
            sample = Sample(key, value(kind, count(chance, mean * rate), chance), START + minute * 60.0 + number)
            past[key].append(sample)
            for evidence in (each for anomaly in detection.observe(sample)[1] for each in anomaly.evidence):
                before = [each.value for each in past[evidence.key] if each.observed_at < evidence.since]
                yield before[-LATELY:], evidence


@pytest.mark.parametrize("seed", [3, 5, 6])
def test_no_series_is_named_for_a_value_that_it_often_has(seed: int) -> None:
    told = [each for each in busy_now_and_then(seed) if each[1].detector == AGREEMENT]
    shown = [(before, each) for before, each in told if not each.low <= unusual(each) <= each.high]
    assert shown  # of the others it is said that series are unusual together
    for before, evidence in shown:
        high = unusual(evidence) > evidence.high
        so_far = sum(known >= unusual(evidence) if high else known <= unusual(evidence) for known in before)
        assert so_far <= OFTEN * len(before), evidence


def unusual(evidence: Evidence) -> float:
    assert evidence.actual is not None
    return evidence.actual

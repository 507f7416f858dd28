"""Two months of five-minute data with working days, weekends and holidays."""

import math
from collections import Counter

import pytest

from detectors.detection import Detection
from detectors.params import DetectionParams
from domain.anomaly import AnomalyPhase
from tests.support.timelines import feed, noise, timeline

MONDAY = 1_699_833_600.0
STEP_S, PER_DAY, DAYS = 300.0, 288, 56
HOLIDAYS = {9, 22, 23, 36, 50}  # a Wednesday, a Tuesday with the day after, a Tuesday, a Tuesday
AT_MOST = 3  # openings a week


def usual(number: int) -> float:
    """What is usual at this sample: busy at one in the afternoon, a quarter of that on days off."""
    day, hour = number // PER_DAY, number % PER_DAY / 12
    busy = 80.0 * math.exp(-(((hour - 13.0) / 4.5) ** 2))
    return 100.0 + (0.25 * busy if day % 7 >= 5 or day in HOLIDAYS else busy)


def value(kind: str, level: float, chance: float) -> float:
    """One value about this level, from a standard normal chance."""
    match kind:
        case "gaussian":
            return level + 4.0 * chance
        case "counts":
            return float(max(0, round(level + math.sqrt(level) * chance)))
        case _:
            return level * math.exp(0.15 * chance)


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("kind", ["gaussian", "counts", "latencies"])
def test_weekends_and_holidays_drown_nobody(kind: str, seed: int) -> None:
    chances = noise(DAYS * PER_DAY, seed, 0.0, 1.0)
    values = [value(kind, usual(i), chance) for i, chance in enumerate(chances)]
    said = feed(Detection(DetectionParams()), timeline(values, step_s=STEP_S, start=MONDAY))[1]
    opened = Counter(int((a.at - MONDAY) // (7 * 86_400)) for a in said if a.phase is AnomalyPhase.OPENED)
    assert max(opened.values(), default=0) <= AT_MOST

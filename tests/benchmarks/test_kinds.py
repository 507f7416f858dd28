"""What is found in series of other kinds, beside two baselines that have as many false alarms.

Made-up series of the kinds that services have, and with ``--cases DIR`` real ones that packages carry (see
``tests/support/packaged.py``). Faults of the literature are injected into copies; an opening on the series as it was is
false. Each baseline has, for each kind, the bar at which it opens no more often than detection does: it is shown at its
best. None of them knows a configuration. An opening is followed by a rest of as many samples as that of detection.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from math import inf
from pathlib import Path

import numpy as np
import pytest

from detectors.detection import Detection
from detectors.params import DetectionParams
from domain.anomaly import AnomalyPhase
from domain.identity import SeriesKey
from domain.telemetry import Sample
from tests.support import kinds, packaged
from tests.support.faults import FAULTS, Fault, injected
from tests.support.kinds import DAY_S, Numbers, Series

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(0)]
SEEDS = {"made": 3, "real": 2}  # draws of the faults, and of the series themselves when they are made up
BEGINNING = 0.15  # of a series, of which nothing counts
REST = 40  # samples
WARM_UP = 100


def opened(series: Series, values: Numbers) -> list[int]:
    """The samples at which detection opens an anomaly."""
    detection, key = Detection(DetectionParams()), SeriesKey.of("service", "value")
    samples = zip(series.times.tolist(), values.tolist(), strict=True)
    said = (detection.observe(Sample(key, value, at))[1] for at, value in samples)
    return [i for i, each in enumerate(said) if any(anomaly.phase is AnomalyPhase.OPENED for anomaly in each)]


def averaged(values: Numbers) -> Numbers:
    """The residual of a fast average over its slow deviation (ewz)."""
    mean, variance, found = float(values[0]), 0.0, np.zeros(len(values))
    for i, value in enumerate(values.tolist()):
        error = value - mean
        found[i] = abs(error) / (variance**0.5 + 1e-12) if i >= WARM_UP else 0.0
        mean += 0.3 * error
        variance += 0.002 * (error * error - variance) if i else error * error
    return found


def gaussian(values: Numbers) -> Numbers:
    """The distance from the mean of all before, in deviations: what River's GaussianScorer ranks by."""
    away = values - values.mean()  # so that squares stay small
    before = np.arange(len(values))
    total, squares = (np.concatenate(([0.0], np.cumsum(each)[:-1])) for each in (away, away * away))
    mean = total / np.maximum(before, 1)
    variance = np.maximum(0.0, squares / np.maximum(before, 1) - mean * mean) * before / np.maximum(before - 1, 1)
    return np.where(before >= WARM_UP, np.abs(away - mean) / (np.sqrt(variance) + 1e-12), 0.0)


BASELINES: dict[str, Callable[[Numbers], Numbers]] = {"ewz": averaged, "gaussian": gaussian}


def beyond(scores: Numbers, bar: float) -> list[int]:
    """The samples at which a baseline would open."""
    found: list[int] = []
    for i in np.nonzero(scores >= bar)[0].tolist():
        if not found or i - found[-1] >= REST:
            found.append(i)
    return found


def counted(openings: Iterable[int], series: Series) -> int:
    return sum(i >= int(BEGINNING * len(series.values)) for i in openings)


def bar_for(false: int, scored: Sequence[tuple[Series, Numbers]]) -> float:
    """The lowest bar at which a baseline has no more openings than that on the series as they were."""
    bars = np.unique(np.concatenate([each[int(BEGINNING * len(each)) :] for _, each in scored]))
    low, high = 0, len(bars)
    while low < high:
        middle = (low + high) // 2
        if sum(counted(beyond(each, float(bars[middle])), series) for series, each in scored) <= false:
            high = middle
        else:
            low = middle + 1
    return float(bars[low]) if low < len(bars) else inf


def hits(openings: Sequence[int], faults: Sequence[Fault]) -> int:
    return sum(any(fault.start <= i < fault.end for i in openings) for fault in faults)


def compared(drawn: Sequence[tuple[int, Series]]) -> tuple[int, float, Counter[tuple[str, str]]]:
    """False openings and days of detection, and what each found of each fault, of series of one kind."""
    false = sum(counted(opened(series, series.values), series) for _, series in drawn)
    days = sum(float(s.times[-1] - s.times[int(BEGINNING * len(s.times))]) for _, s in drawn) / DAY_S
    bars = {n: bar_for(false, [(s, score(s.values)) for _, s in drawn]) for n, score in BASELINES.items()}
    found = Counter[tuple[str, str]]()
    for seed, series in drawn:
        for number, name in enumerate(FAULTS):
            values, faults = injected(np.random.default_rng((seed, number)), series, name)
            if faults:
                found["of", name] += len(faults)
                found["detection", name] += hits(opened(series, values), faults)
                for baseline, score in BASELINES.items():
                    found[baseline, name] += hits(beyond(score(values), bars[baseline]), faults)
    return false, days, found


def line(name: str, found: Counter[tuple[str, str]]) -> str:
    """Found by detection, ewz and gaussian of so many, in all and by fault."""
    who = ("detection", *BASELINES, "of")
    parts = {"all": [sum(found[each, fault] for fault in FAULTS) for each in who]}
    parts |= {fault: [found[each, fault] for each in who] for fault in FAULTS if found["of", fault]}
    return f"{name:40s} " + "; ".join(f"{key} {', '.join(map(str, each))}" for key, each in parts.items())


@pytest.mark.parametrize("which", list(SEEDS))
def test_what_is_found_at_equal_false_alarms(which: str, request: pytest.FixtureRequest) -> None:
    folder = request.config.getoption("--cases")
    if which == "real" and folder is None:
        pytest.skip("needs --cases DIR")
    drawn = [(seed, series) for seed in range(SEEDS[which]) for series in _all(which, seed, folder)]
    total = Counter[tuple[str, str]]()
    for kind, group in groupby(sorted(drawn, key=lambda each: each[1].kind), key=lambda each: each[1].kind):
        false, days, found = compared(list(group))
        total += found
        print("\n" + line(f"{kind} ({false / days:.2f} false a day)", found), end="")
    print("\n" + line("all", total))


def _all(which: str, seed: int, folder: Path) -> list[Series]:
    return kinds.series(seed) if which == "made" else packaged.series(folder)

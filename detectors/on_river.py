"""Foreshock's detection of single series as an anomaly detector of River, to be composed and evaluated there.

The service itself does not use it: it is for notebooks, and for whoever has a pipeline of River already. See
docs/howto/use-with-river.md.
"""

import math
from collections.abc import Hashable, Iterator
from numbers import Real
from typing import Any

from river import base

from detectors.arrival.features import LARGEST
from detectors.calibration import nines_of, ranked, score_of
from detectors.params import DetectionParams
from detectors.registry import DETECTORS
from domain.anomaly import Warming
from domain.identity import SeriesKey

PARAMS = DetectionParams()
RULES = tuple(entry.make(PARAMS, 0) for entry in DETECTORS)  # what they know of a series is in its records alone
Records = tuple[bytearray, ...]


class SeriesScorer(base.AnomalyDetector):
    """Scores numbers by how rare they are for their series; every feature is a series of its own.

    A score of s says that at most a share of 1 - s of the samples is so unusual; beyond the bar at which one series
    opens an anomaly it ranks. Of several features the rarest counts, as much less as there are more chances to be
    rare. What is no finite number is passed over, and a series that is warming up scores 0.

    ``every_s``: time between two samples, in seconds; it passes with what is learnt. ``time``: the feature that has
    the time of a sample in epoch seconds, where that is known. What is not later than the sample before it, or
    comes without its time, is not learnt.
    """

    def __init__(self, every_s: float = 60.0, time: str = "") -> None:
        if not 0 < every_s < math.inf:
            raise ValueError(f"every_s must be a number of seconds above 0, not {every_s}")
        self.every_s = every_s
        self.time = time
        self._at = -math.inf if time else 0.0
        self._series: dict[Hashable, Records] = {}

    def score_one(self, x: dict[Hashable, Any]) -> float:
        """Return the score of a sample, from 0 to below 1; nothing is learnt from it."""
        at, scores = self._when(x), [0.0]
        for name, value in self._numbers(x):
            for rules, record in zip(RULES, self._series.get(name, ()), strict=False):
                verdict = rules.observe(bytearray(record), SeriesKey.of("river", str(name)), at, value, learn=True)
                if not isinstance(verdict, Warming):
                    scores.append(ranked(verdict, PARAMS.fusion.alone))
        return score_of(nines_of(max(scores)) - math.log10(max(1, len(self._series))))

    def learn_one(self, x: dict[Hashable, Any]) -> None:
        """Learn a sample: what is usual for each of its series."""
        at = self._when(x)
        if at <= self._at:
            return
        self._at = at
        for name, value in self._numbers(x):
            if name not in self._series:
                self._series[name] = tuple(bytearray(rules.fresh) for rules in RULES)
            for rules, record in zip(RULES, self._series[name], strict=True):
                rules.observe(record, SeriesKey.of("river", str(name)), at, value, learn=True)

    def _when(self, x: dict[Hashable, Any]) -> float:
        if not self.time:
            return self._at + self.every_s
        at = x.get(self.time, math.nan)
        if not isinstance(at, Real):
            raise TypeError(f"{self.time} must be epoch seconds, not {type(at).__name__}")
        return float(at) if math.isfinite(at) else self._at

    def _numbers(self, x: dict[Hashable, Any]) -> Iterator[tuple[Hashable, float]]:
        for name, value in x.items():
            number = _number(value)
            if name != self.time and -LARGEST < number < LARGEST:
                yield name, number


def _number(value: object) -> float:
    try:
        return float(value) if isinstance(value, Real) else math.nan
    except OverflowError:  # of an integer
        return math.inf

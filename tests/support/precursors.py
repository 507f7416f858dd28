"""Weeks in the life of a service in a second: scripted findings, declared incidents, and what becomes of them.

Six metrics, looked at once a minute. Some twenty minutes before every failure ``pool_in_use`` is unusual now and then,
too little to open anything; as often, and with nothing to follow, ``gc_pause_ms`` is. All have findings by chance.
"""

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from detectors.anomalies.fusion import Fusion, FusionParams
from detectors.calibration import score_of
from detectors.incidents.precursor import Precursor, PrecursorParams
from domain.anomaly import Anomaly, AnomalyKind, AnomalyPhase, Evidence
from domain.identity import SeriesKey, ServiceId
from domain.telemetry import EventKind, EventStatus, IncidentEvent
from tests.support.builders import T0

API = ServiceId("payments-api")
MINUTE = 60.0
HOUR = 60 * MINUTE
DAY = 24 * HOUR
METRICS = ("pool_in_use", "gc_pause_ms", "latency_p95_ms", "queue_depth", "error_ratio", "cpu_util")
SUBTLE = 1.6  # nines: a finding, far from opening
Told = tuple[float, IncidentEvent]  # when it is read, and what it says


def failures(days: float, every_s: float = 8 * HOUR, seed: int = 1) -> list[float]:
    """The times at which the service fails."""
    chance = random.Random(seed)
    times, at = [], T0 + DAY / 2
    while at < T0 + days * DAY - HOUR:
        times.append(at)
        at += every_s * chance.uniform(0.5, 1.5)
    return times


def at_random(count: int, days: float, seed: int) -> list[float]:
    """Times that have nothing to do with anything."""
    chance = random.Random(seed)
    return sorted(chance.uniform(T0, T0 + days * DAY) for _ in range(count))


def declare(times: Iterable[float], late_s: float = 0.0, name: str = "INC") -> list[Told]:
    """Incidents of ten minutes that began at these times, each read so much later."""
    told = []
    for number, at in enumerate(times):
        for status, then in ((EventStatus.OPENED, at), (EventStatus.CLOSED, at + 10 * MINUTE)):
            event = IncidentEvent(f"{name}-{number}", EventKind.INCIDENT, status, then, (API,))
            told.append((then + late_s, event))
    return told


@dataclass(slots=True)
class Life:
    """A service that fails at some times. ``watch`` is called after every minute."""

    fails: Sequence[float]
    params: PrecursorParams = field(default_factory=PrecursorParams)
    seed: int = 1
    precursor: Precursor = field(init=False)
    fusion: Fusion = field(init=False)
    said: list[Anomaly] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.precursor = Precursor(self.params)
        self.fusion = Fusion(API, FusionParams(), series=len(METRICS), gap_s=MINUTE, has_objectives=True)

    def live(
        self, days: float, told: Iterable[Told] = (), watch: Callable[[float], None] = lambda _: None
    ) -> list[Anomaly]:
        """Pass so many days, and return what was said of them."""
        chance = random.Random(self.seed)
        waiting = sorted(told, key=lambda each: each[0])[::-1]
        unusual = self._script(days, chance)
        for minute in range(int(days * DAY / MINUTE)):
            at = T0 + minute * MINUTE
            while waiting and waiting[-1][0] <= at:
                self.precursor.declared(waiting.pop()[1])
            self._minute(at, unusual.get(minute, set()))
            watch(at)
        return self.said

    def _script(self, days: float, chance: random.Random) -> dict[int, set[str]]:
        """Return which metrics are unusual in which minute."""
        unusual: dict[int, set[str]] = {}
        for fails_at in self.fails:
            for before in (22, 18, 14, 10, 6, 2):
                unusual.setdefault(int((fails_at - T0) / MINUTE) - before, set()).add("pool_in_use")
                unusual.setdefault(int((fails_at - T0) / MINUTE) + 120 - before, set()).add("gc_pause_ms")
        for minute in range(int(days * DAY / MINUTE)):
            for metric in METRICS:
                if chance.random() < 0.01:
                    unusual.setdefault(minute, set()).add(metric)
        return unusual

    def _minute(self, at: float, unusual: set[str]) -> None:
        for metric in METRICS if self.fusion.findings.known or unusual else ():
            key = SeriesKey(API, metric)
            if metric in unusual:
                self.fusion.found(AnomalyKind.LEVEL, finding(key, at))
            else:
                self.fusion.calm(key, "level")
        if not self.fusion.idle:
            self.precursor.consider(at, self.fusion, frozen=any(f <= at < f + 10 * MINUTE for f in self.fails))
            now = self.fusion.settle(at)
            self.precursor.opened(now)
            self.said += now


def finding(key: SeriesKey, at: float, nines: float = SUBTLE) -> Evidence:
    """A value somewhat above what is usual."""
    return Evidence("level", key, at, 14.0, 9.0, 7.0, 11.0, score_of(nines), at)


def openings(said: Iterable[Anomaly]) -> list[Anomaly]:
    """Every anomaly as it opened."""
    return [anomaly for anomaly in said if anomaly.phase is AnomalyPhase.OPENED]


def precede(opened: Iterable[Anomaly], fails: Sequence[float], within_s: float = 30 * MINUTE) -> list[bool]:
    """Whether a failure followed each of them in time."""
    return [any(0 < at - anomaly.at <= within_s for at in fails) for anomaly in opened]

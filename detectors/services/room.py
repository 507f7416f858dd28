"""Eviction: when there are as many series as may be, those that nobody waits for give way, the longest gone first.

A series is gone when its silence is no finding any more (``SilenceParams.gone``), or others have taken its place. One
that was never known well enough for its silence to be a finding is gone once it would be stale; if it spoke only once,
by the usual gap of the quickest series. So where labels never repeat, what they leave behind makes room for the next.
"""

import math
from collections.abc import Iterator, Mapping
from heapq import nsmallest

from detectors.arrival.cadence import SilenceParams, allowed_s, read
from detectors.params import DetectionParams
from detectors.series.bank import Bank, Series
from detectors.services.service import ServiceState
from domain.errors import StateError
from domain.identity import SeriesKey, ServiceId
from domain.state import Plain

ASSUMED_S = 60.0  # usual gap, as long as no series has spoken twice
SHARE = 0.05  # of all series that give way at once, and samples refused before looking again: to look costs time


class Room:
    """What has given way, and when to look again."""

    __slots__ = ("_most", "_params", "_refuse", "given")

    def __init__(self, params: DetectionParams) -> None:
        self._params = params.silence
        self._most = max(1, int(SHARE * params.max_series))
        self._refuse = 0  # samples, before looking again
        self.given = 0  # series that had to go

    def make(self, bank: Bank, services: dict[ServiceId, ServiceState], now: float) -> bool:
        """Forget the series that are gone, as many as are wanted at once; return whether there were any.

        ``now`` is the time of a sample that nothing else has checked.
        """
        if self._refuse > 0 or not now < math.inf:
            self._refuse = max(0, self._refuse - 1)
            return False
        ranked = nsmallest(self._most, (row for row in _since(services, self._params) if row[0] < now))
        gone = {key for _, key in ranked}
        for name in dict.fromkeys(key.service for _, key in ranked):
            services[name].drop(gone)
            if services[name].needless:
                del services[name]
        bank.drop(gone)
        self._refuse = self._most - len(gone)
        self.given += len(gone)
        return bool(gone)

    def snapshot(self) -> Plain:
        """Return the whole state as plain data."""
        return [self.given, self._refuse]

    def restore(self, state: Plain) -> None:
        """Take over a snapshot."""
        match state:
            case [int() as given, int() as refuse]:
                self.given, self._refuse = given, refuse
            case _:
                raise StateError("the saved room for series is damaged")


def _since(services: Mapping[ServiceId, ServiceState], params: SilenceParams) -> Iterator[tuple[float, SeriesKey]]:
    """Yield since when, or from when on, nobody waits for each series; not the last ones of a service in trouble."""
    quickest = min(
        (usual_s for service in services.values() for _, usual_s, _, count in _numbers(service) if count > 1),
        default=ASSUMED_S,
    )
    for service in services.values():
        lost = service.silence.lost
        since = [(_gone_at(series, lost, quickest, params), series.key) for series in service.series]
        if since and not service.idle:  # what was told of it must have an end
            since.remove(max(since))
        yield from since


def _numbers(service: ServiceState) -> Iterator[tuple[float, float, float, int]]:
    for series in service.series:
        yield read(series.record)


def _gone_at(series: Series, lost: frozenset[SeriesKey], quickest: float, params: SilenceParams) -> float:
    numbers = read(series.record)
    last_at, usual_s, _, count = numbers
    if not count:
        return -math.inf  # nothing of it could be used
    if count < params.warm_up:
        patience: float = params.stale * (usual_s if count > 1 else quickest)
    elif lost and series.key in lost:
        patience = allowed_s(numbers, params)
    else:
        patience = max(params.gone * usual_s, allowed_s(numbers, params))
    return float(last_at + patience)

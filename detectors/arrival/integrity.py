"""Samples that cannot be used: repeated ones, late ones, values that are not finite, many more than is usual.

The system may be healthy; its telemetry is not, and what is judged from it deserves less trust. A finding needs a
burst of refused samples that is dense by itself and against the share seen before.
"""

from collections import deque
from dataclasses import dataclass, field

from detectors.arrival.features import Refusal
from detectors.calibration import score_of
from domain.anomaly import Evidence
from domain.errors import StateError
from domain.identity import SeriesKey
from domain.state import Plain

NAME = "integrity"
BURST = 20  # refused samples
WITHIN = 100  # samples that the burst may be spread over
DENSER = 5.0  # times as dense as before
NINES = 4.0
WATCHED = {
    Refusal.DUPLICATE: "came twice", Refusal.LATE: "came out of order", Refusal.NOT_FINITE: "had no finite value",
}  # fmt: skip


@dataclass(slots=True)
class Burst:
    """Refused samples of one kind: numbers and times of the latest, how many in all, the series of the finding."""

    recent: deque[tuple[int, float]] = field(default_factory=lambda: deque(maxlen=BURST))
    total: int = 0
    key: SeriesKey | None = None


class Integrity:
    """The refused samples of one service, of all that ``arrived`` there so far."""

    __slots__ = ("_bursts", "arrived", "open")

    def __init__(self, arrived: int = 0) -> None:
        self._bursts: dict[Refusal, Burst] = {}  # of the kinds that there were
        self.open = 0  # findings
        self.arrived = arrived  # samples, whether or not they could be used: counted by who takes them in

    @property
    def late(self) -> bool:
        """Whether samples come late just now: that one is missing means nothing then."""
        burst = self._bursts.get(Refusal.LATE)
        return burst is not None and burst.key is not None

    def over(self, arrived: int) -> list[SeriesKey]:
        """Return the keys of findings that are over."""
        over = []
        for burst in self._bursts.values():
            if burst.key is not None and arrived - burst.recent[-1][0] > WITHIN:
                over.append(burst.key)
                burst.key = None
                self.open -= 1
        return over

    def refuse(self, kind: Refusal, key: SeriesKey, at: float, arrived: int) -> Evidence | None:
        """Take in a refused sample, the last that arrived; return a finding if it belongs to a burst."""
        if kind not in WATCHED:
            return None
        burst = self._bursts.setdefault(kind, Burst())
        burst.recent.append((arrived, at))
        burst.total += 1
        first = burst.recent[0][0]
        count, spread = len(burst.recent), arrived - first + 1
        before = (burst.total - count) / max(1, first)
        if burst.key is None:
            if count < BURST or spread > WITHIN or first < WITHIN or count / spread < DENSER * before:
                return None
            burst.key = key
            self.open += 1
        since = min(when for _, when in burst.recent)
        detail = f"{count} of the last {spread} samples of the service {WATCHED[kind]}"
        high = min(1.0, DENSER * before)
        return Evidence(NAME, burst.key, at, count / spread, before, 0.0, high, score_of(NINES), since, detail)

    def snapshot(self) -> Plain:
        """Return the whole state as plain data."""
        rows = [
            [kind.value, [list(pair) for pair in burst.recent], burst.total, burst.key and burst.key.metric]
            for kind, burst in self._bursts.items()
        ]
        keys = [burst.key and [list(pair) for pair in burst.key.attributes] for burst in self._bursts.values()]
        service = next((burst.key.service for burst in self._bursts.values() if burst.key is not None), None)
        return [service, rows, keys]

    def restore(self, state: Plain) -> None:
        """Take over a snapshot; kinds that are no longer watched are left out."""
        match state:
            case [service, [*rows], [*keys]] if len(rows) == len(keys):
                self._bursts, self.open = {}, 0
            case _:
                raise StateError("the saved integrity of a service is damaged")
        for (kind, recent, total, metric), attributes in zip(rows, keys, strict=True):
            if kind not in WATCHED:
                continue
            key = None if metric is None or service is None else SeriesKey.of(service, metric, dict(attributes))
            pairs = deque(((int(number), float(at)) for number, at in recent), maxlen=BURST)
            self._bursts[Refusal(kind)] = Burst(pairs, int(total), key)
            self.open += key is not None

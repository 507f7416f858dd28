"""Samples that no longer come: a series against its own service's event time, a service against the partition's.

A series is silent when its service has gone on for longer than the series may be quiet (``cadence``). A service is
silent when all of its series are, measured against the partition's watermark, with an allowance for how far behind the
watermark the service usually is. Nothing is said of a partition that is silent as a whole: its event time stands still.

Series that fall silent together need less patience: at least three, and half of the service, that all missed two
samples while the others went on. What counts is the service's last time but one: at the newest, samples may still come.
One sample is enough when it hurts already: when the service, or one that needs it, is beyond a limit at that moment.
"""

import math
from collections.abc import Sequence

from detectors.cadence import Cadence
from detectors.calibration import score_of
from domain.anomaly import Evidence
from domain.errors import StateError
from domain.identity import SeriesKey
from domain.state import Plain

NINES = 6.0  # of a silence: as sure as one in a million
FADE = 0.999  # of the largest lag, per sample
NAME = "silence"
TOGETHER = 3  # series
MISSED = 1.5  # usual gaps: two samples, with room for jitter
LONGER = 1.2  # times as long as the longest gap of late
NONE: frozenset[SeriesKey] = frozenset()


class Silence:
    """The silences of one service."""

    __slots__ = ("_before", "_cadences", "_keys", "_look", "at", "deadline", "lag_s", "lost", "silent")

    def __init__(self) -> None:
        self._keys: list[SeriesKey] = []
        self._cadences: list[Cadence] = []  # of the same series
        self.at = -math.inf  # the service's own event time
        self._before = -math.inf  # the time before that: complete
        self._look = -math.inf  # when to look again for series that miss samples together
        self.lag_s = 0.0
        self.deadline = math.inf  # nothing can be overdue before this time
        self.silent: set[SeriesKey] = set()
        self.lost: set[SeriesKey] = set()  # silent for so long that it is no longer a finding

    def add(self, key: SeriesKey, cadence: Cadence) -> None:
        """Watch a series from now on."""
        self._keys.append(key)
        self._cadences.append(cadence)

    def heard(self, key: SeriesKey, at: float, watermark: float) -> bool:
        """Note an accepted sample; True if its series was silent until now."""
        lag, faded = watermark - at, self.lag_s * FADE
        self.lag_s = lag if lag > faded else faded  # noqa: FURB136 - max() costs more, per sample
        if at > self.at:
            self._before, self.at = self.at, at
            if at > self._look and len(self._keys) >= TOGETHER:
                self._missing_together()
        if self.deadline == math.inf:
            self.deadline = at
        if self.lost:
            self.lost.discard(key)
        if self.silent and key in self.silent:  # hashing a key costs more than the rest of this method
            self.silent.discard(key)
            return True
        return False

    def _missing_together(self) -> None:
        """Let the deadline be now if many series miss samples; look once in a gap of the quickest."""
        quickest = min([c.usual_s for c in self._cadences if c.known], default=math.inf)
        self._look = self.at + 0.5 * quickest if quickest < math.inf else self.at
        if self._hasty(self.at):
            self.deadline = -math.inf

    def _hasty(self, now: float) -> frozenset[SeriesKey]:
        """Return the series that by then have missed samples together, if they are many."""
        if len(self._keys) < TOGETHER:
            return NONE
        known, missing = 0, []
        for key, cadence in zip(self._keys, self._cadences, strict=True):
            if cadence.known and not (self.lost and key in self.lost):
                known += 1
                gone_s = now - cadence.last_at
                if gone_s > MISSED * cadence.usual_s and gone_s > LONGER * cadence.longest_s:
                    missing.append(key)
        return frozenset(missing) if len(missing) >= TOGETHER and 2 * len(missing) >= known else NONE

    def overdue(self, watermark: float, *, hurts: bool = False) -> Sequence[Evidence]:
        """Return what has newly fallen silent, and move the deadline. ``hurts``: somebody feels it already."""
        found: list[Evidence] = []
        deadline = math.inf
        whole = self._whole(watermark)
        now = watermark - self.lag_s if whole else self.at
        hasty = self._hasty(self.at if hurts else self._before)
        for key, cadence in zip(self._keys, self._cadences, strict=True):
            if not cadence.known or (self.silent and key in self.silent) or (self.lost and key in self.lost):
                continue
            due = cadence.last_at + cadence.allowed_s
            if now > due or (hasty and key in hasty):
                self.silent.add(key)
                found.append(self._evidence(key, cadence, watermark if whole else self.at, whole))
            elif due < deadline:
                deadline = due
        if deadline == math.inf:  # all are silent, or none is known: look again after as long
            patience = self.patience_s
            deadline = self.at + patience if patience < math.inf else self.at
        self.deadline = deadline
        return found

    @property
    def patience_s(self) -> float:
        """How long the service may be quiet: as long as its quickest series."""
        return min([c.allowed_s for c in self._cadences if c.known], default=math.inf)

    @property
    def patience_ends(self) -> float:
        """When, by the watermark, the service counts as silent as a whole if it says nothing until then."""
        return self.at + self.lag_s + self.patience_s

    def _whole(self, watermark: float) -> bool:
        """Whether the service as a whole has been quiet for longer than its quickest series may be."""
        return watermark > self.patience_ends

    def _evidence(self, key: SeriesKey, cadence: Cadence, now: float, whole: bool) -> Evidence:
        score = score_of(NINES)
        gone = f"no data for {now - cadence.last_at:.3g} s; usually every {cadence.usual_s:.3g} s"
        detail = f"{gone}; the whole service is silent" if whole else gone
        return Evidence(  # the expected range is that of the gap between samples
            NAME, key, now, None, cadence.usual_s, 0.0, cadence.allowed_s, score, cadence.last_at, detail
        )

    def gone(self, watermark: float) -> Sequence[SeriesKey]:
        """Return the series that have newly been silent for so long that nobody waits for them."""
        if not self.silent:
            return ()
        lost = [
            key
            for key, cadence in zip(self._keys, self._cadences, strict=True)
            if key in self.silent and cadence.gone(watermark)
        ]
        self.silent.difference_update(lost)
        self.lost.update(lost)
        return lost

    def snapshot(self) -> Plain:
        """Return the whole state but the cadences, which belong to the series."""
        at, deadline = (None if math.isinf(x) else x for x in (self.at, self.deadline))
        silent, lost = ([str(key) for key in self._keys if key in some] for some in (self.silent, self.lost))
        before, look = (None if math.isinf(x) else x for x in (self._before, self._look))
        return [at, self.lag_s, deadline, silent, lost, before, look]

    def restore(self, state: Plain) -> None:
        """Take over a snapshot; the series must have been added already."""
        match state:
            case [at, float() | int() as lag_s, deadline, [*silent], [*lost], before, look]:
                self.at = -math.inf if at is None else float(at)
                self._before = -math.inf if before is None else float(before)
                self._look = -math.inf if look is None else float(look)
                self.lag_s = float(lag_s)
                self.deadline = math.inf if deadline is None else float(deadline)
                self.silent = {key for key in self._keys if str(key) in silent}
                self.lost = {key for key in self._keys if str(key) in lost}
            case _:
                raise StateError("the saved silences of a service are damaged")

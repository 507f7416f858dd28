"""Samples that no longer come: a series against its own service's event time, a service against the partition's.

A series is silent when its service has gone on for longer than the series may be quiet (``cadence``). A service is
silent when all of its series are, measured against the partition's watermark, with an allowance for how far behind the
watermark the service usually is. Nothing is said of a partition that is silent as a whole: its event time stands still.

Series that fall silent together need less patience: at least three, and half of the service, that all missed two
samples while the others went on. What counts is the service's last time but one: at the newest, samples may still come.
One sample is enough when it hurts already: when the service, or one that needs it, is beyond a limit at that moment.
Two are not where another series says by 0 that who was asked did not answer, as ``up`` of Prometheus does.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from types import MappingProxyType

from detectors.arrival.cadence import LAST_AT, SAMPLES, Cadence, SilenceParams, allowed_s, read
from detectors.arrival.rhythms import MISSED, TOGETHER, Slow, Watched, many
from detectors.calibration import score_of
from domain.anomaly import Evidence
from domain.errors import StateError
from domain.identity import SeriesKey, ServiceId
from domain.state import Plain

NINES = 6.0  # of a silence: as sure as one in a million
FADE = 0.999  # of the largest lag, per sample
NAME = "silence"
LONGER = 1.2  # times as long as the longest gap of late
AGAIN, LATER = 8, 64  # looks, before slow series are told from the others again: if there were any, and if not
NEVER = -math.inf  # one object for all services
NONE: frozenset[SeriesKey] = frozenset()
ON_TIME: Mapping[SeriesKey, float] = MappingProxyType({})


@dataclass(slots=True)
class Together:
    """What is kept of a service whose series may miss samples together."""

    before: float = NEVER  # the service's time before the newest: complete
    look: float = NEVER  # when to look again
    slow: Slow | None = None  # which of them need not be looked at for a while
    wait: int = 0  # looks, before those are told from the others again


class Silence:
    """The silences of one service."""

    __slots__ = ("_behind", "_params", "_series", "_together", "at", "deadline", "lag_s", "lost", "silent")

    def __init__(self, params: SilenceParams, series: Sequence[Watched]) -> None:
        """Watch these series, and those that are added to them later."""
        self._params = params
        self._series = series
        self.at = NEVER  # the service's own event time
        self._together: Together | None = None  # made when enough of its series are known
        self.lag_s = 0.0
        self.deadline = math.inf  # nothing can be overdue before this time
        self.silent = NONE
        self.lost = NONE  # silent for so long that it is no longer a finding
        self._behind = ON_TIME  # how old what a series says was when it came, where that is a silence by itself

    @property
    def service(self) -> ServiceId:
        """Whose silences these are; it must have a series."""
        return self._series[0].key.service

    @property
    def waits(self) -> bool:
        """Whether a silence of the whole service would mean something: a series of it is known."""
        return self.patience_s < math.inf

    @property
    def together(self) -> bool:
        """Whether its series may miss samples together: enough of them are known."""
        return self._together is not None

    def heard(self, one: Watched, at: float, watermark: float) -> bool:
        """Note an accepted sample; True if its series was silent until now, waited for or not."""
        if watermark > at or self.lag_s > 0:
            self.lag_s = max(watermark - at, self.lag_s * FADE)
        together = self._together
        if together is not None:
            if together.slow is not None and not together.slow.still(one):
                together.slow = None
            if at > self.at:
                together.before, self.at = self.at, at
                if at > together.look:
                    self._missing_together(together)
        elif at > self.at:
            self.at = at
        if self.silent and one.key in self.silent:  # hashing a key costs more than the rest of this method
            self.silent -= {one.key}
            return True
        if self.lost and one.key in self.lost:  # there may be thousands: taken out only when need be
            self.lost -= {one.key}
            return True
        return False

    def late(self, one: Watched) -> None:
        """Take note that a series speaks though its time stands still, or is long ago: its clock is wrong."""
        last_at, usual_s, _, _ = read(one.record)
        if self.at - last_at > MISSED * usual_s:
            self._behind = {**self._behind, one.key: self.at - last_at}
            self._look_at_all()

    def known(self, record: bytearray) -> None:
        """Take note that one more series is known well enough for its silence to mean something."""
        numbers = read(record)
        self.deadline = min(self.deadline, numbers[LAST_AT] + allowed_s(numbers, self._params))
        if len(self._series) >= TOGETHER:
            self._together = self._together or Together()
            self._together.look = NEVER
        self._look_at_all()

    def others(self, one: Watched) -> Iterator[float]:
        """Yield how long each of the other series that are known may be quiet."""
        for series in self._series:
            numbers = read(series.record)
            if series is not one and numbers[SAMPLES] >= self._params.warm_up:
                yield allowed_s(numbers, self._params)

    def anew(self) -> None:
        """Look at once for whatever is silent, as if nothing of it were known."""
        self.silent, self.deadline = NONE, NEVER
        self._look_at_all()

    def sleep(self) -> None:
        """Look no more by the service's own event time if that is the time of its only series, which it cannot miss."""
        if len(self._series) == 1:
            self.deadline = math.inf

    def wake(self) -> None:
        """Look again from the next sample on."""
        if self.deadline == math.inf and len(self._series) == 1 and self.waits:
            self.deadline = self.at

    def _missing_together(self, together: Together) -> None:
        """Let the deadline be now if many series miss samples; look once in a gap of the quickest."""
        together.wait -= 1
        quickest = None if together.slow is None else together.slow.quickest_s(self.at)
        if quickest is None:
            missing, quickest = self._hasty(self.at, hurts=True)
            if missing:
                self.deadline = -math.inf
            together.slow = None
            if together.wait <= 0 and not missing and not self._behind:
                together.slow = Slow.among(self._series, quickest, self.silent, self.lost, self._params)
                together.wait = LATER if together.slow is None else AGAIN
        together.look = self.at + 0.5 * quickest

    def _look_at_all(self) -> None:
        """Look at the slow series, too, the next time."""
        if self._together is not None:
            self._together.slow = None

    def _hasty(self, now: float, *, hurts: bool) -> tuple[frozenset[SeriesKey], float]:
        """Return the series that by then have missed samples together, if they are many; and the gap of the quickest.

        That they paused for as long before is no excuse while it ``hurts``: it may have been an outage, too.
        """
        warm_up, lost, left_out, missing, quickest = self._params.warm_up, self.lost, 0, [], math.inf
        for series in self._series:
            last_at, usual_s, longest_s, count = read(series.record)
            if count < warm_up:
                left_out += 1
                continue
            if usual_s < quickest:  # noqa: PLR1730 - min() costs more, for each series at each look
                quickest = usual_s
            if lost and series.key in lost:
                left_out += 1
                continue
            gone_s = now - last_at
            if gone_s > MISSED * usual_s and (hurts or gone_s > LONGER * longest_s) and series.key not in self._behind:
                missing.append(series.key)
        together = missing and len(missing) >= many(len(self._series) - left_out)
        return frozenset(missing) if together else NONE, quickest

    def _asked_in_vain(self, missing: AbstractSet[SeriesKey]) -> bool:
        """Whether another series, always the same before, is 0 since these miss samples: their target did not answer.

        That happens to whoever asks each target every few seconds, and is told as late as of a single series.
        """
        stopped_at = max(read(series.record)[LAST_AT] for series in self._series if series.key in missing)
        for series in self._series:
            last_at, usual_s, _, _ = read(series.record)
            if series.key in missing or last_at <= stopped_at:
                continue
            points = list(series.points)
            before = {value for at, value in points if at < stopped_at + 0.5 * usual_s}
            since = {value for at, value in points if at >= stopped_at + 0.5 * usual_s}
            if since == {0.0} and len(before) == 1 and 0.0 not in before:
                return True
        return False

    def overdue(self, watermark: float, *, hurts: bool = False) -> Sequence[Evidence]:
        """Return what has newly fallen silent, and move the deadline. ``hurts``: somebody feels it already."""
        found: list[Evidence] = []
        params, deadline = self._params, math.inf
        warm_up = params.warm_up
        whole = watermark > self.at + self.lag_s and watermark > self.patience_ends
        now = watermark - self.lag_s if whole else self.at
        hasty, slow, together = NONE, None, self._together
        if together is not None:
            if not whole and together.slow is not None and now < together.slow.until:
                slow = together.slow
            else:
                hasty, _ = self._hasty(self.at if hurts else together.before, hurts=hurts)
                if hasty and not hurts and self._asked_in_vain(hasty):
                    hasty = NONE
        for series in self._series if slow is None else slow.quick:
            key, numbers = series.key, read(series.record)  # no Cadence: making one costs more than all the rest
            last_at, _, _, count = numbers
            if count < warm_up or (self.silent and key in self.silent) or (self.lost and key in self.lost):
                continue
            due = last_at + allowed_s(numbers, params)
            if self._behind:
                due += self._behind_s(key, now - last_at)
            if now > due or (hasty and key in hasty):
                self.silent |= {key}
                found.append(self._evidence(key, Cadence(*numbers), watermark if whole else self.at, whole))
            elif due < deadline:
                deadline = due
        if slow is not None and deadline > slow.until:  # only the slow ones can tell when to look again
            self._look_at_all()
            return [*found, *self.overdue(watermark, hurts=hurts)]
        # If all are silent, look again after as long; if none is known, once one is.
        self.deadline = deadline if deadline < math.inf else self.at + self.patience_s
        return found

    def _behind_s(self, key: SeriesKey, gone_s: float) -> float:
        """Return how far behind a series is, which ends when its clock is put right."""
        behind_s = self._behind.get(key, 0.0)
        if gone_s < 0.5 * behind_s:
            self._behind = {other: much for other, much in self._behind.items() if other != key}
            return 0.0
        return behind_s

    @property
    def patience_s(self) -> float:
        """How long the service may be quiet: as long as its quickest series."""
        params, least = self._params, math.inf
        for series in self._series:
            numbers = read(series.record)
            if numbers[SAMPLES] >= params.warm_up and (patience_s := allowed_s(numbers, params)) < least:
                least = patience_s
        return least

    @property
    def patience_ends(self) -> float:
        """When, by the watermark, the service counts as silent as a whole if it says nothing until then."""
        return self.at + self.lag_s + self.patience_s

    def may_end(self, watermark: float) -> float:
        """Return a time, by the watermark, before which the service cannot be silent as a whole.

        As long as none of its series can be overdue none is read for that.
        """
        soonest = self.deadline + self.lag_s
        return soonest if watermark <= soonest < math.inf and not self.silent else self.patience_ends

    def look_again(self, watermark: float) -> float:
        """Return when, by the watermark, to look again at a service that counts as silent as a whole."""
        again, next_one = watermark + self.patience_s, self.deadline + self.lag_s
        return next_one if watermark < next_one < again else again

    def _evidence(self, key: SeriesKey, cadence: Cadence, now: float, whole: bool) -> Evidence:
        score = score_of(NINES)
        gone = f"no data for {now - cadence.last_at:.3g} s; usually every {cadence.usual_s:.3g} s"
        detail = f"{gone}; the whole service is silent" if whole else gone
        return Evidence(  # the expected range is that of the gap between samples
            NAME, key, now, None, cadence.usual_s, 0.0, cadence.allowed_s(self._params), score, cadence.last_at, detail
        )

    def gone(self, watermark: float) -> Sequence[SeriesKey]:
        """Return the series that have newly been silent for so long that nobody waits for them."""
        if not self.silent:
            return ()
        lost = [
            series.key
            for series in self._series
            if series.key in self.silent and Cadence.of(series.record).gone(watermark, self._params)
        ]
        if lost:
            self.dismiss(frozenset(lost))
        return lost

    def dismiss(self, keys: AbstractSet[SeriesKey]) -> None:
        """Wait no more for series that are silent because others took their place."""
        self.silent, self.lost = self.silent - keys, self.lost | keys
        self._look_at_all()

    def drop(self, keys: AbstractSet[SeriesKey]) -> None:
        """Forget series altogether."""
        self.silent, self.lost = self.silent - keys, self.lost - keys
        self._look_at_all()
        self._behind = {key: much for key, much in self._behind.items() if key not in keys}

    def _keys(self) -> list[SeriesKey]:
        return [series.key for series in self._series]

    def snapshot(self) -> Plain:
        """Return the whole state but the cadences, which are in the records of the series."""
        at, deadline = (None if math.isinf(x) else x for x in (self.at, self.deadline))
        silent, lost = ([str(key) for key in self._keys() if key in some] for some in (self.silent, self.lost))
        together = self._together or Together()
        before, look = (None if math.isinf(x) else x for x in (together.before, together.look))
        return [at, self.lag_s, deadline, silent, lost, before, look, [[str(k), s] for k, s in self._behind.items()]]

    def restore(self, state: Plain) -> None:
        """Take over a snapshot; the series must have been added already."""
        match state:
            case [at, float() | int() as lag_s, deadline, [*silent], [*lost], before, look, *rest]:
                self.at = -math.inf if at is None else float(at)
                if len(self._series) >= TOGETHER:
                    before, look = (NEVER if x is None else float(x) for x in (before, look))
                    self._together = Together(before, look)
                self.lag_s = float(lag_s)
                self.deadline = math.inf if deadline is None else float(deadline)
                self.silent = frozenset(key for key in self._keys() if str(key) in silent)
                self.lost = frozenset(key for key in self._keys() if str(key) in lost)
                behind = {str(key): float(much) for row in rest for key, much in row}  # none of before there were any
                self._behind = {key: behind[str(key)] for key in self._keys() if str(key) in behind} or ON_TIME
            case _:
                raise StateError("the saved silences of a service are damaged")

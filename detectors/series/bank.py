"""The models of every series of a partition: made on first sight, bounded in number."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from detectors.anomalies.fusion import FusionParams
from detectors.arrival.cadence import FRESH as UNHEARD
from detectors.arrival.cadence import LAST_AT, Cadence, read, spoke
from detectors.arrival.features import LARGEST, Refusal, judged
from detectors.base import restored, saved
from detectors.calibration import nines_of, score_of
from detectors.forecast.trend import TrendForecaster
from detectors.incidents.spans import Spans
from detectors.params import DetectionParams
from detectors.series.placed import placed
from detectors.series.siblings import Siblings
from detectors.series.trace import FRESH as NO_SAMPLES
from detectors.series.trace import latest, note
from detectors.units.measure import UNDECLARED, Measure, kept, measured
from detectors.units.unit_jump import ENOUGH, TINY, TOLD, Aside, UnitWatch, bounds, levels, suspicious
from detectors.units.unit_jump import NAME as UNIT
from detectors.values import recurrence
from detectors.values.objective import ObjectiveDetector
from detectors.values.whole import in_whole_numbers
from domain.anomaly import Anomalous, Evidence, Normal
from domain.errors import StateError
from domain.identity import SeriesKey, ServiceId
from domain.journeys import Objective, Service
from domain.state import Plain
from domain.telemetry import SampleKind

GAUGE = SampleKind.GAUGE  # a member that is looked up in its enumeration costs more, per sample
EVER = math.inf  # a name of this module is found sooner
HOLD = 60  # samples
LOOK = 0.0, 0.0  # between these is no value: the next one is looked at
KNOWN = Normal(score_of(0.65))  # what is left of a surprise that comes every day: half of the least finding


@dataclass(slots=True)
class Series:
    """One series: its objectives, and the record of its cadence, what the detectors know, and its latest samples.

    Where an objective keeps the latest samples anyway the record has none.
    """

    key: SeriesKey
    record: bytearray
    objectives: tuple[tuple[ObjectiveDetector, TrendForecaster], ...]
    place: int = -1  # in its service; -1: not yet given to it
    expected: bool = False  # known so well that its silence means something
    counted: float = 0.0  # the last value of a counter
    warm: bool = False
    held: float = 0.0  # the highest score of this run of surprises
    hold: int = 0  # samples for which it still stands
    signed: bool = False  # was below zero at some time
    daily: bytes = recurrence.NEVER  # its surprises, which may come daily
    low: float = -TINY  # between these a value is like the latest ones, as far as its unit is concerned
    high: float = math.inf
    stood: tuple[float, float] = (0.0, 0.0)  # its last two levels, the newer one first
    watch: UnitWatch | None = None  # made when the unit may be changing
    measure: Measure = UNDECLARED

    def take(self, at: float, value: float, kind: SampleKind) -> float | Refusal:
        """Return the value to judge, or why there is none; an accepted sample counts for the cadence."""
        record = self.record
        before = read(record)
        if kind is GAUGE and before[LAST_AT] < at < EVER and -LARGEST < value < LARGEST:  # nearly always
            spoke(record, before, at)
            if not self.objectives:
                note(record, before, at, value)
            return value
        taken = judged(at, value, kind, before[LAST_AT], self.counted)
        if isinstance(taken, float):
            self.counted = value
            self._heard(at, taken)
        elif taken is Refusal.NO_RATE:
            self.measure = self.measure.with_doubt if value < self.counted < EVER else self.measure
            self.counted = value
            self._heard(at, math.nan)
        return taken

    def pass_over(self, at: float) -> None:
        """Let a sample that would be accepted count for the cadence, without its value."""
        self._heard(at, math.nan)

    def _heard(self, at: float, value: float) -> None:
        before = read(self.record)
        spoke(self.record, before, at)
        if not self.objectives:
            note(self.record, before, at, value)

    def surprise(self, score: float, bars: FusionParams) -> float:
        """Return the score if it is news, otherwise 0: within HOLD samples of a higher one it is not.

        Nor is it after one beyond the bar, unless it is so much rarer that it would open an anomaly again.
        """
        if self.hold > 0:
            self.hold -= 1
        else:
            self.held = 0.0
        if score <= self.held:
            return 0.0
        before = nines_of(self.held)
        if before >= bars.alone and nines_of(score) < bars.escalation * before:
            return 0.0
        self.held, self.hold = score, HOLD
        return score

    def plausible(self, evidence: Evidence) -> Evidence:
        """Return the evidence for a person: in today's unit, not below zero if it never was there, whole if counted."""
        if not self.signed and evidence.low < 0:
            low, expected, high = (max(0.0, number) for number in (evidence.low, evidence.expected, evidence.high))
            evidence = replace(evidence, low=low, expected=expected, high=high)
        if self.watch is None or self.watch.factor == 1:
            return in_whole_numbers(evidence, (value for _, value in self.points))
        if self.objectives:  # a limit is in the unit of before
            return evidence
        numbers = {name: getattr(evidence, name) for name in ("actual", "expected", "low", "high")}
        return replace(evidence, **{name: n and n * self.watch.divisor for name, n in numbers.items()})

    def look(self, at: float) -> list[float]:
        """Take note of what the values were like before this time, and return them."""
        before = [value for when, value in self.points if when < at]
        if self.signed:
            self.low, self.high = -math.inf, math.inf
        else:
            self.low, self.high = bounds(before) if len(before) >= ENOUGH else LOOK
        return before

    def suspect(self, at: float, value: float) -> UnitWatch | None:
        """Return what watches the unit of the series, None if this value gives no reason to."""
        self.signed |= value < 0
        if self.watch is not None and self.watch.factor != 1:
            if any(breach.passes(value) for breach, _ in self.objectives):
                self.watch.told = TOLD  # people agreed to call that bad: for as long as it lasts it is told
            return self.watch
        if self.watch is None:
            before = self.look(at)
            self.stood = levels(self.stood, before)
            if self.signed or not self.warm or not suspicious(before, (value,)):
                return None
            self.watched(UnitWatch(before))
        return self.watch

    def watched(self, watch: UnitWatch) -> None:
        """Look at every sample from here on."""
        self.watch, self.low, self.high = watch, math.inf, -math.inf

    def unsuspect(self, at: float) -> None:
        """Stop watching the unit once it is what it was."""
        if self.watch is not None and self.watch.done:
            self.watch = None
            self.look(at)

    def unless_daily(self, at: float, verdict: Anomalous, *, soon: bool, learn: bool) -> Normal | Anomalous:
        """Return the verdict, or one that finds nothing if it comes every day; ``soon``: objectives tell of harm."""
        nines, enough = nines_of(verdict.score), recurrence.SOON if soon else recurrence.ENOUGH
        known = recurrence.known(self.daily, at, nines, read(self.record)[1], enough)
        if learn:
            self.daily = recurrence.remembered(self.daily, at, nines)
        return KNOWN if known else verdict

    @property
    def cadence(self) -> Cadence:
        """How often it speaks."""
        return Cadence.of(self.record)

    @property
    def points(self) -> Iterable[tuple[float, float]]:
        """Return time and value of the latest samples, the oldest first."""
        return self.objectives[0][1].points if self.objectives else latest(self.record)

    @property
    def goals(self) -> list[Plain]:
        """Return what is known of its objectives as plain data."""
        return [[breach.snapshot(), trend.snapshot()] for breach, trend in self.objectives]

    def snapshot(self, asked: Iterable[Objective] = ()) -> list[Plain]:
        """Return the whole state but for the record as plain data, with what is ``asked`` of it."""
        key = [self.key.service, self.key.metric, [list(pair) for pair in self.key.attributes]]
        low, high = (None if math.isinf(bound) else bound for bound in (self.low, self.high))
        state = [self.counted, self.warm, self.held, self.hold, self.signed, low, high, *self.stood]
        watch = None if self.watch is None else self.watch.snapshot()
        limits: Plain = [[goal.metric, goal.limit, goal.above, goal.unit] for goal in asked]
        return [key, limits, self.goals, state, recurrence.saved(self.daily), watch, self.measure.snapshot()]


class Bank:
    """All series of a partition."""

    def __init__(self, params: DetectionParams, services: Sequence[Service]) -> None:
        self._params = params
        self._objectives: dict[tuple[ServiceId, str], tuple[Objective, ...]] = {}
        for service in services:
            for goal in service.objectives:
                mark = (service.id, goal.metric)
                self._objectives[mark] = (*self._objectives.get(mark, ()), goal)
        self._series: dict[SeriesKey, Series] = {}
        self.find = self._series.get  # returns a series that is known, else None
        self.detectors, self._fresh = placed(params)
        self._siblings = Siblings()

    def __len__(self) -> int:
        return len(self._series)

    def __iter__(self) -> Iterator[Series]:
        return iter(self._series.values())

    def get(self, key: SeriesKey) -> Series | None:
        """Return the series, made new if need be; None when there are too many already."""
        series = self._series.get(key)
        if series is not None:
            return series
        if len(self._series) >= self._params.max_series:
            return None
        series = self._series[key] = self._siblings.taught(self.make(key))
        return series

    def drop(self, keys: Iterable[SeriesKey]) -> None:
        """Forget series altogether."""
        for key in keys:
            del self._series[key]
        self._siblings = Siblings(each for each in self if each.key.attributes and self.goals(each.key))

    def goals(self, key: SeriesKey) -> tuple[Objective, ...]:
        """Return what is asked of a series, whether or not it can be held against it."""
        return self._objectives.get((key.service, key.metric), ())

    def make(self, key: SeriesKey, *, held: bool = True) -> Series:
        """Return a series of which nothing is known; its objectives may not be ``held`` against it."""
        params, asked = self._params, self.goals(key) if held else ()
        goals = tuple((ObjectiveDetector(key, goal), TrendForecaster(key, goal, params.forecast)) for goal in asked)
        series = Series(key, bytearray(self._fresh if goals else self._fresh + NO_SAMPLES), goals)
        if asked and asked[0].unit:
            series.measure = measured(asked[0].unit, GAUGE)
        return series

    def snapshot(self) -> Plain:
        """Return every series as plain data."""
        rows = ((series.snapshot(self.goals(series.key)), series) for series in self._series.values())
        return [[*row, [[name, saved(s.record[part])] for name, part in self._places(s)]] for row, s in rows]

    def known(self, series: Series) -> Plain:
        """Return what detectors and objectives know of the values of a series, to be put back by `learn_anew`."""
        models = [[each.name, saved(series.record[each.start : each.end])] for each in self.detectors]
        return [models, series.goals, recurrence.saved(series.daily)]

    def learn_anew(self, series: Series, jump: Aside, frozen: Spans | None, until: float) -> None:
        """Put back what was known before the unit changed, and learn what came since then, before ``until``."""
        match jump.known:
            case None:
                return
            case [[*models], [*goals], daily]:
                _put_back(series.record, self._places(series), dict(models))
                series.daily = recurrence.restored(daily)
            case _:
                raise StateError("what was known of a series is damaged")
        for (breach, trend), (was_beyond, led_to) in zip(series.objectives, goals, strict=True):
            breach.restore(was_beyond)
            trend.restore(led_to)
        for at, value in (sample for sample in jump.samples if sample[0] < until):
            learn = frozen is None or not frozen.cover(at)
            for each in self.detectors:
                each.detector.observe(series.record, series.key, at, value, learn=learn)
            for breach, trend in series.objectives:
                breach.observe(at, value, learn=learn)
                trend.observe(at, value, learn=learn)

    def _places(self, series: Series) -> Iterator[tuple[str, slice]]:
        """Yield what a record is made of."""
        yield "cadence", slice(0, len(UNHEARD))
        for each in self.detectors:
            yield each.name, slice(each.start, each.end)
        if not series.objectives:
            yield "latest", slice(len(self._fresh), len(series.record))

    def restore(self, state: Plain) -> None:
        """Take over a snapshot. Detectors and objectives that the snapshot does not know start anew."""
        if not isinstance(state, Sequence) or isinstance(state, str | bytes):
            raise StateError("the saved bank of series is damaged")
        self._series.clear()
        for row in state:
            self._restore_series(row)
        self._siblings = Siblings(each for each in self if each.key.attributes and self.goals(each.key))

    def _restore_series(self, row: Plain) -> None:
        match row:
            case [[str() as service, str() as metric, [*pairs]], [*limits], [*goals], own, daily, watch, was, [*parts]]:
                key = SeriesKey(ServiceId(service), metric, tuple((str(name), str(text)) for name, text in pairs))
            case _:
                raise StateError("a saved series is damaged")
        asked = self.goals(key)
        same = [[goal.metric, goal.limit, goal.above, goal.unit] for goal in asked] == list(limits)
        measure = kept(Measure.of(was), asked[0].unit if asked else None, same=same)
        series = self._series[key] = self.make(key, held=measure is None or measure.wanted is None)
        if measure is None:
            return
        series.measure = measure
        counted, warm, held, hold, signed, low, high, newer, older = own
        series.counted, series.held, series.hold = float(counted), float(held), int(hold)
        series.warm, series.signed, series.stood = bool(warm), bool(signed), (float(newer), float(older))
        known = dict(parts)
        unit = None if watch is None else UnitWatch.of(watch)
        if unit is not None and (UNIT in self._params.without or not same):
            if unit.factor != 1 and UNIT not in self._params.without:
                # A new limit is in today's unit, and all that is known is in that of before: learn it anew.
                series.warm, daily, goals = False, [], [None] * len(limits)
                known = {"cadence": known.get("cadence", saved(UNHEARD))}
            unit, (low, high) = None, LOOK  # without the detector values are judged as they come
        series.low = -math.inf if low is None else float(low)
        series.high = math.inf if high is None else float(high)
        series.daily = recurrence.restored(daily)
        if unit is not None:
            series.watched(unit)
        _put_back(series.record, self._places(series), known)
        series.expected = series.cadence.known(self._params.silence)
        saved_goals = {(name, limit, above): goal for (name, limit, above, _), goal in zip(limits, goals, strict=False)}
        for breach, trend in series.objectives:
            goal = saved_goals.get((breach.objective.metric, breach.objective.limit, breach.objective.above))
            if goal is not None:
                breach.restore(goal[0])
                trend.restore(goal[1])


def _put_back(record: bytearray, places: Iterable[tuple[str, slice]], known: Mapping[str, Plain]) -> None:
    """Write the parts that are known into a record; it keeps its others."""
    for name, part in places:
        if name in known:
            record[part] = restored(known[name], part.stop - part.start)

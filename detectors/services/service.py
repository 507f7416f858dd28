"""All that is known of one service of a partition: what looks at more than one of its series, and its findings."""

from collections.abc import Collection, Sequence
from collections.abc import Set as AbstractSet

from detectors.anomalies.agreement import NAME as AGREEMENT
from detectors.anomalies.agreement import Agreement
from detectors.arrival.cadence import read
from detectors.arrival.features import Refusal
from detectors.arrival.integrity import NAME as INTEGRITY
from detectors.arrival.integrity import Integrity
from detectors.arrival.silence import NAME as SILENCE
from detectors.arrival.silence import Silence
from detectors.changes.instances import ended
from detectors.changes.recounted import as_declared, take_redeclared
from detectors.changes.redeclared_told import Outcome, Redeclared
from detectors.changes.schema import HEARD, How, Match, Schema
from detectors.changes.schema import NAME as SCHEMA
from detectors.incidents.precursor import Precursor
from detectors.incidents.spans import Spans
from detectors.params import DetectionParams
from detectors.series.bank import Bank, Series
from detectors.series.trace import traced
from detectors.services.fused import Fused, Objectives, samples_of
from detectors.units.unit_jump import NAME as UNIT
from detectors.values.objective import ObjectiveDetector
from domain.anomaly import Anomaly, AnomalyKind, Evidence, SeriesState
from domain.errors import StateError
from domain.feedback import Feedback
from domain.identity import SeriesKey, ServiceId
from domain.state import Plain
from domain.telemetry import EventKind, IncidentEvent, Sample

NOTHING: tuple[Anomaly, ...] = ()
NONE: frozenset[ObjectiveDetector] = frozenset()


class ServiceState(Fused):
    """What is known of one service: its series, its silences, its findings, and when it must not learn.

    A calm service has no more than its series and their silences: all else is made when it is first needed.
    """

    __slots__ = ("agreement", "beyond", "frozen", "integrity", "precursor", "quiet", "redeclared", "schema", "silence")

    def __init__(self, name: ServiceId, params: DetectionParams, objectives: Objectives = Objectives.NONE) -> None:
        super().__init__(name, params, objectives)
        self.silence = Silence(params.silence, self.series)
        self.agreement: Agreement | None = None  # of several series
        self.integrity: Integrity | None = None  # made when a sample is refused
        self.schema: Schema | None = None  # made when a series stops
        self.redeclared: Redeclared | None = None  # made when one is declared to be something else
        self.precursor: Precursor | None = None  # made when there is something to learn
        self.frozen: Spans | None = None  # during which nothing is learnt
        self.quiet: Spans | None = None  # during which nothing new opens
        self.beyond = NONE  # whose limit is passed right now, of series that still speak

    def add(self, series: Series) -> None:
        """Take in a new series."""
        self.silence.wake()
        series.place = len(self.series)
        self.series += (series,)  # append() would make room for four
        if self.agreement is not None:
            self.agreement.add(series.key)
        elif len(self.series) > 1:
            self.agreement = Agreement(self._params.agreement)
            for each in self.series:
                self.agreement.add(each.key)
        if self.fusion is not None:
            self.fusion.series = len(self.series)

    def drop(self, keys: AbstractSet[SeriesKey]) -> None:
        """Forget series altogether; it may be all of them."""
        self.forget_limits(keys)
        self.series[:] = [series for series in self.series if series.key not in keys]
        self.silence.drop(keys)
        if self.agreement is not None:
            self._disagree(self.agreement, keys)
        self.forget(keys)
        if self.fusion is not None:
            self.fusion.series, self.fusion.slowest = len(self.series), None
        for place, series in enumerate(self.series):
            series.place = place

    def _disagree(self, agreement: Agreement, keys: AbstractSet[SeriesKey]) -> None:
        """Let series go from what they say together; a single one says nothing."""
        agreement.drop(keys)
        if len(self.series) < 2:
            if agreement.leader is not None:
                self.over(agreement.leader, AGREEMENT)
            self.agreement = None

    @property
    def needless(self) -> bool:
        """Whether nothing is known of it that anybody could want."""
        declared = self.frozen is not None or self.quiet is not None  # without, there was nothing to learn from either
        return not self.series and self.idle and not declared

    def stopped(self, found: Sequence[Evidence]) -> None:
        """Take in series that have fallen silent; those that became others, or are one instance fewer, are no silence.

        Those that are silent already are looked at again: what follows them may have begun later.
        """
        matches, became = self._became()
        self.forget(became)
        for evidence in found:
            if evidence.key not in became and not self.late:
                self.fused().found(AnomalyKind.SILENCE, evidence)
        drifted = [match for match in matches if match.how is not How.REPLACED]
        if self.schema is not None and drifted:
            evidence = self.schema.tell(drifted, self.series, self.silence.at)
            undone = [evidence.key] if any(match.back for match in drifted) else ()
            self.fused().explained(AnomalyKind.SCHEMA, evidence, became.union(undone))
        self.silence.dismiss(became)

    def _became(self) -> tuple[Sequence[Match], frozenset[SeriesKey]]:
        """Return what became of series that have fallen silent, and which of them nobody has to wait for."""
        if SCHEMA in self._params.without:
            return (), frozenset()
        self.schema = self.schema or Schema()
        fewer = ended(self.silence.silent, self.series, self.silence.at)
        gone = [series for series in self.series if series.key in self.silence.silent and series.key not in fewer]
        matches = self.schema.explain(gone, self.series)
        return matches, fewer.union(match.old for match in matches)

    def speaks_again(self, series: Series, at: float) -> None:
        """Take in a series that was silent, or of which nobody waited for another sample."""
        self.over(series.key, SILENCE)
        self.silence.late(series)
        self.note_limits(series)
        if self.schema is not None and self.schema.speaks_again(series.key, at) and self.silence.silent:
            self.stopped(())

    def beginning(self, at: float, last: Series) -> bool:
        """Whether others that began with a new series are still to be heard: all are looked at when the last one is."""
        recent = at - 1.5 * last.cadence.usual_s
        numbers = (read(series.record) for series in self.series)
        return any(0 < count < HEARD and last_at > recent for last_at, _, _, count in numbers)

    def take_redeclared(self, series: Series, sample: Sample, bank: Bank) -> float | Refusal:
        """Take a sample that is declared to be something else than its series, and return what to judge."""
        before, told = series.objectives, self.redeclared or Redeclared()
        if UNIT in self._params.without:
            as_declared(series, sample, bank)
        value, changes = take_redeclared(series, sample, told, self.series, bank, self.frozen)
        for change in changes:
            told.note(change)
            self.silence.wake()
            if change.anew:
                self.beyond = self.beyond.difference(goal for goal, _ in before)
                if change.outcome is Outcome.WRONG:  # what was found before was found in a wrong unit
                    self.forget({series.key})
                if self.agreement is not None:
                    self.agreement.anew(series.place)
        self.redeclared = None if told.idle else told
        return value

    def look(self, watermark: float, *, hurts: bool) -> None:
        """Look for series that have fallen silent, and do all else that need not be done with every sample."""
        silence = self.silence
        found = silence.overdue(watermark, hurts=hurts)
        if found:
            self.forget_limits({evidence.key for evidence in found})
            self.stopped(found)
        if self.schema is not None and (over := self.schema.over(silence.at)) is not None:
            self.over(over, SCHEMA)  # what became of its series was told for long enough
        if self.redeclared is not None:
            self._tell_redeclared(self.redeclared)
        if self.precursor is not None and self.precursor.rest(silence.at):
            self.precursor = None
        self.rest(silence.at)
        self.forget(frozenset(silence.gone(watermark)))
        if not (silence.silent or self.fusion or self.precursor or self.schema or self.redeclared):
            silence.sleep()

    def _tell_redeclared(self, redeclared: Redeclared) -> None:
        """Tell together what was declared to be something else of late, and no longer than need be."""
        if (over := redeclared.over(self.silence.at)) is not None:
            self.over(over, UNIT)
        if (told := redeclared.tell(self.series, self.silence.at)) is not None:
            self.fused().explained(AnomalyKind.UNIT, *told)

    def unit_is_known(self, series: Series) -> None:
        """Stop telling that the unit of a series seems to have changed, but not that it is declared to have."""
        if self.redeclared is None or self.redeclared.key != series.key:
            self.over(series.key, UNIT)

    def units_changed(self, keys: AbstractSet[SeriesKey], evidence: Evidence) -> None:
        """Tell that the unit of series has changed, instead of all that was found of them."""
        self.forget(keys)
        self.fused().explained(AnomalyKind.UNIT, evidence, keys)

    def settle(self, at: float, spoke: Series | None = None) -> Sequence[Anomaly]:
        """Return what has changed by event time ``at``, by a sample of the series that ``spoke``, if it is that."""
        fusion = self.fusion
        if fusion is None:
            return NOTHING
        self.silence.wake()
        if fusion.idle:
            fusion.slowest = None
            return NOTHING
        self.measure_gap(fusion, spoke)
        precursor = self._learning()
        precursor.consider(at, fusion, frozen=self.frozen is not None and self.frozen.cover(at))
        quiet = self.quiet is not None and self.quiet.cover(at)
        said = [traced(anomaly, self.series) for anomaly in fusion.settle(at, quiet=quiet)]
        precursor.opened(said)
        return said

    @property
    def troubled(self) -> bool:
        """Whether there is trouble, the end of which may look like anything: told, declared, or beyond a limit."""
        return super().troubled or not self.learns(self.silence.at, warm=True)

    def learns(self, at: float, *, warm: bool) -> bool:
        """Whether what comes now is taken for usual: not during an incident, nor while a limit is passed.

        A limit that is passed for longer than an incident may last is set wrongly, or is the new normal; and a series
        that is not ``warm`` must become so whatever the limits say.
        """
        if self.frozen is not None and self.frozen.cover(at):
            return False
        return not warm or not any(at - goal.since < self._params.freeze_timeout for goal in self.beyond)

    def note_limits(self, series: Series) -> None:
        """Note which limits a series is beyond, once it has spoken."""
        for goal, _ in series.objectives:
            if goal.beyond:
                self.beyond |= {goal}
            elif goal in self.beyond:
                self.beyond -= {goal}

    def forget_limits(self, keys: Collection[SeriesKey]) -> None:
        """Forget which limits series were beyond: nobody knows whether they still are."""
        mute = (series for series in self.series if series.objectives and series.key in keys)
        self.beyond = self.beyond.difference(goal for series in mute for goal, _ in series.objectives)

    def forget(self, keys: Collection[SeriesKey]) -> None:
        """Forget what was found of series, by themselves or together."""
        if keys:
            super().forget(keys)
            if self.agreement is not None:
                self.agreement.forget(keys)

    def refused(self, why: Refusal, series: Series, at: float) -> Sequence[Anomaly]:
        """Take in a sample that could not be used."""
        if self.integrity is None:
            self.integrity = Integrity(self.arrived + 1)
        if why is Refusal.LATE:
            self.silence.late(series)
        evidence = self.integrity.refuse(why, series.key, at, self.arrived)
        if evidence is None:
            return NOTHING
        if why is Refusal.LATE and self.late:
            self.none_is_silent(evidence, self.silence.silent)
        else:
            self.fused().found(AnomalyKind.SCHEMA, evidence)
        return self.settle(self.silence.at)

    @property
    def arrived(self) -> int:
        """How many samples there were, whether or not they could be used."""
        return samples_of(self.series) if self.integrity is None else self.integrity.arrived

    @property
    def late(self) -> bool:
        """Whether that samples are missing is told as what it is: they come late."""
        return self.integrity is not None and self.integrity.late and INTEGRITY not in self._params.without

    def clear(self, integrity: Integrity) -> None:
        """Drop what was found of refused samples once there have been enough others."""
        late = self.late
        for key in integrity.over(self.arrived):
            self.over(key, INTEGRITY)
        if late > self.late:
            self.silence.anew()

    def _learning(self) -> Precursor:
        self.precursor = self.precursor or Precursor(self._params.precursor)
        return self.precursor

    def declare(self, event: IncidentEvent) -> None:
        """Take in an incident or a maintenance: not to learn meanwhile, and what came before it."""
        self.frozen = self.frozen or Spans()
        self.frozen.declare(event, self._params.freeze_timeout)
        if event.kind is EventKind.MAINTENANCE:
            self.quiet = self.quiet or Spans()
            self.quiet.declare(event, self._params.freeze_timeout)
        else:
            self._learning().declared(event)
            self.silence.wake()

    def answered(self, answer: Feedback) -> None:
        """Learn from what a person says of an alert that the service caused."""
        if self.precursor is not None:
            self.precursor.answered(answer)

    def state(self, series: Series, now: float) -> SeriesState:
        """Return what one of its series is good for."""
        if series.cadence.stale(now, self._params.silence):
            return SeriesState.STALE
        if not series.warm:
            return SeriesState.WARMING
        return SeriesState.LIVE if self.learns(now, warm=True) else SeriesState.FROZEN

    def snapshot(self) -> Plain:
        """Return the state but for the series, which the bank keeps."""
        declared = [None if spans is None else spans.snapshot() for spans in (self.frozen, self.quiet)]
        made = (self.fusion, self.agreement, self.integrity, self.schema, self.redeclared, self.precursor)
        parts = [None if part is None else part.snapshot() for part in made]
        return [declared, self.arrived, self.silence.snapshot(), *parts]

    def restore(self, state: Plain) -> None:
        """Take over a snapshot; the series must have been added already."""
        match state:
            case [[frozen, quiet], int() as arrived, silence, *parts]:
                self.frozen, self.quiet = Spans.of(frozen), Spans.of(quiet)
                self.silence.restore(silence)
                self._restore_parts(parts)
                if self.integrity is not None:
                    self.integrity.arrived = arrived
            case _:
                raise StateError("a saved service is damaged")
        mute = self.silence.silent | self.silence.lost
        for series in self.series:
            if series.key not in mute:
                self.note_limits(series)
            if series.watch is None:  # it may have been given up, see the bank
                self.unit_is_known(series)

    def _restore_parts(self, parts: Sequence[Plain]) -> None:
        """Make the parts that there were, and put back what they knew."""
        fusion, agreement, integrity, schema, redeclared, precursor = parts
        if fusion is not None:
            self.fused().restore(fusion)
        if self.agreement is not None:
            self.agreement.restore(agreement)
        if integrity is not None:
            self.integrity = Integrity()
            self.integrity.restore(integrity)
        if precursor is not None:
            self._learning().restore(precursor)
        if schema is not None:
            self.schema = Schema()
            self.schema.restore(schema)
        if redeclared is not None:
            self.redeclared = Redeclared()
            self.redeclared.restore(redeclared)

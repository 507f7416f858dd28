"""All detection of one telemetry partition: deterministic, in event time only."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence

from detectors.anomalies.agreement import NAME as AGREEMENT
from detectors.anomalies.agreement import Agreement
from detectors.arrival.features import Refusal
from detectors.arrival.silence import Silence
from detectors.calibration import CALM, ranked
from detectors.changes.rescaled import rescaled, told
from detectors.changes.schema import HEARD
from detectors.params import DetectionParams
from detectors.series.bank import Bank, Series
from detectors.services.fused import Objectives
from detectors.services.patience import Patience
from detectors.services.room import Room
from detectors.services.service import NOTHING, ServiceState
from detectors.units.unit_jump import NAME as UNIT
from detectors.values.objective import NAME as BREACH
from domain.anomaly import Anomalous, Anomaly, AnomalyKind, Normal, SeriesState, Warming
from domain.errors import StateError
from domain.feedback import Feedback
from domain.identity import SeriesKey, ServiceId
from domain.journeys import Service
from domain.state import Plain
from domain.telemetry import EventKind, IncidentEvent, Sample

VERSION = 8
SPOKE = frozenset({Refusal.NO_RATE, Refusal.UNIT})  # samples without a value, of a series that speaks


class Detection:
    """Turns the samples of one partition into anomalies of services."""

    def __init__(self, params: DetectionParams, services: Sequence[Service] = (), partition: int = 0) -> None:
        self._params = params
        self.partition = partition
        self._with_objectives = {service.id for service in services if service.objectives}
        self._needed_by = {one.id: [s.id for s in services if one.id in s.depends_on] for one in services}
        self._bank = Bank(params, services)
        self._judges = [(each.name, each.leads_to, each.detector.observe) for each in self._bank.detectors]
        self._units = UNIT not in params.without
        self._services: dict[ServiceId, ServiceState] = {}
        self._room = Room(params)
        self._watermark = -math.inf
        self._patience = Patience()
        self.refusals: Counter[str] = Counter()

    @property
    def watermark(self) -> float:
        """The latest event time seen; -inf before the first sample."""
        return self._watermark

    @property
    def series_count(self) -> int:
        """How many series are known."""
        return len(self._bank)

    @property
    def given_way(self) -> int:
        """How many series were forgotten to make room for others."""
        return self._room.given

    def observe(  # noqa: C901, PLR0912 - one step after the other; a call for some of them takes 0.2 us more
        self, sample: Sample
    ) -> tuple[float, Sequence[Anomaly]]:
        """Return the score of the sample, 0 while warming or refused, and the anomalies that open, change or end."""
        key, number, at, kind, unit = sample
        series = self._bank.find(key) or self._new(key, at)
        if series is None:
            self.refusals[Refusal.TOO_MANY.value] += 1
            return 0.0, NOTHING
        service = self._services.get(key.service) or self._service(key.service)
        if series.place < 0:
            service.add(series)
        measure = series.measure
        if kind is measure.kind and (not unit or unit == measure.unit):
            taken = series.take(at, number, kind)
        else:
            taken = service.take_redeclared(series, sample, self._bank)
        if (integrity := service.integrity) is not None:
            integrity.arrived += 1
            if integrity.open:
                service.clear(integrity)
        if isinstance(taken, Refusal):
            self.refusals[taken.value] += 1
            if taken not in SPOKE:
                return 0.0, service.refused(taken, series, at)
            value = None
        else:
            value = taken
        if at > self._watermark:  # noqa: PLR1730 - max() costs more, per sample
            self._watermark = at
        if not series.expected:
            self._get_to_know(service, series, at)
        silence = service.silence
        if silence.heard(series, at, self._watermark):
            service.speaks_again(series, at)
        score = 0.0
        if value is not None:
            near = series.low < value < series.high
            score = (self._judge if near else self._judge_far)(service, series, at, value)
            if score > 0:
                score = series.surprise(score, self._params.fusion)
            elif series.hold > 0:
                series.hold -= 1
        if silence.at > silence.deadline:
            self._look(service)
        said = NOTHING if service.fusion is None else service.settle(silence.at, series)
        return score, said if self._watermark <= self._patience.ends else [*said, *self._sweep()]

    def _new(self, key: SeriesKey, at: float) -> Series | None:
        """Return a new series, made room for if need be; None when there are too many."""
        series = self._bank.get(key)
        if series is None and self._room.make(self._bank, self._services, max(self._watermark, at)):
            self._patience.drop()
            series = self._bank.get(key)
        return series

    def _get_to_know(self, service: ServiceState, series: Series, at: float) -> None:
        """Take in one of the first samples of a series."""
        if series.cadence.known(self._params.silence):
            series.expected = True
            service.silence.known(series.record)
            series.look(at)
            self._wait(service.silence, series)
            if service.silence.silent:  # by now its values say more
                service.stopped(())
        elif series.cadence.samples == HEARD and service.silence.silent and not service.beginning(at, series):
            service.stopped(())

    def _wait(self, silence: Silence, known: Series) -> None:
        """Look in time at a service of which one more series is known; who has known ones waits already."""
        patience_s, others = known.cadence.allowed_s(self._params.silence), silence.others(known)
        until, first = silence.at + silence.lag_s + patience_s, next(others, None)
        if first is None:
            self._patience.wait(silence, until)
        elif patience_s < first and all(patience_s < other for other in others):
            self._patience.sooner(silence, until)

    def _service(self, name: ServiceId) -> ServiceState:
        objectives = Objectives.OTHERS if self._with_objectives else Objectives.NONE
        objectives = Objectives.THIS_ONE if name in self._with_objectives else objectives
        service = self._services[name] = ServiceState(name, self._params, objectives)
        return service

    def _judge(self, service: ServiceState, series: Series, at: float, value: float) -> float:
        calm = service.frozen is None and not service.beyond  # nearly always
        learn = calm or service.learns(at, warm=series.warm)
        findings = service.fusion is not None and service.fusion.findings.known
        record, key, best, unusual, warm = series.record, series.key, 0.0, 0.0, True
        for name, kind, judge in self._judges:
            verdict = judge(record, key, at, value, learn=learn)
            if verdict is CALM:  # nearly always
                if findings:
                    service.calm(key, name)
            elif isinstance(verdict, Warming):
                warm = False
            else:
                if isinstance(verdict, Anomalous):
                    verdict = self._report(service, series, name, kind, at, verdict, learn=learn)
                elif findings:
                    service.calm(key, name)
                score = ranked(verdict, self._params.fusion.alone)
                best = score if score > best else best  # noqa: FURB136 - max() costs more, per sample of many series
                unusual = verdict.score if kind is AnomalyKind.LEVEL else unusual
        series.warm = warm
        agreement = service.agreement
        if warm and agreement is not None and agreement.observe(series.place, value, unusual, learn=learn):
            self._agree(service, agreement, at, learn=learn)
        if series.objectives:
            best = max(best, self._compare(service, series, at, value, learn=learn))
        return best

    @staticmethod
    def _report(
        service: ServiceState, series: Series, name: str, kind: AnomalyKind, at: float, found: Anomalous, *, learn: bool
    ) -> Normal | Anomalous:
        """Take in what was found; return what is left of it."""
        level = kind is AnomalyKind.LEVEL
        left = series.unless_daily(at, found, soon=service.has_own, learn=learn) if level else found
        if isinstance(left, Anomalous):
            service.fused().found(kind, series.plausible(left.evidence))
        else:
            service.calm(series.key, name)
        return left

    def _judge_far(self, service: ServiceState, series: Series, at: float, value: float) -> float:
        """Judge a value far from the latest ones, in the unit of before if it shows that the unit has changed."""
        watch = series.suspect(at, value) if self._units else None
        if watch is None:
            return self._judge(service, series, at, value)
        doubt = watch.take(at, value, lambda: self._bank.known(series), troubled=service.troubled)
        found = [] if doubt is None else rescaled(series, doubt, service.series)
        for other, jump in found:
            self._bank.learn_anew(other, jump, service.frozen, at)
        if found:
            service.units_changed({other.key for other, _ in found}, told(found, at))
        elif watch.told == 0:
            service.unit_is_known(series)
        score = self._judge(service, series, at, value / watch.divisor)
        series.unsuspect(at)
        return score

    @staticmethod
    def _agree(service: ServiceState, agreement: Agreement, at: float, *, learn: bool) -> None:
        """Take in what a round of its series says of a whole service."""
        leader = agreement.leader
        evidence = agreement.close(at, learn=learn)
        if evidence is None:
            if leader is not None:
                service.calm(leader, AGREEMENT)
            return
        if leader is not None and leader != evidence.key:
            service.over(leader, AGREEMENT)
        series = next(series for series in service.series if series.key == evidence.key)
        service.fused().found(AnomalyKind.LEVEL, series.plausible(evidence))

    @staticmethod
    def _compare(service: ServiceState, series: Series, at: float, value: float, *, learn: bool) -> float:
        """Hold the value against the objectives of its series; return the score of a breach."""
        fusion, score, lasts = service.fused(), 0.0, False
        for breach, trend in series.objectives:
            verdict = breach.observe(at, value, learn=learn)
            lasts |= breach.beyond if fusion.open is None else breach.passed
            if isinstance(verdict, Anomalous):
                score = verdict.score
                fusion.found(AnomalyKind.BREACH, verdict.evidence)
            fusion.forecast(series.key, breach.objective.limit, trend.observe(at, value, learn=learn))
            if trend.near:
                fusion.approach(at, coming=trend.coming)
        if not lasts:  # of all its limits: a good value amid bad ones ends nothing that was told, and opens nothing
            fusion.calm(series.key, BREACH)
        service.note_limits(series)
        return score

    def _look(self, service: ServiceState) -> None:
        service.look(self._watermark, hurts=service.silence.together and self._hurts(service))

    def _hurts(self, service: ServiceState) -> bool:
        """Whether the service, or one of this partition that needs it, is beyond a limit right now."""
        near = [service, *(self._services[n] for n in self._needed_by.get(service.name, ()) if n in self._services)]
        return any(one.beyond for one in near)

    def _sweep(self) -> Sequence[Anomaly]:
        """Look for services that are silent as a whole."""
        said: Sequence[Anomaly] = NOTHING
        patience, watermark = self._patience, self._watermark
        while watermark > patience.ends:
            silence = patience.first
            ends = silence.may_end(watermark)
            if watermark > ends:
                service = self._services[silence.service]
                self._look(service)
                said = [*said, *service.settle(watermark)]
                ends = silence.look_again(watermark)
            patience.postpone(ends)
        return said

    def event(self, event: IncidentEvent) -> Sequence[Anomaly]:
        """Take in what people or tools declared. It opens and ends nothing by itself.

        An incident or a maintenance freezes learning on its services from its beginning until it is closed, or until
        the time-out of the parameters, whenever it is read. During a maintenance nothing new opens. A deployment
        changes nothing: what it breaks shall be seen.
        """
        if event.kind is EventKind.DEPLOY:
            return NOTHING
        for name in event.services or tuple(self._services):
            service = self._services.get(name) or self._service(name)
            service.declare(event)
        return NOTHING

    def answer(self, answer: Feedback) -> None:
        """Learn from what a person says of an alert that one of these services caused."""
        for service in self._services.values():
            service.answered(answer)

    def advance(self, to: float) -> Sequence[Anomaly]:
        """Take note that event time has come this far, though nothing arrived."""
        if to <= self._watermark:
            return NOTHING
        self._watermark = to
        return self._sweep() if to > self._patience.ends else NOTHING

    def states(self) -> Mapping[SeriesState, int]:
        """Count the series by what they are good for right now."""
        return sum(self.states_by_service().values(), Counter())

    def states_by_service(self) -> Mapping[ServiceId, Counter[SeriesState]]:
        """Count the series of each service by what they are good for right now."""
        return {
            name: Counter(service.state(series, self._watermark) for series in service.series)
            for name, service in self._services.items()
            if service.series
        }

    def snapshot(self) -> Plain:
        """Return the whole state as plain data, with its version inside."""
        return {
            "version": VERSION,
            "watermark": None if math.isinf(self._watermark) else self._watermark,
            "patience": self._patience.snapshot(),
            "refusals": dict(self.refusals),
            "room": self._room.snapshot(),
            "series": self._bank.snapshot(),
            "services": [[name, service.snapshot()] for name, service in self._services.items()],
        }

    def restore(self, state: Plain) -> None:
        """Take over a snapshot; raises StateError when it is damaged or of an unknown version."""
        try:
            self._take_over(state)
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            raise StateError(f"the saved detection state is damaged: {type(error).__name__}") from None

    def _take_over(self, state: Plain) -> None:
        match state:
            case {"version": int() as version} if version != VERSION:
                raise StateError(f"detection state of version {version}, not {VERSION}: all series are learnt anew")
            case {
                "version": int(), "watermark": watermark, "patience": patience, "refusals": dict() as refusals,
                "room": room, "series": series, "services": [*services],
            }:  # fmt: skip
                self._watermark = -math.inf if watermark is None else float(watermark)
                self.refusals = Counter(refusals)
                self._bank.restore(series)
                self._room.restore(room)
                self._restore_services(services)
                silences = {name: service.silence for name, service in self._services.items()}
                self._patience.restore(patience, silences, self._watermark)
            case _:
                raise StateError("the saved detection state is damaged")

    def _restore_services(self, rows: Sequence[Plain]) -> None:
        self._services.clear()
        saved: dict[ServiceId, Plain] = {}
        for row in rows:
            match row:
                case [str() as name, state]:
                    saved[ServiceId(name)] = state
                    self._service(ServiceId(name))
                case _:
                    raise StateError("the saved services are damaged")
        for series in self._bank:
            self._services[series.key.service].add(series)
        for name, state in saved.items():
            self._services[name].restore(state)

"""What a run said, put together by alert, with the notices that went with it."""

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TextIO

from alerts.decide import Decided
from domain.alert import ENDED, AlertStatus, Severity, Transition
from domain.anomaly import Anomaly, AnomalyKind, Evidence, Forecast
from domain.identity import AlertId, SeriesKey, ServiceId
from domain.notice import Notice, SquadFacts
from domain.telemetry import Sample, SampleKind
from streams.backtest.source import Complain, Line, Source

FORECAST = "forecast"
SEVERITIES = list(Severity)


@dataclass(frozen=True, slots=True)
class Episode:
    """One alert from its opening to its end. ``ended_at`` None: still open when the telemetry ended."""

    transitions: tuple[Transition, ...]
    notices: tuple[Notice, ...] = ()

    @property
    def alert(self) -> AlertId:
        """Its id."""
        return self.transitions[0].alert

    @property
    def service(self) -> ServiceId:
        """The service in trouble."""
        return self.transitions[0].service

    @property
    def opened_at(self) -> float:
        """When it was first told of."""
        return self.transitions[0].at

    @property
    def ended_at(self) -> float | None:
        """When its end was told."""
        last = self.transitions[-1]
        return last.at if last.status in ENDED else None

    @property
    def withdrawn(self) -> bool:
        """Whether it ended as a warning of something that never came."""
        return self.transitions[-1].status is AlertStatus.RETRACTED

    @property
    def severity(self) -> Severity:
        """The worst that it ever was."""
        return max((step.severity for step in self.transitions), key=SEVERITIES.index)

    @property
    def confidence(self) -> float:
        """The surest that it ever was."""
        return max(step.anomaly.confidence for step in self.transitions)

    @property
    def evidence(self) -> Iterator[Evidence]:
        """Every piece of evidence that was ever told, in order."""
        return (evidence for step in self.transitions for evidence in step.anomaly.evidence)

    @property
    def forecasts(self) -> tuple[Forecast, ...]:
        """Every forecast that was told, in order."""
        told = (step.anomaly.forecast for step in self.transitions)
        return tuple(dict.fromkeys(forecast for forecast in told if forecast is not None))

    @property
    def leader(self) -> str:
        """The detector that spoke first when it opened."""
        return leader(self.transitions[0].anomaly)

    @property
    def detectors(self) -> frozenset[str]:
        """Every detector that ever had a part in it."""
        found = {evidence.detector for evidence in self.evidence}
        return frozenset(found | ({FORECAST} if self.forecasts else set()))

    @property
    def facts(self) -> SquadFacts | None:
        """What a squad read when it opened; None when nobody was told."""
        return next((notice.facts for notice in self.notices if isinstance(notice.facts, SquadFacts)), None)

    def series(self) -> SeriesKey | None:
        """Return the series to look at: that of the first forecast, else of the first evidence with a number."""
        if self.forecasts:
            return self.forecasts[0].key
        every = list(self.evidence)
        return next((e.key for e in every if e.actual is not None), every[0].key if every else None)


def leader(anomaly: Anomaly) -> str:
    """Return the detector that an anomaly rests on most."""
    if not anomaly.evidence or (anomaly.kind is AnomalyKind.FORECAST and anomaly.forecast is not None):
        return FORECAST
    return anomaly.evidence[0].detector


def notice_line(notice: Notice) -> str:
    """Return one line of notices.jsonl: what was decided for one reader, and why."""
    body = {
        "alert": notice.alert,
        "at": notice.decided_at,
        "phase": notice.phase.value,
        "reader": notice.client if notice.squad is None else notice.squad,
        "kind": "client" if notice.squad is None else "squad",
        "channel": notice.channel.value,
        "recipient": notice.recipient,
        "decision": notice.decision.kind,
        "reason": notice.decision.reason,
    }
    return json.dumps(body, ensure_ascii=False) + "\n"


@dataclass(slots=True)
class History:
    """Listens to a run and keeps what it said; writes every notice into ``notices``."""

    notices: TextIO

    _transitions: dict[AlertId, list[Transition]] = field(default_factory=lambda: defaultdict(list))
    _notices: dict[AlertId, list[Notice]] = field(default_factory=lambda: defaultdict(list))

    def listen(self, decided: Decided) -> None:
        """Keep what one input led to."""
        for transition in decided.transitions:
            self._transitions[transition.alert].append(transition)
        for notice in decided.notices:
            self._notices[notice.alert].append(notice)
            self.notices.write(notice_line(notice))

    def episodes(self) -> tuple[Episode, ...]:
        """Return every alert in the order in which they opened."""
        every = (Episode(tuple(steps), tuple(self._notices[name])) for name, steps in self._transitions.items())
        return tuple(sorted(every, key=lambda episode: (episode.opened_at, episode.service)))


@dataclass(slots=True)
class Cadence:
    """How many samples a series had, and between which times; ``unit`` is that of what is shown of it."""

    count: int
    first_at: float
    last_at: float
    unit: str = ""

    @property
    def gap_s(self) -> float:
        """The usual time between two samples; a second when there is only one."""
        return (self.last_at - self.first_at) / (self.count - 1) if self.last_at > self.first_at else 1.0


class Counted:
    """A source that also counts the samples of every series: what the pictures of a report need to know."""

    def __init__(self, source: Source) -> None:
        self.name, self.unit = source.name, source.unit
        self.cadences: dict[SeriesKey, Cadence] = {}
        self._source = source

    @property
    def remarks(self) -> Sequence[str]:
        """What one should know of how it was read."""
        return self._source.remarks

    @property
    def size(self) -> int:
        """How much there is to read."""
        return self._source.size

    @property
    def done(self) -> int:
        """How much is read."""
        return self._source.done

    def lines(self, complain: Complain) -> Iterator[Line]:
        """Yield every line."""
        cadences = self.cadences = {}
        for line in self._source.lines(complain):
            sample = line[3]
            if sample is not None:
                at = sample.observed_at
                known = cadences.get(sample.key)
                if known is None:
                    cadences[sample.key] = Cadence(1, at, at, _shown_unit(sample))
                else:
                    known.count += 1
                    known.last_at = max(known.last_at, at)
            yield line


def _shown_unit(sample: Sample) -> str:
    """Return the unit of the values that are shown: of a counter they are its rate."""
    if sample.kind is SampleKind.GAUGE:
        return sample.unit
    return f"{sample.unit} per second".strip()

"""Were the alerts worth it? Declared incidents against what was said: lead time, precision, recall, false alarms. Pure.

An alert belongs to an incident when it opened in the incident's time, from its beginning (if that is not known: the
horizon before it was felt) until a minute after its end, on a service that the incident names, that needs one of those,
or that one of those needs. An incident was *warned* of when such an alert opened before it was felt and had not ended
by then; *late* when there was one, but not so; else *missed*.
"""

import math
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import mean, median

from alerts.policy.impact import Routes
from domain.identity import AlertId, JourneyId, ServiceId
from domain.journeys import Landscape
from streams.backtest.declared import Incident
from streams.backtest.history import Episode

AFTERMATH_S = 60.0
DAY_S = 86400.0


class Result(StrEnum):
    """How an incident went."""

    WARNED = "warned"
    LATE = "late"
    MISSED = "missed"
    NOT_FELT = "not felt"


@dataclass(frozen=True, slots=True)
class Judged:
    """One incident with its alerts. ``lead_s`` is set when it was warned of."""

    incident: Incident
    result: Result
    lead_s: float | None
    episodes: tuple[Episode, ...]
    warnings: tuple[Episode, ...]  # those that count as early


@dataclass(frozen=True, slots=True)
class Score:
    """The figures of one scope: everything, or one journey. None: nothing to divide by."""

    name: str
    incidents: int  # that were felt
    warned: int
    late: int
    missed: int
    median_lead_s: float | None
    alerts: int
    true_alerts: int
    false_per_service_day: float | None
    by_chance: float | None  # share of incidents that false alarms alone would have "warned" of

    @property
    def precision(self) -> float | None:
        """Share of alerts that belong to an incident."""
        return self.true_alerts / self.alerts if self.alerts else None

    @property
    def recall(self) -> float | None:
        """Share of incidents that were warned of before they were felt."""
        return self.warned / self.incidents if self.incidents else None


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one detector did. ``only`` are alerts that rest on it alone; without it they would not have been."""

    detector: str
    led: int
    took_part: int
    only: int
    only_true: int
    warned_only: int  # incidents that would not have been warned of without it

    @property
    def only_false(self) -> int:
        """Alerts that rest on it alone and belong to no incident."""
        return self.only - self.only_true


@dataclass(frozen=True, slots=True)
class Verdict:
    """Everything that the report says of alerts and incidents."""

    judged: tuple[Judged, ...]
    true: frozenset[AlertId]
    whole: Score
    journeys: tuple[Score, ...]
    detectors: tuple[Contribution, ...]


@dataclass(frozen=True, slots=True)
class Scope:
    """What was watched: the services that sent telemetry, for how long, and how early a warning may come."""

    services: Collection[ServiceId]
    span_s: float
    horizon_s: float


def judge(episodes: Sequence[Episode], incidents: Iterable[Incident], landscape: Landscape, scope: Scope) -> Verdict:
    """Hold every alert against every incident."""
    bench = _Bench(Routes(landscape), scope)
    judged = tuple(bench.judged(incident, episodes) for incident in incidents)
    true = frozenset(episode.alert for each in judged for episode in each.episodes)
    return Verdict(
        judged=judged,
        true=true,
        whole=bench.score("everything", judged, episodes, true, len(scope.services)),
        journeys=tuple(bench.journeys(landscape, judged, episodes, true)),
        detectors=_contributions(episodes, judged, true),
    )


class _Bench:
    """The rules, with what they have to look up."""

    def __init__(self, routes: Routes, scope: Scope) -> None:
        self._routes = routes
        self._scope = scope

    def judged(self, incident: Incident, episodes: Sequence[Episode]) -> Judged:
        start, end = self._window(incident)
        own = tuple(e for e in episodes if start <= e.opened_at <= end and self._reaches(incident, e.service))
        felt_at = incident.felt_at
        if felt_at is None:
            return Judged(incident, Result.NOT_FELT, None, own, ())
        early = tuple(e for e in own if e.opened_at < felt_at and (e.ended_at is None or e.ended_at >= felt_at))
        if early:
            return Judged(incident, Result.WARNED, felt_at - early[0].opened_at, own, early)
        return Judged(incident, Result.LATE if own else Result.MISSED, None, own, ())

    def _window(self, incident: Incident) -> tuple[float, float]:
        horizon_s = self._scope.horizon_s
        start = incident.at - horizon_s if incident.began_at is None else incident.began_at
        end = incident.at + horizon_s if incident.ended_at is None else incident.ended_at
        return start, end + AFTERMATH_S

    def _reaches(self, incident: Incident, service: ServiceId) -> bool:
        named = incident.services
        return not named or service in named or any(self._routes.related(service, other) for other in named)

    def score(
        self,
        name: str,
        judged: Sequence[Judged],
        episodes: Sequence[Episode],
        true: Collection[AlertId],
        services: int,
    ) -> Score:
        felt = [each for each in judged if each.incident.felt_at is not None]
        results = Counter(each.result for each in felt)
        leads = [each.lead_s for each in felt if each.lead_s is not None]
        right = sum(episode.alert in true for episode in episodes)
        days = services * self._scope.span_s / DAY_S
        rate = (len(episodes) - right) / days if days > 0 else None
        return Score(
            name=name,
            incidents=len(felt),
            warned=results[Result.WARNED],
            late=results[Result.LATE],
            missed=results[Result.MISSED],
            median_lead_s=median(leads) if leads else None,
            alerts=len(episodes),
            true_alerts=right,
            false_per_service_day=rate,
            by_chance=None if rate is None or not felt else mean(self._chance(each, rate) for each in felt),
        )

    def _chance(self, judged: Judged, rate: float) -> float:
        """Return how likely a false alarm falls where it would pass for a warning."""
        incident = judged.incident
        reached = sum(self._reaches(incident, service) for service in self._scope.services)
        window_s = incident.at - self._window(incident)[0]
        return 1 - math.exp(-rate * reached * max(0.0, window_s) / DAY_S)

    def journeys(
        self, landscape: Landscape, judged: Sequence[Judged], episodes: Sequence[Episode], true: Collection[AlertId]
    ) -> Iterable[Score]:
        for journey in landscape.journeys:
            served = sum(journey.id in self._hit(service) for service in self._scope.services)
            yield self.score(
                journey.title,
                [each for each in judged if journey.id in self._journeys(each.incident)],
                [episode for episode in episodes if journey.id in self._hit(episode.service)],
                true,
                served,
            )

    def _journeys(self, incident: Incident) -> Collection[JourneyId]:
        if incident.journeys:
            return incident.journeys
        named = incident.services or self._scope.services
        return {journey for service in named for journey in self._hit(service)}

    def _hit(self, service: ServiceId) -> Collection[JourneyId]:
        return {affected.journey for affected in self._routes.impact(service).journeys}


def _contributions(
    episodes: Sequence[Episode], judged: Sequence[Judged], true: Collection[AlertId]
) -> tuple[Contribution, ...]:
    parts = {episode.alert: episode.detectors for episode in episodes}
    led = Counter(episode.leader for episode in episodes)
    names = sorted(set(led).union(*parts.values()))
    found = []
    for name in names:
        only = [alert for alert, detectors in parts.items() if detectors == {name}]
        found.append(
            Contribution(
                detector=name,
                led=led[name],
                took_part=sum(name in detectors for detectors in parts.values()),
                only=len(only),
                only_true=sum(alert in true for alert in only),
                warned_only=sum(
                    bool(each.warnings) and all(parts[e.alert] == {name} for e in each.warnings) for each in judged
                ),
            )
        )
    return tuple(sorted(found, key=lambda each: (-each.led, each.detector)))

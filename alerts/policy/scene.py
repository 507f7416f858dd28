"""An episode with all that bears on its notices: the alerts that joined it, what is muted, and each client's day."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain

from alerts.policy import history, hours, pipeline, wording
from alerts.policy.addresses import Bars, refusal, returned_lines
from alerts.policy.episode import Episode
from alerts.policy.gate import Moment, signs
from alerts.policy.hints import is_hint
from alerts.policy.history import Past
from alerts.policy.impact import NOTHING, Joint, Routes
from alerts.policy.inhibit import Cause
from alerts.policy.mutes import Mute, mute_of, silenced
from domain.anomaly import Anomaly, AnomalyKind, Forecast
from domain.identity import ClientId, JourneyId, ServiceId
from domain.journeys import AffectedJourney, Client
from domain.notice import ClientFacts, Suppress


@dataclass(frozen=True, slots=True)
class Around:
    """What a decision about one episode has to know of the rest."""

    members: tuple[Episode, ...] = ()  # the open alerts that joined it
    mutes: tuple[Mute, ...] = ()
    told: Mapping[ClientId, tuple[int, int]] = field(default_factory=dict)  # client -> (their day, notices on it)
    bars: Bars = field(default_factory=dict)
    causes: tuple[Cause, ...] = ()  # that explain all of its trouble
    quieted: tuple[Episode, ...] = ()  # that are kept quiet as its consequences
    past: tuple[Past, ...] = ()  # of its service


@dataclass(frozen=True, slots=True)
class Reach:
    """The alerts of an episode that reach a client, and what they amount to."""

    members: tuple[Episode, ...]
    leads: tuple[Anomaly, ...]  # the finding that speaks for each alert, the one to be told of first
    active: bool  # any of them is in trouble
    begun: bool  # an objective is breached: the impact is real
    suspended: bool
    evidence: frozenset[str]
    opened_at: float
    forecasts: tuple[Forecast, ...]  # of breaches that are still ahead, the soonest first
    surest: float  # confidence of a finding that is no mere doubt about telemetry
    hint: bool  # nothing but hints

    @classmethod
    def of(cls, members: tuple[Episode, ...], hints: tuple[Episode, ...] = ()) -> "Reach":
        """Sum up alerts, of which there is at least one; ``hints`` speak when there is nothing else, and agree else."""
        hint, members, hints = not members, members or hints, hints if members else ()
        leads = tuple(sorted((member.lead for member in members), key=rank, reverse=True))
        begun = any(lead.kind is AnomalyKind.BREACH for lead in leads)
        forecasts = () if begun else chain.from_iterable(lead.forecasts for lead in leads)
        findings = [anomaly for member in (*members, *hints) for anomaly in member.open_anomalies]
        return cls(
            members=members,
            leads=leads,
            active=any(member.open_anomalies for member in members),
            begun=begun,
            suspended=not begun and all(member.suspended_at is not None for member in members),
            evidence=signs(findings, declared=any(member.incident is not None for member in members)),
            opened_at=min(member.opened_at for member in members),
            forecasts=tuple(sorted(forecasts, key=lambda known: known.breach_at)),
            surest=max((_surest(lead) for lead in leads if not pipeline.is_doubt(lead)), default=0.0),
            hint=hint,
        )

    def is_sure(self, least: float) -> bool:
        """Whether a client who asks for so much may be told of it, as far as that goes."""
        return self.surest >= least and not self.hint

    def speaker(self, least: float) -> Anomaly:
        """Return the finding by which a client is judged: the first that is as sure as they ask, of a service."""
        if not self.surest >= least:
            return self.leads[0]
        return next((lead for lead in self.leads if _is_sure(lead, least)), self.leads[0])

    def foreseen(self, least: float) -> Forecast | None:
        """Return the first breach ahead of those that are as sure as a client asks.

        Where something else is that sure, they read of no time rather than of a doubtful one; where nothing is, a
        person decides about what there is.
        """
        doubtful = None if self.surest >= least else next(iter(self.forecasts), None)
        return next((forecast for forecast in self.forecasts if forecast.confidence >= least), doubtful)

    def confidence(self, least: float) -> float:
        """Return how sure that is of which a client is told: the gate compares what they would read."""
        forecast = self.foreseen(least)
        return (self.speaker(least) if forecast is None else forecast).confidence


class Scene:
    """One moment of an episode."""

    def __init__(self, root: Episode, around: Around, routes: Routes, at: float) -> None:
        self.root = root
        self.at = at
        self._around = around
        self._reaches: dict[tuple[frozenset[ServiceId], frozenset[ServiceId]], Reach] = {}
        self._reached: dict[tuple[JourneyId, ...], Reach] = {}
        self._pointed: dict[tuple[ServiceId, ...], dict[JourneyId, list[tuple[int, AffectedJourney]]]] = {}
        self._journeys: dict[object, tuple[tuple[str, ...], tuple[str, ...]]] = {}
        self._routes = routes
        self.members = (root, *around.members)
        self._places = {member.service: place for place, member in enumerate(self.members)}
        self.mutes = {member.service: mute_of(member, around.mutes, at) for member in self.members}
        self.loud = [member for member in self.members if self.mutes[member.service] is None]
        self.active = [member for member in self.members if member.open_anomalies]
        self.joint = self._joint(self.members)
        sound = [member for member in self.members if not pipeline.is_doubt(member.lead)]
        self._hurt = [member for member in sound if member.open_anomalies] or sound or self.members
        self._hurt_joint = self.joint if len(self._hurt) == len(self.members) else self._joint(self._hurt)
        self._hints = {member.service: routes.unpromised(member.service) for member in sound if is_hint(member, routes)}
        self.loud_joint = self.joint if len(self.loud) == len(self.members) else self._joint(self.loud)

    def _joint(self, members: Sequence[Episode]) -> Joint | None:
        return self._routes.joint(tuple(member.service for member in members)) if members else None

    @property
    def suspended(self) -> bool:
        """Whether all of its trouble comes and goes."""
        return all(member.suspended_at is not None for member in self.active or [self.root])

    @property
    def lead(self) -> Anomaly:
        """The finding that speaks for it: its own, unless only what joined it is still in trouble."""
        if self.root.open_anomalies or not self.active:
            return self.root.lead
        return max((member.lead for member in self.active), key=rank)

    @property
    def headline(self) -> str:
        """What is happening, in one sentence."""
        if self.is_pipeline:
            return pipeline.headline(member.service for member in self.active)
        return wording.headline(self.lead, self.at)

    @property
    def is_pipeline(self) -> bool:
        """Whether nothing but the telemetry of several services is in doubt."""
        return pipeline.carries(self.active)

    @property
    def muting_changes_at(self) -> float | None:
        """When the first mute of it ends, or the first that was announced begins."""
        ends = [mute.until for mute in self.mutes.values() if mute is not None]
        return min([*ends, *(mute.since for mute in self._around.mutes if mute.since > self.at)], default=None)

    @property
    def quiet(self) -> Iterable[tuple[Mute, list[ServiceId], int]]:
        """Each mute of it, the services of it that are quiet by that, and how many services are by it in all."""
        found: dict[str, tuple[Mute, list[ServiceId]]] = {}
        for service, mute in self.mutes.items():
            if mute is not None:
                found.setdefault(mute.id, (mute, []))[1].append(service)
        for mute, services in found.values():
            yield mute, services, silenced(self._routes.services, [mute], self.at)

    @property
    def mute(self) -> Mute | None:
        """What keeps it quiet, for those whom nothing else in it reaches."""
        return next((mute for mute in self.mutes.values() if mute is not None), None)

    def reach(self, client: Client) -> Reach:
        """Return what reaches a client: alerts in trouble that are not muted, else whatever there is."""
        found = self._reached.get(client.journeys)  # many clients use the same ones
        if found is None:
            found = self._reached[client.journeys] = self._reach(client)
        return found

    def _reach(self, client: Client) -> Reach:
        joint = self.loud_joint if self.is_loud(client) else self.joint
        services = NOTHING if joint is None else joint.reaching(client.journeys)
        hints = services & self._hints_to(client)
        known = self._reaches.get((services, hints))  # and other ones are reached by the same services
        if known is None:
            reaching = [self.members[place] for place in sorted(self._places[service] for service in services)]
            active = [member for member in reaching if member.open_anomalies]
            shown = [member for member in active if not pipeline.is_doubt(member.lead)]
            chosen = shown or active or reaching or [self.root]
            spoken_for = tuple(member for member in chosen if member.service in hints)
            speaking = tuple(member for member in chosen if member.service not in hints)
            known = self._reaches[services, hints] = Reach.of(speaking, spoken_for)
        return known

    def _hints_to(self, client: Client) -> frozenset[ServiceId]:
        """Return the services whose alert is no more than a hint to those who use a client's journeys."""
        return frozenset(service for service, direct in self._hints.items() if direct.isdisjoint(client.journeys))

    def is_loud(self, client: Client) -> bool:
        """Whether anything reaches a client that is not muted."""
        joint = self.loud_joint
        return joint is not None and any(journey in joint.reached_by for journey in client.journeys)

    def journeys(self, client: Client) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the titles and the stages of a client's own journeys that are affected, in the client's words.

        What is calm affects none, nor what is known only of a service's telemetry, unless nothing else is known at all.
        Of the rest, neither a hint does nor what is less sure than they ask, unless nothing else reaches them.
        """
        key = client.journeys, client.names, client.policy.min_confidence  # many clients have the same ones
        known = self._journeys.get(key)
        if known is None:
            points = self._points(self._telling(client))
            theirs = [each for _, each in sorted(chain(*(points.get(journey, ()) for journey in {*client.journeys})))]
            called = dict(client.names)
            titles = tuple(dict.fromkeys(called.get(each.title, each.title) for each in theirs))
            stages = tuple(dict.fromkeys(called.get(each.stage, each.stage) for each in theirs))
            known = self._journeys[key] = (titles, stages)
        return known

    def _telling(self, client: Client) -> tuple[ServiceId, ...]:
        """Return the services whose trouble decides which of a client's journeys are affected."""
        reaching = NOTHING if self._hurt_joint is None else self._hurt_joint.reaching(client.journeys)
        known = [member for member in self._hurt if member.service in reaching]
        hints = self._hints_to(client)
        felt = [member for member in known if member.service not in hints]
        sure = [member for member in felt if _is_sure(member.lead, client.policy.min_confidence)]
        return tuple(member.service for member in sure or felt or known)

    def _points(self, services: tuple[ServiceId, ...]) -> Mapping[JourneyId, Sequence[tuple[int, AffectedJourney]]]:
        """The touchpoints of each journey that trouble in services affects, with their places among all."""
        points = self._pointed.get(services)
        if points is None:
            points = self._pointed[services] = {}
            affected = self._routes.joint(services).impact.journeys if services else ()
            for place, each in enumerate(affected):
                points.setdefault(each.journey, []).append((place, each))
        return points

    @cached_property
    def similar(self) -> tuple[str, ...]:
        """A line for each past episode of the service that was like this one."""
        return history.similar(self.root, self._around.past)

    @property
    def quieted(self) -> tuple[Episode, ...]:
        """The episodes that are kept quiet as its consequences."""
        return self._around.quieted

    @cached_property
    def returned(self) -> tuple[str, ...]:
        """A line for each client of it whose mail comes back."""
        reached: Iterable[tuple[str, str]] = (
            (str(thread.client) if thread.facts is None else thread.facts.client_name, thread.recipient)
            for thread in self.root.threads
            if thread.client is not None
        )
        return tuple(returned_lines(self._around.bars, reached)) if self._around.bars else ()

    def refusal(self, address: str, client: ClientId, *, optional: bool) -> Suppress | None:
        """Return why a contact gets no mail."""
        return refusal(self._around.bars, address, client, optional=optional)

    def cause_for_squad(self, channel: str) -> Cause | None:
        """Return what a Slack channel knows already, of which this is a consequence."""
        causes = self._around.causes
        return causes[0] if causes and all(cause.is_known_to_squad(channel) for cause in causes) else None

    def cause_for_client(self, client: ClientId, address: str, facts: ClientFacts) -> Cause | None:
        """Return what a contact knows already, of which this is a consequence."""
        causes = self._around.causes
        known = causes and all(cause.is_known_to_client(client, address, facts) for cause in causes)
        return causes[0] if known else None

    def moment(self, client: Client, reach: Reach) -> Moment:
        """Return what bears on a decision about one client now."""
        forecast = reach.foreseen(client.policy.min_confidence)
        return Moment(
            at=self.at,
            timezone=client.timezone,
            severity=self.root.severity,
            evidence=reach.evidence,
            told_today=self._told_today(client),
            words=self.root.words,
            suspended=reach.suspended,
            hint=reach.hint,
            client=client.id,
            expected_at=None if forecast is None else forecast.breach_at,
        )

    def _told_today(self, client: Client) -> int:
        if client.policy.max_per_day is None:
            return 0
        day, count = self._around.told.get(client.id, (0, 0))
        return count if day == hours.day(self.at, client.timezone) else 0


def rank(anomaly: Anomaly) -> tuple[bool, float, float, str]:
    """Order findings by how much they have to say: a breach, then the surest, then the newest."""
    return anomaly.kind is AnomalyKind.BREACH, anomaly.confidence, anomaly.at, anomaly.id


def _is_sure(anomaly: Anomaly, least: float) -> bool:
    return _surest(anomaly) >= least and not pipeline.is_doubt(anomaly)


def _surest(anomaly: Anomaly) -> float:
    return max([anomaly.confidence, *(forecast.confidence for forecast in anomaly.further)])

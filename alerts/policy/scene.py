"""An episode with all that bears on its notices: the alerts that joined it, what is muted, and each client's day."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain

from alerts.policy import history, hours, pipeline, wording
from alerts.policy.addresses import Bars, refusal, returned_lines
from alerts.policy.episode import Episode
from alerts.policy.gate import Moment, signs
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

    @classmethod
    def of(cls, members: tuple[Episode, ...]) -> "Reach":
        """Sum up alerts, of which there is at least one."""
        leads = tuple(sorted((member.lead for member in members), key=rank, reverse=True))
        begun = any(lead.kind is AnomalyKind.BREACH for lead in leads)
        forecasts = () if begun else chain.from_iterable(lead.forecasts for lead in leads)
        findings = [anomaly for member in members for anomaly in member.open_anomalies]
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
        )

    def speaker(self, least: float) -> Anomaly:
        """Return the finding by which a client is judged: the first that is as sure as they ask, of a service."""
        if not self.surest >= least:
            return self.leads[0]
        sure = (lead for lead in self.leads if _surest(lead) >= least and not pipeline.is_doubt(lead))
        return next(sure, self.leads[0])

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
        self._reaches: dict[frozenset[ServiceId], Reach] = {}
        self._reached: dict[tuple[JourneyId, ...], Reach] = {}
        self._journeys: dict[object, tuple[tuple[str, ...], tuple[str, ...]]] = {}
        self._routes = routes
        self.members = (root, *around.members)
        self._places = {member.service: place for place, member in enumerate(self.members)}
        self.mutes = {member.service: mute_of(member, around.mutes, at) for member in self.members}
        self.loud = [member for member in self.members if self.mutes[member.service] is None]
        self.active = [member for member in self.members if member.open_anomalies]
        self.joint = self._joint(self.members)
        sound = [member for member in self.members if not pipeline.is_doubt(member.lead)]
        hurt = [member for member in sound if member.open_anomalies] or sound or self.members
        self._hurt_joint = self.joint if len(hurt) == len(self.members) else self._joint(hurt)
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
        known = self._reaches.get(services)  # and other ones are reached by the same services
        if known is None:
            reaching = [self.members[place] for place in sorted(self._places[service] for service in services)]
            active = [member for member in reaching if member.open_anomalies]
            shown = [member for member in active if not pipeline.is_doubt(member.lead)]
            chosen = shown or active or reaching or [self.root]
            known = self._reaches[services] = Reach.of(tuple(chosen))
        return known

    def is_loud(self, client: Client) -> bool:
        """Whether anything reaches a client that is not muted."""
        joint = self.loud_joint
        return joint is not None and any(journey in joint.reached_by for journey in client.journeys)

    def journeys(self, client: Client) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the titles and the stages of a client's own journeys that are affected, in the client's words.

        What is calm affects none, nor what is known only of a service's telemetry, unless nothing else is known at all.
        """
        key = client.journeys, client.names  # many clients use the same ones
        known = self._journeys.get(key)
        if known is None:
            points = self._points
            theirs = [each for _, each in sorted(chain(*(points.get(journey, ()) for journey in {*client.journeys})))]
            called = dict(client.names)
            titles = tuple(dict.fromkeys(called.get(each.title, each.title) for each in theirs))
            stages = tuple(dict.fromkeys(called.get(each.stage, each.stage) for each in theirs))
            known = self._journeys[key] = (titles, stages)
        return known

    @cached_property
    def _points(self) -> Mapping[JourneyId, Sequence[tuple[int, AffectedJourney]]]:
        """The touchpoints of each journey that is affected, with their places among all."""
        points: dict[JourneyId, list[tuple[int, AffectedJourney]]] = {}
        affected = () if self._hurt_joint is None else self._hurt_joint.impact.journeys
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


def _surest(anomaly: Anomaly) -> float:
    return max([anomaly.confidence, *(forecast.confidence for forecast in anomaly.further)])

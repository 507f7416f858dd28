"""Who is affected by trouble in a service: along dependencies to journeys, squads and clients, each with its reason."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from domain.identity import ClientId, JourneyId, ServiceId, SquadId
from domain.journeys import AffectedJourney, Client, Impact, Journey, Landscape, Service, Squad

JOINTS_KEPT: Final = 256  # sets of services whose common impact is remembered
NOTHING: Final = frozenset[ServiceId]()


@dataclass(frozen=True, slots=True)
class Joint:
    """Who is affected by trouble in several services, and from which of them each journey is."""

    impact: Impact
    reached_by: Mapping[JourneyId, frozenset[ServiceId]]

    def reaching(self, journeys: Iterable[JourneyId]) -> frozenset[ServiceId]:
        """Return the services whose trouble reaches whoever uses these journeys."""
        return NOTHING.union(*(self.reached_by.get(journey, NOTHING) for journey in journeys))


class Routes:
    """The landscape, indexed for questions that start from a service. Answers follow the landscape's own order."""

    def __init__(self, landscape: Landscape) -> None:
        self.services: dict[ServiceId, Service] = {service.id: service for service in landscape.services}
        self.journeys: dict[JourneyId, Journey] = {journey.id: journey for journey in landscape.journeys}
        self.squads: dict[SquadId, Squad] = {squad.id: squad for squad in landscape.squads}
        self.clients: dict[ClientId, Client] = {client.id: client for client in landscape.clients}
        self.escalates = any(squad.escalate_to is not None for squad in landscape.squads)
        self._fallback = landscape.fallback_squad
        self._dependants: dict[ServiceId, list[ServiceId]] = defaultdict(list)
        for service in landscape.services:
            for needed in service.depends_on:
                self._dependants[needed].append(service.id)
        self._known: dict[ServiceId, Impact] = {}
        self._needs: dict[ServiceId, frozenset[ServiceId]] = {}
        self._unpromised: dict[ServiceId, frozenset[JourneyId]] = {}
        self._promised = {service.id for service in landscape.services if service.objectives}
        self._joint: dict[tuple[ServiceId, ...], Joint] = {}

    def impact(self, service: ServiceId) -> Impact:
        """Return who is affected by trouble in ``service``, which the landscape need not know."""
        known = self._known.get(service)
        if known is not None:
            return known
        journeys = tuple(self._affected(self._paths(service)))
        impact = Impact(service, journeys, tuple(self._squads(service, journeys)), tuple(self._clients(journeys)))
        if service in self.services:  # names from telemetry are unbounded: only those of the landscape are kept
            self._known[service] = impact
        return impact

    def joint(self, services: tuple[ServiceId, ...]) -> "Joint":
        """Return who is affected by trouble in several services at once, the first of which leads."""
        known = self._joint.get(services)
        if known is None:
            known = self._join([self.impact(service) for service in services])
            if len(self._joint) >= JOINTS_KEPT:
                self._joint.clear()
            self._joint[services] = known
        return known

    def needs(self, service: ServiceId) -> frozenset[ServiceId]:
        """Return every service that ``service`` needs, however far down; itself only in a circle."""
        known = self._needs.get(service)
        if known is None:
            found: set[ServiceId] = set()
            ring = [service]
            while ring:
                reached = self.services.get(ring.pop())
                new = () if reached is None else [needed for needed in reached.depends_on if needed not in found]
                found.update(new)
                ring.extend(new)
            known = frozenset(found)
            if service in self.services:
                self._needs[service] = known
        return known

    def related(self, one: ServiceId, other: ServiceId) -> bool:
        """Whether one of the two needs the other."""
        return other in self.needs(one) or one in self.needs(other)

    def is_spoken_for(self, service: ServiceId) -> bool:
        """Whether a service has no objectives, and one that needs it has."""
        return service in self._spoken_for

    def unpromised(self, service: ServiceId) -> frozenset[JourneyId]:
        """Return the journeys that trouble in ``service`` reaches on some way without meeting an objective."""
        known = self._unpromised.get(service)
        if known is None:
            journeys = self._affected(self._paths(service, short_of=self._promised))
            known = self._unpromised[service] = frozenset(each.journey for each in journeys)
        return known

    def runbook(self, service: ServiceId) -> str:
        """Return where the service's runbook is, or nothing."""
        known = self.services.get(service)
        return "" if known is None else known.runbook

    @cached_property
    def _spoken_for(self) -> frozenset[ServiceId]:
        return NOTHING.union(*(self.needs(service) for service in self._promised)) - self._promised

    def _paths(
        self, service: ServiceId, short_of: Collection[ServiceId] = NOTHING
    ) -> dict[ServiceId, tuple[ServiceId, ...]]:
        """Return the shortest path from ``service`` to each service that needs it, itself included.

        No path leads to a service that it is to stop ``short_of``, nor through one.
        """
        paths: dict[ServiceId, tuple[ServiceId, ...]] = {service: (service,)}
        ring = [service]
        while ring:
            following = []
            for reached in ring:
                for dependant in self._dependants.get(reached, ()):
                    if dependant not in paths and dependant not in short_of:
                        paths[dependant] = (*paths[reached], dependant)
                        following.append(dependant)
            ring = following
        return paths

    def _affected(self, paths: dict[ServiceId, tuple[ServiceId, ...]]) -> Iterable[AffectedJourney]:
        for journey in self.journeys.values():
            for stage in journey.stages:
                for touchpoint in stage.touchpoints:
                    path = paths.get(touchpoint.service)
                    if path is not None:
                        yield AffectedJourney(journey.id, journey.title, stage.name, touchpoint.name, path)

    def _squads(self, service: ServiceId, journeys: tuple[AffectedJourney, ...]) -> Iterable[tuple[SquadId, str]]:
        reasons: dict[SquadId, list[str]] = defaultdict(list)
        known = self.services.get(service)
        if known is not None and known.squad is not None:
            reasons[known.squad].append(f"answers for {service}")
        elif self._fallback is not None:
            reasons[self._fallback].append(f"is the fallback: no squad answers for {service}")
        for affected in journeys:
            reasons[self.journeys[affected.journey].squad].append(explain_path(affected))
        for squad, why in reasons.items():
            yield squad, "; ".join(dict.fromkeys(why))

    def _clients(self, journeys: tuple[AffectedJourney, ...]) -> Iterable[tuple[ClientId, tuple[JourneyId, ...], str]]:
        titles = {affected.journey: affected.title for affected in journeys}
        places = {journey: place for place, journey in enumerate(titles)}
        for client in self.clients.values():
            theirs = tuple(sorted({*client.journeys} & places.keys(), key=places.__getitem__))
            if theirs:
                yield client.id, theirs, "uses " + ", ".join(titles[journey] for journey in theirs)

    def _join(self, impacts: Sequence[Impact]) -> Joint:
        reached: dict[JourneyId, set[ServiceId]] = defaultdict(set)
        points: dict[tuple[JourneyId, str, str], AffectedJourney] = {}
        squads: dict[SquadId, dict[str, None]] = defaultdict(dict)
        for impact in impacts:
            for affected in impact.journeys:
                points.setdefault((affected.journey, affected.stage, affected.touchpoint), affected)
                reached[affected.journey].add(impact.service)
            for squad, reason in impact.squads:
                squads[squad] |= dict.fromkeys(reason.split("; "))
        journeys = tuple(points.values())
        whole = Impact(
            service=impacts[0].service,
            journeys=journeys,
            squads=tuple((squad, "; ".join(reasons)) for squad, reasons in squads.items()),
            clients=tuple(self._clients(journeys)),
        )
        reached_by = {journey: frozenset(services) for journey, services in reached.items()}
        return Joint(impacts[0] if len(impacts) == 1 else whole, reached_by)


def explain_path(affected: AffectedJourney) -> str:
    """Say in plain words how trouble reaches a journey."""
    met, *needed = reversed(affected.path)
    chain = "".join(f", which needs {service}" for service in needed)
    return f"journey {affected.title}, stage {affected.stage}, meets {met}{chain}"


def impact(landscape: Landscape, service: ServiceId) -> Impact:
    """Return who is affected by trouble in ``service``; keep a ``Routes`` instead to ask more than once."""
    return Routes(landscape).impact(service)

"""Who is affected by trouble in a service: along dependencies to journeys, squads and clients, each with its reason."""

from collections import defaultdict
from collections.abc import Iterable

from domain.identity import ClientId, JourneyId, ServiceId, SquadId
from domain.journeys import AffectedJourney, Client, Impact, Journey, Landscape, Service, Squad


class Routes:
    """The landscape, indexed for questions that start from a service. Answers follow the landscape's own order."""

    def __init__(self, landscape: Landscape) -> None:
        self.services: dict[ServiceId, Service] = {service.id: service for service in landscape.services}
        self.journeys: dict[JourneyId, Journey] = {journey.id: journey for journey in landscape.journeys}
        self.squads: dict[SquadId, Squad] = {squad.id: squad for squad in landscape.squads}
        self.clients: dict[ClientId, Client] = {client.id: client for client in landscape.clients}
        self._fallback = landscape.fallback_squad
        self._dependants: dict[ServiceId, list[ServiceId]] = defaultdict(list)
        for service in landscape.services:
            for needed in service.depends_on:
                self._dependants[needed].append(service.id)
        self._known: dict[ServiceId, Impact] = {}

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

    def runbook(self, service: ServiceId) -> str:
        """Return where the service's runbook is, or nothing."""
        known = self.services.get(service)
        return "" if known is None else known.runbook

    def _paths(self, service: ServiceId) -> dict[ServiceId, tuple[ServiceId, ...]]:
        """Return the shortest path from ``service`` to each service that needs it, itself included."""
        paths: dict[ServiceId, tuple[ServiceId, ...]] = {service: (service,)}
        ring = [service]
        while ring:
            following = []
            for reached in ring:
                for dependant in self._dependants.get(reached, ()):
                    if dependant not in paths:
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
        for client in self.clients.values():
            theirs = tuple(journey for journey in titles if journey in client.journeys)
            if theirs:
                yield client.id, theirs, "uses " + ", ".join(titles[journey] for journey in theirs)


def explain_path(affected: AffectedJourney) -> str:
    """Say in plain words how trouble reaches a journey."""
    met, *needed = reversed(affected.path)
    chain = "".join(f", which needs {service}" for service in needed)
    return f"journey {affected.title}, stage {affected.stage}, meets {met}{chain}"


def impact(landscape: Landscape, service: ServiceId) -> Impact:
    """Return who is affected by trouble in ``service``; keep a ``Routes`` instead to ask more than once."""
    return Routes(landscape).impact(service)

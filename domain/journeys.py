"""Who depends on what: services, touchpoints, stages, journeys, squads and clients; and who is affected, and why."""

from dataclasses import dataclass, field

from domain.identity import ClientId, JourneyId, ServiceId, SquadId


@dataclass(frozen=True, slots=True)
class Objective:
    """A service-level objective: the metric has been beyond the limit for ``for_s`` seconds, more than inside."""

    metric: str
    limit: float
    above: bool
    for_s: float = 0.0
    unit: str = ""  # of the limit; "": that in which the metric comes


@dataclass(frozen=True, slots=True)
class Service:
    """A service that we run, with the squad that answers for it and the services that it needs."""

    id: ServiceId
    squad: SquadId | None = None
    depends_on: tuple[ServiceId, ...] = ()
    objectives: tuple[Objective, ...] = ()
    runbook: str = ""


@dataclass(frozen=True, slots=True)
class Touchpoint:
    """The point where a step of a journey meets a service."""

    name: str
    service: ServiceId


@dataclass(frozen=True, slots=True)
class Stage:
    """A step of a journey."""

    name: str
    touchpoints: tuple[Touchpoint, ...]


@dataclass(frozen=True, slots=True)
class Journey:
    """What a client does with us. ``title`` is the name that a client may read."""

    id: JourneyId
    title: str
    squad: SquadId
    stages: tuple[Stage, ...]
    important_business_service: bool = False
    impact_tolerance_s: float | None = None


@dataclass(frozen=True, slots=True)
class Squad:
    """The internal team that answers for a journey or a service. ``slack`` is a channel name or id.

    ``escalate_to`` is the channel that hears of what nobody acknowledges.
    """

    id: SquadId
    slack: str
    escalate_to: str | None = None


@dataclass(frozen=True, slots=True)
class NoticePolicy:
    """What a client has agreed to be told, and how."""

    approval: str = "required"  # automatic, required, never
    min_confidence: float = 0.8
    min_evidence: int = 1  # signs that must agree
    quiet_hours: tuple[int, int] | None = None  # from and to, in minutes of the client's own day; may cross midnight
    quiet_override: bool = True  # a critical alert is told in quiet hours too
    max_per_day: int | None = None  # warnings and updates in one of the client's days; endings do not count
    ahead_s: float = 21_600.0  # how long before it is due a forecast is told at the earliest


@dataclass(frozen=True, slots=True)
class Client:
    """An outside organisation, its contacts, journeys, language, time zone and notice policy."""

    id: ClientId
    name: str
    journeys: tuple[JourneyId, ...]
    emails: tuple[str, ...]
    locale: str = "en"
    timezone: str = "UTC"
    policy: NoticePolicy = field(default_factory=NoticePolicy)
    tone: str = "formal"  # of its notices: formal, plain
    optional_notices: bool = False  # a courtesy that it may unsubscribe from, not a part of a contract
    names: tuple[tuple[str, str], ...] = ()  # what it calls journeys and stages, by our titles and names for them


@dataclass(frozen=True, slots=True)
class Landscape:
    """Everything that routing knows: one frozen value made from the configuration, names already checked."""

    services: tuple[Service, ...] = ()
    journeys: tuple[Journey, ...] = ()
    squads: tuple[Squad, ...] = ()
    clients: tuple[Client, ...] = ()
    fallback_squad: SquadId | None = None  # told of services that nobody claims


@dataclass(frozen=True, slots=True)
class AffectedJourney:
    """A journey that a service's trouble reaches, and the path: the service in trouble first, the met service last."""

    journey: JourneyId
    title: str
    stage: str
    touchpoint: str
    path: tuple[ServiceId, ...]


@dataclass(frozen=True, slots=True)
class Impact:
    """Who is affected by trouble in a service, each name with its reason."""

    service: ServiceId
    journeys: tuple[AffectedJourney, ...]
    squads: tuple[tuple[SquadId, str], ...]  # (squad, reason)
    clients: tuple[tuple[ClientId, tuple[JourneyId, ...], str], ...]  # (client, their affected journeys, reason)

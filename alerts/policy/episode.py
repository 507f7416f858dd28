"""What is remembered of one episode: the alert, its findings, its consequences, and who has been told what."""

from dataclasses import dataclass

from domain.alert import AlertStatus, Severity, Transition
from domain.anomaly import Anomaly, AnomalyKind
from domain.identity import AlertId, ClientId, ServiceId, SquadId
from domain.notice import ChannelKind, ClientFacts, Decision


@dataclass(frozen=True, slots=True)
class Thread:
    """One recipient of an episode, as they were when they were first considered, and what they were last told.

    Kept whole, so that the ending reaches whoever was warned although the configuration has changed since.
    Exactly one of ``squad`` and ``client`` is set; ``facts`` are set for clients.
    """

    id: str
    channel: ChannelKind
    recipient: str
    squad: SquadId | None
    client: ClientId | None
    reason: str
    decision: Decision  # the last one recorded
    warned: bool  # a warning was decided to be sent: an ending is owed
    sequence: int  # of the last notice
    told_at: float
    facts: ClientFacts | None = None
    impact_told: bool = False  # they know that the impact is real
    corrections: int = 0  # how often their expected time was corrected
    warned_at: float | None = None  # or told again, after a silence
    escalated: bool = False  # told because nobody had acknowledged it where it belongs


@dataclass(frozen=True, slots=True)
class Word:
    """A person's word on what clients are told of an episode, for one ``client`` or for all. It never outlasts it."""

    allows: bool
    client: ClientId | None
    by: str
    until: float | None
    text: str = ""  # what they add to what the clients read


@dataclass(frozen=True, slots=True)
class Coming:
    """When trouble came, or came back, and what led it, such as ``pool_in_use rose``."""

    at: float
    move: str


@dataclass(frozen=True, slots=True)
class Episode:
    """An alert that has not ended. While its end is held back, ``open_anomalies`` is empty and ``ended_at`` is set.

    An alert that ``joined`` another is told in that one's threads and has none of its own; the other lists it among its
    ``consequences`` and does not end before it.
    """

    alert: AlertId
    service: ServiceId
    opened_at: float
    changed_at: float  # of the last transition
    sequence: int  # of the last transition
    severity: Severity
    lead: Anomaly  # the finding that speaks for the episode
    open_anomalies: tuple[Anomaly, ...]
    ended_at: float | None = None
    forecast_only: bool = True  # every finding so far was a forecast
    incident: str | None = None
    threads: tuple[Thread, ...] = ()
    joined: AlertId | None = None
    root: ServiceId | None = None  # the service of the alert that it joined
    consequences: tuple[ServiceId, ...] = ()  # of the alerts that joined and have not ended, in order of joining
    met: tuple[ServiceId, ...] = ()  # of all that ever joined
    grown: int = 0  # the transition by which the last of them joined
    closing: str = ""  # why it ends, when nobody saw it recover
    comings: tuple[Coming, ...] = ()  # of late
    suspended_at: float | None = None  # since when it comes and goes too often to be told each time
    words: tuple[Word, ...] = ()  # of people on client notices, the last one last
    acknowledged_by: str = ""
    due_at: float | None = None  # when something that was kept back has to be looked at again
    waits_for: tuple[str, ...] = ()  # alerts and incidents as whose consequence it is kept quiet from somebody
    reminders: int = 0  # how often squads heard that it goes on
    kinds: tuple[AnomalyKind, ...] = ()  # of the findings that led it
    moves: tuple[str, ...] = ()  # what those did, in words
    linked_at: float | None = None  # when the incident was declared
    useful: int = 0  # people who called it so
    not_useful: int = 0
    judges: tuple[tuple[str, bool], ...] = ()  # who they are, told apart without a name, and what they said last

    @property
    def debt(self) -> int:
        """Recipients who were warned and are still owed an ending."""
        return sum(thread.warned for thread in self.threads)


@dataclass(frozen=True, slots=True)
class Step:
    """What an input did to an episode. Squads are told an ``urgent`` change at once; an ended episode is forgotten."""

    episode: Episode
    transition: Transition | None = None
    urgent: bool = False

    @property
    def ended(self) -> bool:
        """Whether this was the last step."""
        return self.transition is not None and self.transition.status in {AlertStatus.RESOLVED, AlertStatus.RETRACTED}

"""What is said to whom: notices with the facts to render, decisions with reasons, receipts of channels.

A squad's facts and a client's facts are different types: what a client must not see is not there to be leaked.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal, TypeAlias

from domain.alert import Severity
from domain.anomaly import Evidence, Forecast, Trace
from domain.identity import AlertId, ClientId, NoticeId, ServiceId, SquadId
from domain.journeys import AffectedJourney


class Phase(StrEnum):
    """What a notice says in its thread."""

    WARNING = "warning"
    UPDATE = "update"
    ALL_CLEAR = "all-clear"
    RETRACTION = "retraction"


ENDINGS: Final = frozenset({Phase.ALL_CLEAR, Phase.RETRACTION})  # after one of these nothing follows in its thread


class ChannelKind(StrEnum):
    """How a notice travels."""

    SLACK = "slack"
    EMAIL = "email"


@dataclass(frozen=True, slots=True)
class SquadFacts:
    """Everything a squad may read about an episode."""

    service: ServiceId
    severity: Severity
    headline: str  # one sentence: what is happening
    opened_at: float
    changed_at: float
    evidence: tuple[Evidence, ...]
    forecast: Forecast | None
    journeys: tuple[AffectedJourney, ...]
    clients: tuple[ClientId, ...]
    client_decisions: tuple[str, ...]  # one line a client: told, held or not told, and why
    reason: str  # why this squad is told
    runbook: str = ""
    also_affected: tuple[str, ...] = ()  # one line for each other service in the episode
    probable_cause: ServiceId | None = None  # when more than one service is in trouble
    notes: tuple[str, ...] = ()  # what people have said, and what is kept back
    similar: tuple[str, ...] = ()  # one line for each past episode that was like this one, and how it ended
    acknowledged_by: str = ""
    waiting: tuple[ClientId, ...] = ()  # clients whose notices wait for a person's approval
    trace: Trace | None = None  # of the series that leads
    audience: Literal["squad"] = "squad"
    more_points: int = 0  # touchpoints of affected journeys that are not listed
    more_clients: int = 0  # affected ones that are not listed: those that are come first in importance
    more_waiting: int = 0
    client_tally: tuple[str, ...] = ()  # one line a journey, when not every client is listed: what became of how many
    without_contact: tuple[ClientId, ...] = ()  # affected ones that are not listed, and of whom no other notice tells
    further: tuple[Forecast, ...] = ()  # of the service in trouble, beside the leading one


@dataclass(frozen=True, slots=True)
class ClientFacts:
    """Everything one client may read about an episode: only their own journeys, nothing internal."""

    client_name: str
    locale: str
    timezone: str
    journeys: tuple[str, ...]  # titles
    stages: tuple[str, ...]
    started_at: float
    expected_at: float | None  # forecast impact
    earliest_at: float | None
    latest_at: float | None
    confidence: float
    audience: Literal["client"] = "client"
    begun: bool = False  # an objective is breached already: no longer "may"
    tone: str = "formal"  # or plain
    optional: bool = False  # the client may unsubscribe from it: it is no contractual notice
    words: str = ""  # what a person added when they approved it


Facts: TypeAlias = SquadFacts | ClientFacts


@dataclass(frozen=True, slots=True)
class Notify:
    """Send it."""

    reason: str
    kind: Literal["notify"] = "notify"


@dataclass(frozen=True, slots=True)
class Hold:
    """Not now; fails closed when ``until`` passes or nobody decides (``until`` None)."""

    reason: str
    until: float | None = None
    kind: Literal["hold"] = "hold"


@dataclass(frozen=True, slots=True)
class Suppress:
    """Not at all."""

    reason: str
    kind: Literal["suppress"] = "suppress"


Decision: TypeAlias = Notify | Hold | Suppress


@dataclass(frozen=True, slots=True)
class Notice:
    """One message to one audience on one channel, with the decision about it.

    ``id`` is derived from alert, sequence, phase, channel and recipient; ``thread`` from alert, channel and recipient.
    Exactly one of ``squad`` and ``client`` is set, and ``facts`` is of that audience's type.
    """

    id: NoticeId
    thread: str
    alert: AlertId
    sequence: int  # of the alert's transition that it tells of: a later one supersedes an earlier one
    phase: Phase
    channel: ChannelKind
    recipient: str  # Slack channel or e-mail address
    squad: SquadId | None
    client: ClientId | None
    decision: Decision
    decided_at: float  # event time
    facts: Facts


class Failure(StrEnum):
    """Why a channel did not deliver: a closed set, used as a metric label."""

    RATE_LIMITED = "rate_limited"
    UNAVAILABLE = "unavailable"  # 5xx, 4yz, dropped connection
    TIMEOUT = "timeout"
    UNKNOWN_RECIPIENT = "unknown_recipient"
    UNAUTHORISED = "unauthorised"
    REFUSED = "refused"  # the channel will never take this message
    EXPIRED = "expired"  # gave up after the delivery budget


@dataclass(frozen=True, slots=True)
class Delivered:
    """The channel has it; ``reference`` is the channel's own id (Slack time stamp, Message-ID)."""

    reference: str
    kind: Literal["delivered"] = "delivered"


@dataclass(frozen=True, slots=True)
class Deferred:
    """Not now: try again, not before ``retry_after_s`` if the channel named a time."""

    failure: Failure
    detail: str
    retry_after_s: float | None = None
    kind: Literal["deferred"] = "deferred"


@dataclass(frozen=True, slots=True)
class Rejected:
    """Never: trying again cannot help."""

    failure: Failure
    detail: str
    kind: Literal["rejected"] = "rejected"


Outcome: TypeAlias = Delivered | Deferred | Rejected


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a channel answered to one attempt, at wall-clock time ``at``."""

    notice: NoticeId
    thread: str
    alert: AlertId
    channel: ChannelKind
    outcome: Outcome
    attempt: int
    at: float
    decided_at: float

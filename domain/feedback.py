"""What people answer: who acknowledges, ends, silences, releases or judges, and for how long."""

from dataclasses import dataclass
from enum import StrEnum

from domain.alert import Severity
from domain.identity import AlertId, ClientId, ServiceId


class FeedbackKind(StrEnum):
    """What a person wants."""

    ACKNOWLEDGE = "acknowledge"
    RESOLVE = "resolve"
    SILENCE = "silence"
    APPROVE = "approve"  # let the clients' notices of this alert go
    HOLD = "hold"  # keep them
    USEFUL = "useful"
    NOT_USEFUL = "not-useful"
    UNDELIVERABLE = "undeliverable"  # an address takes no mail: nothing more is sent to it
    UNSUBSCRIBE = "unsubscribe"  # an address wants no more of the notices that are optional
    READMIT = "readmit"  # an address may be written to again


@dataclass(frozen=True, slots=True)
class Feedback:
    """One answer of one person. A repeat has the same ``id``.

    ``at`` is the time of the person's clock. What is allowed or silenced lasts ``lasts_s`` from then or from the event
    time at which it is heard, whichever is earlier, so that an answer that comes late does not last longer.
    ``alert`` is None only for a silence, which then names a ``service``, and for what is said of an ``address``;
    ``client`` None means every client. ``text`` is what a person adds, in an approval, to what the clients will read.
    A silence is of alerts ``below`` that severity, or of all.
    """

    id: str
    kind: FeedbackKind
    alert: AlertId | None
    by: str
    at: float
    client: ClientId | None = None
    service: ServiceId | None = None
    metric: str | None = None
    lasts_s: float | None = None
    comment: str = ""
    address: str = ""
    text: str = ""
    below: Severity | None = None

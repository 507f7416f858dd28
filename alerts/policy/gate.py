"""The gate before a client: their own policy decides whether a prediction is sent, held for a person, or not sent."""

from domain.anomaly import AnomalyKind
from domain.journeys import Impact, NoticePolicy
from domain.notice import Decision, Hold, Notify, Suppress

# Findings about the telemetry, not about the service: it may be well, and a squad can tell sooner than a client.
OF_TELEMETRY = frozenset({AnomalyKind.SILENCE, AnomalyKind.STUCK, AnomalyKind.SCHEMA})


def gate(policy: NoticePolicy, kind: AnomalyKind, confidence: float, impact: Impact) -> Decision:
    """Decide about a client's warning. Fails closed: whatever is not clearly allowed is not sent."""
    if policy.approval == "never":
        return Suppress("the client is never written to")
    if not impact.journeys:
        return Suppress("no journey is affected")
    if kind in OF_TELEMETRY:
        return Suppress(f"only the telemetry is in doubt ({kind}): nothing shows that the service is affected")
    if not confidence >= policy.min_confidence:  # so that a confidence that is not a number is refused, too
        digits = 2 if f"{confidence:.2f}" != f"{policy.min_confidence:.2f}" else 6  # never "0.80 is below 0.80"
        return Suppress(f"confidence {confidence:.{digits}f} is below the client's {policy.min_confidence:.{digits}f}")
    if policy.approval == "automatic":
        return Notify(f"confidence {confidence:.2f} reaches the client's {policy.min_confidence:.2f}")
    return Hold("approval required: nobody has approved")

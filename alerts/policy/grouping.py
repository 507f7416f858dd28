"""The short wait for what belongs together, so that one message names it all: a fault shows on several services.

A letter cannot be edited, so a client's warning, and an update about more of their journeys, wait a moment for what
joins the episode; never where that would cost what matters: harm that has begun or is near, what is critical, what
people have declared or approved. A squad's message can: it goes at once, and what joins within moments of it is told in
one edit.
"""

from collections.abc import Iterable
from typing import Final

from alerts.params import AlertParams
from alerts.policy import wording
from alerts.policy.episode import Episode, Thread
from domain.alert import Severity
from domain.anomaly import Anomaly, AnomalyKind
from domain.notice import Decision, Hold, Notify, Suppress

DEAR: Final = 20.0  # times the wait: of the time that is left until a breach, a wait takes no more than a twentieth
_FOR: Final = "for what belongs to it"
_WAITS: Final = "waits "


def wait(members: Iterable[Episode], thread: Thread | None, at: float, wait_s: float) -> Hold | None:
    """Return the wait that is on at ``at``; it began with the newest of ``members``, the alerts of which it is told.

    A wait that has begun for a ``thread`` is not made longer by what joins meanwhile.
    """
    known = tuple(members)
    if wait_s <= 0 or not known:
        return None
    until = max(member.opened_at for member in known) + wait_s
    if thread is not None and is_wait(thread.decision) and isinstance(thread.decision, Hold):
        until = thread.decision.until or until
    if at >= until or any(_hurries(member, at, DEAR * wait_s) for member in known):
        return None
    return Hold(f"{_WAITS}{wording.span(wait_s)} {_FOR}", until)


def waited(decision: Notify, thread: Thread | None, at: float) -> Notify:
    """Say in the reason how long somebody was not told for the sake of what belongs to it, and for nothing else."""
    if thread is None or not is_wait(thread.decision) or not isinstance(thread.decision, Hold):
        return decision
    until = at if thread.decision.until is None else min(at, thread.decision.until)
    waited_s = until - thread.told_at
    return Notify(f"{decision.reason}; waited {wording.span(waited_s)} {_FOR}") if waited_s >= 1.0 else decision


def due_at(thread: Thread, episode: Episode, params: AlertParams) -> float:
    """Return when a squad may hear of a change that is not urgent: sooner if a service has joined since its message."""
    gap_s = params.squad_update_gap
    return thread.told_at + (min(params.group_wait, gap_s) if episode.grown > thread.sequence else gap_s)


def is_wait(decision: Decision) -> bool:
    """Whether nothing but time is missing, and not much of it."""
    return isinstance(decision, Hold) and decision.reason.startswith(_WAITS)


def over(decision: Decision) -> Suppress:
    """Return why somebody from whom something was kept back is never told it: there is nothing left to tell."""
    return Suppress(f"over before they had to be told: {decision.reason}")


def _hurries(member: Episode, at: float, near_s: float) -> bool:
    """Whether waiting with an alert costs what matters."""
    if member.incident is not None or member.severity is Severity.CRITICAL:
        return True
    return any(_is_near(anomaly, at, near_s) for anomaly in member.open_anomalies)


def _is_near(anomaly: Anomaly, at: float, near_s: float) -> bool:
    forecast = anomaly.forecast
    return anomaly.kind is AnomalyKind.BREACH or (forecast is not None and forecast.earliest_at < at + near_s)

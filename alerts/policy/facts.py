"""What a notice tells: everything for a squad, and for a client nothing but their own journeys."""

from typing import assert_never

from alerts.policy.episode import Episode, Thread
from alerts.policy.impact import Routes
from domain.anomaly import AnomalyKind
from domain.identity import ClientId
from domain.journeys import Client, Impact
from domain.notice import ClientFacts, Hold, Notify, SquadFacts, Suppress


def squad_facts(episode: Episode, reason: str, headline: str, at: float, impact: Impact, routes: Routes) -> SquadFacts:
    """Return all that is known; ``reason`` is why this squad is told."""
    lines = client_lines(episode.threads, impact, routes)
    return SquadFacts(
        service=episode.service,
        severity=episode.severity,
        headline=headline,
        opened_at=episode.opened_at,
        changed_at=at,
        evidence=episode.lead.evidence,
        forecast=episode.lead.forecast,
        journeys=impact.journeys,
        clients=tuple(lines),
        client_decisions=tuple(lines.values()),
        reason=reason,
        runbook=routes.runbook(episode.service),
    )


def client_facts(client: Client, episode: Episode, impact: Impact) -> ClientFacts:
    """Return what this client may read; an expected time only while the impact is still ahead."""
    theirs = [affected for affected in impact.journeys if affected.journey in client.journeys]
    breached = episode.lead.kind is AnomalyKind.BREACH
    forecast = None if breached else episode.lead.forecast
    return ClientFacts(
        client_name=client.name,
        locale=client.locale,
        timezone=client.timezone,
        journeys=tuple(dict.fromkeys(affected.title for affected in theirs)),
        stages=tuple(dict.fromkeys(affected.stage for affected in theirs)),
        started_at=episode.opened_at,
        expected_at=None if forecast is None else forecast.breach_at,
        earliest_at=None if forecast is None else forecast.earliest_at,
        latest_at=None if forecast is None else forecast.latest_at,
        confidence=episode.lead.confidence,
    )


def client_lines(threads: tuple[Thread, ...], impact: Impact, routes: Routes) -> dict[ClientId, str]:
    """Return one line a client for the squads: told, held or not told, and why."""
    contacts: dict[ClientId, list[Thread]] = {client: [] for client, _, _ in impact.clients}
    for thread in threads:
        if thread.client is not None:
            contacts.setdefault(thread.client, []).append(thread)
    return {client: _line(client, theirs, routes) for client, theirs in contacts.items()}


def _line(client: ClientId, threads: list[Thread], routes: Routes) -> str:
    if not threads:
        return f"{routes.clients[client].name} ({client}): not told: no contact"
    warned = sum(thread.warned for thread in threads)
    thread = next((thread for thread in threads if thread.warned), threads[-1])
    name = str(client) if thread.facts is None else f"{thread.facts.client_name} ({client})"
    if warned:
        return f"{name}: told, {warned} {'contact' if warned == 1 else 'contacts'}: {thread.decision.reason}"
    match thread.decision:
        case Hold(reason=reason):
            return f"{name}: held: {reason}"
        case Suppress(reason=reason) | Notify(reason=reason):
            return f"{name}: not told: {reason}"
        case _:
            assert_never(thread.decision)

"""What a notice tells: everything for a squad, and for a client nothing but their own journeys."""

from collections.abc import Iterable
from typing import Final, assert_never

from alerts.policy import inhibit, upstream, wording
from alerts.policy.correlate import is_second, probable_cause, tie
from alerts.policy.episode import Episode, Thread
from alerts.policy.gate import waits_for_approval
from alerts.policy.impact import Routes
from alerts.policy.scene import Reach, Scene
from domain.identity import ClientId
from domain.journeys import Client, Impact
from domain.notice import ClientFacts, Hold, Notify, SquadFacts, Suppress

ALSO_SHOWN: Final = 100  # services: with thousands of them, a notice would be larger than Kafka takes


def squad_facts(
    scene: Scene, threads: tuple[Thread, ...], reason: str, headline: str, impact: Impact, routes: Routes
) -> SquadFacts:
    """Return all that is known; ``reason`` is why this squad is told."""
    root = scene.root
    lines = client_lines(threads, impact, routes)
    lead = scene.lead
    return SquadFacts(
        service=root.service,
        severity=root.severity,
        headline=headline,
        opened_at=root.opened_at,
        changed_at=scene.at,
        evidence=lead.evidence,
        forecast=lead.forecast,
        journeys=impact.journeys,
        clients=tuple(lines),
        client_decisions=tuple(lines.values()),
        reason=reason,
        runbook=routes.runbook(root.service),
        also_affected=tuple(_all_also(scene, routes)),
        probable_cause=None if scene.is_pipeline else probable_cause(scene.active, routes),
        notes=tuple(_notes(scene, routes)),
        similar=scene.similar,
        acknowledged_by=root.acknowledged_by,
        waiting=waiting(threads),
        trace=lead.trace,
    )


def waiting(threads: Iterable[Thread]) -> tuple[ClientId, ...]:
    """Return the clients for whose notices nothing but a person's approval is missing."""
    asking = (thread.client for thread in threads if not thread.warned and waits_for_approval(thread.decision))
    return tuple(dict.fromkeys(client for client in asking if client is not None))


def client_facts(
    client: Client,
    reach: Reach,
    affected: tuple[tuple[str, ...], tuple[str, ...]],
    before: ClientFacts | None,
    words: str = "",
) -> ClientFacts:
    """Return what this client may read of what reaches them; an expected time only while it is ahead.

    What they were told ``before`` of their journeys stays: an episode affects more of them, never fewer.
    """
    journeys, stages = affected
    started_at = reach.opened_at
    if before is not None:
        journeys, stages = _and_more(before.journeys, journeys), _and_more(before.stages, stages)
        started_at = min(before.started_at, started_at)
    forecast = reach.forecast
    return ClientFacts(
        client_name=client.name,
        locale=client.locale,
        timezone=client.timezone,
        journeys=journeys,
        stages=stages,
        started_at=started_at,
        expected_at=None if forecast is None else forecast.breach_at,
        earliest_at=None if forecast is None else forecast.earliest_at,
        latest_at=None if forecast is None else forecast.latest_at,
        confidence=reach.leads[0].confidence,
        begun=reach.begun,
        tone=client.tone,
        optional=client.optional_notices,
        words=words,
    )


def client_lines(threads: tuple[Thread, ...], impact: Impact, routes: Routes) -> dict[ClientId, str]:
    """Return one line a client for the squads: told, held or not told, and why."""
    contacts: dict[ClientId, list[Thread]] = {client: [] for client, _, _ in impact.clients}
    for thread in threads:
        if thread.client is not None:
            contacts.setdefault(thread.client, []).append(thread)
    return {client: _line(client, theirs, routes) for client, theirs in contacts.items()}


def _and_more(before: tuple[str, ...], now: tuple[str, ...]) -> tuple[str, ...]:
    return before if before == now else tuple(dict.fromkeys((*before, *now)))


def _all_also(scene: Scene, routes: Routes) -> Iterable[str]:
    """Yield a line for each service that joined, as far as a message has room for them."""
    joined = scene.members[1:]
    for member in joined[:ALSO_SHOWN]:
        yield _also(member, scene.root, scene.at, routes)
    if len(joined) > ALSO_SHOWN:
        yield f"{len(joined) - ALSO_SHOWN} more services"


def _also(member: Episode, root: Episode, at: float, routes: Routes) -> str:
    calm = "calm again for now" if not member.open_anomalies else wording.trouble(member.lead, at)
    second = is_second(member, root, routes)
    later = f"; began {wording.span(member.opened_at - root.opened_at)} later, perhaps of its own" if second else ""
    return f"{member.service} ({tie(member.service, root.service, routes)}{later}): {calm}"


def _notes(scene: Scene, routes: Routes) -> Iterable[str]:
    root = scene.root
    if scene.is_pipeline:
        yield scene.headline
    else:
        for cause in upstream.candidates(scene.lead, (member.lead for member in scene.active), routes):
            yield upstream.line(cause, scene.lead.service)
    if root.acknowledged_by:
        yield f"acknowledged by {root.acknowledged_by}"
    for member in scene.members:
        if member.suspended_at is not None:
            yield f"{member.service} is suspended: its trouble comes and goes"
    for mute, services, known in scene.quiet:
        many = f"; {known} services are silenced by it" if known > 1 else ""
        are = f"{wording.listed(services)} {'is' if len(services) == 1 else 'are'}"
        yield f"{are} quiet until {wording.time_of_day(mute.until)}: {mute.reason}{many}"
    for word in root.words:
        if word.until is None or scene.at < word.until:
            whom = "all clients" if word.client is None else word.client
            until = "" if word.until is None else f" until {wording.time_of_day(word.until)}"
            adding = f", adding: {word.text}" if word.text else ""
            yield f"notices to {whom} {'approved' if word.allows else 'held'} by {word.by}{until}{adding}"
    yield from scene.returned
    yield from (inhibit.line(quieted) for quieted in scene.quieted)


def _line(client: ClientId, threads: list[Thread], routes: Routes) -> str:
    if not threads:
        return f"{routes.clients[client].name} ({client}): not told: no contact"
    warned = sum(thread.warned for thread in threads)
    # Of several contacts, the one of whom there is most to say: told, then held, then not told.
    held = (thread for thread in reversed(threads) if isinstance(thread.decision, Hold))
    thread = next((thread for thread in threads if thread.warned), None) or next(held, threads[-1])
    name = str(client) if thread.facts is None else f"{thread.facts.client_name} ({client})"
    if warned:
        contacts = f"{warned} {'contact' if warned == 1 else 'contacts'}"
        kept = {Hold: "an update is kept back: ", Suppress: "an update is not sent: "}.get(type(thread.decision), "")
        return f"{name}: told, {contacts}: {kept}{thread.decision.reason}"
    match thread.decision:
        case Hold(reason=reason):
            return f"{name}: held: {reason}"
        case Suppress(reason=reason) | Notify(reason=reason):
            return f"{name}: not told: {reason}"
        case _:
            assert_never(thread.decision)

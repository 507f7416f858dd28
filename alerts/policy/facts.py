"""What a notice tells: everything for a squad, and for a client nothing but their own journeys."""

from collections.abc import Iterable
from typing import Final

from alerts.policy import inhibit, upstream, wording
from alerts.policy.client_lines import ClientLines, bounded
from alerts.policy.correlate import is_second, probable_cause, tie
from alerts.policy.episode import Episode
from alerts.policy.impact import Routes
from alerts.policy.scene import Reach, Scene
from domain.journeys import AffectedJourney, Client, Impact
from domain.notice import ClientFacts, SquadFacts

# With thousands of any of these, a notice would be larger than Kafka takes.
ALSO_SHOWN: Final = 100  # services
POINTS_SHOWN: Final = 100  # touchpoints
NOTES_SHOWN: Final = 50


def squad_facts(scene: Scene, clients: ClientLines, headline: str, impact: Impact, routes: Routes) -> SquadFacts:
    """Return all that is known; why each squad is told has to be added."""
    root = scene.root
    lead = scene.lead
    points = _spread(impact.journeys)
    return SquadFacts(
        service=root.service,
        severity=root.severity,
        headline=headline,
        opened_at=root.opened_at,
        changed_at=scene.at,
        evidence=lead.evidence,
        forecast=lead.forecast,
        journeys=points,
        clients=tuple(client for client, _ in clients.lines),
        client_decisions=tuple(line for _, line in clients.lines),
        reason="",
        runbook=routes.runbook(root.service),
        also_affected=tuple(_all_also(scene, routes)),
        probable_cause=None if scene.is_pipeline else probable_cause(scene.active, routes),
        notes=tuple(bounded(_notes(scene, routes), NOTES_SHOWN, "notes")),
        similar=scene.similar,
        acknowledged_by=root.acknowledged_by,
        waiting=clients.waiting,
        trace=lead.trace,
        more_points=len(impact.journeys) - len(points),
        more_clients=clients.more,
        more_waiting=clients.more_waiting,
        client_tally=clients.tally,
        without_contact=clients.without_contact,
        further=lead.further,
    )


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
    least = client.policy.min_confidence
    forecast = reach.foreseen(least)
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
        confidence=reach.confidence(least),
        begun=reach.begun,
        tone=client.tone,
        optional=client.optional_notices,
        words=words,
    )


def _and_more(before: tuple[str, ...], now: tuple[str, ...]) -> tuple[str, ...]:
    return before if before == now else tuple(dict.fromkeys((*before, *now)))


def _all_also(scene: Scene, routes: Routes) -> Iterable[str]:
    """Yield a line for each service that joined, as far as a message has room for them."""
    joined = scene.members[1:]
    for member in joined[:ALSO_SHOWN]:
        yield _also(member, scene.root, scene.at, routes)
    if len(joined) > ALSO_SHOWN:
        yield f"{len(joined) - ALSO_SHOWN} more services"


def _spread(points: tuple[AffectedJourney, ...]) -> tuple[AffectedJourney, ...]:
    """Return as many touchpoints as there is room for, one of each journey before a second one of any."""
    if len(points) <= POINTS_SHOWN:
        return points
    firsts = {each.journey: each for each in reversed(points)}
    return (*reversed(firsts.values()), *(each for each in points if each is not firsts[each.journey]))[:POINTS_SHOWN]


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

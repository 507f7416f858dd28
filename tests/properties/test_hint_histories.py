"""What must hold of hints in invented histories: no client is told of one alone, and nothing else is lost by them."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TypeAlias

from hypothesis import given, settings

from alerts.decide import Decide, Decided
from alerts.policy.episode import Episode
from alerts.policy.gate import OF_TELEMETRY
from domain.anomaly import Anomaly, AnomalyKind, Watermark
from domain.identity import AlertId, ClientId, ServiceId
from domain.journeys import Client, Landscape
from domain.notice import Decision, Notice, Notify, Phase
from tests.support.decide import Item
from tests.support.histories import PARAMS, PROMISE, flat, histories, landscapes, staggered

HINT = "merely unusual, and no objective on its way to them is in danger"
Who: TypeAlias = tuple[str, ClientId | None, AlertId]


@given(landscapes(), histories() | staggered())
@settings(max_examples=100, deadline=None)
def test_no_client_is_warned_of_hints_alone_and_of_nothing_else_it_is_said_that_it_is_one(
    drawn: Landscape, rounds: list[list[Item]]
) -> None:
    landscape = chained(drawn)
    clients: dict[ClientId | None, Client] = {client.id: client for client in landscape.clients}
    decide = Decide(landscape, PARAMS)

    for item in without_doubts(rounds):
        before = decide.open_alerts
        for notice in warnings(decide.handle(item)):
            mine = clients[notice.client]
            known, now = (surely_felt(alerts, notice, mine, landscape) for alerts in (before, decide.open_alerts))
            assert known | now or not isinstance(notice.decision, Notify)
            assert not now or isinstance(item, Watermark) or notice.decision.reason != HINT


@given(landscapes(), histories() | staggered())
@settings(max_examples=100, deadline=None)
def test_whoever_is_told_no_more_once_there_are_objectives_reads_that_it_is_a_hint(
    drawn: Landscape, rounds: list[list[Item]]
) -> None:
    landscape = chained(drawn)
    bare = replace(landscape, services=tuple(replace(service, objectives=()) for service in landscape.services))

    guarded = decisions(landscape, rounds)
    for who, said in decisions(bare, rounds).items():
        if is_told(said) and not is_told(guarded[who]):
            assert any(each.reason.endswith(HINT) for each in guarded[who])


def chained(drawn: Landscape) -> Landscape:
    """Let each service need all before it, only the last be promised for sure, and clients ask for very little."""
    first, second, third = drawn.services
    services = (
        replace(first, depends_on=(), objectives=()),
        replace(second, depends_on=(first.id,)),
        replace(third, depends_on=(first.id, second.id), objectives=(PROMISE,)),
    )
    policies = [
        replace(client.policy, approval="automatic", min_confidence=0.0, min_evidence=1, max_per_day=None)
        for client in drawn.clients
    ]
    clients = [replace(client, policy=policy) for client, policy in zip(drawn.clients, policies, strict=True)]
    return replace(drawn, services=services, clients=tuple(clients))


def without_doubts(rounds: list[list[Item]]) -> Iterator[Item]:
    """Yield the records of a history; what is merely unusual takes the place of doubts about telemetry."""
    for item in flat(rounds):
        if isinstance(item, Anomaly) and item.kind in OF_TELEMETRY:
            yield replace(item, kind=AnomalyKind.LEVEL)
        else:
            yield item


def warnings(decided: Decided) -> Iterator[Notice]:
    """Yield what was decided about warnings to clients."""
    return (each for each in decided.notices if each.client is not None and each.phase is Phase.WARNING)


def decisions(landscape: Landscape, rounds: list[list[Item]]) -> dict[Who, list[Decision]]:
    """Return what was decided about each contact and episode, in order."""
    decide = Decide(landscape, PARAMS)
    found: dict[Who, list[Decision]] = {}
    for item in without_doubts(rounds):
        for notice in warnings(decide.handle(item)):
            found.setdefault((notice.recipient, notice.client, notice.alert), []).append(notice.decision)
    return found


def is_told(said: list[Decision]) -> bool:
    return any(isinstance(each, Notify) for each in said)


def surely_felt(alerts: Iterable[Episode], notice: Notice, client: Client, landscape: Landscape) -> set[AlertId]:
    """Return the alerts of a notice's episode that are in trouble, reach its client, and are more than hints."""
    return {
        alert.alert
        for alert in alerts
        if notice.alert in {alert.alert, alert.joined} and alert.open_anomalies
        if meets(client, alert, landscape) and not is_hint(alert, client, landscape)
    }


def is_hint(alert: Episode, client: Client, landscape: Landscape) -> bool:
    """Whether an alert says no more to a client than that something is unusual of which others would tell them."""
    if alert.lead.kind is not AnomalyKind.LEVEL or alert.incident is not None:
        return False
    promised = {service.id for service in landscape.services if service.objectives}
    spoken_for = alert.service not in promised and not promised.isdisjoint(needing(alert.service, landscape))
    return spoken_for and not meets(client, alert, landscape, short_of=promised)


def meets(client: Client, alert: Episode, landscape: Landscape, short_of: set[ServiceId] | None = None) -> bool:
    """Whether trouble reaches what a client uses, if need be without a way through some services."""
    reached = needing(alert.service, landscape, short_of)
    stages = [stage for journey in landscape.journeys if journey.id in client.journeys for stage in journey.stages]
    return any(touchpoint.service in reached for stage in stages for touchpoint in stage.touchpoints)


def needing(service: ServiceId, landscape: Landscape, short_of: set[ServiceId] | None = None) -> set[ServiceId]:
    """Return a service and all that need it."""
    known, ring = {service}, {service}
    while ring:
        ring = {each.id for each in landscape.services if ring & {*each.depends_on}} - known - (short_of or set())
        known |= ring
    return known

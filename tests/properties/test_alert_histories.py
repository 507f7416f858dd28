"""What must hold between two ways through one invented history: with and without repeats, silences, grouping."""

import json
import re
from collections import defaultdict
from dataclasses import replace
from itertools import groupby
from typing import Any, TypeAlias

from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.decide import Decide, Decided
from alerts.policy.gate import OF_TELEMETRY
from alerts.policy.grouping import is_wait
from alerts.policy.severity import RANK
from domain.alert import Severity
from domain.anomaly import Anomaly, AnomalyKind, Watermark
from domain.feedback import FeedbackKind
from domain.identity import AlertId, ClientId, ServiceId
from domain.journeys import Landscape
from domain.notice import ClientFacts, Hold, Notify, Phase, Suppress
from domain.telemetry import EventKind, EventStatus
from tests.support.builders import T0, a_feedback, a_watermark, an_incident
from tests.support.decide import Item
from tests.support.histories import ON_CALL, PARAMS, SERVICES, flat, histories, landscapes, staggered


@given(landscapes(), histories(), st.data())
@settings(max_examples=100, deadline=None)
def test_a_replay_after_a_restore_says_the_same_again(
    landscape: Landscape, rounds: list[list[Item]], data: st.DataObject
) -> None:
    items = flat(rounds)
    cut = data.draw(st.integers(0, len(items)))
    first, second = Decide(landscape, PARAMS), Decide(landscape, PARAMS)
    for item in items[:cut]:
        first.handle(item)
    saved = json.dumps(first.snapshot())

    said = [first.handle(item) for item in items[cut:]]
    second.restore(json.loads(saved))

    assert [second.handle(item) for item in items[cut:]] == said
    assert json.dumps(second.snapshot()) == json.dumps(first.snapshot())


@given(landscapes(), histories())
@settings(max_examples=100, deadline=None)
def test_findings_that_detection_repeats_after_a_crash_change_nothing(
    landscape: Landscape, rounds: list[list[Item]]
) -> None:
    once, twice = Decide(landscape, PARAMS), Decide(landscape, PARAMS)

    for items in rounds:
        findings = [item for item in items if not isinstance(item, Watermark)]
        said = [once.handle(item) for item in items]
        heard = [twice.handle(item) for item in [*findings, *findings, items[-1]]]
        assert joined(heard) == joined(said)


@given(landscapes(), histories())
@settings(max_examples=100, deadline=None)
def test_the_order_of_independent_services_is_irrelevant(drawn: Landscape, rounds: list[list[Item]]) -> None:
    apart = tuple(replace(service, depends_on=()) for service in drawn.services)
    free = tuple(replace(client, policy=replace(client.policy, max_per_day=None)) for client in drawn.clients)
    landscape = replace(drawn, services=apart, clients=free)
    mixed, sorted_ = Decide(landscape, PARAMS), Decide(landscape, PARAMS)

    for items in map(without_doubts, rounds):
        by_service = sorted(items[:-1], key=lambda item: item.service if isinstance(item, Anomaly) else "")
        one = joined([mixed.handle(item) for item in items])
        other = joined([sorted_.handle(item) for item in [*by_service, items[-1]]])
        assert per_alert(one.transitions) == per_alert(other.transitions)
        assert per_alert(one.notices) == per_alert(other.notices)


@given(landscapes(), histories())
@settings(max_examples=100, deadline=None)
def test_no_client_is_warned_of_what_is_less_sure_than_they_ask(drawn: Landscape, rounds: list[list[Item]]) -> None:
    clients = tuple(replace(client, policy=replace(client.policy, approval="automatic")) for client in drawn.clients)
    asked = {client.id: client.policy.min_confidence for client in clients}
    decide = Decide(replace(drawn, clients=clients), PARAMS)

    for notice in joined([decide.handle(item) for item in flat(rounds)]).notices:
        if isinstance(notice.facts, ClientFacts) and notice.phase is Phase.WARNING and notice.client is not None:
            reads = f"{notice.facts.confidence:.0%} sure "
            if isinstance(notice.decision, Notify):
                assert notice.facts.confidence >= asked[notice.client]
                assert notice.decision.reason.startswith(reads)
            elif isinstance(notice.decision, Suppress) and " sure is below " in notice.decision.reason:
                assert notice.decision.reason.startswith((reads, "over before"))


@st.composite
def silences(draw: st.DrawFn) -> dict[int, list[Item]]:
    """Draw silences and maintenance that begin before some rounds of a history."""
    found: dict[int, list[Item]] = defaultdict(list)
    for number in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, 5))
        service = draw(st.sampled_from([*SERVICES, "svc*"]))
        lasts_s = draw(st.sampled_from([30.0, 100.0, 1000.0, 5000.0]))
        if draw(st.booleans()):
            kind, below = FeedbackKind.SILENCE, draw(st.sampled_from([None, None, *Severity]))
            asked = a_feedback(kind, None, T0 + 1e6, service=service, lasts_s=lasts_s, name=f"s-{number}")
            found[at].append(replace(asked, below=below))
        else:
            status = draw(st.sampled_from(EventStatus))
            found[at].append(an_incident(f"CHG-{number}", service, at=T0, status=status, kind=EventKind.MAINTENANCE))
    return found


@given(landscapes(), histories(), silences(), st.data())
@settings(max_examples=100, deadline=None)
def test_a_prefix_of_the_log_that_is_read_twice_changes_nothing(
    landscape: Landscape, rounds: list[list[Item]], quiet: dict[int, list[Item]], data: st.DataObject
) -> None:
    items = [item for number, items in enumerate(rounds) for item in [*items, *quiet[number]]]
    cut = data.draw(st.integers(0, len(items)))
    once, twice = Decide(landscape, PARAMS), Decide(landscape, PARAMS)

    said = [once.handle(item) for item in items]
    heard = [twice.handle(item) for item in [*items[:cut], *items[:cut], *items[cut:]]]

    assert joined(heard) == joined(said)


def without_doubts(items: list[Item]) -> list[Item]:
    """Let no finding be about telemetry: doubts that begin together have one cause, so they depend on each other."""
    return [
        replace(item, kind=AnomalyKind.LEVEL) if isinstance(item, Anomaly) and item.kind in OF_TELEMETRY else item
        for item in items
    ]


def waited(decide: Decide, item: Item) -> Decided:
    """Take an item in; after that nobody waits any more whose time has come, if all of the trouble goes on.

    Whoever waits for a part of it that is calm again meanwhile is not told of the rest, which may not be theirs.
    """
    said = decide.handle(item)
    alerts = {alert.service: alert for alert in decide.open_alerts}
    for alert in alerts.values():
        goes_on = all(each.open_anomalies for each in (alert, *(alerts[name] for name in alert.consequences)))
        for thread in alert.threads if goes_on and isinstance(item, Watermark) else ():
            if is_wait(thread.decision):
                assert isinstance(thread.decision, Hold)
                assert thread.decision.until is not None
                assert item.at < thread.decision.until <= thread.told_at + 30.0
    return said


def without_limits(landscape: Landscape) -> Landscape:
    """Take away what ties one episode to another: limits a day, and the channel for what nobody acknowledges."""
    clients = tuple(replace(client, policy=replace(client.policy, max_per_day=None)) for client in landscape.clients)
    return replace(landscape, clients=clients, squads=tuple(replace(s, escalate_to=None) for s in landscape.squads))


@given(landscapes(), histories() | staggered(), silences())
@settings(max_examples=100, deadline=None)
def test_silences_only_take_away(drawn: Landscape, rounds: list[list[Item]], quiet: dict[int, list[Item]]) -> None:
    landscape = without_limits(drawn)
    loud, muted = Decide(landscape, PARAMS), Decide(landscape, PARAMS)

    said = joined([loud.handle(item) for item in flat(rounds)])
    rest = joined([muted.handle(item) for number, items in enumerate(rounds) for item in [*quiet[number], *items]])

    assert told(rest) <= told(said) | known_otherwise(said)
    assert told(rest, Phase.ALL_CLEAR, Phase.RETRACTION) <= told(rest)
    assert per_alert(rest.transitions).keys() == per_alert(said.transitions).keys()


@given(landscapes(), histories() | staggered())
@settings(max_examples=100, deadline=None)
def test_grouping_loses_nobody(drawn: Landscape, rounds: list[list[Item]]) -> None:
    landscape = without_limits(drawn)
    apart = Decide(landscape, PARAMS.model_copy(update={"correlate_within": -1.0}))
    grouped = Decide(landscape, PARAMS)

    items = without_doubts(flat(rounds))  # which are grouped without a path, too
    alone = joined([apart.handle(item) for item in items])
    whole = joined([grouped.handle(item) for item in items])

    assert by_service(alone, told(alone)) <= by_service(whole, told(whole) | known_otherwise(whole))


@given(landscapes(), histories() | staggered())
@settings(max_examples=100, deadline=None)
def test_of_those_who_wait_nobody_is_lost(drawn: Landscape, rounds: list[list[Item]]) -> None:
    landscape = without_limits(drawn)
    hasty = Decide(landscape, PARAMS.model_copy(update={"group_wait": 0.0}))
    patient = Decide(landscape, PARAMS.model_copy(update={"group_wait": 30.0}))
    end = [a_watermark(max(item.at for item in flat(rounds)) + 30.0)]

    soon = joined([hasty.handle(item) for item in without_doubts([*flat(rounds), *end])])
    late = joined([waited(patient, item) for item in without_doubts([*flat(rounds), *end])])

    waiting = {
        (notice.recipient, notice.client, notice.alert)
        for notice in late.notices
        if notice.decision.reason.startswith(("over before they", "waits 30 s"))
    }
    assert by_service(soon, told(soon) | known_otherwise(soon)) <= by_service(
        late, told(late) | known_otherwise(late) | waiting
    )
    last = {(notice.recipient, notice.client, notice.alert): notice.decision for notice in late.notices}
    still_open = {alert.alert for alert in patient.open_alerts}
    assert [who for who in waiting - told(late) if is_wait(last[who]) and who[2] not in still_open] == []
    assert told(late, Phase.ALL_CLEAR, Phase.RETRACTION) <= told(late)


@given(landscapes(), staggered())
@settings(max_examples=100, deadline=None)
def test_whoever_is_kept_from_a_consequence_was_told_of_its_cause_which_goes_on(
    drawn: Landscape, rounds: list[list[Item]]
) -> None:
    decide = Decide(chained(drawn), PARAMS)
    known: Told = set()

    for item in flat(rounds):
        said = decide.handle(item)
        known |= told(said)
        in_trouble = {alert.alert for alert in decide.open_alerts if alert.open_anomalies}
        for alert in decide.open_alerts:
            assert alert.due_at is not None or set(alert.waits_for) <= in_trouble
        for notice in said.notices:
            cause = re.match(r"a consequence of svc.*\((alert-\w+)\)", notice.decision.reason)
            if isinstance(notice.decision, Hold) and cause is not None:
                assert (notice.recipient, notice.client, cause[1]) in known
                assert cause[1] in {alert.alert for alert in decide.open_alerts}
                assert cause[1] != notice.alert
    assert (decide.open_alerts, decide.debt()) == ((), 0)


@given(landscapes(), staggered())
@settings(max_examples=100, deadline=None)
def test_nothing_that_is_worse_than_its_cause_is_kept_quiet(drawn: Landscape, rounds: list[list[Item]]) -> None:
    decide = Decide(chained(drawn), PARAMS)

    for item in flat(rounds):
        decide.handle(item)
        alerts = {alert.alert: alert for alert in decide.open_alerts}
        for alert in decide.open_alerts:
            causes = [alerts[AlertId(name)] for name in alert.waits_for if alert.due_at is None]
            for cause in causes:
                assert RANK[alert.severity] <= RANK[alerts[cause.joined or cause.alert].severity]
            known = [cause.lead.kind is AnomalyKind.BREACH for cause in causes]
            assert alert.lead.kind is not AnomalyKind.BREACH or any(known) or not known


@given(landscapes(), histories(), silences(), st.integers(0, 6))
@settings(max_examples=80, deadline=None)
def test_after_an_answer_nobody_hears_that_there_is_none(
    drawn: Landscape, rounds: list[list[Item]], quiet: dict[int, list[Item]], answered: int
) -> None:
    decide = Decide(replace(drawn, squads=tuple(replace(s, escalate_to=ON_CALL) for s in drawn.squads)), PARAMS)
    end = max(item.at for item in flat(rounds))
    later: list[list[Item]] = [[a_watermark(end + wait)] for wait in (150.0, 500.0, 1500.0)]
    acknowledged: set[AlertId] = set()

    for number, items in enumerate([*rounds, *later]):
        if number == answered:
            acknowledged = {alert.alert for alert in decide.open_alerts}
            for alert in sorted(acknowledged):
                decide.handle(a_feedback(FeedbackKind.ACKNOWLEDGE, alert, T0))
        said = joined([decide.handle(item) for item in [*quiet[number], *items]])
        for transition in said.transitions:
            overdue = transition.reason.startswith(("nobody at", "still going on"))
            assert not (overdue and transition.alert in acknowledged)
        for notice in said.notices:
            first = notice.recipient == ON_CALL and notice.phase is Phase.WARNING
            assert not (first and notice.alert in acknowledged)


@given(landscapes(), histories() | staggered())
@settings(max_examples=100, deadline=None)
def test_what_nobody_answers_is_told_to_a_further_channel_once(drawn: Landscape, rounds: list[list[Item]]) -> None:
    decide = Decide(replace(drawn, squads=tuple(replace(s, escalate_to=ON_CALL) for s in drawn.squads)), PARAMS)

    said = joined([decide.handle(item) for item in flat(rounds)])

    warned = [notice.alert for notice in said.notices if (notice.recipient, notice.phase) == (ON_CALL, Phase.WARNING)]
    assert len(warned) == len(set(warned))
    for alert, transitions in per_alert(said.transitions).items():
        reasons = [transition.reason for transition in transitions]
        assert sum(reason.startswith("nobody at") for reason in reasons) == warned.count(alert)


def chained(landscape: Landscape) -> Landscape:
    """Let each service need all that stand before it."""
    chain = tuple(
        replace(service, depends_on=tuple(ServiceId(name) for name in SERVICES[:number]))
        for number, service in enumerate(landscape.services)
    )
    return replace(landscape, services=chain)


Told: TypeAlias = set[tuple[str, ClientId | None, AlertId]]


def told(decided: Decided, *phases: Phase) -> Told:
    """Who was told of which episode, in any phase or in one of these."""
    return {
        (notice.recipient, notice.client, notice.alert)
        for notice in decided.notices
        if isinstance(notice.decision, Notify) and (not phases or notice.phase in phases)
    }


def known_otherwise(decided: Decided) -> Told:
    """Who was kept from an episode because they had been told of its cause."""
    return {
        (notice.recipient, notice.client, notice.alert)
        for notice in decided.notices
        if isinstance(notice.decision, Hold) and notice.decision.reason.startswith("a consequence of svc")
    }


def by_service(decided: Decided, known: Told) -> set[tuple[str, ClientId | None, str]]:
    """Who knows of which service, in whatever episode it is told."""
    episodes: dict[AlertId, set[str]] = defaultdict(set)
    for transition in decided.transitions:
        episodes[transition.joined or transition.alert].add(transition.service)
    return {(recipient, client, service) for recipient, client, alert in known for service in episodes[alert]}


def joined(decided: list[Decided]) -> Decided:
    return Decided(
        tuple(transition for one in decided for transition in one.transitions),
        tuple(notice for one in decided for notice in one.notices),
    )


def per_alert(said: tuple[Any, ...]) -> dict[AlertId, list[Any]]:
    ranked = sorted(said, key=lambda one: one.alert)
    return {alert: list(group) for alert, group in groupby(ranked, key=lambda one: one.alert)}

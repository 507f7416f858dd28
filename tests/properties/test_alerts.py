"""What must hold of alerts whatever happens: invented histories, repeats, restarts and changed configurations."""

import json
from collections import defaultdict
from dataclasses import replace
from itertools import groupby
from typing import Any, TypeAlias

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from alerts.decide import Decide, Decided
from alerts.params import AlertParams
from domain.alert import AlertStatus, Transition
from domain.anomaly import Anomaly, AnomalyKind, AnomalyPhase, Watermark
from domain.feedback import Feedback, FeedbackKind
from domain.identity import AlertId, ClientId, NoticeId
from domain.journeys import Landscape
from domain.notice import ClientFacts, Notice, Phase
from domain.telemetry import EventKind, EventStatus, IncidentEvent
from tests.support.builders import (
    T0,
    a_client,
    a_feedback,
    a_forecast,
    a_journey,
    a_landscape,
    a_service,
    a_squad,
    a_stage,
    a_watermark,
    an_anomaly,
    an_evidence,
    an_incident,
)

Item: TypeAlias = Anomaly | IncidentEvent | Watermark | Feedback

PARAMS = AlertParams.model_validate({"resolve_hold": "60s", "stale_after": "1h", "squad_update_gap": "30s"})
SERVICES = ("svc<0>", "svc<1>", "svc<2>")
ENDINGS = {Phase.ALL_CLEAR, Phase.RETRACTION}
kinds = st.sampled_from(AnomalyKind)
confidences = st.sampled_from([0.0, 0.5, 0.79, 0.8, 0.99])
services = st.sampled_from(SERVICES)


@st.composite
def landscapes(draw: st.DrawFn) -> Landscape:
    """Draw a landscape of the same services and clients, but with other ties, contacts, channels and consents."""
    needs = draw(st.lists(st.sampled_from([(1, 0), (2, 1), (2, 0)]), unique=True))
    met = draw(st.lists(services, min_size=2, max_size=2))
    clients = [
        a_client(
            f"client<{number}>",
            f"Name<{number}>",
            journeys=draw(st.lists(st.sampled_from(["one", "two"]), unique=True)),
            emails=draw(st.lists(st.sampled_from(["a@x.example", "b@x.example", f"c@{number}.example"]), max_size=3)),
            approval=draw(st.sampled_from(["automatic", "automatic", "required", "never"])),
            min_evidence=draw(st.sampled_from([1, 1, 2])),
            quiet_hours=draw(st.sampled_from([None, None, (16 * 60, 18 * 60), (22 * 60, 6 * 60)])),
            max_per_day=draw(st.sampled_from([None, None, 1])),
        )
        for number in range(draw(st.integers(0, 3)))
    ]
    return a_landscape(
        services=[
            a_service(name, draw(st.sampled_from(["red", "blue", None])), [SERVICES[to] for by, to in needs if by == i])
            for i, name in enumerate(SERVICES)
        ],
        journeys=[
            a_journey("one", a_stage("first", met[0]), title="Journey one", squad="red"),
            a_journey("two", a_stage("second", met[1]), title="Journey two", squad="blue", important=True),
        ],
        squads=[a_squad("red", draw(st.sampled_from(["#red", "#both"]))), a_squad("blue", "#both")],
        clients=clients,
        fallback_squad=draw(st.sampled_from(["red", None])),
    )


def a_finding(
    service: str, phase: AnomalyPhase, at: float, opened_at: float, kind: AnomalyKind, confidence: float
) -> Anomaly:
    forecast = (
        a_forecast(at + 300 * (1 + confidence), at, service, "metric<>") if kind is AnomalyKind.FORECAST else None
    )
    evidence = [an_evidence(service, "metric<>", at)]
    return an_anomaly(service, phase, at, opened_at, kind, confidence, forecast, evidence)


class Ledger:
    """Everything that was ever said, checked as it is said."""

    def __init__(self) -> None:
        self.alerts: dict[AlertId, list[Transition]] = defaultdict(list)
        self.threads: dict[str, list[Notice]] = defaultdict(list)
        self.ids: dict[NoticeId, Notice] = {}
        self.joined: dict[AlertId, AlertId] = {}
        self.journeys: dict[ClientId, set[str]] = defaultdict(set)  # titles that each client has ever used

    def meet(self, landscape: Landscape) -> None:
        titles = {journey.id: journey.title for journey in landscape.journeys}
        for client in landscape.clients:
            self.journeys[client.id] |= {titles[journey] for journey in client.journeys}

    def take(self, decided: Decided) -> None:
        for transition in decided.transitions:
            self._transition(transition)
        for notice in decided.notices:
            self._notice(notice)

    def _transition(self, transition: Transition) -> None:
        told = self.alerts[transition.alert]
        assert (transition.status is AlertStatus.OPEN) == (not told)
        assert transition.sequence == len(told) + 1
        assert transition.at >= transition.opened_at
        if told:
            assert transition.at >= told[-1].at
            assert not ended(told)
            assert transition.joined == told[0].joined
        if transition.joined is not None:
            assert self.alerts[transition.joined][0].joined is None
            assert not ended(self.alerts[transition.joined])
        told.append(transition)

    def _notice(self, notice: Notice) -> None:
        assert self.ids.setdefault(notice.id, notice) == notice
        transitions = self.alerts[notice.alert]
        assert transitions[0].joined is None
        assert notice.sequence <= len(transitions)
        assert (notice.phase in ENDINGS) == ended(transitions[: notice.sequence])
        told = self.threads[notice.thread]
        if told:
            assert notice.sequence > told[-1].sequence
            assert told[-1].phase not in ENDINGS
        warned = any(before.decision.kind == "notify" for before in told)
        assert warned == (notice.phase is not Phase.WARNING)
        assert (notice.squad is None) == (notice.client is not None) == isinstance(notice.facts, ClientFacts)
        if isinstance(notice.facts, ClientFacts):
            words = repr(notice.facts)
            assert "svc<" not in words
            assert "metric<" not in words
            assert "person<" not in words
            assert words.count("Name<") == 1
            assert notice.client is not None
            assert set(notice.facts.journeys) <= self.journeys[notice.client]
            assert f"Name{str(notice.client).removeprefix('client')}" in words
        told.append(notice)

    @property
    def owed(self) -> int:
        """Threads in which somebody was warned and not told the end."""
        return sum(
            any(notice.decision.kind == "notify" for notice in told) and told[-1].phase not in ENDINGS
            for told in self.threads.values()
        )


class AlertsMachine(RuleBasedStateMachine):
    """Findings come and go, time passes, incidents are declared, workers die, configurations change."""

    @initialize(landscape=landscapes())
    def begin(self, landscape: Landscape) -> None:
        self.landscape = landscape
        self.decide = Decide(landscape, PARAMS)
        self.ledger = Ledger()
        self.ledger.meet(landscape)
        self.now = T0
        self.findings: dict[str, float] = {}
        self.past: list[Anomaly | IncidentEvent | Feedback] = []

    def feed(self, item: Item) -> None:
        if not isinstance(item, Watermark):
            self.past.append(item)
        self.ledger.take(self.decide.handle(item))

    @rule(service=services, kind=kinds, confidence=confidences, wait=st.sampled_from([0.0, 1.0, 59.0]))
    def finding(self, service: str, kind: AnomalyKind, confidence: float, wait: float) -> None:
        self.now += wait
        known = self.findings.get(service)
        opened_at = self.findings.setdefault(service, self.now)
        phase = AnomalyPhase.OPENED if known is None else AnomalyPhase.UPDATED
        self.feed(a_finding(service, phase, self.now, opened_at, kind, confidence))

    @rule(service=services, kind=kinds)
    def over(self, service: str, kind: AnomalyKind) -> None:
        opened_at = self.findings.pop(service, None)
        if opened_at is not None:
            self.now += 1
            self.feed(a_finding(service, AnomalyPhase.ENDED, self.now, opened_at, kind, 0.5))

    @rule(service=services)
    def forgotten_by_detection(self, service: str) -> None:
        self.findings.pop(service, None)

    @rule(
        name=st.sampled_from(["INC-1", "INC-2"]),
        concerned=st.lists(services, unique=True),
        status=st.sampled_from(EventStatus),
    )
    def incident(self, name: str, concerned: list[str], status: EventStatus) -> None:
        self.feed(an_incident(name, *concerned, at=self.now, status=status))

    @rule(
        kind=st.sampled_from(FeedbackKind),
        service=services,
        data=st.data(),
        lasts_s=st.sampled_from([None, 0.0, 30.0, 5000.0]),
        behind=st.sampled_from([0.0, 20.0]),
    )
    def answer(
        self, kind: FeedbackKind, service: str, data: st.DataObject, lasts_s: float | None, behind: float
    ) -> None:
        known = [None, "alert-unknown", *(alert.alert for alert in self.decide.open_alerts)]
        alert = data.draw(st.sampled_from(known))
        client = data.draw(st.sampled_from([None, "client<0>"]))
        name = f"answer-{len(self.past)}"
        self.feed(a_feedback(kind, alert, self.now - behind, client, service, lasts_s=lasts_s, name=name))

    @rule(concerned=st.lists(services, unique=True), status=st.sampled_from(EventStatus))
    def maintenance(self, concerned: list[str], status: EventStatus) -> None:
        self.now += 1
        self.feed(an_incident("CHG-1", *concerned, at=self.now, status=status, kind=EventKind.MAINTENANCE))

    @rule(partition=st.sampled_from([0, 1]), wait=st.sampled_from([0.0, 5.0, 60.0, 1000.0, 4000.0]))
    def time_passes(self, partition: int, wait: float) -> None:
        self.now += wait
        self.feed(a_watermark(self.now, partition))

    @rule(data=st.data())
    def repeat(self, data: st.DataObject) -> None:
        if self.past:
            assert self.decide.handle(data.draw(st.sampled_from(self.past))) == Decided()

    @rule()
    def restart(self) -> None:
        self.restore_under(self.landscape)

    @rule(landscape=landscapes())
    def redeploy(self, landscape: Landscape) -> None:
        self.restore_under(landscape)

    def restore_under(self, landscape: Landscape) -> None:
        saved = json.dumps(self.decide.snapshot())
        self.landscape = landscape
        self.ledger.meet(landscape)
        self.decide = Decide(landscape, PARAMS)
        self.decide.restore(json.loads(saved))
        assert json.dumps(self.decide.snapshot()) == saved

    @invariant()
    def the_debt_is_what_was_said_and_not_ended(self) -> None:
        assert self.decide.debt() == self.ledger.owed

    @invariant()
    def what_joined_an_episode_is_listed_in_it(self) -> None:
        open_alerts = {alert.service: alert for alert in self.decide.open_alerts}
        listed = [service for alert in open_alerts.values() for service in alert.consequences]
        assert sorted(listed) == [alert.service for alert in open_alerts.values() if alert.joined is not None]
        for alert in open_alerts.values():
            assert alert.root is None or open_alerts[alert.root].alert == alert.joined
            assert not (alert.joined is not None and (alert.threads or alert.consequences))

    @invariant()
    def one_alert_a_service_is_open(self) -> None:
        open_alerts = [told for told in self.ledger.alerts.values() if not ended(told)]
        assert sorted(told[0].service for told in open_alerts) == [alert.service for alert in self.decide.open_alerts]

    def teardown(self) -> None:
        if not hasattr(self, "decide"):
            return
        for service in list(self.findings):
            self.over(service, AnomalyKind.LEVEL)
        self.now += 10 * PARAMS.partition_idle_after
        self.feed(a_watermark(self.now))
        assert self.decide.open_alerts == ()
        assert self.decide.debt() == self.ledger.owed == 0
        for told in self.ledger.threads.values():
            warned = any(notice.decision.kind == "notify" for notice in told)
            assert [notice.phase in ENDINGS for notice in told].count(True) == warned


def ended(told: list[Transition]) -> bool:
    return told[-1].status in {AlertStatus.RESOLVED, AlertStatus.RETRACTED}


TestAlerts = AlertsMachine.TestCase
TestAlerts.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)


@st.composite
def histories(draw: st.DrawFn) -> list[list[Item]]:
    """Draw rounds; in each, a few findings of any services, then the time up to which it came."""
    rounds: list[list[Item]] = []
    findings: dict[str, float] = {}
    now = T0
    for _ in range(draw(st.integers(1, 6))):
        items: list[Item] = []
        for service in draw(st.lists(services, max_size=5)):
            now += 1
            kind, confidence = draw(kinds), draw(confidences)
            if service not in findings:
                findings[service] = now
                items.append(a_finding(service, AnomalyPhase.OPENED, now, now, kind, confidence))
            else:
                is_over = draw(st.booleans())
                opened_at = findings.pop(service) if is_over else findings[service]
                phase = AnomalyPhase.ENDED if is_over else AnomalyPhase.UPDATED
                items.append(a_finding(service, phase, now, opened_at, kind, confidence))
        now += draw(st.sampled_from([1, 40, 100, 4000]))
        rounds.append([*items, a_watermark(now)])
    return rounds


def flat(rounds: list[list[Item]]) -> list[Item]:
    return [item for items in rounds for item in items]


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

    for items in rounds:
        by_service = sorted(items[:-1], key=lambda item: item.service if isinstance(item, Anomaly) else "")
        one = joined([mixed.handle(item) for item in items])
        other = joined([sorted_.handle(item) for item in [*by_service, items[-1]]])
        assert per_alert(one.transitions) == per_alert(other.transitions)
        assert per_alert(one.notices) == per_alert(other.notices)


def joined(decided: list[Decided]) -> Decided:
    return Decided(
        tuple(transition for one in decided for transition in one.transitions),
        tuple(notice for one in decided for notice in one.notices),
    )


def per_alert(said: tuple[Any, ...]) -> dict[AlertId, list[Any]]:
    ranked = sorted(said, key=lambda one: one.alert)
    return {alert: list(group) for alert, group in groupby(ranked, key=lambda one: one.alert)}

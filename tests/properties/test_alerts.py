"""What must hold of alerts whatever happens: invented histories, repeats, restarts and changed configurations."""

import json
import re
from collections import defaultdict
from dataclasses import replace

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from alerts.decide import Decide, Decided
from domain.alert import AlertStatus, Severity, Transition
from domain.anomaly import Anomaly, AnomalyKind, AnomalyPhase
from domain.feedback import Feedback, FeedbackKind
from domain.identity import AlertId, ClientId, NoticeId
from domain.journeys import Landscape
from domain.notice import ClientFacts, Notice, Phase
from domain.telemetry import EventKind, EventStatus
from tests.support.builders import (
    T0,
    a_feedback,
    a_watermark,
    an_incident,
)
from tests.support.decide import Item
from tests.support.histories import (
    ADDRESSES,
    METRICS,
    ON_CALL,
    PARAMS,
    SERVICES,
    a_finding,
    confidences,
    kinds,
    landscapes,
    metrics,
    services,
)

RESTLESS = PARAMS.model_copy(update={"flap_after": 2, "flap_window": 200.0, "flap_hold": 100.0})
ENDINGS = {Phase.ALL_CLEAR, Phase.RETRACTION}
_CAUSE = re.compile(r"a consequence of svc.*\((alert-\w+)\)")
of_addresses = st.sampled_from([FeedbackKind.UNDELIVERABLE, FeedbackKind.UNSUBSCRIBE, FeedbackKind.READMIT])


class Ledger:
    """Everything that was ever said, checked as it is said."""

    def __init__(self) -> None:
        self.alerts: dict[AlertId, list[Transition]] = defaultdict(list)
        self.threads: dict[str, list[Notice]] = defaultdict(list)
        self.ids: dict[NoticeId, Notice] = {}
        self.joined: dict[AlertId, AlertId] = {}
        self.journeys: dict[ClientId, set[str]] = defaultdict(set)  # titles that each client has ever used
        self.returned: set[str] = set()  # addresses that take no mail
        self.left: set[tuple[str, ClientId | None]] = set()  # contacts who want nothing that is optional
        self.acknowledged: set[AlertId] = set()

    def hear(self, feedback: Feedback) -> None:
        """Know what an answer forbids, before anything follows from it."""
        address = feedback.address.casefold()
        if not address:
            return
        match feedback.kind:
            case FeedbackKind.UNDELIVERABLE:
                self.returned.add(address)
            case FeedbackKind.UNSUBSCRIBE:
                self.left.add((address, feedback.client))
            case FeedbackKind.READMIT:
                self.returned.discard(address)
                whose = {feedback.client, None} if feedback.client is not None else {each for _, each in self.left}
                self.left -= {(address, each) for each in whose}

    def is_barred(self, notice: Notice) -> bool:
        address = notice.recipient.casefold()
        optional = isinstance(notice.facts, ClientFacts) and notice.facts.optional
        return address in self.returned or (optional and bool({(address, notice.client), (address, None)} & self.left))

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
        if transition.alert in self.acknowledged:
            assert not transition.reason.startswith(("nobody at", "still going on"))
        if transition.reason.startswith("acknowledged by"):
            self.acknowledged.add(transition.alert)
        told.append(transition)

    def _notice(self, notice: Notice) -> None:
        assert self.ids.setdefault(notice.id, notice) == notice
        transitions = self.alerts[notice.alert]
        assert transitions[0].joined is None
        assert notice.sequence <= len(transitions)
        over = notice.phase is Phase.WARNING and notice.decision.reason.startswith("over before they had to be told")
        assert (notice.phase in ENDINGS or over) == ended(transitions[: notice.sequence])
        told = self.threads[notice.thread]
        if told:
            assert notice.sequence > told[-1].sequence
            assert told[-1].phase not in ENDINGS
        self._bars(notice)
        self._knows(notice)
        if notice.recipient == ON_CALL and notice.phase is Phase.WARNING:
            assert notice.alert not in self.acknowledged
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

    def _knows(self, notice: Notice) -> None:
        """Whoever is kept from a consequence was told of its cause."""
        found = _CAUSE.match(notice.decision.reason)
        if notice.decision.kind == "hold" and found is not None:
            told = [each for thread in self.threads.values() for each in thread if each.alert == found[1]]
            assert any(
                (each.recipient, each.client, each.decision.kind) == (notice.recipient, notice.client, "notify")
                for each in told
            )
            assert not ended(self.alerts[AlertId(found[1])])

    def _bars(self, notice: Notice) -> None:
        if notice.client is not None and self.is_barred(notice):
            assert notice.decision.kind != "notify"
        elif notice.phase in ENDINGS:
            assert notice.decision.kind == "notify"
        for address in self.returned:
            assert address not in repr(notice.facts).casefold()

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
        self.decide = Decide(landscape, RESTLESS)
        self.ledger = Ledger()
        self.ledger.meet(landscape)
        self.now = T0
        self.findings: dict[str, float] = {}
        self.past: list[Item] = []
        self.joined: dict[AlertId, AlertId | None] = {}

    def feed(self, item: Item) -> None:
        self.past.append(item)
        if isinstance(item, Feedback):
            self.ledger.hear(item)
        decided = self.decide.handle(item)
        if isinstance(item, Anomaly) and item.phase is AnomalyPhase.ENDED:
            assert all(transition.status is not AlertStatus.OPEN for transition in decided.transitions)
        self.ledger.take(decided)

    @rule(
        service=services,
        kind=kinds,
        confidence=confidences,
        wait=st.sampled_from([0.0, 1.0, 59.0, 120.0]),
        metric=metrics,
    )
    def finding(self, service: str, kind: AnomalyKind, confidence: float, wait: float, metric: str) -> None:
        self.now += wait
        known = self.findings.get(service)
        opened_at = self.findings.setdefault(service, self.now)
        phase = AnomalyPhase.OPENED if known is None else AnomalyPhase.UPDATED
        self.feed(a_finding(service, phase, self.now, opened_at, kind, confidence, metric))

    @rule(service=services, kind=kinds)
    def over(self, service: str, kind: AnomalyKind) -> None:
        opened_at = self.findings.pop(service, None)
        if opened_at is not None:
            self.now += 1
            self.feed(a_finding(service, AnomalyPhase.ENDED, self.now, opened_at, kind, 0.5))

    @rule(service=services)
    def over_before_it_is_told(self, service: str) -> None:
        if service not in self.findings:
            self.finding(service, AnomalyKind.LEVEL, 0.99, 1.0, METRICS[0])
            self.over(service, AnomalyKind.LEVEL)
            self.time_passes(0, 150.0)

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
        service=st.sampled_from([*SERVICES, "svc*"]),
        data=st.data(),
        lasts_s=st.sampled_from([None, 0.0, 30.0, 5000.0]),
        behind=st.sampled_from([0.0, 20.0]),
        below=st.sampled_from([None, Severity.CRITICAL]),
    )
    def answer(
        self,
        kind: FeedbackKind,
        service: str,
        data: st.DataObject,
        lasts_s: float | None,
        behind: float,
        below: Severity | None,
    ) -> None:
        known = [None, "alert-unknown", *(alert.alert for alert in self.decide.open_alerts)]
        alert = data.draw(st.sampled_from(known))
        client = data.draw(st.sampled_from([None, "client<0>"]))
        given = a_feedback(kind, alert, self.now - behind, client, service, lasts_s=lasts_s, name=f"{len(self.past)}")
        address, text = data.draw(st.sampled_from(["", *ADDRESSES])), data.draw(st.sampled_from(["", "sorry<>"]))
        self.feed(replace(given, address=address, text=text, below=below))

    @rule(kind=of_addresses, address=st.sampled_from(ADDRESSES), client=st.sampled_from([None, "client<0>"]))
    def mail(self, kind: FeedbackKind, address: str, client: str | None) -> None:
        given = a_feedback(kind, None, self.now, client, name=f"{len(self.past)}")
        self.feed(replace(given, address=address))

    @rule(data=st.data())
    def acknowledge(self, data: st.DataObject) -> None:
        if self.decide.open_alerts:
            alert = data.draw(st.sampled_from([alert.alert for alert in self.decide.open_alerts]))
            self.feed(a_feedback(FeedbackKind.ACKNOWLEDGE, alert, self.now, name=f"{len(self.past)}"))

    @rule(concerned=st.lists(services, unique=True), status=st.sampled_from(EventStatus))
    def maintenance(self, concerned: list[str], status: EventStatus) -> None:
        self.now += 1
        self.feed(an_incident("CHG-1", *concerned, at=self.now, status=status, kind=EventKind.MAINTENANCE))

    @rule(partition=st.sampled_from([0, 1]), wait=st.sampled_from([0.0, 5.0, 60.0, 150.0, 1000.0, 4000.0]))
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
        self.decide = Decide(landscape, RESTLESS)
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
    def two_open_episodes_are_never_merged(self) -> None:
        for alert in self.decide.open_alerts:
            assert self.joined.setdefault(alert.alert, alert.joined) == alert.joined

    @invariant()
    def what_is_kept_quiet_waits_for_something_that_is_open(self) -> None:
        open_alerts = {alert.alert: alert for alert in self.decide.open_alerts}
        for alert in self.decide.open_alerts:
            for cause in alert.waits_for:
                due = alert.due_at is not None
                assert due or cause.startswith("INC") or open_alerts[AlertId(cause)].open_anomalies

    @invariant()
    def what_comes_and_goes_is_suspended_in_sight_and_no_more_of_it_is_remembered_than_the_window(self) -> None:
        for alert in self.decide.open_alerts:
            said = [told.status for told in self.ledger.alerts[alert.alert]]
            assert alert.suspended_at is None or AlertStatus.SUSPENDED in said
            assert all(alert.comings[-1].at - coming.at < RESTLESS.flap_window for coming in alert.comings)

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
TestAlerts.settings = settings(max_examples=120, stateful_step_count=40, deadline=None)

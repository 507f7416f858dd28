"""What the kill test needs: stand-ins that take their time, a script of episodes, and an eye on what is under way."""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from aiohttp import web
from aiokafka import AIOKafkaConsumer
from aiosmtpd.smtp import SMTP, Envelope, Session

from domain.anomaly import Anomaly, AnomalyKind, AnomalyPhase, Watermark
from domain.notice import Delivered, Notice, Notify, Receipt
from streams.demo.mail_server import MailServer
from streams.demo.slack_server import SlackServer
from streams.records import decode
from tests.support.builders import T0, a_forecast, an_anomaly
from tests.support.processes import PATIENCE_S

SERVICES: Final = ("gateway", "ledger", "cards", "fraud", "fx", "archive")
SQUADS: Final = ("red", "green", "blue")
PER_JOURNEY: Final = 2
STEP_S: Final = 20.0  # of event time, from one step of the script to the next
POLL_S: Final = 0.002


class SlowSlack(SlackServer):
    """Takes its time before and after it does what it was asked, so that a kill may land on either side."""

    def __init__(self, chance: random.Random, most_s: float = 0.12) -> None:
        super().__init__()
        self._chance = chance
        self._most_s = most_s

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        before_s, after_s = self._chance.uniform(0, self._most_s), self._chance.uniform(0, self._most_s)
        await asyncio.sleep(before_s)
        answer = await super()._serve(request)
        await asyncio.sleep(after_s)
        return answer


class SlowMail(MailServer):
    """Takes its time after it took a message, before it says so."""

    def __init__(self, chance: random.Random, most_s: float = 0.08) -> None:
        super().__init__()
        self._chance = chance
        self._most_s = most_s

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - the library's name
        answer = await super().handle_DATA(server, session, envelope)
        await asyncio.sleep(self._chance.uniform(0, self._most_s))
        return answer


def overrides() -> dict[str, Any]:
    """Six services of three squads, a journey through each, and two clients on each journey."""
    owner = {service: SQUADS[number % len(SQUADS)] for number, service in enumerate(SERVICES)}
    return {
        "services": {service: {"squad": squad} for service, squad in owner.items()},
        "journeys": {
            f"use-{service}": {
                "squad": squad,
                "stages": [{"name": "use", "touchpoints": [{"name": "call", "service": service}]}],
            }
            for service, squad in owner.items()
        },
        "squads": {squad: {"slack": f"#squad-{squad}"} for squad in SQUADS},
        "fallback_squad": SQUADS[0],
        "clients": {
            f"{service}-client-{number}": {
                "name": f"Client {number} of {service}",
                "journeys": [f"use-{service}"],
                "contacts": [{"email": f"ops@{service}-{number}.example"}],
                "notices": {"approval": "automatic", "min_confidence": 0.5},
            }
            for service in SERVICES
            for number in range(PER_JOURNEY)
        },
        "alerts": {"resolve_hold": "15s"},
        "delivery": {"slack_interval": "200ms"},
    }


def step(number: int) -> tuple[Anomaly | Watermark, ...]:
    """Return what detection says in one step: an episode begins, is breached or ends, six of them interleaved."""
    service, turn = SERVICES[number % len(SERVICES)], number // len(SERVICES)
    episode, phase = divmod(turn, 3)
    at = T0 + number * STEP_S
    opened_at = T0 + (episode * 3 * len(SERVICES) + number % len(SERVICES)) * STEP_S
    if phase == 0:
        forecast = a_forecast(breach_at=at + 300, at=at, service=service)
        said = an_anomaly(service, at=at, kind=AnomalyKind.FORECAST, forecast=forecast)
    elif phase == 1:
        said = an_anomaly(service, AnomalyPhase.UPDATED, at, opened_at, AnomalyKind.BREACH, 1.0)
    else:
        said = an_anomaly(service, AnomalyPhase.ENDED, at, opened_at, AnomalyKind.BREACH, 1.0)
    return (said, Watermark(0, at + STEP_S - 1))


def last_steps(number: int) -> Iterator[tuple[Anomaly | Watermark, ...]]:
    """Yield the steps that end every episode that is open before step ``number``."""
    whole = 3 * len(SERVICES)
    yield from (step(each) for each in range(number, -(-number // whole) * whole))


@dataclass(slots=True)
class Eye:
    """Sees what comes to the topics of notices and receipts."""

    to_send: set[str] = field(default_factory=set)
    delivered: set[str] = field(default_factory=set)
    notices: int = 0
    receipts: int = 0

    @property
    def under_way(self) -> int:
        """Return how many notices are decided and have no receipt of delivery yet."""
        return len(self.to_send - self.delivered)

    async def watch(self, bootstrap: str, notices: str, receipts: str) -> None:
        """Follow both topics from their beginning until cancelled."""
        consumer = AIOKafkaConsumer(
            notices, receipts, bootstrap_servers=bootstrap, auto_offset_reset="earliest", fetch_max_wait_ms=20
        )
        await consumer.start()
        try:
            async for message in consumer:
                self._see(message.value, is_notice=message.topic == notices)
        finally:
            await consumer.stop()

    def _see(self, value: bytes, *, is_notice: bool) -> None:
        if is_notice:
            notice = decode(Notice, value)
            if isinstance(notice.decision, Notify):
                self.notices += 1
                self.to_send.add(notice.id)
            return
        receipt = decode(Receipt, value)
        self.receipts += 1
        if isinstance(receipt.outcome, Delivered):
            self.delivered.add(receipt.notice)


@dataclass(slots=True)
class Tally:
    """Where the kills landed."""

    kills: Counter[str] = field(default_factory=Counter)
    struck: Counter[str] = field(default_factory=Counter)  # with notices under way
    unknown: Counter[str] = field(default_factory=Counter)  # notices that had arrived, and no receipt said so yet

    def note(self, instant: str, eye: Eye, slack: SlackServer, mail: MailServer) -> None:
        """Note one kill, at the moment of it."""
        self.kills[instant] += 1
        self.struck[instant] += eye.under_way > 0
        self.unknown["slack"] += len(set(slack.notice_ids) - eye.delivered)
        self.unknown["mail"] += len(set(mail.notice_ids) - eye.delivered)

    def lines(self) -> list[str]:
        """Return the tally in words."""
        rows = [
            f"after {name}: {count} kills, {self.struck[name]} of them with notices under way"
            for name, count in sorted(self.kills.items())
        ]
        return [
            *rows,
            f"all: {self.kills.total()} kills, {self.struck.total()} of them with notices under way",
            f"arrived without a receipt when killed: {self.unknown['slack']} on Slack, {self.unknown['mail']} by mail",
        ]


@dataclass(frozen=True, slots=True)
class Instant:
    """When to kill: after the next event of a sort, and so long after it at most."""

    name: str
    count: Callable[[], int]
    most_s: float

    async def come(self, chance: random.Random, do: Callable[[], Awaitable[object]]) -> None:
        """Do something, wait for the event that follows, and a seeded moment more; raises TimeoutError."""
        before = self.count()
        await do()
        async with asyncio.timeout(PATIENCE_S):
            while self.count() == before:  # noqa: ASYNC110 - nothing tells: some of it is seen on a topic
                await asyncio.sleep(POLL_S)
        await asyncio.sleep(chance.uniform(0, self.most_s))


def instants(eye: Eye, slack: SlackServer, mail: MailServer) -> tuple[Instant, ...]:
    """Return the events between a decision and its receipt after which a kill may hurt."""
    return (
        Instant("notice written", lambda: eye.notices, 0.6),
        Instant("Slack called", lambda: len(slack.calls), 0.3),
        Instant("Slack posted", lambda: len(slack.messages), 0.15),
        Instant("mail taken", lambda: len(mail.messages), 0.1),
        Instant("receipt written", lambda: eye.receipts, 0.4),
    )

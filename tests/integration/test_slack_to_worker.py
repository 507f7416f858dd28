"""A press in Slack, from the button to the message that it changes, with every process between them."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
from kafka import KafkaProducer

from alerts.channels.slack.controls import APPROVE, PREFIX
from alerts.channels.slack.desk import BUSY, EXPIRED
from domain.anomaly import Anomaly, AnomalyKind, Watermark
from domain.feedback import FeedbackKind
from streams.demo.broker import EmbeddedBroker
from streams.demo.mail_server import MailServer
from streams.demo.slack_messages import Posted
from streams.demo.slack_people import APP_TOKEN, SIGNING_SECRET
from streams.demo.slack_server import SlackServer
from streams.pages.slack import PATH
from streams.records import encode
from streams.topics import Topic
from tests.support.builders import T0, a_forecast, an_anomaly
from tests.support.processes import PATIENCE_S, Child, free_port, serves, wait_until
from tests.support.slack import HTTP, SOCKET
from tests.support.tree import BIN

pytestmark = pytest.mark.integration

CONFIG = """
kafka: {{brokers: ["{broker}"], create_topics: false}}
state: {{store: directory, directory: "{folder}/state"}}
sources: [{{topic: telemetry}}]
services: {{payments-api: {{squad: payments}}}}
journeys:
  pay: {{squad: payments, stages: [{{name: submit, touchpoints: [{{name: POST /pay, service: payments-api}}]}}]}}
squads: {{payments: {{slack: "#squad-payments"}}}}
clients:
  bank-042:
    name: Example Bank
    journeys: [pay]
    contacts: [{{email: ops@bank.example}}]
    notices: {{approval: required, min_confidence: 0.5}}
channels:
  slack: {{token: "${{TOKEN}}", base_url: "{slack}", pictures: false, {way}}}
  email: {{host: "{mail}", port: {mail_port}, sender: status@hub.example, security: none}}
answers: {{port: 0}}
server: {{port: {port}}}
"""
SECRETS = {"TOKEN": "xoxb-stand-in", "SIGNING": SIGNING_SECRET, "APP": APP_TOKEN}


@dataclass(frozen=True, slots=True)
class Installation:
    """A worker and the process for answers, between stand-ins."""

    slack: SlackServer
    mail: MailServer
    broker: EmbeddedBroker
    children: tuple[Child, ...]

    async def see(self, condition: Callable[[], bool], what: str) -> None:
        try:
            await asyncio.to_thread(wait_until, condition, what=what)
        except TimeoutError as error:
            logs = "\n".join(f"--- {child.name}\n{child.log_tail()}" for child in self.children)
            raise AssertionError(f"{error}\n{logs}") from None

    async def trouble(self) -> Posted:
        """Have an alert opened, and return the squad's message."""
        forecast = a_forecast(breach_at=T0 + 600, at=T0, service="payments-api")
        finding = an_anomaly("payments-api", at=T0, kind=AnomalyKind.FORECAST, forecast=forecast)
        await asyncio.to_thread(self._say, finding, Watermark(0, T0))
        await self.see(lambda: bool(self.slack.messages), "the warning on Slack")
        return self.slack.messages[0]

    async def press(self, message: Posted, action: str, seen: Callable[[], bool], what: str) -> None:
        """Press as a person does: once more where it could not be noted in the seconds for which Slack waits."""
        people = self.slack.people
        while not seen():
            before = self.refusals()
            status = await people.press(message, action)
            await self.see(partial(self._moved, seen, before), what)
            assert status == 200 or self.refusals() > before

    def refusals(self) -> int:
        """How often somebody was told to press again."""
        return sum(said.text in {BUSY, EXPIRED} for said in self.slack.people.heard)

    def _moved(self, seen: Callable[[], bool], before: int) -> bool:
        return seen() or self.refusals() > before

    def _say(self, *items: Anomaly | Watermark) -> None:
        producer = KafkaProducer(bootstrap_servers=self.broker.bootstrap, api_version=(2, 0))
        for item in items:
            producer.send(f"foreshock.{Topic.ANOMALIES}", key=b"k", value=encode(item), partition=0)
        producer.flush()
        producer.close()


@pytest.fixture(params=[HTTP, SOCKET], ids=["http", "socket"])
async def installation(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Installation]:
    port, metrics = free_port(), free_port()
    config = tmp_path / "foreshock.yaml"
    with EmbeddedBroker() as broker:
        broker.create_topics(["telemetry", *(f"foreshock.{topic}" for topic in Topic)])
        async with SlackServer() as slack, MailServer() as mail:
            slack.people.patience_s = PATIENCE_S
            config.write_text(CONFIG.format(
                broker=broker.bootstrap, folder=tmp_path, slack=slack.url, way=request.param, mail=mail.host,
                mail_port=mail.port, port=port,
            ))  # fmt: skip
            wanted: dict[str, list[str | Path]] = {"worker": [], "answers": ["--metrics-port", str(metrics)]}
            worker, answers = (
                Child(name, [BIN / "foreshock", name, "--config", config, *more], tmp_path / f"{name}.log", env=SECRETS)
                for name, more in wanted.items()
            )
            with worker, answers:
                for child, at in ((worker, port), (answers, metrics)):
                    ready = partial(serves, f"http://127.0.0.1:{at}/readyz")
                    await asyncio.to_thread(child.wait_ready, ready, what="it to be ready")
                slack.people.request_url = _served(answers) + PATH
                if request.param == SOCKET:
                    async with asyncio.timeout(PATIENCE_S):
                        await slack.people.connected()
                yield Installation(slack, mail, broker, (worker, answers))


async def test_who_acknowledges_and_who_approves_is_seen_by_all_and_done(installation: Installation) -> None:
    slack, mail = installation.slack, installation.mail
    message = await installation.trouble()
    assert mail.notice_ids == []

    await installation.press(
        message,
        PREFIX + FeedbackKind.ACKNOWLEDGE,
        lambda: "acknowledged by anna (Slack U0ANNA)" in json.dumps(message.blocks),
        "who looks after it",
    )
    assert "Acknowledge" not in json.dumps(message.blocks)

    await installation.press(message, APPROVE, lambda: bool(slack.people.dialogues), "the dialogue")
    await slack.people.submit(slack.people.dialogues[0], text="We are adding capacity.")
    await installation.see(lambda: len(mail.notice_ids) == 1, "the letter that was approved")
    await installation.see(lambda: "Example Bank (bank-042): told" in json.dumps(message.blocks), "that it was told")
    assert len(slack.people.heard) == 1 + installation.refusals()


def _served(answers: Child) -> str:
    found = re.search(r"serving (http://[\d.:]+) for", answers.log.read_text())
    return "" if found is None else found[1]

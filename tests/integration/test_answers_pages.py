"""From the link in a letter to the feedback topic, over a real connection and a real protocol."""

import asyncio
import re
import sys
from dataclasses import replace
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest
from aiohttp import ClientSession
from kafka import KafkaConsumer, TopicPartition

from alerts.channels.registry import make_channels
from config.loader import read
from config.settings import Settings
from domain.feedback import Feedback, FeedbackKind
from domain.notice import ChannelKind, Phase
from streams.admin import topic_name
from streams.connection import kafka_python_options
from streams.demo.broker import EmbeddedBroker
from streams.metrics import ANSWERS_CATALOGUE, Metrics
from streams.pages.server import AnswersServer, FeedbackWriter
from streams.records import decode
from streams.system import SystemClock
from streams.topics import Topic
from tests.support.config_files import write
from tests.support.notices import CLIENT_FACTS, an_email
from tests.support.processes import PATIENCE_S

pytestmark = pytest.mark.integration

CONFIG = """
kafka: {{brokers: ["{broker}"], create_topics: false}}
services: {{payments-api: {{squad: payments}}}}
journeys:
  pay: {{squad: payments, stages: [{{name: submit, touchpoints: [{{name: POST /pay, service: payments-api}}]}}]}}
squads: {{payments: {{slack: "#squad-payments"}}}}
clients:
  bank-042: {{name: Example Bank, journeys: [pay], contacts: [{{email: ops@bank.example}}], optional_notices: true}}
channels:
  slack: {{token: "${{TOKEN}}"}}
  email: {{host: mail.example, sender: status@hub.example}}
answers: {{port: 0, url: "https://answers.example", keys: "${{KEY}}"}}
"""
SECRETS = {"TOKEN": "t", "KEY": "a-key-that-nobody-knows-and-that-is-long"}


def configured(folder: Path, broker: str) -> Settings:
    return read(write(folder, CONFIG.format(broker=broker)), SECRETS).settings


def links_of_a_letter(settings: Settings) -> list[str]:
    """Every link that the reader of an all-clear sees, as the worker's own channel writes it."""
    channel = make_channels(settings.channels.by_kind(), settings.answers.links())[ChannelKind.EMAIL]
    ending = an_email(Phase.ALL_CLEAR, 3, facts=replace(CLIENT_FACTS, optional=True), at=SystemClock().now())
    message = message_from_bytes(channel.render(ending).content, policy=default)
    body = message.get_body(("plain",))
    assert body is not None
    found = re.findall(r"https://answers\.example(\S+)", body.get_content())
    assert f"<https://answers.example{found[2]}>" == message["List-Unsubscribe"]
    return found


async def test_a_client_answers_and_leaves_by_the_links_of_one_letter(tmp_path: Path) -> None:
    with EmbeddedBroker() as broker:
        settings = configured(tmp_path, broker.bootstrap)
        topic = topic_name(settings, Topic.FEEDBACK)
        broker.create_topics([topic])
        writer = FeedbackWriter(settings)
        server = AnswersServer(settings, writer.write, SystemClock(), Metrics(ANSWERS_CATALOGUE))
        await server.start()
        try:
            _, no, leave = links_of_a_letter(settings)
            async with ClientSession() as browser:
                for link, form in ((no, {"answer": "no"}), (leave, {"List-Unsubscribe": "One-Click"})):
                    assert (await browser.get(server.address + link)).status == 200
                    assert (await browser.post(server.address + link, data=form)).status == 200
                assert (await browser.get(server.address + "/healthz")).status == 200
                for path in ("/metrics", "/rating/nothing", "/healthz"):
                    seen = await browser.get(server.address + path)
                    assert seen.status == (200 if path == "/healthz" else 404)
                    assert "Server" not in seen.headers
        finally:
            await server.stop()
            await writer.close()
        said = await asyncio.to_thread(_read, settings, topic, 2)
    assert [(each.kind, each.alert, each.client, each.address) for each in said] == [
        (FeedbackKind.NOT_USEFUL, an_email().alert, "bank-042", "ops@bank.example"),
        (FeedbackKind.UNSUBSCRIBE, None, "bank-042", "ops@bank.example"),
    ]


async def test_without_kafka_the_page_says_that_nothing_was_noted(tmp_path: Path) -> None:
    settings = configured(tmp_path, "localhost:1")
    writer = FeedbackWriter(settings)
    server = AnswersServer(settings, writer.write, SystemClock(), Metrics(ANSWERS_CATALOGUE))
    await server.start()
    try:
        async with ClientSession() as browser:
            link = links_of_a_letter(settings)[0]
            response = await browser.post(server.address + link, data={"answer": "yes"})
            assert response.status == 503
            assert "localhost" not in await response.text()
    finally:
        await server.stop()
        await writer.close()


async def test_the_command_serves_until_it_is_stopped(tmp_path: Path) -> None:
    file = write(tmp_path, CONFIG.format(broker="localhost:1"))
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", "from streams.cli import main; main()", "answers", "--config", str(file),
        env=SECRETS, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stderr is not None
    async with asyncio.timeout(PATIENCE_S):
        line = (await process.stderr.readline()).decode()
        address = re.search(r"serving (http://\S+)", line)
        assert address is not None, line
        async with ClientSession() as browser:
            assert (await browser.get(address[1] + "/rating/nothing")).status == 404
        process.terminate()
        assert await process.wait() == 0
    assert SECRETS["KEY"] not in line


def _read(settings: Settings, topic: str, count: int) -> list[Feedback]:
    consumer = KafkaConsumer(**kafka_python_options(settings.kafka), consumer_timeout_ms=round(PATIENCE_S * 1000))
    try:
        consumer.assign([TopicPartition(topic, 0)])
        consumer.seek_to_beginning()
        return [decode(Feedback, next(consumer).value) for _ in range(count)]
    finally:
        consumer.close()


class Looks(SystemClock):
    """Time that passes when a test says so: each look at Kafka is followed by a wait."""

    def __init__(self) -> None:
        super().__init__()
        self.looked = asyncio.Event()
        self.go = asyncio.Event()

    async def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.looked.set()
        await self.go.wait()
        self.go.clear()

    async def once(self) -> None:
        async with asyncio.timeout(PATIENCE_S):
            await self.looked.wait()

    async def again(self) -> None:
        self.looked.clear()
        self.go.set()
        await self.once()


async def test_it_is_ready_while_kafka_is_there_and_not_before_nor_after(tmp_path: Path) -> None:
    clock = Looks()
    with EmbeddedBroker() as broker:
        writer = FeedbackWriter(configured(tmp_path, broker.bootstrap))
        assert writer.unready() == ["not connected to Kafka"]
        watching = asyncio.create_task(writer.watch(clock))
        await clock.once()
        assert writer.unready() == []
    await clock.again()
    assert writer.unready() == ["not connected to Kafka"]
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)
    await writer.close()


async def test_where_kafka_never_was_it_is_looked_for_again_and_again(tmp_path: Path) -> None:
    clock = Looks()
    writer = FeedbackWriter(configured(tmp_path, "localhost:1"))
    watching = asyncio.create_task(writer.watch(clock))
    for look in (clock.once, clock.again, clock.again):
        await look()
        assert writer.unready() == ["not connected to Kafka"]
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)

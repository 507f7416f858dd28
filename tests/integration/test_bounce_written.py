"""A message that came back ends an address on the feedback topic, if that notice was really sent there."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer
from kafka import KafkaConsumer, TopicPartition
from typer.testing import CliRunner, Result

from config.loader import load_with_environment
from config.settings import Settings
from domain.feedback import Feedback, FeedbackKind
from domain.identity import NoticeId
from domain.notice import Notice
from streams.admin import topic_name
from streams.commands import app
from streams.connection import client_options, kafka_python_options
from streams.demo.broker import EmbeddedBroker
from streams.records import decode, encode
from streams.topics import Topic
from tests.support.dsn import NOTICE, RECIPIENT, a_dsn
from tests.support.notices import a_notice, an_email
from tests.support.processes import PATIENCE_S

pytestmark = pytest.mark.integration

SENT = replace(an_email(), id=NoticeId(NOTICE))


@dataclass(frozen=True, slots=True)
class Mailroom:
    """A broker with the notices that were sent, and the command."""

    file: Path
    settings: Settings

    def bounce(self, message: bytes, *options: str) -> Result:
        return CliRunner().invoke(app, ["bounce", "-", "--config", str(self.file), *options], input=message)

    def written(self, count: int) -> list[Feedback]:
        place = TopicPartition(topic_name(self.settings, Topic.FEEDBACK), 0)
        consumer = KafkaConsumer(
            **kafka_python_options(self.settings.kafka), consumer_timeout_ms=round(PATIENCE_S * 1000)
        )
        try:
            consumer.assign([place])
            assert consumer.end_offsets([place])[place] == count
            consumer.seek_to_beginning()
            return [decode(Feedback, next(consumer).value) for _ in range(count)]
        finally:
            consumer.close()


@pytest.fixture(scope="module")
def mailroom(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mailroom]:
    file = tmp_path_factory.mktemp("mailroom") / "foreshock.yaml"
    with EmbeddedBroker() as broker:
        file.write_text(f'kafka: {{brokers: ["{broker.bootstrap}"], create_topics: false}}\n')
        settings = load_with_environment(file)
        notices = topic_name(settings, Topic.NOTICES)
        broker.create_topics([notices, topic_name(settings, Topic.FEEDBACK)])
        others = [a_notice(alert=f"alert-{number}") for number in range(20)]
        asyncio.run(_put(settings, notices, [*others, SENT]))
        yield Mailroom(file, settings)


async def _put(settings: Settings, topic: str, notices: list[Notice]) -> None:
    producer = AIOKafkaProducer(**client_options(settings.kafka))
    await producer.start()
    for number, notice in enumerate(notices):
        await producer.send_and_wait(topic, key=notice.id.encode(), value=encode(notice), partition=number % 4)
    await producer.stop()


def test_what_comes_back_ends_the_address_and_what_is_forged_or_passing_does_not(mailroom: Mailroom) -> None:
    passing = mailroom.bounce(a_dsn(RECIPIENT.replace("failed", "delayed").replace("5.1.1", "4.4.1", 1)))
    assert (passing.exit_code, "nothing is given up for that" in passing.output) == (0, True)

    forged = mailroom.bounce(a_dsn().replace(NOTICE.encode(), b"notice-00000000000000000000"))
    assert forged.exit_code == 1
    assert "not written: no such notice was sent by e-mail" in forged.output

    other = mailroom.bounce(a_dsn(RECIPIENT.replace("ops@", "ceo@")), "--json")
    assert other.exit_code == 1
    assert (json.loads(other.output)["written"], "another address" in other.output) == (False, True)
    assert mailroom.written(0) == []

    for _ in range(2):
        real = mailroom.bounce(a_dsn())
        assert real.exit_code == 0, real.output
        assert "written: the address gets no more mail until it is readmitted" in real.output
    first, second = mailroom.written(2)
    assert first.id == second.id
    assert (first.kind, first.address) == (FeedbackKind.UNDELIVERABLE, "ops@bank.example")
    assert (first.alert, first.client) == (SENT.alert, SENT.client)


def test_without_kafka_it_ends_with_three_so_that_a_pipe_tries_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streams.connection.CONNECT_S", 1.0)
    file = tmp_path / "foreshock.yaml"
    file.write_text('kafka: {brokers: ["localhost:1"]}\n')
    done = CliRunner().invoke(app, ["bounce", "-", "--config", str(file)], input=a_dsn())
    assert done.exit_code == 3
    assert "localhost:1" in done.output

"""An answer on its way to a broker, and what a broker that is not there leads to."""

from pathlib import Path

import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from config.loader import load_with_environment
from config.settings import Settings
from domain.feedback import Feedback, FeedbackKind
from domain.identity import AlertId
from streams.admin import topic_name
from streams.answers import compose, send
from streams.connection import kafka_python_options
from streams.demo.broker import EmbeddedBroker
from streams.errors import BrokerError
from streams.lookup import find_alert
from streams.records import decode, encode
from streams.topics import Topic
from tests.support.backtest import an_alert
from tests.support.builders import T0
from tests.support.clock import ManualClock
from tests.support.processes import PATIENCE_S

pytestmark = pytest.mark.integration


def settings_for(broker: str, folder: Path) -> Settings:
    path = folder / "foreshock.yaml"
    path.write_text(f'kafka: {{brokers: ["{broker}"], create_topics: false}}\n', encoding="utf-8")
    return load_with_environment(path)


def test_an_answer_arrives_on_the_feedback_topic_as_it_was_given(tmp_path: Path) -> None:
    with EmbeddedBroker() as broker:
        settings = settings_for(broker.bootstrap, tmp_path)
        topic = topic_name(settings, Topic.FEEDBACK)
        broker.create_topics([topic])
        answer = compose(FeedbackKind.APPROVE, "alert-1", "anna", ManualClock(T0), client="bank-042", lasts_s=60.0)

        send(settings, answer)

        consumer = KafkaConsumer(**kafka_python_options(settings.kafka), consumer_timeout_ms=round(PATIENCE_S * 1000))
        consumer.assign([TopicPartition(topic, 0)])
        consumer.seek_to_beginning()
        message = next(consumer)
        consumer.close()
    assert (message.key, message.partition) == (b"alert-1", 0)
    assert decode(Feedback, message.value) == answer


def test_a_broker_that_is_not_there_is_said_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.answers.SEND_S", 1.0)
    answer = compose(FeedbackKind.ACKNOWLEDGE, "alert-1", "anna", ManualClock(T0))

    with pytest.raises(BrokerError, match="localhost:1"):
        send(settings_for("localhost:1", tmp_path), answer)


def test_whether_there_is_an_alert_is_read_from_the_broker(tmp_path: Path) -> None:
    opened, *_, resolved = an_alert()
    with EmbeddedBroker() as broker:
        settings = settings_for(broker.bootstrap, tmp_path)
        with pytest.raises(BrokerError, match="foreshock topics create"):  # no alert is denied that nobody looked for
            find_alert(settings, opened.alert)
        topic = topic_name(settings, Topic.ALERTS)
        broker.create_topics([topic])
        producer = KafkaProducer(**kafka_python_options(settings.kafka))
        for step in (opened, resolved):
            producer.send(topic, key=step.alert.encode(), value=encode(step), partition=0)
        producer.close()

        assert find_alert(settings, opened.alert) == resolved
        assert find_alert(settings, AlertId("alert-404")) is None

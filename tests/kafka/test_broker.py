"""The broker that all other Kafka tests stand on: it is real, and what it has taken outlives it."""

from pathlib import Path

import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import NewTopic
from kafka.errors import KafkaError

from tests.support.compose import kafka_settings
from tests.support.kafka import KafkaBroker, Names
from tests.support.processes import PATIENCE_S, free_port, wait_until


def create(broker: KafkaBroker, topic: str, partitions: int = 2) -> None:
    admin = broker.admin()
    try:
        admin.create_topics([NewTopic(topic, num_partitions=partitions, replication_factor=1)])
    finally:
        admin.close()


def produce(broker: KafkaBroker, topic: str, values: list[bytes], *, patience_s: float = PATIENCE_S) -> None:
    producer = KafkaProducer(bootstrap_servers=broker.bootstrap, acks="all", max_block_ms=round(patience_s * 1000))
    try:
        for value in values:
            producer.send(topic, key=b"key", value=value).get(timeout=PATIENCE_S)
    finally:
        producer.close()


def consume(broker: KafkaBroker, topic: str, group: str) -> list[bytes]:
    """Read with a group to the end of a topic of one partition, and commit."""
    consumer = KafkaConsumer(
        bootstrap_servers=broker.bootstrap,
        group_id=group,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )
    place = TopicPartition(topic, 0)
    values: list[bytes] = []

    def at_its_end() -> bool:
        values.extend(record.value for batch in consumer.poll(timeout_ms=200).values() for record in batch)
        return place in consumer.assignment() and consumer.position(place) == consumer.end_offsets([place])[place]

    try:
        # Whoever joins a group before the topic was heard of is given nothing, and does not ask again.
        wait_until(lambda: bool(consumer.partitions_for_topic(topic)), what=f"the partitions of {topic}")
        consumer.subscribe([topic])
        wait_until(at_its_end, what=f"the end of {topic}")
        consumer.commit()
        return values
    finally:
        consumer.close()


def test_a_created_topic_gives_back_what_was_produced(kafka: KafkaBroker, names: Names) -> None:
    topic = names.topic("telemetry")
    create(kafka, topic)

    produce(kafka, topic, [b"one", b"two"])

    assert kafka.read(topic) == [(b"key", b"one"), (b"key", b"two")]


def test_a_topic_that_nobody_created_does_not_appear_when_it_is_written(kafka: KafkaBroker, names: Names) -> None:
    with pytest.raises(KafkaError):
        produce(kafka, names.topic("mistyped"), [b"lost"], patience_s=2.0)

    admin = kafka.admin()
    try:
        assert names.topic("mistyped") not in admin.list_topics()
    finally:
        admin.close()


def test_data_and_the_groups_place_in_it_survive_an_orderly_restart(kafka: KafkaBroker, names: Names) -> None:
    topic, group = names.topic("telemetry"), names.group("readers")
    create(kafka, topic, partitions=1)
    produce(kafka, topic, [b"before"])
    assert consume(kafka, topic, group) == [b"before"]

    kafka.restart()
    produce(kafka, topic, [b"after"])

    assert kafka.committed(group) == {(topic, 0): 1}
    assert consume(kafka, topic, group) == [b"after"]
    assert kafka.read(topic) == [(b"key", b"before"), (b"key", b"after")]


def test_acknowledged_data_survives_a_killed_broker(kafka: KafkaBroker, names: Names) -> None:
    topic = names.topic("telemetry")
    create(kafka, topic, partitions=1)
    produce(kafka, topic, [b"acknowledged"])

    kafka.restart(killed=True)

    assert kafka.read(topic) == [(b"key", b"acknowledged")]


def test_the_settings_of_the_compose_file_start_a_broker(tmp_path: Path, names: Names) -> None:
    internal, controller, host = (f"127.0.0.1:{free_port()}" for _ in range(3))
    here = {
        "log.dirs": str(tmp_path / "data"),
        "controller.quorum.voters": f"1@{controller}",
        "listeners": f"INTERNAL://{internal},CONTROLLER://{controller},HOST://{host}",
        "advertised.listeners": f"INTERNAL://{internal},HOST://{host}",
    }
    broker = KafkaBroker(tmp_path, port=int(internal.split(":")[1]), settings={**kafka_settings(), **here})
    broker.start()
    try:
        create(broker, names.topic("telemetry"))
        produce(broker, names.topic("telemetry"), [b"one"])
        assert broker.read(names.topic("telemetry")) == [(b"key", b"one")]
    finally:
        broker.stop()

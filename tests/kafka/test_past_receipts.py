"""The newest receipts of a partition are read from a real broker, and a broker that is away costs a repeat at most."""

import pytest
from kafka import KafkaProducer

from domain.identity import AlertId, NoticeId
from domain.notice import ChannelKind, Delivered, Receipt
from streams.receipts import PastReceipts
from streams.records import encode
from tests.support.kafka import KafkaBroker, Names

ALERT = AlertId("alert-1")


def a_receipt(number: int) -> Receipt:
    return Receipt(NoticeId(f"notice-{number}"), "thread-1", ALERT, ChannelKind.EMAIL, Delivered("<m@x>"), 1, 2.0, 1.0)


@pytest.fixture
def topic(kafka: KafkaBroker, names: Names) -> str:
    name = names.topic("receipts")
    admin = kafka.admin()
    admin.create_topics({name: {"num_partitions": 2, "replication_factor": 1}}, wait_for_metadata=True)
    admin.close()
    return name


def write(kafka: KafkaBroker, topic: str, values: list[bytes], partition: int) -> None:
    producer = KafkaProducer(bootstrap_servers=kafka.bootstrap, acks="all")
    for value in values:
        producer.send(topic, value=value, partition=partition)
    producer.flush()
    producer.close()


async def test_the_newest_receipts_of_one_partition_are_read_the_oldest_first(kafka: KafkaBroker, topic: str) -> None:
    write(kafka, topic, [encode(a_receipt(number)) for number in range(20)], 1)
    write(kafka, topic, [encode(a_receipt(99))], 0)

    found = await PastReceipts(topic, {"bootstrap_servers": kafka.bootstrap}, most=5).read(1)

    assert found == [a_receipt(number) for number in range(15, 20)]


async def test_an_empty_partition_gives_none_and_rubbish_is_passed_over(kafka: KafkaBroker, topic: str) -> None:
    write(kafka, topic, [b"rubbish", encode(a_receipt(1)), b"\xff"], 1)
    past = PastReceipts(topic, {"bootstrap_servers": kafka.bootstrap})

    assert await past.read(0) == []
    assert await past.read(1) == [a_receipt(1)]


async def test_a_broker_that_is_away_gives_none() -> None:
    past = PastReceipts("receipts", {"bootstrap_servers": "127.0.0.1:1"})

    assert await past.read(0) == []

"""The newest receipts of a partition are read from a real broker, and a broker that is away is asked again."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import NodeNotReadyError
from kafka import KafkaProducer

from domain.identity import AlertId, NoticeId
from domain.notice import ChannelKind, Delivered, Receipt
from streams.receipts import PastReceipts
from streams.records import encode
from streams.system import SystemClock
from tests.support.clock import ManualClock
from tests.support.kafka import KafkaBroker, Names
from tests.support.processes import PATIENCE_S

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


def a_reader(kafka: KafkaBroker, topic: str, most: int = 1000) -> PastReceipts:
    return PastReceipts(topic, {"bootstrap_servers": kafka.bootstrap}, SystemClock(), most)


async def test_the_newest_receipts_of_one_partition_are_read_the_oldest_first(kafka: KafkaBroker, topic: str) -> None:
    write(kafka, topic, [encode(a_receipt(number)) for number in range(20)], 1)
    write(kafka, topic, [encode(a_receipt(99))], 0)
    found: list[Receipt] = []

    await a_reader(kafka, topic, most=5).read(1, found.extend)

    assert found == [a_receipt(number) for number in range(15, 20)]


async def test_an_empty_partition_gives_none_and_rubbish_is_passed_over(kafka: KafkaBroker, topic: str) -> None:
    write(kafka, topic, [b"rubbish", encode(a_receipt(1)), b"\xff"], 1)
    found: list[Receipt] = []

    await a_reader(kafka, topic).read(0, found.extend)
    assert found == []
    await a_reader(kafka, topic).read(1, found.extend)
    assert found == [a_receipt(1)]


class Interrupted(PastReceipts):
    """Kafka goes away in the midst of it, as often as it is told."""

    times = 2

    def __init__(self, topic: str, bootstrap: str, clock: ManualClock) -> None:
        super().__init__(topic, {"bootstrap_servers": bootstrap, "max_poll_records": 3}, clock)

    @contextlib.asynccontextmanager
    async def _reader(self, place: TopicPartition) -> AsyncIterator[AIOKafkaConsumer]:
        async with super()._reader(place) as reader:
            if self.times:
                self.times -= 1
                taken, position = iter([True, False]), reader.position

                async def once(place: TopicPartition) -> int:
                    if next(taken):
                        return int(await position(place))
                    raise NodeNotReadyError

                reader.position = once
            yield reader


async def test_what_kafka_interrupts_goes_on_where_it_was(kafka: KafkaBroker, topic: str) -> None:
    write(kafka, topic, [encode(a_receipt(number)) for number in range(10)], 1)
    clock, found = ManualClock(), list[Receipt]()
    reading = asyncio.create_task(Interrupted(topic, kafka.bootstrap, clock).read(1, found.extend))
    async with asyncio.timeout(PATIENCE_S):
        while not reading.done():
            await clock.advance(1)
            await asyncio.sleep(0.01)

    # What was handed over when it broke comes once more: that harms nothing.
    assert list(dict.fromkeys(found)) == [a_receipt(number) for number in range(10)]
    assert len(found) == 10 + 2 * 3


async def test_a_broker_that_is_away_is_asked_until_nobody_wants_to_know() -> None:
    clock, found = ManualClock(), list[Receipt]()
    past = PastReceipts("receipts", {"bootstrap_servers": "127.0.0.1:1"}, clock)
    reading = asyncio.create_task(past.read(0, found.extend))
    await clock.advance(3)

    assert not reading.done()
    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)
    assert found == []

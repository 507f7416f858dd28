"""The snapshot store on a real broker keeps the same promises as the one in a directory."""

import random
from collections.abc import AsyncIterator

import pytest
from aiokafka import AIOKafkaProducer

from domain.errors import StateError
from streams.snapshots import CHUNK_BYTES, KafkaSnapshots, Snapshot
from tests.support.kafka import KafkaBroker, Names


class Installation:
    """A snapshots topic and stores on it; `fail_after` stops a writer in mid-snapshot."""

    def __init__(self, topic: str, bootstrap: str, producer: AIOKafkaProducer) -> None:
        self._topic = topic
        self._bootstrap = bootstrap
        self._producer = producer

    def store(self, fail_after: int | None = None) -> KafkaSnapshots:
        sent = 0

        async def send(key: bytes, value: bytes, partition: int) -> None:
            nonlocal sent
            if fail_after is not None and sent >= fail_after:
                raise ConnectionError("the process was killed here")
            sent += 1
            await self._producer.send_and_wait(self._topic, value, key, partition)

        return KafkaSnapshots(self._topic, {"bootstrap_servers": self._bootstrap}, send, lambda name: len(name) % 2)


@pytest.fixture
async def installation(kafka: KafkaBroker, names: Names) -> AsyncIterator[Installation]:
    topic = names.topic("snapshots")
    admin = kafka.admin()
    admin.create_topics({topic: {"num_partitions": 2, "replication_factor": 1}}, wait_for_metadata=True)
    admin.close()
    producer = AIOKafkaProducer(bootstrap_servers=kafka.bootstrap)
    await producer.start()
    try:
        yield Installation(topic, kafka.bootstrap, producer)
    finally:
        await producer.stop()


def large(seed: int) -> Snapshot:
    """A snapshot of several chunks that no compression shrinks."""
    return Snapshot({"telemetry": seed}, random.Random(seed).randbytes(2 * CHUNK_BYTES + 100_000))


async def test_the_newest_snapshot_of_each_name_comes_back(installation: Installation) -> None:
    first = installation.store()
    assert await first.load("detect/0") is None
    for number in range(5):
        await first.save("detect/0", Snapshot({"telemetry": number}, {"n": number}))
    await first.save("detect/00", Snapshot({"telemetry": 99}, "another name, another partition"))
    await first.save("decide/0", Snapshot({"anomalies": 7}, "the same partition"))
    second = installation.store()
    assert await second.load("detect/0") == Snapshot({"telemetry": 4}, {"n": 4})
    assert await second.load("decide/0") == Snapshot({"anomalies": 7}, "the same partition")
    await second.save("detect/0", Snapshot({"telemetry": 5}, {"n": 5}))
    assert await installation.store().load("detect/0") == Snapshot({"telemetry": 5}, {"n": 5})


async def test_a_writer_killed_in_mid_snapshot_leaves_the_one_before(installation: Installation) -> None:
    store = installation.store()
    size = await store.save("detect/0", large(1))
    assert size > 2 * CHUNK_BYTES
    broken = installation.store(fail_after=1)
    assert await broken.load("detect/0") == large(1)
    with pytest.raises(ConnectionError):
        await broken.save("detect/0", large(2))
    after = installation.store()
    assert await after.load("detect/0") == large(1)
    await after.save("detect/0", large(3))
    assert await installation.store().load("detect/0") == large(3)


async def test_a_snapshot_that_is_incomplete_is_refused(installation: Installation) -> None:
    store = installation.store()
    await store.save("detect/0", Snapshot({"telemetry": 1}, 1))
    # Somebody writes rubbish over the chunk of the only generation.
    await installation._producer.send_and_wait(installation._topic, b"rubbish", b"detect/0#1.0", len("detect/0") % 2)
    with pytest.raises(StateError, match="no complete generation"):
        await installation.store().load("detect/0")

"""10,000 hostile messages among good ones: every one is a dead letter with a reason, and every good one is judged."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest
from kafka import KafkaProducer
from kafka.admin import ConfigResource, ConfigResourceType

from streams.agents.refusals import KEPT_BYTES, LONGEST_KEY
from streams.codecs.native import Row, encode_native
from streams.records import decode_dead_letter
from tests.support.hostile import hostile_messages
from tests.support.kafka import KafkaBroker, Names
from tests.support.processes import PATIENCE_S
from tests.support.story import Story

HOSTILE = 10_000
GOOD = 5_000
T0 = 1_750_000_000.0

pytestmark = pytest.mark.timeout(900)


def produce(bootstrap: str, telemetry: str, incidents: str) -> Counter[bytes]:
    """Send everything; returns the hostile payloads with how often each was sent."""
    sent = Counter[bytes]()
    producer = KafkaProducer(bootstrap_servers=bootstrap, acks="all", linger_ms=20, max_request_size=1 << 20)
    try:
        for number, (_, payload) in enumerate(hostile_messages(seed=20261121, count=HOSTILE)):
            # A few of them stand where incident events are expected.
            producer.send(incidents if number % 10 == 0 else telemetry, key=b"payments-api", value=payload)
            sent[payload] += 1
            if number % 2 == 0:
                message = encode_native("payments-api", T0 + number / 2, [Row("latency_p95_ms", 20.0 + number % 3)])
                producer.send(telemetry, key=b"payments-api", value=message)
        producer.flush()
    finally:
        producer.close()
    return sent


async def test_hostile_messages_become_dead_letters_and_good_ones_are_judged(
    kafka: KafkaBroker, names: Names, tmp_path: Path
) -> None:
    async with Story(kafka, names, tmp_path) as story:
        worker = await story.start_worker()
        sent = await asyncio.to_thread(produce, kafka.bootstrap, story.telemetry, story.incidents)
        await story.drained()
        letters = [
            decode_dead_letter(value) for _, value in await asyncio.to_thread(kafka.read, story.own("dead-letters"))
        ]
        judged = await asyncio.to_thread(story.metric, "foreshock_samples_total")
        assert worker.running
        assert Counter(letter.payload for letter in letters) == sent
        assert all(letter.reason and letter.detail for letter in letters)
        assert "internal_error" not in {letter.reason for letter in letters}
        assert judged == GOOD


LARGE = {"900 kB": 900_000, "5 MB": 5_000_000}  # what cannot be kept whole, within and beyond a broker's own limit


def let_through(kafka: KafkaBroker, topic: str, most: int) -> None:
    """Let a topic take larger messages than a broker does by itself, as those do who send large ones."""
    admin = kafka.admin()
    try:
        admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, {"max.message.bytes": str(most)})])
    finally:
        admin.close()


def produce_large(bootstrap: str, topics: Sequence[str], good: str) -> None:
    """Send messages that are too large to be kept, and then good ones of the same service."""
    producer = KafkaProducer(bootstrap_servers=bootstrap, acks="all", max_request_size=6_000_000)
    try:
        sent = [
            producer.send(topic, key=b"payments-api", value=b"\xff" * n) for topic in topics for n in LARGE.values()
        ]
        for number in range(10):
            message = encode_native("payments-api", T0 + number, [Row("latency_p95_ms", 20.0 + number % 3)])
            sent.append(producer.send(good, key=b"payments-api", value=message))
        for each in sent:
            each.get(timeout=PATIENCE_S)
    finally:
        producer.close()


async def test_of_the_largest_messages_the_beginning_is_kept_and_what_comes_after_them_is_judged(
    kafka: KafkaBroker, names: Names, tmp_path: Path
) -> None:
    async with Story(kafka, names, tmp_path) as story:
        topics = [story.telemetry, story.incidents]
        for topic in topics:
            await asyncio.to_thread(let_through, kafka, topic, 6_000_000)
        worker = await story.start_worker()
        await asyncio.to_thread(produce_large, kafka.bootstrap, topics, story.telemetry)
        await story.drained()
        letters = [
            decode_dead_letter(value) for _, value in await asyncio.to_thread(kafka.read, story.own("dead-letters"))
        ]
        judged = await asyncio.to_thread(story.metric, "foreshock_samples_total")
        assert worker.running
        assert Counter((letter.source.topic, letter.cut_from) for letter in letters) == Counter(
            (topic, length) for topic in topics for length in LARGE.values()
        )
        assert {len(letter.payload) for letter in letters} == {KEPT_BYTES - LONGEST_KEY}
        assert judged == 10

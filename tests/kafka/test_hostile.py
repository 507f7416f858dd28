"""10,000 hostile messages among good ones: every one is a dead letter with a reason, and every good one is judged."""

import asyncio
from collections import Counter
from pathlib import Path

import pytest
from kafka import KafkaProducer

from streams.codecs.native import Row, encode_native
from streams.records import decode_dead_letter
from tests.support.hostile import hostile_messages
from tests.support.kafka import KafkaBroker, Names
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

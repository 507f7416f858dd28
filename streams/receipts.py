"""The latest receipts of a partition: what an outbox has done may be newer there than in its snapshot."""

import asyncio
import logging
from collections.abc import Mapping
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from domain.errors import DecodeError
from domain.notice import Receipt
from streams.records import decode

log = logging.getLogger(__name__)

MOST: Final = 1000  # a snapshot is a second old at most, or a few on a machine that is overloaded
PATIENCE_S: Final = 10.0


class PastReceipts:
    """Reads the end of the topic of receipts."""

    def __init__(self, topic: str, consumer_options: Mapping[str, Any], most: int = MOST) -> None:
        """``consumer_options`` connect a reader of its own."""
        self._topic = topic
        self._options = dict(consumer_options)
        self._most = most

    async def read(self, partition: int) -> list[Receipt]:
        """Return the newest receipts, the oldest first; none when Kafka does not answer: a repeat beats a miss."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                return await self._read(partition)
        except (KafkaError, OSError, TimeoutError) as error:
            log.warning("the receipts of partition %d could not be read, mails may be repeated: %r", partition, error)
            return []

    async def _read(self, partition: int) -> list[Receipt]:
        place = TopicPartition(self._topic, partition)
        consumer = AIOKafkaConsumer(
            **self._options, group_id=None, enable_auto_commit=False, auto_offset_reset="earliest"
        )
        try:
            await consumer.start()
            consumer.assign([place])
            first = (await consumer.beginning_offsets([place]))[place]
            end = (await consumer.end_offsets([place]))[place]
            if first >= end:
                return []
            consumer.seek(place, max(first, end - self._most))
            found: list[Receipt] = []
            while await consumer.position(place) < end:
                batch = await consumer.getmany(place, timeout_ms=500)
                found += [receipt for message in batch.get(place, []) for receipt in _receipts(message.value)]
            return found
        finally:
            await consumer.stop()


def _receipts(value: bytes | None) -> list[Receipt]:
    try:
        return [decode(Receipt, value or b"")]
    except DecodeError:
        return []  # whatever it is, it ends no notice

"""The latest receipts of a partition: what an outbox has done may be newer there than in its snapshot."""

import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from domain.clock import Clock
from domain.errors import DecodeError
from domain.notice import Receipt
from streams.records import decode

log = logging.getLogger(__name__)

Recall = Callable[[Sequence[Receipt]], None]  # takes note of some receipts

MOST: Final = 1000  # a snapshot is a second old at most, or a few on a machine that is overloaded
RETRY_S: Final = 1.0


class PastReceipts:
    """Reads the end of the topic of receipts."""

    def __init__(self, topic: str, consumer_options: Mapping[str, Any], clock: Clock, most: int = MOST) -> None:
        """``consumer_options`` connect a reader of its own."""
        self._topic = topic
        self._options = dict(consumer_options)
        self._clock = clock
        self._most = most

    async def read(self, partition: int, recall: Recall) -> None:
        """Hand over the newest receipts as they come, the oldest first; ends when all that there were are read.

        Kafka may take its time, or be away: what was read stays read, and the rest is tried until this is cancelled.
        """
        place = TopicPartition(self._topic, partition)
        left: range | None = None  # the offsets that are yet to be read
        while left is None or left:
            try:
                async with self._reader(place) as reader:
                    left = await self._newest(reader, place) if left is None else left
                    if left:
                        reader.seek(place, left.start)
                    while left:
                        batch = await reader.getmany(place, timeout_ms=500)
                        recall([receipt for message in batch.get(place, []) for receipt in _receipts(message.value)])
                        left = range(await reader.position(place), left.stop)
            except (KafkaError, OSError) as error:
                log.warning("the receipts of partition %d cannot be read, trying again: %r", partition, error)
                await self._clock.sleep(RETRY_S)

    @contextlib.asynccontextmanager
    async def _reader(self, place: TopicPartition) -> AsyncIterator[AIOKafkaConsumer]:
        reader = AIOKafkaConsumer(
            **self._options, group_id=None, enable_auto_commit=False, auto_offset_reset="earliest"
        )
        try:
            await reader.start()
            reader.assign([place])
            yield reader
        finally:
            await reader.stop()

    async def _newest(self, reader: AIOKafkaConsumer, place: TopicPartition) -> range:
        first = (await reader.beginning_offsets([place]))[place]
        end = (await reader.end_offsets([place]))[place]
        return range(max(first, end - self._most), end)


def _receipts(value: bytes | None) -> list[Receipt]:
    try:
        return [decode(Receipt, value or b"")]
    except DecodeError:
        return []  # whatever it is, it ends no notice

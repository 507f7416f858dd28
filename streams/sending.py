"""Messages to Kafka of which none is lost without a word: what it does not take is raised."""

from collections import deque
from collections.abc import Sequence
from typing import Any, Final, Self

from kafka import KafkaProducer

from config.intake import KafkaSettings
from streams.connection import connected, reaching

AT_ONCE: Final = 1000  # messages that are under way before the first of them is waited for


class Sender:
    """A producer of kafka-python for commands: ``with Sender(...) as sender``. Every method raises BrokerError.

    The producer's own `flush` ends well when Kafka has refused a message: only the future of each one tells.
    """

    def __init__(self, kafka: KafkaSettings) -> None:
        """Connect."""
        self._kafka = kafka
        self._producer = connected(KafkaProducer, kafka, acks="all", linger_ms=5)
        self._under_way: deque[Any] = deque()

    def send(
        self,
        topic: str,
        *,
        key: bytes | None,
        value: bytes,
        timestamp_ms: int | None = None,
        headers: Sequence[tuple[str, bytes]] = (),
    ) -> None:
        """Queue a message; without a time stamp it is of now."""
        with reaching(self._kafka):
            sent = self._producer.send(topic, key=key, value=value, timestamp_ms=timestamp_ms, headers=list(headers))
            self._under_way.append(sent)
            if len(self._under_way) > AT_ONCE:
                self._under_way.popleft().get()

    def flush(self) -> None:
        """Wait until Kafka has every message."""
        with reaching(self._kafka):
            self._producer.flush()
            while self._under_way:
                self._under_way.popleft().get()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._producer.close()

"""What was decided is looked up in its topic, which may fall silent before its end."""

from collections import deque
from types import SimpleNamespace
from typing import Any

import pytest
from kafka import TopicPartition
from kafka.errors import KafkaTimeoutError

from domain.identity import NoticeId
from streams.errors import BrokerError
from streams.lookup import NEWEST, _latest, _notices
from streams.reading import PATIENCE_POLLS, up_to
from streams.records import encode
from tests.support.backtest import an_alert
from tests.support.notices import a_notice

PLACE = TopicPartition("notices", 0)
ALERTS = TopicPartition("alerts", 0)


class Reader:
    """A consumer of one partition with so many messages, which come when they come."""

    def __init__(self, end: int, *batches: list[bytes]) -> None:
        self.end = end
        self.polls = 0
        self._batches = deque(batches)
        self._position = 0

    def partitions_for_topic(self, _: str) -> set[int]:
        return {0}

    def assign(self, _: object) -> None: ...

    def seek_to_beginning(self, *_: object) -> None: ...

    def end_offsets(self, _: object) -> dict[TopicPartition, int]:
        return {PLACE: self.end}

    def position(self, _: object) -> int:
        return self._position

    def poll(self, timeout_ms: int) -> dict[TopicPartition, list[Any]]:
        assert timeout_ms > 0
        self.polls += 1
        values = self._batches.popleft() if self._batches else []
        first, self._position = self._position, self._position + len(values)
        return {PLACE: [Record(first + number, value) for number, value in enumerate(values)]} if values else {}


class Topic:
    """A consumer of a partition that holds these records."""

    def __init__(self, *records: tuple[str, bytes]) -> None:
        self.read = 0
        self._records = records
        self._position = 0

    def partitions_for_topic(self, _: str) -> set[int]:
        return {0}

    def assign(self, _: object) -> None: ...

    def beginning_offsets(self, _: object) -> dict[TopicPartition, int]:
        return {ALERTS: 0}

    def end_offsets(self, _: object) -> dict[TopicPartition, int]:
        return {ALERTS: len(self._records)}

    def seek(self, _: object, offset: int) -> None:
        self._position = offset

    def position(self, _: object) -> int:
        return self._position

    def poll(self, timeout_ms: int) -> dict[TopicPartition, list[Any]]:
        assert timeout_ms > 0
        key, value = self._records[self._position]
        self._position += 1
        self.read += 1
        return {ALERTS: [SimpleNamespace(key=key.encode(), value=value, offset=self._position - 1)]}


class Record:
    def __init__(self, offset: int, value: bytes) -> None:
        self.offset = offset
        self.key, self.value = a_notice().id.encode(), value


def test_a_broker_that_goes_away_while_it_is_read_is_not_waited_for_without_end() -> None:
    reader = Reader(5, [b"x"], [b"x"])
    with pytest.raises(KafkaTimeoutError):
        _notices(reader, "notices", {b"notice-0"})
    assert reader.polls == 2 + PATIENCE_POLLS


def test_a_pause_is_no_end() -> None:
    pauses: list[list[bytes]] = [[] for _ in range(PATIENCE_POLLS - 1)]
    reader = Reader(2, *pauses, [b"x"], *pauses, [encode(a_notice())])
    wanted = {a_notice().id.encode()}
    assert _notices(reader, "notices", wanted) == {NoticeId(a_notice().id): a_notice()}


def test_the_latest_change_of_an_alert_is_found_from_the_end() -> None:
    opened, *_, resolved = an_alert()
    others = [("alert-other", b"")] * NEWEST
    topic = Topic(*others, ("alert-1", encode(opened)), ("alert-1", encode(resolved)), ("alert-1", b"damaged"))
    assert _latest(topic, "alerts", b"alert-1") == resolved
    assert topic.read == NEWEST


def test_an_alert_that_is_older_than_the_newest_changes_is_found_and_one_that_never_was_is_not() -> None:
    opened = an_alert()[0]
    topic = Topic(("alert-1", encode(opened)), *[("alert-other", b"")] * (2 * NEWEST))
    assert _latest(topic, "alerts", b"alert-1") == opened
    assert _latest(topic, "alerts", b"alert-404") is None


def test_what_is_written_while_it_is_read_does_not_count() -> None:
    reader = Reader(1, [b"x", b"y"])
    assert [record.value for record in up_to(reader, {PLACE: 1})] == [b"x"]


def test_a_topic_that_cannot_be_seen_is_said_to_be_so_and_not_to_be_empty() -> None:
    unseen = SimpleNamespace(partitions_for_topic=lambda _: set[int]())
    with pytest.raises(BrokerError, match=r"no topic alerts, or this account may not read it"):
        _latest(unseen, "alerts", b"alert-1")
    with pytest.raises(BrokerError, match=r"no topic notices"):
        _notices(unseen, "notices", {b"notice-1"})


def test_an_empty_topic_has_no_alert() -> None:
    assert _latest(Topic(), "alerts", b"alert-1") is None

"""Notices are looked up in their topic, which may fall silent before its end."""

from collections import deque
from typing import Any

import pytest
from kafka import TopicPartition
from kafka.errors import KafkaTimeoutError

from domain.identity import NoticeId
from streams.records import encode
from streams.sent import PATIENCE_POLLS, _search
from tests.support.notices import a_notice

PLACE = TopicPartition("notices", 0)


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
        self._position += len(values)
        return {PLACE: [Record(value) for value in values]} if values else {}


class Record:
    def __init__(self, value: bytes) -> None:
        self.key, self.value = a_notice().id.encode(), value


def test_a_broker_that_goes_away_while_it_is_read_is_not_waited_for_without_end() -> None:
    reader = Reader(5, [b"x"], [b"x"])
    with pytest.raises(KafkaTimeoutError):
        _search(reader, "notices", {b"notice-0"})
    assert reader.polls == 2 + PATIENCE_POLLS


def test_a_pause_is_no_end() -> None:
    pauses: list[list[bytes]] = [[] for _ in range(PATIENCE_POLLS - 1)]
    reader = Reader(2, *pauses, [b"x"], *pauses, [encode(a_notice())])
    wanted = {a_notice().id.encode()}
    assert _search(reader, "notices", wanted) == {NoticeId(a_notice().id): a_notice()}

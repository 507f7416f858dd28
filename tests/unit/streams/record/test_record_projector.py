from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from streams.record.chain import Place
from streams.record.database import RecordError, open_record
from streams.record.projector import Projector
from streams.record.verify import verify
from tests.support.clock import ManualClock
from tests.support.record import (
    TOPICS,
    Log,
    MemoryAnchors,
    MemorySource,
    a_record_file,
    an_episode,
    dumped,
    record_of,
)

NOTICES = Place("foreshock.notices", 2)


@pytest.fixture
def log() -> Log:
    log = Log()
    an_episode(log)
    return log


def test_everything_but_watermarks_is_recorded(log: Log, tmp_path: Path) -> None:
    record = record_of(log, str(tmp_path / "r.sqlite"))

    with record.reading() as connection:
        rows = connection.execute(text("SELECT kind, count(*) FROM entries GROUP BY kind"))
        kinds = {kind: count for kind, count in rows}  # noqa: C416 - rows are tuples of a type of their own
    assert kinds == {"anomaly": 2, "incident": 1, "transition": 2, "notice": 6, "receipt": 5, "dead-letter": 1}
    record.close()


@pytest.mark.parametrize("batch", [1, 2, 7, 100])
def test_rebuilding_gives_the_same_rows_however_the_messages_come(log: Log, tmp_path: Path, batch: int) -> None:
    first = record_of(log, str(tmp_path / "first.sqlite"), batch=3)
    mixed = Log(sorted(log.messages, key=lambda m: (m.source.partition, m.source.topic, m.source.offset)))

    second = record_of(mixed, str(tmp_path / "second.sqlite"), batch=batch)

    assert dumped(first) == dumped(second)
    first.close()
    second.close()


def test_what_comes_again_changes_nothing(log: Log, tmp_path: Path) -> None:
    record = record_of(log, str(tmp_path / "r.sqlite"))
    before = dumped(record)

    again = record.append(log.messages, TOPICS)
    older = record.append(log.messages[:4], TOPICS)

    assert (again, older) == (0, 0)
    assert dumped(record) == before
    record.close()


def test_a_second_run_goes_on_where_the_first_has_ended(log: Log, tmp_path: Path) -> None:
    whole = record_of(log, str(tmp_path / "whole.sqlite"))
    half = Log(log.messages[:9])
    record_of(half, str(tmp_path / "r.sqlite")).close()

    record = record_of(log, str(tmp_path / "r.sqlite"))

    assert dumped(record) == dumped(whole)
    assert verify(record).sound
    record.close()
    whole.close()


def test_heads_are_written_to_kafka_when_something_is_new_and_only_then(log: Log, tmp_path: Path) -> None:
    anchors = MemoryAnchors()
    record = open_record(str(tmp_path / "r.sqlite"), create=True)
    projector = Projector(record, MemorySource(log), TOPICS, anchors, ManualClock())

    counts = [projector.catch_up(), projector.catch_up()]

    assert counts == [17, 0]
    (anchor,) = anchors.read()
    assert not isinstance(anchor, str)
    assert anchor.heads[NOTICES].position == 4
    record.close()


async def test_following_writes_heads_at_intervals_and_at_the_end(log: Log, tmp_path: Path) -> None:
    anchors, clock, late = MemoryAnchors(), ManualClock(), Log(list(log.messages))
    late.messages = log.messages[:5]
    record = open_record(str(tmp_path / "r.sqlite"), create=True)
    projector = Projector(record, MemorySource(late), TOPICS, anchors, clock, heads_every_s=60.0)
    turns = 0

    def stopped() -> bool:
        nonlocal turns
        turns += 1
        late.messages = log.messages[: 5 + turns]
        clock._now += 25.0
        return turns > 10

    stored = projector.follow(stopped)

    assert stored == sum(head.position for head in record.heads().values())
    assert 4 <= len(anchors.written) <= 6
    last = anchors.read()[-1]
    assert not isinstance(last, str)
    assert {p: h.hash for p, h in last.heads.items()} == {p: h.hash for p, h in record.heads().items() if h.position}
    record.close()


def test_a_record_that_contradicts_the_heads_on_kafka_writes_none(log: Log, tmp_path: Path) -> None:
    anchors = MemoryAnchors()
    a_record_file(tmp_path, anchors, log)
    others = Log([replace(message, written_ms=message.written_ms + 1) for message in log.messages])

    with pytest.raises(RecordError, match=r"other.sqlite is not the record whose heads are on Kafka: foreshock\.\w+/0"):
        record_of(others, str(tmp_path / "other.sqlite"), anchors)
    assert len(anchors.written) == 1


def test_a_record_made_from_topics_that_kafka_has_cut_writes_no_heads(log: Log, tmp_path: Path) -> None:
    anchors = MemoryAnchors()
    a_record_file(tmp_path, anchors, log)
    record = open_record(str(tmp_path / "late.sqlite"), create=True)
    source = MemorySource(log, trimmed={NOTICES: 2})

    with pytest.raises(RecordError, match="not the record whose heads are on Kafka"):
        Projector(record, source, TOPICS, anchors, ManualClock()).catch_up()
    assert verify(record).notes == ("foreshock.notices/2 begins at offset 2: earlier ones were not recorded",)
    assert verify(record).sound
    record.close()


def test_a_record_that_is_only_made_to_be_compared_writes_no_heads(log: Log, tmp_path: Path) -> None:
    record = open_record(str(tmp_path / "r.sqlite"), create=True)

    assert Projector(record, MemorySource(log), TOPICS, None, ManualClock()).catch_up() == 17
    record.close()


def test_offsets_are_told_to_the_group_only_after_they_are_stored(log: Log, tmp_path: Path) -> None:
    source = MemorySource(log)
    record = open_record(str(tmp_path / "r.sqlite"), create=True)

    Projector(record, source, TOPICS, MemoryAnchors(), ManualClock()).catch_up()

    assert source.committed == {place: head.next_offset for place, head in record.heads().items()}
    record.close()


def test_what_kafka_no_longer_holds_is_passed_over_and_found_by_the_verifier(log: Log, tmp_path: Path) -> None:
    record_of(Log(log.messages[:6]), str(tmp_path / "r.sqlite")).close()  # two of that partition's four notices
    record = open_record(str(tmp_path / "r.sqlite"), create=True)
    source = MemorySource(log, trimmed={NOTICES: 3})

    Projector(record, source, TOPICS, MemoryAnchors(), ManualClock()).catch_up()

    found = verify(record)
    assert [finding.what for finding in found.findings] == [
        "offsets 2 to 2 before it are missing: skipped, or gone from Kafka before they were recorded"
    ]
    record.close()


def test_catching_up_ends_although_kafka_no_longer_holds_anything_new(log: Log, tmp_path: Path) -> None:
    record_of(Log(log.messages[:6]), str(tmp_path / "r.sqlite")).close()
    record = open_record(str(tmp_path / "r.sqlite"), create=True)

    Projector(record, MemorySource(log, trimmed={NOTICES: 4}), TOPICS, MemoryAnchors(), ManualClock()).catch_up()

    assert record.heads()[NOTICES].position == 2
    record.close()


def test_a_topic_that_is_shorter_than_the_record_is_refused(log: Log, tmp_path: Path) -> None:
    record = record_of(log, str(tmp_path / "r.sqlite"))
    shorter = Log(log.messages[:6])

    with pytest.raises(RecordError, match="made anew, or this is another Kafka"):
        Projector(record, MemorySource(shorter), TOPICS, MemoryAnchors(), ManualClock()).catch_up()
    record.close()


@pytest.mark.parametrize("statement", ["UPDATE entries SET reason = 'x'", "DELETE FROM entries WHERE position = 1"])
def test_the_database_itself_refuses_to_change_entries(log: Log, tmp_path: Path, statement: str) -> None:
    record = record_of(log, str(tmp_path / "r.sqlite"))

    with pytest.raises(RecordError, match="the record is append-only"), record.reading() as connection:
        connection.exec_driver_sql(statement)
    record.close()


def test_a_record_that_is_not_there_is_not_made_by_asking(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="there is no record at"):
        open_record(str(tmp_path / "nothing.sqlite"))
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_no_record_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "empty.sqlite").touch()
    (tmp_path / "text.sqlite").write_text("hello, this is no database at all" * 50)

    with pytest.raises(RecordError, match="holds no record"):
        open_record(str(tmp_path / "empty.sqlite"))
    with pytest.raises(RecordError, match="not a database"):
        open_record(str(tmp_path / "text.sqlite"))


def test_a_record_of_another_format_is_refused(log: Log, tmp_path: Path) -> None:
    file = a_record_file(tmp_path, log=log)
    record = open_record(file, create=True)
    with record._writer.begin() as connection:
        connection.exec_driver_sql("UPDATE seal SET format = 99")
    record.close()

    with pytest.raises(RecordError, match="format 99; this release reads 1"):
        open_record(file)


def test_a_password_is_in_no_error() -> None:
    with pytest.raises(RecordError) as caught:
        open_record("postgresql://auditor:hunter2@127.0.0.1:1/record?connect_timeout=1")

    assert "hunter2" not in str(caught.value)
    assert "auditor:***@127.0.0.1" in str(caught.value)


@pytest.mark.parametrize("database", ["oracle://x/y", "://", "nonsense://a"])
def test_a_database_of_another_kind_is_refused(database: str) -> None:
    with pytest.raises(RecordError, match=r"driver|neither a file nor a URL"):
        open_record(database)

"""Every kind of tampering that somebody with the database in hands can think of, and where it is found."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from domain.notice import Hold
from streams import records
from streams.record.chain import GENESIS, Head, Place, link, seal
from streams.record.database import open_record, read_entries
from streams.record.entries import Entry, columns_of
from streams.record.schema import chains, entries, seals
from streams.record.verify import Verdict, verify
from tests.support.record import Log, MemoryAnchors, a_record_file, an_episode, drop_triggers, record_of, tamper

NOTICES = "topic = 'foreshock.notices' AND partition_no = 2"  # warned, held, suppressed, told the end
COPY = """INSERT INTO entries SELECT topic, partition_no, offset_no + 1, position + 1, hash, written_ms, key, value,
 kind, at, alert, notice, anomaly, service, client, squad, recipient, verdict, reason FROM entries WHERE """


def verdict_on(file: str, anchors: MemoryAnchors | None = None) -> Verdict:
    record = open_record(file)
    try:
        return verify(record, None if anchors is None else anchors.read())
    finally:
        record.close()


@dataclass(frozen=True)
class Case:
    """What is done, and the first place that has to be named."""

    name: str
    statements: tuple[str, ...]
    where: str
    what: str


def sql(name: str, *statements: str, where: str, what: str) -> Case:
    return Case(name, tuple(statement.replace("NOTICES", NOTICES) for statement in statements), where, what)


BY_DATABASE_ALONE = [
    sql(
        "a reason is changed in the record itself",
        "UPDATE entries SET value = CAST(replace(CAST(value AS TEXT), 'nobody has approved', 'alice has approved') "
        "AS BLOB), reason = 'approval required: alice has approved' WHERE NOTICES AND position = 2",
        where="foreshock.notices/2@1", what="does not fit its hash",
    ),
    sql(
        "a column is changed that people search by",
        "UPDATE entries SET recipient = 'nobody@x.example' WHERE NOTICES AND position = 1",
        where="foreshock.notices/2@0", what="the column recipient is not what the record says",
    ),
    sql(
        "a time is set back",
        "UPDATE entries SET written_ms = written_ms - 3600000 WHERE topic = 'foreshock.receipts' AND position = 1",
        where="foreshock.receipts/1@0", what="does not fit its hash",
    ),
    sql(
        "the key of an entry is changed",
        "UPDATE entries SET key = CAST('alert-x' AS BLOB) WHERE topic = 'foreshock.alerts' AND position = 2",
        where="foreshock.alerts/0@1", what="does not fit its hash",
    ),
    sql(
        "an entry is removed from the middle",
        "DELETE FROM entries WHERE NOTICES AND position = 2",
        where="foreshock.notices/2@2", what="position 3 follows 1: entries are missing before it",
    ),
    sql(
        "an entry is removed and the others close up",
        "DELETE FROM entries WHERE NOTICES AND position = 2",
        "UPDATE entries SET position = position - 1 WHERE NOTICES AND position = 3",
        "UPDATE entries SET position = position - 1 WHERE NOTICES AND position = 4",
        where="foreshock.notices/2@2", what="offsets 1 to 1 before it are missing",
    ),
    sql(
        "the first entry is removed",
        "DELETE FROM entries WHERE NOTICES AND position = 1",
        where="foreshock.notices/2@1", what="position 2 follows 0: entries are missing before it",
    ),
    sql(
        "the end is cut off",
        "DELETE FROM entries WHERE NOTICES AND position >= 3",
        where="foreshock.notices/2", what="ends at position 2, its head says 4: entries are missing at the end",
    ),
    sql(
        "two entries change places",
        "UPDATE entries SET position = 99 WHERE NOTICES AND position = 2",
        "UPDATE entries SET position = 2 WHERE NOTICES AND position = 3",
        "UPDATE entries SET position = 3 WHERE NOTICES AND position = 99",
        where="foreshock.notices/2@2", what="offsets 1 to 1 before it are missing",
    ),
    sql(
        "two entries change their contents",
        "UPDATE entries SET offset_no = 99 WHERE NOTICES AND position = 2",
        "UPDATE entries SET offset_no = 1, position = 98 WHERE NOTICES AND position = 3",
        "UPDATE entries SET offset_no = 2, position = 3 WHERE NOTICES AND position = 2",
        "UPDATE entries SET position = 2 WHERE NOTICES AND position = 98",
        where="foreshock.notices/2@1", what="does not fit its hash",
    ),
    sql(
        "an entry is put in at the end",
        COPY + "NOTICES AND position = 4",
        where="foreshock.notices/2@4", what="does not fit its hash",
    ),
    sql(
        "an entry is put in between",
        "UPDATE entries SET position = 5, offset_no = 4 WHERE NOTICES AND position = 4",
        "UPDATE entries SET position = 4, offset_no = 3 WHERE NOTICES AND position = 3",
        COPY + "NOTICES AND position = 2",
        where="foreshock.notices/2@2", what="does not fit its hash",
    ),
    sql(
        "a head is changed",
        "UPDATE chains SET hash = 'beef' WHERE NOTICES",
        where="foreshock.notices/2", what="its head is not the hash of its last entry",
    ),
    sql(
        "a head is set forward, so that the recorder would skip",
        "UPDATE chains SET next_offset = 40 WHERE NOTICES",
        where="foreshock.notices/2", what="is to go on at offset 40 after 3: its head was changed",
    ),
    sql(
        "two chains are swapped",
        "UPDATE entries SET partition_no = 9 WHERE NOTICES",
        "UPDATE entries SET partition_no = 2 WHERE topic = 'foreshock.notices' AND partition_no = 1",
        "UPDATE entries SET partition_no = 1 WHERE topic = 'foreshock.notices' AND partition_no = 9",
        "UPDATE chains SET partition_no = 3 - partition_no + 9 WHERE topic = 'foreshock.notices'",
        "UPDATE chains SET partition_no = partition_no - 9 WHERE partition_no >= 9",
        where="foreshock.notices/1@0", what="does not fit its hash",
    ),
    sql(
        "a whole chain is removed with its head",
        "DELETE FROM entries WHERE NOTICES",
        "DELETE FROM chains WHERE NOTICES",
        where="seal", what="does not fit the heads of the chains",
    ),
    sql(
        "only the head of a chain is removed",
        "DELETE FROM chains WHERE NOTICES",
        where="foreshock.notices/2", what="the chain has no head",
    ),
    sql(
        "a hash is no hash any more",
        "UPDATE entries SET hash = 'not hexadecimal' WHERE NOTICES AND position = 2",
        where="foreshock.notices/2@1", what="does not fit its hash",
    ),
    sql(
        "a value is text instead of bytes",
        "UPDATE entries SET value = CAST(value AS TEXT) WHERE NOTICES AND position = 2",
        where="foreshock.notices/2", what="cannot be read on: foreshock.notices/2@1: key and value are not the bytes",
    ),
    sql(
        "a position is a word",
        "UPDATE entries SET position = 'two' WHERE NOTICES AND position = 2",
        where="foreshock.notices/2@2", what="position 3 follows 1: entries are missing before it",
    ),
    sql(
        "a time is a word",
        "UPDATE entries SET written_ms = 'noon' WHERE NOTICES AND position = 2",
        where="foreshock.notices/2", what="cannot be read on: foreshock.notices/2@1: a number or a hash is none",
    ),
    sql("the seal is removed", "DELETE FROM seal", where="seal", what="there is none"),
    sql("the seal is changed", "UPDATE seal SET entries = 1", where="seal", what="says 1 entries, there are 17"),
]  # fmt: skip


def test_an_untouched_record_is_sound(tmp_path: Path) -> None:
    anchors = MemoryAnchors()
    file = a_record_file(tmp_path, anchors)

    alone, compared = verdict_on(file), verdict_on(file, anchors)

    assert (alone.sound, alone.entries, alone.chains, alone.anchored) == (True, 17, 7, None)
    assert (compared.sound, compared.anchored, compared.notes) == (True, 17, ())


@pytest.mark.parametrize("case", BY_DATABASE_ALONE, ids=lambda case: case.name)
def test_tampering_is_found_by_the_database_alone(case: Case, tmp_path: Path) -> None:
    file = a_record_file(tmp_path)

    tamper(file, case.statements)

    first = verdict_on(file).findings[0]
    assert (first.where.split(" ")[0], first.what[: len(case.what)]) == (case.where, case.what)


def forge(file: str, change: Callable[[Entry], Entry | None], *, swap: tuple[str, int] | None = None) -> None:
    """Write the whole record anew with every entry changed, and all hashes, heads and the seal as they should be.

    ``swap`` names a topic and an offset: that entry changes places with the next one.
    """
    record = open_record(file)
    with record.reading() as connection:
        query = entries.select().order_by(entries.c.topic, entries.c.partition_no, entries.c.position)
        found = [chained.entry for chained in read_entries(connection, query)]
    record.close()
    if swap is not None:
        (at,) = (n for n, e in enumerate(found) if (str(e.source).rpartition("@")[0], e.source.offset) == swap)
        found[at : at + 2] = reversed(found[at : at + 2])
    heads: dict[Place, Head] = {}
    engine = create_engine(f"sqlite:///{file}")
    with engine.begin() as connection:
        drop_triggers(connection)
        rows = {(r.topic, r.partition_no, r.offset_no): dict(r._mapping) for r in connection.execute(entries.select())}
        for table in (entries, chains):
            connection.execute(table.delete())
        for entry in found:
            forged = change(entry)
            if forged is None:
                continue
            source = forged.source
            place = Place(source.topic, source.partition)
            before = heads.get(place, Head(place))
            digest = link(before.hash, forged)
            heads[place] = Head(place, before.position + 1, source.offset, digest, source.offset + 1)
            row = rows[source.topic, source.partition, source.offset]
            reason = columns_of(forged.value).reason
            new = {"value": forged.value, "reason": reason, "position": before.position + 1, "hash": digest}
            connection.execute(entries.insert().values(**(row | new)))
        for place, head in heads.items():
            connection.execute(
                chains.insert().values(
                    topic=place.topic, partition_no=place.partition, position=head.position, offset_no=head.offset,
                    hash=head.hash, next_offset=head.next_offset,
                )
            )  # fmt: skip
        total = sum(head.position for head in heads.values())
        connection.execute(seals.update().values(entries=total, hash=seal(heads.values())))
    engine.dispose()


def approved(entry: Entry) -> Entry:
    """The held notice, as if somebody had approved."""
    if entry.columns.kind != "notice" or entry.columns.verdict != "hold":
        return entry
    notice = records.decode_any(entry.value)
    return replace(entry, value=records.encode(replace(notice, decision=Hold("alice will decide"))))


def test_a_database_that_was_replaced_by_a_consistent_one_is_found_by_the_heads_on_kafka(tmp_path: Path) -> None:
    anchors = MemoryAnchors()
    file = a_record_file(tmp_path, anchors)

    forge(file, approved)

    assert verdict_on(file).sound
    (finding,) = verdict_on(file, anchors).findings
    assert finding.where == "foreshock.notices/2@3 (position 4, notice)"
    assert "is not what Kafka's heads say was recorded here" in finding.what


def test_entries_that_changed_places_consistently_are_found_by_the_database_alone(tmp_path: Path) -> None:
    file = a_record_file(tmp_path)

    forge(file, lambda entry: entry, swap=("foreshock.alerts/0", 0))

    found = verdict_on(file).findings
    assert found[0].where == "foreshock.alerts/0@0 (position 2, transition)"
    assert found[0].what == "offset 0 follows 1: the order was changed"


def test_an_end_that_was_cut_off_consistently_is_found_by_the_heads_on_kafka(tmp_path: Path) -> None:
    anchors = MemoryAnchors()
    file = a_record_file(tmp_path, anchors)

    forge(file, lambda entry: None if entry.source.topic == "foreshock.alerts" and entry.source.offset else entry)

    assert verdict_on(file).sound
    (finding,) = verdict_on(file, anchors).findings
    assert (finding.where, finding.what[:48]) == (
        "foreshock.alerts/0", "ends at position 1, Kafka has a head at 2: cut o"
    )  # fmt: skip


def test_a_chain_that_was_removed_consistently_is_found_by_the_heads_on_kafka(tmp_path: Path) -> None:
    anchors = MemoryAnchors()
    file = a_record_file(tmp_path, anchors)

    forge(file, lambda entry: None if entry.columns.kind == "receipt" else entry)

    assert verdict_on(file).sound
    assert [finding.where for finding in verdict_on(file, anchors).findings] == [
        "foreshock.receipts/1", "foreshock.receipts/2"
    ]  # fmt: skip


def test_an_empty_database_in_place_of_the_record_is_found_by_the_heads_on_kafka(tmp_path: Path) -> None:
    anchors = MemoryAnchors()
    a_record_file(tmp_path, anchors)
    fresh = str(tmp_path / "fresh.sqlite")
    open_record(fresh, create=True).close()

    assert verdict_on(fresh).sound
    assert len(verdict_on(fresh, anchors).findings) == 7


def test_an_older_copy_that_was_put_back_is_found_by_the_heads_on_kafka(tmp_path: Path) -> None:
    anchors, log = MemoryAnchors(), Log()
    an_episode(log)
    half = Log(log.messages[:8])
    file = str(tmp_path / "record.sqlite")
    record_of(half, file, anchors).close()
    shutil.copy(file, tmp_path / "older.sqlite")
    record_of(log, file, anchors).close()

    assert verdict_on(file, anchors).sound
    found = verdict_on(str(tmp_path / "older.sqlite"), anchors)
    assert "an older copy was put back" in found.findings[0].what


def test_a_record_without_any_head_on_kafka_is_not_taken_on_trust(tmp_path: Path) -> None:
    file = a_record_file(tmp_path)

    (finding,) = verdict_on(file, MemoryAnchors()).findings

    assert finding.what.startswith("there are none")


def test_heads_on_kafka_that_contradict_each_other_are_found(tmp_path: Path) -> None:
    anchors = MemoryAnchors()
    file = a_record_file(tmp_path, anchors)
    anchors.write([Head(Place("foreshock.alerts", 0), 2, 1, GENESIS.replace("0", "a"))], 0.0)

    (finding,) = verdict_on(file, anchors).findings

    assert finding.where == "foreshock.alerts/0 at position 2"
    assert finding.what == "two heads on Kafka differ, the later one at foreshock.record-heads/0@1"


def test_a_name_of_another_type_is_found_although_nothing_can_be_ordered_by_it(tmp_path: Path) -> None:
    file = a_record_file(tmp_path)

    tamper(file, ["UPDATE chains SET topic = CAST(topic AS BLOB) WHERE topic = 'foreshock.alerts'"])

    (finding,) = verdict_on(file).findings
    assert "holds values of other types than were written" in finding.what


def test_more_findings_than_anybody_reads_are_counted(tmp_path: Path) -> None:
    file = a_record_file(tmp_path)

    tamper(file, ["UPDATE entries SET written_ms = 0, reason = 'x'"])

    found = verdict_on(file)
    assert len(found.findings) == 20
    assert found.more == 2 * 17 - 20

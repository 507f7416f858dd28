import json

import pytest

from domain.notice import Failure, Hold, Phase, Rejected
from domain.telemetry import DeadLetter, SourceRef
from streams import records
from streams.record.chain import GENESIS, Head, Place, link, seal
from streams.record.entries import LONGEST, Columns, Entry, Message, columns_of, entry_of
from streams.topics import Topic
from tests.support.builders import T0, a_watermark, an_anomaly, an_incident
from tests.support.record import a_client_notice, a_receipt, a_squad_notice


def a_message(value: bytes | None, topic: Topic = Topic.NOTICES, offset: int = 0) -> Message:
    return Message(SourceRef(f"foreshock.{topic}", 0, offset), 1000, b"key", value)


def kept(value: bytes | None, topic: Topic = Topic.NOTICES) -> Entry:
    entry = entry_of(a_message(value, topic), topic)
    assert entry is not None
    return entry


def test_a_held_notice_is_found_by_client_recipient_and_reason() -> None:
    notice = a_client_notice(Phase.WARNING, 1, 0, Hold("nobody has approved"))

    columns = kept(records.encode(notice)).columns

    assert (columns.kind, columns.notice, columns.alert) == ("notice", notice.id, notice.alert)
    assert (columns.client, columns.recipient) == ("bank-042", "ops@bank-042.example")
    assert (columns.verdict, columns.reason, columns.at) == ("hold", "nobody has approved", T0)


def test_a_receipt_is_found_by_its_notice_and_outcome() -> None:
    notice = a_squad_notice(Phase.WARNING, 1, 0)
    receipt = a_receipt(notice, Rejected(Failure.REFUSED, "too long"))

    columns = kept(records.encode(receipt), Topic.RECEIPTS).columns

    assert (columns.notice, columns.verdict, columns.reason) == (notice.id, "rejected", "too long")


def test_an_anomaly_is_found_by_id_and_service_and_an_incident_by_kind() -> None:
    anomaly = an_anomaly("ledger-db")

    columns = kept(records.encode(anomaly), Topic.ANOMALIES).columns

    assert (columns.anomaly, columns.service, columns.verdict) == (anomaly.id, "ledger-db", "opened")
    assert kept(records.encode(an_incident()), Topic.ANOMALIES).columns.kind == "incident"


def test_watermarks_are_left_out() -> None:
    assert entry_of(a_message(records.encode(a_watermark()), Topic.ANOMALIES), Topic.ANOMALIES) is None


def test_a_message_that_calls_itself_a_watermark_elsewhere_is_kept() -> None:
    assert kept(records.encode(a_watermark()), Topic.NOTICES).columns.kind == "watermark"


@pytest.mark.parametrize("cut_from", [None, 1_000_000])
def test_of_a_dead_letter_whose_message_was_too_large_it_is_kept_how_large(cut_from: int | None) -> None:
    letter = DeadLetter(SourceRef("telemetry", 3, 99), "detect", "not_json", "why", b"{", cut_from=cut_from)

    body = json.loads(kept(records.encode_dead_letter(letter), Topic.DEAD_LETTERS).value or b"")["body"]

    assert body.get("payload_cut_from") == cut_from


def test_a_dead_letter_is_kept_without_its_payload() -> None:
    letter = DeadLetter(SourceRef("telemetry", 3, 99), "detect", "not_json", "not JSON", b"{secret", b"who")

    entry = kept(records.encode_dead_letter(letter), Topic.DEAD_LETTERS)

    assert (entry.columns.kind, entry.columns.verdict, entry.columns.reason) == ("dead-letter", "not_json", "not JSON")
    body = json.loads(entry.value or b"")["body"]
    assert (body["topic"], body["partition"], body["offset"], body["payload_bytes"]) == ("telemetry", 3, 99, 7)
    assert b"c2VjcmV0" not in (entry.value or b"")
    assert b"secret" not in (entry.value or b"")


@pytest.mark.parametrize(
    "value",
    [
        None,
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe",
        b'{"is": 1, "body": {}}',
        b'{"is": "notice", "body": 3}',
        b"[" * 9999,
    ],
)
def test_what_cannot_be_read_is_kept_as_it_is(value: bytes | None) -> None:
    entry = kept(value)

    assert entry.value == value
    assert entry.columns == Columns("unreadable")


def test_columns_are_fit_for_every_database() -> None:
    body = {"id": "n\0ot\ud800ice", "recipient": "x" * 10_000, "at": float("nan"), "client": 3, "decided_at": True}
    huge = b'{"is": "notice", "body": {"at": 1' + b"0" * 400 + b"}}"

    columns = columns_of(json.dumps({"is": "notice", "body": body}).encode())

    assert columns.notice == "n\ufffdot?ice"
    assert columns.recipient == "x" * LONGEST
    assert (columns.at, columns.client) == (None, None)
    assert columns_of(huge).at is None


def an_entry(value: bytes | None = b"v", key: bytes | None = b"k", offset: int = 1, written_ms: int = 5) -> Entry:
    return Entry(SourceRef("t", 0, offset), written_ms, key, value, Columns("x"))


def test_every_part_of_an_entry_changes_its_hash() -> None:
    variants = [
        an_entry(), an_entry(value=b"w"), an_entry(key=b"l"), an_entry(offset=2), an_entry(written_ms=6),
        an_entry(value=None), an_entry(value=b""), an_entry(key=None), an_entry(key=b"kv", value=b""),
        an_entry(key=b"", value=b"kv"),
    ]  # fmt: skip

    hashes = {link(GENESIS, entry) for entry in variants}

    assert len(hashes) == len(variants)
    assert link(link(GENESIS, an_entry()), an_entry()) not in hashes


def test_the_seal_covers_every_head_and_not_their_order() -> None:
    heads = [Head(Place("a", 1), 3, 7, "ab" * 32), Head(Place("a", 0), 1, 0, "cd" * 32)]
    other = [heads[0], Head(Place("a", 2), 1, 0, "cd" * 32)]

    assert seal(heads) == seal(reversed(heads))
    assert len({seal(heads), seal(other), seal(heads[:1]), seal(())}) == 4

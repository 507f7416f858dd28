"""What the record keeps of one Kafka message: the bytes as they are, and columns to find it by, derived from them.

Pure. The columns are read from the JSON itself and not through today's types, so that a later release derives the same.
"""

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from domain.errors import DecodeError
from domain.telemetry import SourceRef
from streams.records import VERSION, decode_dead_letter
from streams.topics import Topic

LONGEST: Final = 400  # of an indexed column: hostile names are long, and an index has its limits
UNREADABLE: Final = "unreadable"
DEAD_LETTER: Final = "dead-letter"
RECORDED: Final = frozenset(
    {Topic.ANOMALIES, Topic.FEEDBACK, Topic.ALERTS, Topic.NOTICES, Topic.RECEIPTS, Topic.DEAD_LETTERS}
)
# Watermarks are left out: event time passing is no decision, and there are thousands of them a day.
LEFT_OUT: Final = frozenset({"watermark"})


@dataclass(frozen=True, slots=True)
class Message:
    """One message as Kafka holds it. ``written_ms`` is its time stamp there."""

    source: SourceRef
    written_ms: int
    key: bytes | None
    value: bytes | None


@dataclass(frozen=True, slots=True)
class Columns:
    """What an entry can be found by. ``verdict`` is the status, decision or outcome; ``at`` is the event's own time."""

    kind: str
    at: float | None = None
    alert: str | None = None
    notice: str | None = None
    anomaly: str | None = None
    service: str | None = None
    client: str | None = None
    squad: str | None = None
    recipient: str | None = None
    verdict: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the record, without its place in the chain."""

    source: SourceRef
    written_ms: int
    key: bytes | None
    value: bytes | None
    columns: Columns


def entry_of(message: Message, topic: Topic) -> Entry | None:
    """Return what is kept of a message; None for one that is left out."""
    value = _reduced(message.value) if topic is Topic.DEAD_LETTERS else message.value
    columns = columns_of(value)
    if topic is Topic.ANOMALIES and columns.kind in LEFT_OUT:
        return None
    return Entry(message.source, message.written_ms, message.key, value, columns)


def columns_of(value: bytes | None) -> Columns:
    """Return the columns that belong to kept bytes; whatever they are, there is an answer."""
    envelope = _parsed(value)
    kind, body = envelope.get("is"), envelope.get("body")
    if not isinstance(kind, str) or not isinstance(body, dict):
        return Columns(UNREADABLE)
    verdict, reason = _verdict(body)
    return Columns(
        kind=_text(kind) or UNREADABLE,
        at=_number(body.get("at", body.get("decided_at"))),
        alert=_text(body.get("alert")),
        notice=_text(body.get("id") if kind == "notice" else body.get("notice")),
        anomaly=_text(body.get("id") if kind == "anomaly" else _inside(body, "anomaly", "id")),
        service=_text(body.get("service", _inside(body, "facts", "service"))),
        client=_text(body.get("client")),
        squad=_text(body.get("squad")),
        recipient=_text(body.get("recipient")),
        verdict=verdict,
        reason=reason,
    )


def _verdict(body: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """Return what was decided or answered, and why, whichever of our records this is."""
    for name in ("decision", "outcome"):
        part = body.get(name)
        if isinstance(part, dict):
            return _text(part.get("kind")), _text(part.get("reason", part.get("detail")))
    said = body.get("status", body.get("phase", body.get("kind")))
    return _text(said), _text(body.get("reason", body.get("title", body.get("comment"))))


def _reduced(value: bytes | None) -> bytes:
    """Return a dead letter without its payload: it may be anybody's data. Its digest tells whether it was the one."""
    raw = b"" if value is None else value
    body: dict[str, Any] = {"record_sha256": hashlib.sha256(raw).hexdigest(), "record_bytes": len(raw)}
    try:
        letter = decode_dead_letter(raw)
    except DecodeError:
        body["reason"] = "unreadable dead letter"
    else:
        body |= {
            "topic": letter.source.topic,
            "partition": letter.source.partition,
            "offset": letter.source.offset,
            "stage": letter.stage,
            "status": letter.reason,
            "reason": letter.detail,
            "payload_sha256": hashlib.sha256(letter.payload).hexdigest(),
            "payload_bytes": len(letter.payload),
        }
        body |= {} if letter.cut_from is None else {"payload_cut_from": letter.cut_from}
    return json.dumps({"v": VERSION, "is": DEAD_LETTER, "body": body}, sort_keys=True).encode()


def _parsed(value: bytes | None) -> Mapping[str, Any]:
    try:
        found = json.loads(value or b"null")
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _inside(body: Mapping[str, Any], name: str, field: str) -> object:
    part = body.get(name)
    return part.get(field) if isinstance(part, dict) else None


def _text(found: object) -> str | None:
    """Return text that every database takes: no NUL, no half characters, not too long to index."""
    if not isinstance(found, str):
        return None
    return found[:LONGEST].replace("\0", "\ufffd").encode("utf-8", "replace").decode()


def _number(found: object) -> float | None:
    if isinstance(found, bool) or not isinstance(found, int | float):
        return None
    try:
        number = float(found)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None

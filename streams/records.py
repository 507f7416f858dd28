"""Foreshock's own records on its own topics: JSON with a version, one adapter a type.

Low-rate topics only, so pydantic may check every field; the hot path has codecs of its own.
"""

import base64
import binascii
import json
from typing import Any, Final, TypeVar

from pydantic import TypeAdapter, ValidationError

from domain.alert import Transition
from domain.anomaly import Anomaly, Watermark
from domain.errors import DecodeError
from domain.feedback import Feedback
from domain.notice import Notice, Receipt
from domain.telemetry import DeadLetter, IncidentEvent, SourceRef

VERSION: Final = 1
Value = TypeVar("Value", Anomaly, Watermark, IncidentEvent, Feedback, Transition, Notice, Receipt)

_ADAPTERS: Final[dict[str, TypeAdapter[Any]]] = {
    "anomaly": TypeAdapter(Anomaly),
    "watermark": TypeAdapter(Watermark),
    "incident": TypeAdapter(IncidentEvent),
    "feedback": TypeAdapter(Feedback),
    "transition": TypeAdapter(Transition),
    "notice": TypeAdapter(Notice),
    "receipt": TypeAdapter(Receipt),
}
_NAMES: Final = {
    Anomaly: "anomaly",
    Watermark: "watermark",
    IncidentEvent: "incident",
    Feedback: "feedback",
    Transition: "transition",
    Notice: "notice",
    Receipt: "receipt",
}


def encode(value: Anomaly | Watermark | IncidentEvent | Feedback | Transition | Notice | Receipt) -> bytes:
    """Return the record of a value; equal values give equal bytes."""
    name = _NAMES[type(value)]
    body = _ADAPTERS[name].dump_json(value)
    return b'{"v":%d,"is":"%s","body":%s}' % (VERSION, name.encode(), body)


def decode_any(payload: bytes | None) -> Any:
    """Return the value of a record of any type; raises DecodeError."""
    try:
        envelope = json.loads(payload or b"null")
    except (ValueError, RecursionError) as error:
        raise DecodeError("not_json", "not a record of Foreshock: not JSON") from error
    if not isinstance(envelope, dict) or "body" not in envelope:
        raise DecodeError("wrong_type", "not a record of Foreshock: no body")
    if envelope.get("v") != VERSION:
        raise DecodeError("unknown_version", f"record version {envelope.get('v')!r:.40}; this release reads {VERSION}")
    adapter = _ADAPTERS.get(str(envelope.get("is")))
    if adapter is None:
        raise DecodeError("wrong_type", f"unknown record {envelope.get('is')!r:.40}")
    try:
        return adapter.validate_python(envelope["body"])
    except ValidationError as error:
        place = ".".join(str(part) for part in error.errors(include_input=False)[0]["loc"])
        raise DecodeError("wrong_type", f"{envelope['is']}.{place}: {error.error_count()} invalid fields") from error


def decode(kind: type[Value], payload: bytes | None) -> Value:
    """Return the value of a record that must be of one type; raises DecodeError."""
    value = decode_any(payload)
    if not isinstance(value, kind):
        raise DecodeError("wrong_type", f"expected {_NAMES[kind]}, got {_NAMES[type(value)]}")
    return value


def encode_dead_letter(letter: DeadLetter) -> bytes:
    """Return the record of a dead letter; the payload travels in base64, so that any bytes survive."""
    source = letter.source
    body = {
        "v": VERSION,
        "topic": source.topic,
        "partition": source.partition,
        "offset": source.offset,
        "stage": letter.stage,
        "reason": letter.reason,
        "detail": letter.detail,
        "key": None if letter.key is None else base64.b64encode(letter.key).decode(),
        "payload": base64.b64encode(letter.payload).decode(),
    }
    return json.dumps(body if letter.cut_from is None else body | {"cut_from": letter.cut_from}).encode()


def decode_dead_letter(payload: bytes) -> DeadLetter:
    """Return a dead letter; raises DecodeError."""
    try:
        row = json.loads(payload)
        return DeadLetter(
            source=SourceRef(row["topic"], row["partition"], row["offset"]),
            stage=row["stage"],
            reason=row["reason"],
            detail=row["detail"],
            payload=base64.b64decode(row["payload"], validate=True),
            key=None if row["key"] is None else base64.b64decode(row["key"], validate=True),
            cut_from=row.get("cut_from"),
        )
    except (ValueError, KeyError, TypeError, RecursionError, binascii.Error) as error:
        raise DecodeError("wrong_type", "not a dead letter of Foreshock") from error

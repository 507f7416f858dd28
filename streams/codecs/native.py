"""Telemetry ``native`` v1: JSON, one sample or many of one service per message. ``docs/formats.md`` describes it.

A well-formed message takes the fast path, a typed msgspec decoder. Any other is read again, slowly, to find out which
samples are bad and why, and to keep the good ones. Both paths agree on every message that the fast one accepts.
"""

import math
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import msgspec

from domain.errors import DecodeError
from domain.telemetry import SampleKind
from streams.codecs.base import DEFAULT_LIMITS, Assembly, Decoded, Limits, Reason, SeriesKeys, check_utf8, shown
from streams.codecs.fields import (
    Rfc3339,
    a_list,
    a_number,
    a_text,
    a_time,
    an_object,
    check_version,
    optional,
    parse_object,
    required,
)

VERSION = 1
NAME = "native"

Time = float | Rfc3339


class Row(msgspec.Struct, frozen=True, omit_defaults=True):
    """One sample as written; what is None is taken from the message."""

    metric: str
    value: float
    attributes: dict[str, str] | None = None
    at: Time | None = None
    kind: SampleKind | None = None
    unit: str | None = None


class _Message(msgspec.Struct, frozen=True, omit_defaults=True):
    v: int
    service: str
    at: Time | None = None
    kind: SampleKind | None = None
    unit: str | None = None
    attributes: dict[str, str] | None = None
    samples: list[Row] | None = None
    metric: str | None = None
    value: float | None = None


_decoder = msgspec.json.Decoder(_Message)
_encoder = msgspec.json.Encoder()


class NativeTelemetry:
    """The codec of ``native`` v1."""

    def __init__(self, limits: Limits = DEFAULT_LIMITS) -> None:
        self._limits = limits
        self._keys = SeriesKeys(limits)

    def decode(self, payload: bytes, received_at: float) -> Decoded:
        """Return the samples of one message."""
        self._limits.check_size(payload)
        check_utf8(payload)
        assembly = Assembly(self._keys, self._limits, received_at)
        try:
            message = _decoder.decode(payload)
        except (msgspec.DecodeError, RecursionError):  # a ValidationError is a DecodeError
            self._read_slowly(payload, assembly)
        else:
            self._read(message, assembly)
        return assembly.finish()

    def _read(self, message: _Message, assembly: Assembly) -> None:
        check_version(message.v, VERSION, NAME)
        shared = _Shared(message.service, _seconds(message.at), message.kind, message.attributes, message.unit)
        if message.samples is None:
            shared.add(_single(message), assembly)
            return
        if message.metric is not None or message.value is not None:
            raise _both()
        self._check_count(len(message.samples))
        for index, row in enumerate(message.samples):
            try:
                shared.add(row, assembly)
            except DecodeError as error:
                assembly.reject(f"$.samples[{index}]", error)

    def _read_slowly(self, payload: bytes, assembly: Assembly) -> None:
        raw = parse_object(payload)
        check_version(raw.get("v"), VERSION, NAME)
        attributes, at, kind, unit = _shareable(raw)
        shared = _Shared(required(raw, "service", a_text), at, kind, attributes, unit)
        samples = optional(raw, "samples", a_list)
        if samples is None:
            shared.add(_row(raw), assembly)
            return
        if raw.get("metric") is not None or raw.get("value") is not None:
            raise _both()
        self._check_count(len(samples))
        for index, item in enumerate(samples):
            try:
                shared.add(_row(an_object(item, "sample")), assembly)
            except DecodeError as error:
                assembly.reject(f"$.samples[{index}]", error)

    def _check_count(self, count: int) -> None:
        most = self._limits.max_samples
        if count > most:
            raise DecodeError(Reason.TOO_MANY, f"samples: {count} of them; at most {most} are read")


class _Shared(msgspec.Struct, frozen=True):
    """What the samples of a message have in common, unless they say otherwise."""

    service: str
    at: float | None
    kind: SampleKind | None
    attributes: dict[str, str] | None
    unit: str | None

    def add(self, row: Row, assembly: Assembly) -> None:
        at = self.at if row.at is None else _seconds(row.at)
        if at is None:
            raise DecodeError(Reason.MISSING_FIELD, "at: neither the sample nor the message has it")
        own, shared = row.attributes, self.attributes
        attributes = own if not shared else shared if not own else {**shared, **own}
        kind = row.kind or self.kind or SampleKind.GAUGE
        unit = (self.unit if row.unit is None else row.unit) or ""
        assembly.add(self.service, row.metric, row.value, attributes.items() if attributes else (), at, kind, unit)


def encode_native(service: str, at: float, rows: Iterable[Row]) -> bytes:
    """Write one message; ``at`` holds for the rows that have no time of their own. Raises ValueError for NaN."""
    samples = list(rows)
    if not all(math.isfinite(row.value) for row in samples):
        raise ValueError("a value is not finite: JSON has no way to write it")
    return _encoder.encode(_Message(VERSION, service, at, samples=samples))


def _seconds(at: Time | None) -> float | None:
    return at.timestamp() if isinstance(at, datetime) else at


def _both() -> DecodeError:
    return DecodeError(Reason.WRONG_TYPE, "samples: a message has either samples or one metric and value, not both")


def _single(message: _Message) -> Row:
    if message.metric is None:
        raise DecodeError(Reason.MISSING_FIELD, "samples: the message has neither samples nor a metric")
    if message.value is None:
        raise DecodeError(Reason.MISSING_FIELD, "value: the metric has none")
    return Row(message.metric, message.value)


# The slow path: the same rules, one field at a time, to say which field is wrong.


def _row(raw: Mapping[str, Any]) -> Row:
    metric = required(raw, "metric", a_text)
    value = required(raw, "value", a_number)
    return Row(metric, value, *_shareable(raw))


def _shareable(raw: Mapping[str, Any]) -> tuple[dict[str, str] | None, float | None, SampleKind | None, str | None]:
    """Return what may stand with the message or with a sample."""
    attributes, at = optional(raw, "attributes", _attributes), optional(raw, "at", a_time)
    return attributes, at, optional(raw, "kind", _kind), optional(raw, "unit", a_text)


def _kind(found: object, name: str) -> SampleKind:
    try:
        return SampleKind(a_text(found, name))
    except ValueError:
        raise DecodeError(Reason.UNSUPPORTED, f"{name}: {shown(found)} is not {' or '.join(SampleKind)}") from None


def _attributes(found: object, name: str) -> dict[str, str]:
    return {key: a_text(value, f"{name}[{shown(key)}]") for key, value in an_object(found, name).items()}

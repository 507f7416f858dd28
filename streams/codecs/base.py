"""What every codec shares: its two protocols, the reasons for a refusal, the limits, and how samples are built.

A telemetry message is refused in parts: a bad sample is named in ``Decoded.rejected`` and the good ones are kept. Only
a message of which nothing can be used raises DecodeError. Codecs are pure: ``received_at`` is an argument (give the
Kafka record's timestamp, so that a replayed message gives the same result) and nothing is logged.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from domain.errors import DecodeError
from domain.identity import SeriesKey, ServiceId
from domain.telemetry import IncidentEvent, Sample, SampleKind
from domain.units import LONGEST

Pairs = Iterable[tuple[str, str]]  # the attributes of a sample, in any order

SHOWN = 40  # characters of a refused value that a detail may repeat
CACHED_CHARACTERS = 50_000_000  # of all names: 100,000 series of everyday length
KEY_OVERHEAD = 200  # bytes of an entry apart from its names, about
DESCRIBED = 5  # refused samples that a description names
UNITS = 1_000  # that are remembered


class Reason(StrEnum):
    """Why input was refused: the closed set that metrics and dead letters carry."""

    EMPTY = "empty"  # no bytes, or a message without samples
    TOO_LARGE = "too_large"
    TOO_DEEP = "too_deep"
    TOO_MANY = "too_many"  # samples, attributes, services or buckets
    NOT_UTF8 = "not_utf8"
    NOT_JSON = "not_json"
    NOT_PROTOBUF = "not_protobuf"
    UNKNOWN_VERSION = "unknown_version"
    UNSUPPORTED = "unsupported"  # valid in its format, but this release has no use for it
    MISSING_FIELD = "missing_field"
    WRONG_TYPE = "wrong_type"
    BAD_NAME = "bad_name"
    BAD_NUMBER = "bad_number"  # NaN, infinity, out of range, or at odds with the numbers beside it
    BAD_TIME = "bad_time"


@dataclass(frozen=True, slots=True)
class Limits:
    """What is accepted. ``max_age_s`` is unlimited unless set: a replay of an old recording is legitimate."""

    max_bytes: int = 1 << 20
    max_samples: int = 10_000  # also data points and services per message
    max_attributes: int = 32
    max_buckets: int = 2_000  # of one histogram
    max_name: int = 200  # characters of a service, metric, attribute name, attribute value or id
    future_s: float = 60.0  # clocks differ; a sample from far ahead would make every other series look silent
    announced_s: float = 3_600.0  # what people declare, such as a maintenance, may lie ahead
    max_age_s: float | None = None

    def check_size(self, payload: bytes) -> None:
        """Refuse a message that is empty or too large, before anything reads it."""
        if not payload:
            raise DecodeError(Reason.EMPTY, "the message has no bytes")
        if len(payload) > self.max_bytes:
            raise DecodeError(Reason.TOO_LARGE, f"{len(payload)} bytes; at most {self.max_bytes} are read")

    def window(self, received_at: float) -> tuple[float, float]:
        """Return the earliest and the latest event time that is accepted."""
        earliest = 0.0 if self.max_age_s is None else max(0.0, received_at - self.max_age_s)
        return earliest, received_at + self.future_s

    def check_time(self, at: float, received_at: float, path: str) -> float:
        """Return ``at``, the time of a sample, or refuse it with the reason."""
        return self._checked(at, received_at, path, self.future_s)

    def check_declared(self, at: float, received_at: float, path: str) -> float:
        """Return ``at``, the time of an event, or refuse it with the reason."""
        return self._checked(at, received_at, path, self.announced_s)

    def _checked(self, at: float, received_at: float, path: str, ahead_s: float) -> float:
        earliest, _ = self.window(received_at)
        if earliest <= at <= received_at + ahead_s:
            return at
        raise DecodeError(Reason.BAD_TIME, f"{path}: {self._why(at, received_at, ahead_s)}")

    def _why(self, at: float, received_at: float, ahead_s: float) -> str:
        if not math.isfinite(at) or at < 0:
            return "not a time since 1970 in seconds"
        distance = f"{abs(at - received_at):.0f} s"
        if at < received_at:
            return f"{distance} before its arrival; at most {self.max_age_s:.0f} s are accepted"
        hint = "; write seconds, not milliseconds" if at > 100 * received_at else ""
        return f"{distance} after its arrival; at most {ahead_s:.0f} s are accepted{hint}"


DEFAULT_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Rejection:
    """One refused sample of a message: where it stands, and why it was refused."""

    path: str
    reason: Reason
    detail: str


@dataclass(frozen=True, slots=True)
class Decoded:
    """The usable samples of a message, in its order; the refused ones; and how many points said "no value"."""

    samples: tuple[Sample, ...]
    rejected: tuple[Rejection, ...] = ()
    no_value: int = 0

    def refusal(self) -> tuple[str, str] | None:
        """Return reason and detail for the one dead letter of a message that is refused in part, else None."""
        if not self.rejected:
            return None
        total = len(self.samples) + len(self.rejected)
        named = "; ".join(f"{each.path}: {each.detail}" for each in self.rejected[:DESCRIBED])
        more = len(self.rejected) - DESCRIBED
        rest = f"; and {more} more" if more > 0 else ""
        return self.rejected[0].reason.value, f"{len(self.rejected)} of {total} refused: {named}{rest}"


class TelemetryCodec(Protocol):
    """Bytes to samples."""

    def decode(self, payload: bytes, received_at: float) -> Decoded:
        """Return what can be used; raises DecodeError, and nothing else, when nothing can."""


class IncidentCodec(Protocol):
    """Bytes to events that people or tools have declared."""

    def decode(self, payload: bytes, received_at: float) -> Sequence[IncidentEvent]:
        """Return the events; raises DecodeError, and nothing else."""


def check_utf8(payload: bytes) -> None:
    """Refuse bytes that are not UTF-8; decoders differ in whether they notice it in fields that they skip."""
    if payload.isascii():
        return
    try:
        payload.decode()
    except UnicodeDecodeError as error:
        raise DecodeError(Reason.NOT_UTF8, f"byte {error.start} is not UTF-8") from None


def shown(value: object) -> str:
    """Return the beginning of a value, escaped: enough to find it, too little to leak it."""
    text = value if isinstance(value, str) else type(value).__name__
    return repr(text) if len(text) <= SHOWN else f"{text[:SHOWN]!r}..."


def check_text(text: str, limit: int, path: str) -> str:
    """Return ``text`` if it may stand in a name: not blank, not too long, printable, no space around it."""
    if not text or text != text.strip():
        raise DecodeError(Reason.BAD_NAME, f"{path}: {shown(text)} is empty or has space around it")
    return check_value(text, limit, path)


def check_value(text: str, limit: int, path: str) -> str:
    """Return ``text`` if it is printable and not too long; it may be empty."""
    if len(text) > limit:
        raise DecodeError(Reason.BAD_NAME, f"{path}: {len(text)} characters; at most {limit} are accepted")
    if not text.isprintable():  # control characters, and surrogates that no encoder would take
        raise DecodeError(Reason.BAD_NAME, f"{path}: {shown(text)} has characters that cannot be printed")
    return text


class SeriesKeys:
    """Checks names once per series and then hands out the same key object; forgets all when it grows too large."""

    def __init__(self, limits: Limits, capacity: int = CACHED_CHARACTERS) -> None:
        self._limits = limits
        self._capacity = capacity
        self._held = 0
        self._known: dict[tuple[str, str, tuple[tuple[str, str], ...]], SeriesKey] = {}
        self._units: dict[str, str] = {}

    def of(self, service: str, metric: str, attributes: Pairs = ()) -> SeriesKey:
        """Return the key of a series; raises DecodeError for a name that is not acceptable."""
        address = (service, metric, tuple(attributes))
        key = self._known.get(address)
        return self._admit(*address) if key is None else key

    def unit(self, text: str) -> str:
        """Return a unit, as the same object each time; raises DecodeError for one that is not acceptable."""
        unit = self._units.get(text)
        if unit is None:
            if len(self._units) >= UNITS:
                self._units.clear()
            unit = self._units[text] = check_text(text, LONGEST, "unit")
        return unit

    def _admit(self, service: str, metric: str, attributes: tuple[tuple[str, str], ...]) -> SeriesKey:
        if len(attributes) > self._limits.max_attributes:
            most = self._limits.max_attributes
            raise DecodeError(Reason.TOO_MANY, f"attributes: {len(attributes)}; at most {most} are accepted")
        limit = self._limits.max_name
        for name, value in attributes:
            check_text(name, limit, "attributes")
            check_value(value, limit, f"attributes[{shown(name)}]")
        key = SeriesKey(
            ServiceId(check_text(service, limit, "service")),
            check_text(metric, limit, "metric"),
            tuple(sorted(dict(attributes).items())),
        )
        self._held += KEY_OVERHEAD + len(str(key))
        if self._held > self._capacity:
            self._known.clear()
            self._held = KEY_OVERHEAD + len(str(key))
        self._known[service, metric, attributes] = key
        return key


class Assembly:
    """The message under construction: collects samples, refusals and points without a value."""

    def __init__(self, keys: SeriesKeys, limits: Limits, received_at: float) -> None:
        self._keys = keys
        self._limits = limits
        self._received_at = received_at
        self._earliest, self._latest = limits.window(received_at)
        self._samples: list[Sample] = []
        self._rejected: list[Rejection] = []
        self.no_value = 0

    def add(
        self, service: str, metric: str, value: float, attributes: Pairs, at: float, kind: SampleKind, unit: str = ""
    ) -> None:
        """Take one sample; raises DecodeError as ``sample`` does, and takes nothing."""
        self._samples.append(self.sample(service, metric, value, attributes, at, kind, unit))

    def take(self, samples: Iterable[Sample]) -> None:
        """Take samples made by ``sample``: for those that are kept or refused together."""
        self._samples.extend(samples)

    def sample(
        self, service: str, metric: str, value: float, attributes: Pairs, at: float, kind: SampleKind, unit: str = ""
    ) -> Sample:
        """Make one sample; raises DecodeError, whose detail begins with the field."""
        if not math.isfinite(value):
            raise DecodeError(Reason.BAD_NUMBER, "value: not a finite number")
        if not self._earliest <= at <= self._latest:
            self._limits.check_time(at, self._received_at, "at")
        return Sample(self._keys.of(service, metric, attributes), value, at, kind, unit and self._keys.unit(unit))

    def unit(self, text: str) -> str:
        """Return a unit if it is acceptable, else none: for a format whose units nobody may have looked at so far."""
        try:
            return text and self._keys.unit(text)
        except DecodeError:
            return ""

    def reject(self, path: str, error: DecodeError) -> None:
        """Note a refused sample; raises DecodeError for the whole message when there are more than samples may be."""
        if len(self._rejected) >= self._limits.max_samples:
            raise DecodeError(Reason.TOO_MANY, f"more than {self._limits.max_samples} refused; {path}: {error.detail}")
        self._rejected.append(Rejection(path, Reason(error.reason), error.detail))

    def finish(self) -> Decoded:
        """Return the result; raises DecodeError when the message held nothing that can be used."""
        result = Decoded(tuple(self._samples), tuple(self._rejected), self.no_value)
        if not self._samples and (refusal := result.refusal()) is not None:
            raise DecodeError(*refusal)
        if not self._samples and not self.no_value:
            raise DecodeError(Reason.EMPTY, "the message has no samples")
        return result

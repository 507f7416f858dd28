"""OTLP metrics in protobuf and in JSON, as the OpenTelemetry Collector's Kafka exporter writes them.

| data                                    | samples                                                          |
|-----------------------------------------|------------------------------------------------------------------|
| gauge                                   | ``name``                                                         |
| sum, cumulative and monotonic           | ``name``, a counter                                              |
| sum, cumulative and not monotonic       | ``name``                                                         |
| sum, delta                              | ``name``: the change per interval                                |
| histogram of either kind, delta         | ``name.count``, ``.sum``, ``.p50``, ``.p95``, ``.p99``           |
| histogram of either kind, cumulative    | ``name.count``, ``name.sum``, counters                           |
| summary                                 | ``name.count``, ``name.sum``, counters; ``name.p50`` and so on   |

A cumulative histogram has no quantiles here: its buckets hold the whole life of the process, so they would hardly move.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec
from google.protobuf.message import DecodeError as ProtobufError
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from domain.errors import DecodeError
from domain.telemetry import SampleKind
from streams.codecs import otlp_json
from streams.codecs.base import (
    DEFAULT_LIMITS,
    Assembly,
    Decoded,
    Limits,
    Reason,
    SeriesKeys,
    check_text,
    check_utf8,
    shown,
)
from streams.codecs.otlp_histogram import Bucket, explicit_buckets, exponential_buckets, quantile

SERVICE = "service.name"
# Two instances of a service count separately; as one series their counters would seem to jump back and forth.
KEPT_OF_RESOURCE = ("service.instance.id",)
NO_RECORDED_VALUE = 1  # a bit of a point's flags
NS_PER_S = 1e9
NUMBER_ERROR = "out of range"  # in msgspec's words
COUNT = ".count"  # of a histogram or a summary: whatever is counted, its unit is not that of the values
QUANTILES = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
DATA = ("gauge", "sum", "histogram", "exponential_histogram", "summary")
DELTA, CUMULATIVE = 1, 2
TEMPORALITY: dict[int | str, int] = {
    DELTA: DELTA,
    CUMULATIVE: CUMULATIVE,
    str(DELTA): DELTA,
    str(CUMULATIVE): CUMULATIVE,
    "AGGREGATION_TEMPORALITY_DELTA": DELTA,
    "AGGREGATION_TEMPORALITY_CUMULATIVE": CUMULATIVE,
}

Optional = Callable[[Any, str], Any]  # a field of a message of either form, None if it is absent
Rows = list[tuple[str, float, SampleKind]]  # suffix of the name, value, kind


class OtlpProto:
    """The codec of ``otlp_proto``."""

    def __init__(self, limits: Limits = DEFAULT_LIMITS, kept: Sequence[str] = KEPT_OF_RESOURCE) -> None:
        self._limits = limits
        self._keys = SeriesKeys(limits)
        self._kept = frozenset(kept)

    def decode(self, payload: bytes, received_at: float) -> Decoded:
        """Return the samples of one export request."""
        self._limits.check_size(payload)
        try:
            request = ExportMetricsServiceRequest.FromString(payload)
        except ProtobufError:
            raise DecodeError(Reason.NOT_PROTOBUF, "not an ExportMetricsServiceRequest") from None
        assembly = Assembly(self._keys, self._limits, received_at)
        _Walk(assembly, self._limits, _of_protobuf, self._kept).request(request)
        return assembly.finish()


class OtlpJson:
    """The codec of ``otlp_json``."""

    def __init__(self, limits: Limits = DEFAULT_LIMITS, kept: Sequence[str] = KEPT_OF_RESOURCE) -> None:
        self._limits = limits
        self._keys = SeriesKeys(limits)
        self._kept = frozenset(kept)

    def decode(self, payload: bytes, received_at: float) -> Decoded:
        """Return the samples of one export request."""
        self._limits.check_size(payload)
        check_utf8(payload)
        try:
            request = otlp_json.decoder.decode(payload)
        except msgspec.ValidationError as error:
            text = str(error)  # names the types and the path, never a value
            reason = Reason.BAD_NUMBER if NUMBER_ERROR in text else Reason.WRONG_TYPE
            raise DecodeError(reason, text) from None
        except msgspec.DecodeError as error:
            raise DecodeError(Reason.NOT_JSON, str(error)) from None  # names a character and its position
        except RecursionError:
            raise DecodeError(Reason.TOO_DEEP, "nested too deeply to read") from None
        assembly = Assembly(self._keys, self._limits, received_at)
        _Walk(assembly, self._limits, getattr, self._kept).request(request)
        return assembly.finish()


def _of_protobuf(message: Any, field: str) -> Any:
    return getattr(message, field) if message.HasField(field) else None


class _Walk:
    """One pass over a request of either form; the two differ only in how absence is told."""

    def __init__(self, assembly: Assembly, limits: Limits, optional: Optional, kept: frozenset[str]) -> None:
        self._assembly = assembly
        self._limits = limits
        self._optional = optional
        self._kept = kept

    def request(self, request: Any) -> None:
        points = 0
        for r, resource in enumerate(request.resource_metrics):
            path = f"$.resourceMetrics[{r}]"
            try:
                service, shared = self._resource(resource.resource.attributes)
            except DecodeError as error:
                self._assembly.reject(path, error)
                continue
            for s, scope in enumerate(resource.scope_metrics):
                for m, metric in enumerate(scope.metrics):
                    where = f"{path}.scopeMetrics[{s}].metrics[{m}]"
                    points += self._metric(service, shared, metric, where, self._limits.max_samples - points)

    def _resource(self, attributes: Any) -> tuple[str, dict[str, str]]:
        named = {each.key: each.value for each in attributes if each.key == SERVICE or each.key in self._kept}
        if SERVICE not in named:
            raise DecodeError(Reason.MISSING_FIELD, f"resource: no {SERVICE}")
        service = self._text(SERVICE, named.pop(SERVICE))
        return service, {name: self._text(name, value) for name, value in named.items()}

    def _text(self, name: str, value: Any) -> str:
        optional = self._optional
        if (text := optional(value, "string_value")) is not None:
            return str(text)
        if (flag := optional(value, "bool_value")) is not None:
            return "true" if flag else "false"
        if (number := optional(value, "int_value")) is not None:
            return str(number)
        if (real := optional(value, "double_value")) is not None:
            return repr(real)
        raise DecodeError(Reason.UNSUPPORTED, f"attributes[{shown(name)}]: neither text nor bool nor number")

    def _metric(self, service: str, shared: dict[str, str], metric: Any, path: str, room: int) -> int:
        """Take the points of one metric, and return how many they are."""
        try:
            check_text(metric.name, self._limits.max_name, "name")
            form, data = self._data(metric)
            read = self._reader(form, data)
        except DecodeError as error:
            self._assembly.reject(path, error)
            return 0
        points, unit = data.data_points, self._assembly.unit(metric.unit)
        if len(points) > room:
            raise DecodeError(Reason.TOO_MANY, f"{path}: more than {self._limits.max_samples} data points in all")
        for index, point in enumerate(points):
            try:
                self._point(service, shared, (metric.name, unit), point, read)
            except DecodeError as error:
                self._assembly.reject(f"{path}.{form}.dataPoints[{index}]", error)
        return len(points)

    def _data(self, metric: Any) -> tuple[str, Any]:
        for form in DATA:
            data = self._optional(metric, form)
            if data is not None:
                return form, data
        raise DecodeError(Reason.UNSUPPORTED, "the metric has no data of a kind that this release reads")

    def _reader(self, form: str, data: Any) -> Callable[[Any], Rows]:
        match form:
            case "gauge":
                return lambda point: self._number(point, SampleKind.GAUGE)
            case "summary":
                return self._summary
        temporality = TEMPORALITY.get(data.aggregation_temporality)
        if temporality is None:
            raise DecodeError(Reason.UNSUPPORTED, "aggregationTemporality: neither delta nor cumulative")
        if form == "sum":
            counter = temporality == CUMULATIVE and data.is_monotonic
            return lambda point: self._number(point, SampleKind.COUNTER if counter else SampleKind.GAUGE)
        buckets = self._explicit if form == "histogram" else self._exponential
        return lambda point: self._histogram(point, buckets, temporality == DELTA)

    def _point(
        self, service: str, shared: dict[str, str], metric: tuple[str, str], point: Any, read: Callable[[Any], Rows]
    ) -> None:
        """Take all samples of one data point, or refuse it as a whole."""
        if point.flags & NO_RECORDED_VALUE:
            self._assembly.no_value += 1
            return
        attributes = [*shared.items(), *((each.key, self._text(each.key, each.value)) for each in point.attributes)]
        if not point.time_unix_nano:
            raise DecodeError(Reason.MISSING_FIELD, "timeUnixNano: missing")
        at = point.time_unix_nano / NS_PER_S
        make, (name, unit) = self._assembly.sample, metric
        samples = [
            make(service, name + suffix, value, attributes, at, kind, "" if suffix == COUNT else unit)
            for suffix, value, kind in read(point)
        ]
        self._assembly.take(samples)

    def _number(self, point: Any, kind: SampleKind) -> Rows:
        value = self._optional(point, "as_double")
        if value is None:
            value = self._optional(point, "as_int")
        if value is None:
            raise DecodeError(Reason.MISSING_FIELD, "value: neither asDouble nor asInt")
        if math.isnan(value):
            self._assembly.no_value += 1
            return []
        return [("", float(value), kind)]

    def _histogram(self, point: Any, read: Callable[[Any], tuple[Bucket, ...]], delta: bool) -> Rows:
        kind = SampleKind.GAUGE if delta else SampleKind.COUNTER
        rows: Rows = [(COUNT, float(point.count), kind)]
        total = self._optional(point, "sum")
        if total is not None:
            rows.append((".sum", total, kind))
        if not delta:
            return rows
        buckets = read(point)
        held = sum(bucket.count for bucket in buckets)
        if buckets and held != point.count:
            raise DecodeError(Reason.BAD_NUMBER, "bucketCounts: they do not add up to the count")
        if held:
            rows.extend((f".{name}", self._bounded(buckets, share, point), kind) for name, share in QUANTILES.items())
        return rows

    def _bounded(self, buckets: tuple[Bucket, ...], share: float, point: Any) -> float:
        """Return a quantile that lies within what the point says of its smallest and largest value."""
        low, high = self._optional(point, "min"), self._optional(point, "max")
        value = quantile(buckets, share)
        value = value if low is None else max(low, value)
        return value if high is None else min(high, value)

    def _explicit(self, point: Any) -> tuple[Bucket, ...]:
        self._check_buckets(len(point.bucket_counts))
        low, high = self._optional(point, "min"), self._optional(point, "max")
        return explicit_buckets(point.bucket_counts, point.explicit_bounds, low, high)

    def _exponential(self, point: Any) -> tuple[Bucket, ...]:
        positive, negative = point.positive, point.negative
        self._check_buckets(len(positive.bucket_counts) + len(negative.bucket_counts))
        return exponential_buckets(
            point.scale,
            (point.zero_count, point.zero_threshold),
            (positive.offset, positive.bucket_counts),
            (negative.offset, negative.bucket_counts),
        )

    def _check_buckets(self, count: int) -> None:
        if count > self._limits.max_buckets:
            most = self._limits.max_buckets
            raise DecodeError(Reason.TOO_MANY, f"bucketCounts: {count}; at most {most} are read")

    def _summary(self, point: Any) -> Rows:
        rows: Rows = [
            (COUNT, float(point.count), SampleKind.COUNTER),
            (".sum", point.sum, SampleKind.COUNTER),
        ]
        rows.extend(self._quantiles(point))
        return rows

    def _quantiles(self, point: Any) -> Iterator[tuple[str, float, SampleKind]]:
        self._check_buckets(len(point.quantile_values))
        for each in point.quantile_values:
            if not 0 <= each.quantile <= 1:
                raise DecodeError(Reason.BAD_NUMBER, "quantileValues: a quantile is not between 0 and 1")
            if math.isnan(each.value):  # Prometheus' way of saying that nothing was observed
                self._assembly.no_value += 1
            else:
                yield f".p{each.quantile * 100:g}", each.value, SampleKind.GAUGE

"""The JSON form of OTLP metrics, as far as it is used, with the field names of the protobuf form.

Decoded with msgspec in its lax mode, which reads the 64-bit integers that OTLP writes as text, and ``"NaN"``; the
generic protobuf JSON parser is far slower (tests/benchmarks/test_decoding.py). Unknown fields are passed over, as OTLP
demands.
"""

from typing import Annotated

import msgspec

MAX_INT64 = 2**63 - 1
Int64 = Annotated[int, msgspec.Meta(ge=-(2**63), le=MAX_INT64)]
Natural = Annotated[int, msgspec.Meta(ge=0, le=MAX_INT64)]


class _Wire(msgspec.Struct, frozen=True, rename="camel"):
    """A message of OTLP: an absent field has its default, and None where absence has a meaning."""


class AnyValue(_Wire, frozen=True):
    """The value of an attribute; lists, maps and bytes are left out: they name no series."""

    string_value: str | None = None
    bool_value: bool | None = None
    int_value: Int64 | None = None
    double_value: float | None = None


class KeyValue(_Wire, frozen=True):
    """An attribute."""

    key: str = ""
    value: AnyValue = AnyValue()


class NumberDataPoint(_Wire, frozen=True):
    """A point of a gauge or a sum."""

    attributes: list[KeyValue] = []
    time_unix_nano: Natural = 0
    flags: Natural = 0
    as_double: float | None = None
    as_int: Int64 | None = None


class HistogramDataPoint(_Wire, frozen=True):
    """A point of a histogram with explicit bounds."""

    attributes: list[KeyValue] = []
    time_unix_nano: Natural = 0
    flags: Natural = 0
    count: Natural = 0
    sum: float | None = None
    bucket_counts: list[Natural] = []
    explicit_bounds: list[float] = []
    min: float | None = None
    max: float | None = None


class Buckets(_Wire, frozen=True):
    """One side of an exponential histogram."""

    offset: Int64 = 0
    bucket_counts: list[Natural] = []


class ExponentialHistogramDataPoint(_Wire, frozen=True):
    """A point of an exponential histogram."""

    attributes: list[KeyValue] = []
    time_unix_nano: Natural = 0
    flags: Natural = 0
    count: Natural = 0
    sum: float | None = None
    scale: Int64 = 0
    zero_count: Natural = 0
    zero_threshold: float = 0.0
    positive: Buckets = Buckets()
    negative: Buckets = Buckets()
    min: float | None = None
    max: float | None = None


class ValueAtQuantile(_Wire, frozen=True):
    """One quantile of a summary."""

    quantile: float = 0.0
    value: float = 0.0


class SummaryDataPoint(_Wire, frozen=True):
    """A point of a summary."""

    attributes: list[KeyValue] = []
    time_unix_nano: Natural = 0
    flags: Natural = 0
    count: Natural = 0
    sum: float = 0.0
    quantile_values: list[ValueAtQuantile] = []


class Gauge(_Wire, frozen=True):
    """The points of a gauge."""

    data_points: list[NumberDataPoint] = []


class Sum(_Wire, frozen=True):
    """The points of a sum."""

    data_points: list[NumberDataPoint] = []
    aggregation_temporality: int | str = 0
    is_monotonic: bool = False


class Histogram(_Wire, frozen=True):
    """The points of a histogram with explicit bounds."""

    data_points: list[HistogramDataPoint] = []
    aggregation_temporality: int | str = 0


class ExponentialHistogram(_Wire, frozen=True):
    """The points of an exponential histogram."""

    data_points: list[ExponentialHistogramDataPoint] = []
    aggregation_temporality: int | str = 0


class Summary(_Wire, frozen=True):
    """The points of a summary."""

    data_points: list[SummaryDataPoint] = []


class Metric(_Wire, frozen=True):
    """A metric: at most one of its kinds of data is there."""

    name: str = ""
    unit: str = ""
    gauge: Gauge | None = None
    sum: Sum | None = None
    histogram: Histogram | None = None
    exponential_histogram: ExponentialHistogram | None = None
    summary: Summary | None = None


class ScopeMetrics(_Wire, frozen=True):
    """The metrics of one instrumentation library."""

    metrics: list[Metric] = []


class Resource(_Wire, frozen=True):
    """What the metrics are about."""

    attributes: list[KeyValue] = []


class ResourceMetrics(_Wire, frozen=True):
    """The metrics of one resource."""

    resource: Resource = Resource()
    scope_metrics: list[ScopeMetrics] = []


class Request(_Wire, frozen=True):
    """ExportMetricsServiceRequest, and MetricsData, which has the same shape."""

    resource_metrics: list[ResourceMetrics] = []


decoder = msgspec.json.Decoder(Request, strict=False)

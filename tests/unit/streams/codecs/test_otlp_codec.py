import json
import math
from collections.abc import Iterable
from typing import Any

import pytest
from google.protobuf import json_format
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from domain.errors import DecodeError
from domain.telemetry import Sample, SampleKind
from streams.codecs.base import Decoded, Limits, Reason
from streams.codecs.otlp import OtlpJson, OtlpProto
from streams.codecs.otlp_histogram import Bucket, explicit_buckets, exponential_buckets, quantile

NOW = 1_795_301_265.0
TIME = "1795301265000000000"
DELTA, CUMULATIVE = 1, 2


def attributes(**values: str) -> list[dict[str, Any]]:
    return [{"key": name.replace("_", "."), "value": {"stringValue": text}} for name, text in values.items()]


def a_request(*metrics: dict[str, Any], **resource: str) -> dict[str, Any]:
    named = {"resource": {"attributes": attributes(**(resource or {"service_name": "pay"}))}}
    return {"resourceMetrics": [named | {"scopeMetrics": [{"metrics": list(metrics)}]}]}


def a_metric(form: str, *points: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"name": "m", form: {"dataPoints": [{"timeUnixNano": TIME} | point for point in points]} | fields}


def both(request: dict[str, Any], limits: Limits | None = None) -> Decoded:
    """Decode a request in both forms and return what they agree on."""
    allowed = limits or Limits()
    message = json_format.ParseDict(request, ExportMetricsServiceRequest())
    from_json = OtlpJson(allowed).decode(json.dumps(request).encode(), NOW)
    from_proto = OtlpProto(allowed).decode(message.SerializeToString(), NOW)
    assert from_json == from_proto
    return from_json


def values(samples: Iterable[Sample]) -> dict[str, float]:
    return {sample.key.metric: sample.value for sample in samples}


def test_a_gauge_is_a_sample_with_service_attributes_and_time() -> None:
    point = {"asDouble": 1.5, "attributes": attributes(route="/pay")}
    (sample,) = both(a_request(a_metric("gauge", point))).samples
    assert str(sample.key) == "pay/m{route=/pay}"
    assert (sample.value, sample.observed_at, sample.kind) == (1.5, NOW, SampleKind.GAUGE)


def test_integers_are_read_from_text_as_otlp_writes_them() -> None:
    (sample,) = both(a_request(a_metric("gauge", {"asInt": "-42"}))).samples
    assert sample.value == -42


def test_zero_is_a_value() -> None:
    assert values(both(a_request(a_metric("gauge", {"asInt": "0"}))).samples) == {"m": 0}


@pytest.mark.parametrize(
    ("temporality", "monotonic", "kind"),
    [
        (CUMULATIVE, True, SampleKind.COUNTER),
        (CUMULATIVE, False, SampleKind.GAUGE),
        (DELTA, True, SampleKind.GAUGE),
        (DELTA, False, SampleKind.GAUGE),
        ("AGGREGATION_TEMPORALITY_CUMULATIVE", True, SampleKind.COUNTER),
    ],
)
def test_only_a_cumulative_monotonic_sum_is_a_counter(
    temporality: int | str, monotonic: bool, kind: SampleKind
) -> None:
    metric = a_metric("sum", {"asInt": "3"}, aggregationTemporality=temporality, isMonotonic=monotonic)
    assert [sample.kind for sample in both(a_request(metric)).samples] == [kind]


def test_a_sum_without_temporality_is_refused() -> None:
    with pytest.raises(DecodeError, match="unsupported"):
        both(a_request(a_metric("sum", {"asInt": "3"}, isMonotonic=True)))


def a_histogram(**changes: Any) -> dict[str, Any]:
    point = {"count": "10", "sum": 31.0, "bucketCounts": ["5", "4", "1"], "explicitBounds": [2.0, 4.0]}
    return point | {"min": 1.0, "max": 8.0} | changes


def test_a_delta_histogram_gives_count_sum_and_quantiles() -> None:
    result = both(a_request(a_metric("histogram", a_histogram(), aggregationTemporality=DELTA)))
    expected = {"m.count": 10, "m.sum": 31, "m.p50": 2.0, "m.p95": 6.0, "m.p99": 7.6}
    assert values(result.samples) == pytest.approx(expected)
    assert {sample.kind for sample in result.samples} == {SampleKind.GAUGE}


def test_a_cumulative_histogram_gives_two_counters_and_no_quantiles() -> None:
    result = both(a_request(a_metric("histogram", a_histogram(), aggregationTemporality=CUMULATIVE)))
    assert values(result.samples) == {"m.count": 10, "m.sum": 31}
    assert {sample.kind for sample in result.samples} == {SampleKind.COUNTER}


def test_the_unit_of_a_metric_is_that_of_its_values_and_not_of_their_count() -> None:
    gauge = a_metric(
        "gauge",
        {"asDouble": 1.5},
    ) | {"unit": "By", "name": "heap"}
    histogram = a_metric("histogram", a_histogram(), aggregationTemporality=DELTA) | {"unit": "s"}
    units = {sample.key.metric: sample.unit for sample in both(a_request(gauge, histogram)).samples}
    assert units == {"heap": "By", "m.count": "", "m.sum": "s", "m.p50": "s", "m.p95": "s", "m.p99": "s"}


@pytest.mark.parametrize("unit", ["s" * 64, " s", "a\nb"])
def test_a_unit_that_is_none_is_passed_over(unit: str) -> None:
    (sample,) = both(a_request(a_metric("gauge", {"asDouble": 1.5}) | {"unit": unit})).samples
    assert sample.unit == ""


def test_an_empty_delta_histogram_has_a_count_of_zero_and_no_quantiles() -> None:
    point = {"count": "0", "bucketCounts": ["0", "0"], "explicitBounds": [1.0]}
    result = both(a_request(a_metric("histogram", point, aggregationTemporality=DELTA)))
    assert values(result.samples) == {"m.count": 0}


@pytest.mark.parametrize(
    "changes",
    [
        {"count": "11"},
        {"bucketCounts": ["5", "5"]},
        {"explicitBounds": [4.0, 2.0]},
        {"explicitBounds": [2.0, "NaN"]},
        {"sum": "NaN"},
        {"sum": "Infinity"},
    ],
)
def test_a_histogram_at_odds_with_itself_is_refused_whole(changes: dict[str, Any]) -> None:
    good = a_histogram()
    metric = a_metric("histogram", good, a_histogram(**changes), aggregationTemporality=DELTA)
    result = both(a_request(metric))
    assert len(result.samples) == 5  # of the good point alone
    path = "$.resourceMetrics[0].scopeMetrics[0].metrics[0].histogram.dataPoints[1]"
    assert [(each.path, each.reason) for each in result.rejected] == [(path, Reason.BAD_NUMBER)]


def test_an_exponential_histogram_gives_quantiles() -> None:
    point = {
        "count": "8",
        "sum": 20.0,
        "scale": 0,
        "zeroCount": "2",
        "positive": {"offset": 0, "bucketCounts": ["2", "4"]},
    }
    result = both(a_request(a_metric("exponentialHistogram", point, aggregationTemporality=DELTA)))
    expected = {"m.count": 8, "m.sum": 20, "m.p50": 2.0, "m.p95": 3.8, "m.p99": 3.96}
    assert values(result.samples) == pytest.approx(expected)


def test_the_buckets_of_both_signs_count_together_towards_the_limit() -> None:
    sides = {"positive": {"bucketCounts": ["1", "1"]}, "negative": {"bucketCounts": ["1", "1"]}}
    metric = a_metric("exponentialHistogram", {"count": "4", "scale": 0} | sides, aggregationTemporality=DELTA)
    assert both(a_request(metric), Limits(max_buckets=4)).rejected == ()
    with pytest.raises(DecodeError, match="4; at most 3 are read"):
        both(a_request(metric), Limits(max_buckets=3))


def test_a_quantile_keeps_within_the_smallest_and_the_largest_value_that_are_told() -> None:
    point = {"count": "4", "scale": -2, "positive": {"offset": 0, "bucketCounts": ["4"]}}  # between 1 and 16
    metric = a_metric("exponentialHistogram", point | {"min": 9.0, "max": 12.0}, aggregationTemporality=DELTA)
    assert values(both(a_request(metric)).samples) == {"m.count": 4, "m.p50": 9.0, "m.p95": 12.0, "m.p99": 12.0}


@pytest.mark.parametrize(
    ("form", "changes"),
    [
        ("gauge", {"asInt": 10**400}),
        ("gauge", {"asInt": str(2**63)}),
        ("gauge", {"asDouble": 1, "timeUnixNano": 10**400}),
        ("gauge", {"asDouble": 1, "timeUnixNano": -1}),
        ("gauge", {"asDouble": 1, "attributes": [{"key": "a", "value": {"intValue": 10**400}}]}),
        ("histogram", {"count": 10**400}),
        ("histogram", {"count": -1}),
        ("histogram", {"count": 0, "bucketCounts": [1, -1], "explicitBounds": [1]}),
        ("exponentialHistogram", {"count": 1, "scale": 0, "positive": {"offset": 10**400, "bucketCounts": [1]}}),
        ("exponentialHistogram", {"count": 1, "scale": 10**400}),
    ],
)
def test_an_integer_that_protobuf_could_not_hold_is_refused(form: str, changes: dict[str, Any]) -> None:
    request = a_request(a_metric(form, changes, aggregationTemporality=DELTA))
    with pytest.raises(DecodeError) as caught:
        OtlpJson().decode(json.dumps(request).encode(), NOW)
    assert caught.value.reason in {Reason.WRONG_TYPE, Reason.BAD_NUMBER}


@pytest.mark.parametrize("changes", [{"scale": 1000}, {"scale": -10, "positive": {"offset": 9, "bucketCounts": ["1"]}}])
def test_an_exponential_histogram_out_of_range_is_refused(changes: dict[str, Any]) -> None:
    point = {"count": "1", "positive": {"offset": 0, "bucketCounts": ["1"]}} | changes
    with pytest.raises(DecodeError, match="bad_number"):
        both(a_request(a_metric("exponentialHistogram", point, aggregationTemporality=DELTA)))


def test_a_summary_gives_count_sum_and_its_own_quantiles() -> None:
    quantiles = [{"quantile": 0.5, "value": 2}, {"quantile": 0.999, "value": 9}, {"quantile": 0.9, "value": "NaN"}]
    result = both(a_request(a_metric("summary", {"count": "4", "sum": 8, "quantileValues": quantiles})))
    assert values(result.samples) == {"m.count": 4, "m.sum": 8, "m.p50": 2, "m.p99.9": 9}
    assert result.no_value == 1


@pytest.mark.parametrize("point", [{"asDouble": "NaN"}, {"flags": 1}, {"flags": 1, "asDouble": 3}])
def test_a_point_without_a_value_is_counted_and_is_no_error(point: dict[str, Any]) -> None:
    result = both(a_request(a_metric("gauge", point, {"asDouble": 1})))
    assert (values(result.samples), result.rejected, result.no_value) == ({"m": 1}, (), 1)


def test_a_request_of_points_without_a_value_is_no_error() -> None:
    assert both(a_request(a_metric("gauge", {"flags": 1}))) == Decoded((), (), 1)


@pytest.mark.parametrize(
    ("point", "reason"),
    [
        ({"asDouble": "Infinity"}, Reason.BAD_NUMBER),
        ({}, Reason.MISSING_FIELD),
        ({"asDouble": 1, "timeUnixNano": "0"}, Reason.MISSING_FIELD),
        ({"asDouble": 1, "timeUnixNano": "4000000000000000000"}, Reason.BAD_TIME),
        ({"asDouble": 1, "attributes": [{"key": "a", "value": {"arrayValue": {}}}]}, Reason.UNSUPPORTED),
        ({"asDouble": 1, "attributes": [{"key": "a", "value": {"stringValue": "x" * 201}}]}, Reason.BAD_NAME),
        ({"asDouble": 1, "attributes": attributes(**{f"a{i}": "" for i in range(33)})}, Reason.TOO_MANY),
    ],
)
def test_a_bad_point_is_named_and_the_good_ones_are_kept(point: dict[str, Any], reason: Reason) -> None:
    result = both(a_request(a_metric("gauge", {"asDouble": 1}, point)))
    assert values(result.samples) == {"m": 1}
    path = "$.resourceMetrics[0].scopeMetrics[0].metrics[0].gauge.dataPoints[1]"
    assert [(each.path, each.reason) for each in result.rejected] == [(path, reason)]


def test_a_resource_without_a_service_name_is_refused_and_the_others_are_kept() -> None:
    request = a_request(a_metric("gauge", {"asDouble": 1}))
    request["resourceMetrics"] += a_request(a_metric("gauge", {"asDouble": 2}), host_name="h")["resourceMetrics"]
    result = both(request)
    assert values(result.samples) == {"m": 1}
    assert [(each.path, each.reason) for each in result.rejected] == [("$.resourceMetrics[1]", Reason.MISSING_FIELD)]


def test_of_the_resource_only_service_and_instance_name_the_series() -> None:
    request = a_request(
        a_metric("gauge", {"asDouble": 1}),
        service_name="pay",
        service_instance_id="i-1",
        host_name="h",
        telemetry_sdk="x",
    )
    (sample,) = both(request).samples
    assert str(sample.key) == "pay/m{service.instance.id=i-1}"


def test_attributes_of_other_types_become_text() -> None:
    kinds = [{"boolValue": True}, {"intValue": "200"}, {"doubleValue": 0.5}, {"stringValue": ""}]
    point = {"asDouble": 1, "attributes": [{"key": f"a{i}", "value": value} for i, value in enumerate(kinds)]}
    (sample,) = both(a_request(a_metric("gauge", point))).samples
    assert sample.key.attributes == (("a0", "true"), ("a1", "200"), ("a2", "0.5"), ("a3", ""))


def test_a_metric_of_an_unknown_kind_is_refused_and_the_others_are_kept() -> None:
    result = both(a_request({"name": "later"}, {"name": ""}, a_metric("gauge", {"asDouble": 1})))
    assert [each.reason for each in result.rejected] == [Reason.UNSUPPORTED, Reason.BAD_NAME]
    assert values(result.samples) == {"m": 1}


def test_too_many_points_in_all_are_refused_whole() -> None:
    request = a_request(*[a_metric("gauge", {"asDouble": 1}, {"asDouble": 2})] * 3)
    assert len(both(request, Limits(max_samples=6)).samples) == 6
    for codec, payload in (
        (OtlpJson(Limits(max_samples=5)), json.dumps(request).encode()),
        (
            OtlpProto(Limits(max_samples=5)),
            json_format.ParseDict(request, ExportMetricsServiceRequest()).SerializeToString(),
        ),
    ):
        with pytest.raises(DecodeError, match="too_many"):
            codec.decode(payload, NOW)


def test_a_crowd_of_bad_metrics_ends_the_reading_of_a_message() -> None:
    request = a_request(*[{"name": "no data"}] * 100)
    with pytest.raises(DecodeError, match="unsupported: 100 of 100 refused"):
        both(request, Limits(max_samples=100))
    with pytest.raises(DecodeError, match="too_many: more than 99 refused"):
        both(request, Limits(max_samples=99))


def test_the_json_that_protobuf_writes_is_read() -> None:
    metric = a_metric("exponentialHistogram", {"count": "1", "zeroCount": "1"}, aggregationTemporality=DELTA)
    message = json_format.ParseDict(a_request(metric), ExportMetricsServiceRequest())
    written = json_format.MessageToJson(message).encode()
    assert OtlpJson().decode(written, NOW) == OtlpProto().decode(message.SerializeToString(), NOW)


def test_an_exemplar_with_its_trace_is_passed_over() -> None:
    exemplar = {"traceId": "5b8efff798038103d269b633813fc60c", "spanId": "eee19b7ec3c1b174", "asDouble": 1}
    request = a_request(a_metric("gauge", {"asDouble": 1, "exemplars": [exemplar]}))
    assert values(OtlpJson().decode(json.dumps(request).encode(), NOW).samples) == {"m": 1}


@given(
    counts=st.lists(st.integers(0, 50), min_size=2, max_size=8).filter(any),
    first=st.floats(-100, 100),
    steps=st.lists(st.floats(0.01, 100), min_size=7, max_size=7),
    shares=st.tuples(st.floats(0, 1), st.floats(0, 1)),
)
def test_a_quantile_lies_within_the_buckets_and_never_falls_as_its_share_rises(
    counts: list[int], first: float, steps: list[float], shares: tuple[float, float]
) -> None:
    bounds = [first + sum(steps[:index]) for index in range(len(counts) - 1)]
    buckets = explicit_buckets(counts, bounds, None, None)
    low, high = (quantile(buckets, share) for share in sorted(shares))
    assert buckets[0].low <= low <= high + 1e-9 <= buckets[-1].high + 2e-9


def test_an_outermost_bucket_without_a_told_extreme_ends_at_its_bound() -> None:
    assert explicit_buckets([1, 1], [5.0], None, None) == (Bucket(0.0, 5.0, 1), Bucket(5.0, 5.0, 1))
    assert explicit_buckets([1, 1], [-5.0], None, None) == (Bucket(-5.0, -5.0, 1), Bucket(-5.0, -5.0, 1))


def test_exponential_buckets_are_in_increasing_order() -> None:
    buckets = exponential_buckets(1, (1, 0.5), (0, [1, 1]), (0, [1]))
    edges = [edge for bucket in buckets for edge in (bucket.low, bucket.high)]
    assert edges == pytest.approx([-math.sqrt(2), -1, -0.5, 0.5, 1, math.sqrt(2), math.sqrt(2), 2])

"""What decoding costs per sample, with the formats side by side. Prints; asserts no time."""

import json
from collections.abc import Callable
from time import perf_counter

import pytest
from google.protobuf import json_format
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from streams.codecs.native import Row, encode_native
from streams.codecs.registry import TELEMETRY

NOW = 1_795_301_265.0
SAMPLES = 20_000  # per round
ROUNDS = 5
ATTRIBUTES = {"route": "/payments", "instance": "a"}


def _native(size: int) -> bytes:
    return encode_native("payments-api", NOW, [Row(f"latency_{i}_ms", 19.5 + i, ATTRIBUTES) for i in range(size)])


def _native_with_nan(size: int) -> bytes:
    """Send it down the slow path: all samples but the last are good."""
    return _native(size + 1)[:-1].replace(str(19.5 + size).encode(), b"NaN") + b"}"


def _otlp(size: int) -> ExportMetricsServiceRequest:
    request = ExportMetricsServiceRequest()
    resource = request.resource_metrics.add()
    resource.resource.attributes.add(key="service.name").value.string_value = "payments-api"
    metrics = resource.scope_metrics.add().metrics
    for i in range(size):
        point = metrics.add(name=f"latency_{i}_ms").gauge.data_points.add(time_unix_nano=int(NOW * 1e9), as_double=i)
        for name, value in ATTRIBUTES.items():
            point.attributes.add(key=name).value.string_value = value
    return request


def _otlp_json(size: int) -> bytes:
    return json.dumps(json_format.MessageToDict(_otlp(size))).encode()


def _best(decode: Callable[[], object], size: int) -> float:
    """Return microseconds per sample, of the best round."""
    repeats = max(1, SAMPLES // size)
    best = float("inf")
    for _ in range(ROUNDS):
        started = perf_counter()
        for _ in range(repeats):
            decode()
        best = min(best, perf_counter() - started)
    return best / repeats / size * 1e6


@pytest.mark.benchmark
@pytest.mark.parametrize("size", [1, 100, 1_000])
@pytest.mark.parametrize(
    ("label", "name", "build"),
    [
        ("native", "native", _native),
        ("native, one NaN among them", "native", _native_with_nan),
        ("otlp_json", "otlp_json", _otlp_json),
        ("otlp_proto", "otlp_proto", lambda size: _otlp(size).SerializeToString()),
    ],
)
def test_decoding_cost_per_sample(label: str, name: str, build: Callable[[int], bytes], size: int) -> None:
    payload = build(size)
    codec = TELEMETRY[name]
    assert len(codec.decode(payload, NOW).samples) == size
    cost = _best(lambda: codec.decode(payload, NOW), size)
    print(f"\n{label}: {size} samples, {len(payload)} bytes: {cost:.2f} us per sample")


@pytest.mark.benchmark
def test_cost_of_the_generic_protobuf_json_parser_for_comparison() -> None:
    payload = _otlp_json(100)
    cost = _best(lambda: json_format.Parse(payload, ExportMetricsServiceRequest()), 100)
    print(f"\nprotobuf's json_format alone: 100 samples: {cost:.2f} us per sample")

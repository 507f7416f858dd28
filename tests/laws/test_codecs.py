"""Laws that hold for every wire format in the tables."""

import json
from collections.abc import Callable, Iterator
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from domain.errors import DecodeError
from domain.telemetry import IncidentEvent
from streams.codecs.base import Decoded, IncidentCodec, Limits, Reason, TelemetryCodec
from streams.codecs.registry import INCIDENTS, TELEMETRY
from tests.support.hostile import KINDS, hostile_messages

NOW = 1_795_301_265.0
HOUR = 3_600.0
DAY = 86_400.0
BAIT = "s3cret-" * 60  # what no error may repeat whole
LONGEST_DETAIL = 1_000

Codec = TelemetryCodec | IncidentCodec
Build = Callable[[Limits], Codec]

CODECS: dict[str, Build] = {f"telemetry {name}": cast("Build", type(codec)) for name, codec in TELEMETRY.items()}
CODECS |= {f"incidents {name}": cast("Build", type(codec)) for name, codec in INCIDENTS.items()}


def _native(at: float, text: str = "a") -> bytes:
    return json.dumps({"v": 1, "service": text, "metric": text, "value": 1.5, "at": at}).encode()


def _otlp_json(at: float, text: str = "a") -> bytes:
    point = {"timeUnixNano": str(round(at * 1e9)), "asDouble": 1.5}
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": text}}]}
    metric = {"name": text, "gauge": {"dataPoints": [point]}}
    return json.dumps({"resourceMetrics": [{"resource": resource, "scopeMetrics": [{"metrics": [metric]}]}]}).encode()


def _otlp_proto(at: float, text: str = "a") -> bytes:
    request = ExportMetricsServiceRequest()
    resource = request.resource_metrics.add()
    resource.resource.attributes.add(key="service.name").value.string_value = text
    metric = resource.scope_metrics.add().metrics.add(name=text)
    metric.gauge.data_points.add(time_unix_nano=round(at * 1e9), as_double=1.5)
    return request.SerializeToString()


def _incident(at: float, text: str = "a") -> bytes:
    return json.dumps({"v": 1, "id": text, "kind": "incident", "status": "opened", "at": at}).encode()


def _cloud_event(at: float, text: str = "a") -> bytes:
    event = {"specversion": "1.0", "id": "1", "source": "/x", "type": "x.incident.opened", "time": at}
    return json.dumps(event | {"data": {"id": text}}).encode()


VALID: dict[str, Callable[..., bytes]] = {
    "telemetry native": _native,
    "telemetry otlp_json": _otlp_json,
    "telemetry otlp_proto": _otlp_proto,
    "incidents native": _incident,
    "incidents cloudevents": _cloud_event,
}
NOT_JSON = {"telemetry otlp_proto"}
IS_JSON = sorted(set(CODECS) - NOT_JSON)


@pytest.fixture(params=sorted(CODECS))
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def decode(name: str, payload: bytes, limits: Limits | None = None, at: float = NOW) -> list[float]:
    """Return the times of what was decoded; fails on anything but a value or a DecodeError with a known reason."""
    try:
        result = CODECS[name](limits or Limits()).decode(payload, at)
    except DecodeError as error:
        _check(error)
        raise
    if isinstance(result, Decoded):
        assert result.samples or result.no_value
        refusal = result.refusal()
        assert refusal is None or len(refusal[1]) <= LONGEST_DETAIL
        return [sample.observed_at for sample in result.samples]
    assert result
    assert all(isinstance(event, IncidentEvent) for event in result)
    return [event.at for event in result]


def _check(error: DecodeError) -> None:
    assert error.reason in set(Reason)
    assert 0 < len(error.detail) <= LONGEST_DETAIL
    error.detail.encode()  # no surrogate that a producer or a log could not write


def refusal(name: str, payload: bytes, limits: Limits | None = None) -> DecodeError:
    with pytest.raises(DecodeError) as caught:
        decode(name, payload, limits)
    return caught.value


def never_raises_otherwise(name: str, payload: bytes) -> None:
    try:
        decode(name, payload)
    except DecodeError:
        return


def test_every_format_has_a_valid_message_here() -> None:
    assert set(VALID) == set(CODECS)


def test_a_valid_message_is_decoded(name: str) -> None:
    assert decode(name, VALID[name](NOW)) == [pytest.approx(NOW)]


@pytest.mark.parametrize("codec", sorted(CODECS))
@given(payload=st.binary(max_size=400))
def test_any_bytes_give_a_value_or_a_decode_error(codec: str, payload: bytes) -> None:
    never_raises_otherwise(codec, payload)


def _json_values() -> st.SearchStrategy[object]:
    texts = st.text(st.characters(), max_size=8) | st.sampled_from(["NaN", "\ud800", "1", "2026-01-01T00:00:00Z"])
    leaves = st.none() | st.booleans() | st.integers() | st.integers(10**300, 10**310) | st.floats() | texts
    return st.recursive(leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3))


@pytest.mark.parametrize("codec", IS_JSON)
@given(edits=st.lists(st.tuples(st.randoms(use_true_random=False), _json_values()), min_size=1, max_size=3))
def test_any_change_to_a_valid_message_gives_a_value_or_a_decode_error(
    codec: str, edits: list[tuple[object, object]]
) -> None:
    message = json.loads(VALID[codec](NOW))
    for rng, value in edits:
        places = list(_places(message))
        container, key = rng.choice(places)  # type: ignore[attr-defined]  # Hypothesis' Random
        container[key] = value
    never_raises_otherwise(codec, json.dumps(message).encode())


def _places(node: object) -> Iterator[tuple[object, object]]:
    """Give every container and key of a JSON value, and one new key per object."""
    items = list(node.items()) if isinstance(node, dict) else list(enumerate(node)) if isinstance(node, list) else []
    for key, value in items:
        yield node, key
        yield from _places(value)
    if isinstance(node, dict):
        yield node, "attributes"


@pytest.mark.parametrize("codec", sorted(CODECS))
@given(flips=st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), min_size=1, max_size=6))
def test_flipped_bytes_give_a_value_or_a_decode_error(codec: str, flips: list[tuple[int, int]]) -> None:
    payload = bytearray(VALID[codec](NOW))
    for place, byte in flips:
        payload[place % len(payload)] = byte
    never_raises_otherwise(codec, bytes(payload))


def test_every_hostile_message_is_refused_with_a_reason(name: str) -> None:
    for label, payload in hostile_messages(seed=1, count=25 * len(KINDS)):
        error = refusal(name, payload)
        assert error.reason, label


def test_hostile_messages_are_the_same_for_the_same_seed() -> None:
    assert list(hostile_messages(5, 300)) == list(hostile_messages(5, 300))
    assert list(hostile_messages(5, 300)) != list(hostile_messages(6, 300))


def test_hostile_messages_fit_a_broker() -> None:
    payloads = [payload for _, payload in hostile_messages(2, 10_000)]
    assert max(map(len, payloads)) < 1_000_000
    assert sum(map(len, payloads)) < 30_000_000


@pytest.mark.parametrize("codec", IS_JSON)
@pytest.mark.parametrize("opening", ["[", '{"a":', '{"v":1,"extra":', '{"v":1,"samples":[', '{"resourceMetrics":['])
@pytest.mark.parametrize("depth", [900, 1_100, 100_000])
def test_deep_nesting_is_refused_and_does_not_crash(codec: str, opening: str, depth: int) -> None:
    deep = opening + "[" * depth
    for payload in (deep, deep + "]" * depth, deep + "]" * depth + "]" * opening.count("[") + "}" * opening.count("{")):
        error = refusal(codec, payload.encode())
        assert error.reason in {Reason.TOO_DEEP, Reason.WRONG_TYPE, Reason.NOT_JSON, Reason.MISSING_FIELD, Reason.EMPTY}


def test_an_empty_message_is_refused(name: str) -> None:
    assert refusal(name, b"").reason == Reason.EMPTY


def test_ten_megabytes_are_refused_unread(name: str) -> None:
    error = refusal(name, VALID[name](NOW, "x" * 10_000_000))
    assert error.reason == Reason.TOO_LARGE


def test_a_name_that_is_too_long_is_refused_without_repeating_it(name: str) -> None:
    error = refusal(name, VALID[name](NOW, BAIT))
    assert error.reason == Reason.BAD_NAME
    assert BAIT[:60] not in str(error)


@pytest.mark.parametrize("codec", IS_JSON)
@given(rng=st.randoms(use_true_random=False), wrap=st.sampled_from(["text", "key", "list"]))
def test_no_field_is_repeated_whole_in_an_error(codec: str, rng: object, wrap: str) -> None:
    message = json.loads(VALID[codec](NOW))
    container, key = rng.choice(list(_places(message)))  # type: ignore[attr-defined]  # Hypothesis' Random
    container[key] = {"text": BAIT, "key": {BAIT: BAIT}, "list": [BAIT]}[wrap]
    said = ""
    try:
        decode(codec, json.dumps(message).encode())
    except DecodeError as error:
        said = str(error)
    assert BAIT[:60] not in said


@pytest.mark.parametrize("codec", IS_JSON)
def test_bytes_that_are_not_utf8_are_refused_even_in_a_field_that_nobody_reads(codec: str) -> None:
    payload = VALID[codec](NOW).replace(b"{", b'{"extra":"\xff",', 1)
    assert refusal(codec, payload).reason == Reason.NOT_UTF8


@pytest.mark.parametrize("codec", IS_JSON)
def test_unknown_fields_are_passed_over(codec: str) -> None:
    payload = VALID[codec](NOW).replace(b"{", b'{"of_a_later_release":{"x":[1,null]},', 1)
    assert decode(codec, payload) == [pytest.approx(NOW)]


@pytest.mark.parametrize(
    ("codec", "change", "expected"),
    [
        ("telemetry native", {"v": 2}, "v: 2; this release reads native v1"),
        ("telemetry native", {"v": "1"}, "v: '1'; this release reads native v1"),
        ("incidents native", {"v": 7}, "v: 7; this release reads native incidents v1"),
        ("incidents cloudevents", {"specversion": "0.3"}, "specversion: '0.3'; this release reads CloudEvents 1.0"),
    ],
)
def test_an_unknown_version_is_refused_by_name(codec: str, change: dict[str, object], expected: str) -> None:
    error = refusal(codec, json.dumps(json.loads(VALID[codec](NOW)) | change).encode())
    assert (error.reason, error.detail) == (Reason.UNKNOWN_VERSION, expected)


def test_an_unknown_version_is_named_before_anything_else_that_is_wrong() -> None:
    error = refusal("telemetry native", b'{"v":2,"samples":"of another shape","value":NaN}')
    assert error.reason == Reason.UNKNOWN_VERSION


def test_a_far_future_time_is_refused_with_the_reason(name: str) -> None:
    most = _ahead(name)
    error = refusal(name, VALID[name](NOW + 1.5 * most))
    assert error.reason == Reason.BAD_TIME
    assert f"{1.5 * most:.0f} s after its arrival; at most {most:.0f} s are accepted" in error.detail


@pytest.mark.parametrize("codec", ["telemetry native", "incidents native", "incidents cloudevents"])
def test_milliseconds_are_recognised(codec: str) -> None:
    assert "write seconds, not milliseconds" in refusal(codec, VALID[codec](NOW * 1000)).detail


def test_a_clock_that_is_a_little_fast_is_accepted(name: str) -> None:
    ahead = 0.9 * _ahead(name)
    assert decode(name, VALID[name](NOW + ahead)) == [pytest.approx(NOW + ahead)]


def _ahead(name: str) -> float:
    """How far ahead of its arrival an event may lie: an announced maintenance further than a sample."""
    return HOUR if name.startswith("incidents") else 60.0


def test_an_old_recording_is_accepted_unless_a_limit_is_set(name: str) -> None:
    old = VALID[name](NOW - 500 * DAY)
    assert decode(name, old) == [pytest.approx(NOW - 500 * DAY)]
    error = refusal(name, old, Limits(max_age_s=400 * DAY))
    assert error.reason == Reason.BAD_TIME
    assert "43200000 s before its arrival; at most 34560000 s are accepted" in error.detail


def test_the_same_message_gives_the_same_result_from_a_new_and_from_a_used_codec(name: str) -> None:
    used = CODECS[name](Limits())
    for _, payload in hostile_messages(3, 100):
        with pytest.raises(DecodeError):
            used.decode(payload, NOW)
    payload = VALID[name](NOW)
    first = used.decode(payload, NOW)
    assert used.decode(payload, NOW) == first
    assert CODECS[name](Limits()).decode(payload, NOW) == first


@settings(max_examples=20)
@given(payload=st.binary(min_size=101, max_size=300))
def test_the_size_limit_is_configurable(payload: bytes) -> None:
    for name in CODECS:
        assert refusal(name, payload, Limits(max_bytes=100)).reason == Reason.TOO_LARGE

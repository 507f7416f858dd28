import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import DecodeError
from domain.identity import SeriesKey
from domain.telemetry import Sample, SampleKind
from streams.codecs.base import UNITS, Assembly, Limits, Reason, SeriesKeys
from streams.codecs.native import NativeTelemetry, Row, encode_native

NOW = 1_795_301_265.0


def decode(message: dict[str, Any] | bytes, limits: Limits | None = None) -> Any:
    payload = message if isinstance(message, bytes) else json.dumps(message).encode()
    return NativeTelemetry(limits or Limits()).decode(payload, NOW)


def a_message(*samples: Any, **fields: Any) -> dict[str, Any]:
    return {"v": 1, "service": "payments-api", "at": NOW, "samples": list(samples)} | fields


def reasons(result: Any) -> list[tuple[str, Reason]]:
    return [(each.path, each.reason) for each in result.rejected]


def test_one_sample_can_stand_in_the_message_itself() -> None:
    result = decode({"v": 1, "service": "a", "metric": "m", "value": 2, "at": NOW, "attributes": {"x": "y"}})
    assert result.samples == (Sample(SeriesKey.of("a", "m", {"x": "y"}), 2.0, NOW),)


def test_samples_keep_their_order_and_their_repeats() -> None:
    result = decode(a_message(*({"metric": "m", "value": value} for value in (3, 1, 1, 2))))
    assert [sample.value for sample in result.samples] == [3, 1, 1, 2]


def test_what_a_sample_does_not_say_is_taken_from_the_message() -> None:
    own = {"metric": "m", "value": 1, "at": NOW - 5, "kind": "gauge", "unit": "s"}
    own_labels, labels = {"attributes": {"host": "h2", "disk": "d"}}, {"host": "h1", "zone": "z"}
    message = a_message({"metric": "m", "value": 1}, own | own_labels, kind="counter", unit="By", attributes=labels)
    gauge, counter = SampleKind.GAUGE, SampleKind.COUNTER
    assert decode(message).samples == (
        Sample(SeriesKey.of("payments-api", "m", labels), 1.0, NOW, counter, "By"),
        Sample(SeriesKey.of("payments-api", "m", {"host": "h2", "zone": "z", "disk": "d"}), 1.0, NOW - 5, gauge, "s"),
    )


def test_a_sample_may_say_that_it_has_no_unit_though_its_message_has_one() -> None:
    (sample,) = decode(a_message({"metric": "m", "value": 1, "unit": ""}, unit="By")).samples
    assert sample.unit == ""


def test_the_order_of_attributes_does_not_make_another_series() -> None:
    first = {"metric": "m", "value": 1, "attributes": {"a": "1", "b": "2"}}
    second = {"metric": "m", "value": 1, "attributes": {"b": "2", "a": "1"}}
    one, other = decode(a_message(first, second)).samples
    assert one.key == other.key


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("2026-03-01T08:30:00Z", 1_772_353_800.0), ("2026-03-01T09:30:00.250+01:00", 1_772_353_800.25)],
)
def test_a_time_can_be_text(text: str, seconds: float) -> None:
    assert decode(a_message({"metric": "m", "value": 1}, at=text)).samples[0].observed_at == seconds


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ('{"metric": "m", "value": NaN}', Reason.BAD_NUMBER),
        ('{"metric": "m", "value": -Infinity}', Reason.BAD_NUMBER),
        ('{"metric": "m", "value": "NaN"}', Reason.BAD_NUMBER),
        ('{"metric": "m", "value": "+inf"}', Reason.BAD_NUMBER),
        ('{"metric": "m", "value": 1e999}', Reason.BAD_NUMBER),
        ('{"metric": "m", "value": 1' + "0" * 400 + "}", Reason.BAD_NUMBER),
        ('{"metric": "m", "value": "12"}', Reason.WRONG_TYPE),
        ('{"metric": "m", "value": true}', Reason.WRONG_TYPE),
        ('{"metric": "m", "value": null}', Reason.MISSING_FIELD),
        ('{"metric": "m"}', Reason.MISSING_FIELD),
        ('{"value": 1}', Reason.MISSING_FIELD),
        ('{"metric": 5, "value": 1}', Reason.WRONG_TYPE),
        ('{"metric": "", "value": 1}', Reason.BAD_NAME),
        ('{"metric": " m", "value": 1}', Reason.BAD_NAME),
        ('{"metric": "a\\nb", "value": 1}', Reason.BAD_NAME),
        ('{"metric": "\\ud800", "value": 1}', Reason.BAD_NAME),
        ('{"metric": "m", "value": 1, "attributes": {"": "x"}}', Reason.BAD_NAME),
        ('{"metric": "m", "value": 1, "attributes": {"x": "a\\u0000"}}', Reason.BAD_NAME),
        ('{"metric": "m", "value": 1, "attributes": {"x": 1}}', Reason.WRONG_TYPE),
        ('{"metric": "m", "value": 1, "attributes": []}', Reason.WRONG_TYPE),
        ('{"metric": "m", "value": 1, "kind": "histogram"}', Reason.UNSUPPORTED),
        ('{"metric": "m", "value": 1, "unit": 5}', Reason.WRONG_TYPE),
        ('{"metric": "m", "value": 1, "unit": "m\\u0000s"}', Reason.BAD_NAME),
        ('{"metric": "m", "value": 1, "unit": "' + 64 * "s" + '"}', Reason.BAD_NAME),
        ('{"metric": "m", "value": 1, "at": "2026-03-01T08:30:00"}', Reason.BAD_TIME),
        ('{"metric": "m", "value": 1, "at": -1}', Reason.BAD_TIME),
        ('{"metric": "m", "value": 1, "at": NaN}', Reason.BAD_TIME),
        ('{"metric": "m", "value": 1, "at": 4000000000}', Reason.BAD_TIME),
        ("7", Reason.WRONG_TYPE),
        ("null", Reason.WRONG_TYPE),
    ],
)
def test_a_bad_sample_is_named_and_the_good_ones_are_kept(bad: str, reason: Reason) -> None:
    good = '{"metric": "good", "value": 1}'
    message = f'{{"v": 1, "service": "s", "at": {NOW}, "samples": [{good}, {bad}, {good}]}}'
    result = decode(message.encode())
    assert [sample.key.metric for sample in result.samples] == ["good", "good"]
    assert reasons(result) == [("$.samples[1]", reason)]


def test_a_message_refused_in_part_has_one_reason_and_a_short_detail() -> None:
    bad = {"metric": "m", "value": "x" * 5_000}
    reason, detail = decode(a_message({"metric": "m", "value": 1}, *[bad] * 20)).refusal()
    assert reason == "wrong_type"
    assert detail.startswith("20 of 21 refused: $.samples[1]: value: a number is needed, not 'xxxx")
    assert detail.endswith("; and 15 more")
    assert len(detail) < 800


def test_a_message_without_a_usable_sample_is_refused_with_the_first_reason() -> None:
    with pytest.raises(DecodeError, match=r"bad_number: 2 of 2 refused: \$\.samples\[0\]: value"):
        decode(a_message({"metric": "m", "value": "nan"}, {"metric": 5, "value": 1}))


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (a_message(), Reason.EMPTY),
        (a_message({"metric": "m", "value": 1}, metric="m", value=1), Reason.WRONG_TYPE),
        (a_message({"metric": "m", "value": 1}, metric="m"), Reason.WRONG_TYPE),
        (a_message({"metric": "m", "value": "x"}, metric="m"), Reason.WRONG_TYPE),
        (a_message({"metric": "m", "value": 1}, at=None), Reason.MISSING_FIELD),
        (a_message({"metric": "m", "value": 1}, service=None), Reason.MISSING_FIELD),
        (a_message({"metric": "m", "value": 1}, service=" "), Reason.BAD_NAME),
        (a_message({"metric": "m", "value": 1}, kind="meter"), Reason.UNSUPPORTED),
        (a_message(samples=None), Reason.MISSING_FIELD),
        (a_message(samples=None, metric="m"), Reason.MISSING_FIELD),
        ({"service": "s"}, Reason.MISSING_FIELD),
        (b'{"v": 1} {"v": 1}', Reason.NOT_JSON),
        (b'\xef\xbb\xbf{"v": 1}', Reason.NOT_JSON),
    ],
)
def test_a_message_that_is_wrong_as_a_whole_is_refused(message: Any, reason: Reason) -> None:
    with pytest.raises(DecodeError) as caught:
        decode(message)
    assert caught.value.reason == reason


@pytest.mark.parametrize("value", [1, "x"])
def test_the_limit_of_samples_holds_on_both_paths(value: object) -> None:
    samples = [{"metric": "m", "value": 1}, {"metric": "m", "value": 1}, {"metric": "m", "value": value}]
    with pytest.raises(DecodeError) as caught:
        decode(a_message(*samples), Limits(max_samples=2))
    assert caught.value.reason == Reason.TOO_MANY


def test_the_limit_of_attributes_counts_those_of_the_message_too() -> None:
    message = a_message({"metric": "m", "value": 1, "attributes": {"b": ""}}, attributes={"a": ""})
    assert decode(message, Limits(max_attributes=2)).samples
    with pytest.raises(DecodeError) as caught:
        decode(message, Limits(max_attributes=1))
    assert caught.value.reason == Reason.TOO_MANY


def test_a_name_may_be_exactly_as_long_as_the_limit() -> None:
    assert decode(a_message({"metric": "m" * 200, "value": 1})).samples
    with pytest.raises(DecodeError):
        decode(a_message({"metric": "m" * 201, "value": 1}))


def test_keys_are_shared_between_messages_and_forgotten_when_they_grow_too_large() -> None:
    keys = SeriesKeys(Limits(), capacity=3_000)
    first = keys.of("s", "m")
    assert keys.of("s", "m") is first
    for number in range(100):
        keys.of("s", f"m{number}")
    assert len(keys._known) < 20
    assert keys.of("s", "m") == first


names = st.text(st.characters(codec="utf-8", categories=["L", "N", "P"]), min_size=1, max_size=20)
times = st.floats(0, NOW + 60)
rows = st.builds(
    Row,
    names,
    st.floats(allow_nan=False, allow_infinity=False),
    st.none() | st.dictionaries(names, names, max_size=3),
    st.none() | times,
    st.none() | st.sampled_from(SampleKind),
    st.none() | names,
)


def test_units_are_shared_between_messages_and_forgotten_when_they_are_too_many() -> None:
    keys = SeriesKeys(Limits())
    assert keys.unit("".join(list("ms"))) is keys.unit("".join(list("ms")))
    for number in range(3 * UNITS):
        keys.unit(f"{{{number}}}")
    assert len(keys._units) <= UNITS


@given(service=names, at=times, written=st.lists(rows, min_size=1, max_size=5))
def test_what_is_encoded_is_decoded_unchanged(service: str, at: float, written: list[Row]) -> None:
    result = decode(encode_native(service, at, written))
    assert not result.rejected
    assert list(result.samples) == [
        Sample(
            SeriesKey.of(service, row.metric, row.attributes),
            row.value,
            at if row.at is None else row.at,  # type: ignore[arg-type]  # these rows have no calendar dates
            row.kind or SampleKind.GAUGE,
            row.unit or "",
        )
        for row in written
    ]


@given(service=names, at=times, written=st.lists(rows, min_size=1, max_size=5))
def test_the_slow_path_reads_what_the_fast_path_reads(service: str, at: float, written: list[Row]) -> None:
    payload = encode_native(service, at, written)
    codec = NativeTelemetry()
    assembly = Assembly(SeriesKeys(Limits()), Limits(), NOW)
    codec._read_slowly(payload, assembly)
    assert assembly.finish() == codec.decode(payload, NOW)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_the_encoder_refuses_what_json_cannot_write(value: float) -> None:
    with pytest.raises(ValueError, match="not finite"):
        encode_native("s", NOW, [Row("m", value)])

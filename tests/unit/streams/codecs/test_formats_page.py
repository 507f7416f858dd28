"""The page on formats says what the codecs do: its examples are decoded, its tables compared."""

import re
from pathlib import Path

import pytest

from domain.telemetry import EventStatus
from streams.codecs.base import IncidentCodec, Limits, Reason, TelemetryCodec
from streams.codecs.cloudevents import MEANINGS
from streams.codecs.otlp import OtlpJson
from streams.codecs.registry import INCIDENTS, TELEMETRY

PAGE = (Path(__file__).parents[4] / "docs" / "formats.md").read_text(encoding="utf-8")
ARRIVED = 1_795_305_000.0
EXAMPLES = re.findall(r"^```(?:json|text) (\S+)\n(.*?)\n^```$", PAGE, re.MULTILINE | re.DOTALL)
FORMATS: dict[str, TelemetryCodec | IncidentCodec] = {
    **TELEMETRY,
    **{f"incidents-{name}": codec for name, codec in INCIDENTS.items()},
}


@pytest.mark.parametrize(("name", "example"), EXAMPLES)
def test_every_example_is_decoded_whole(name: str, example: str) -> None:
    result = FORMATS[name].decode(example.encode(), ARRIVED)
    assert result
    assert getattr(result, "rejected", ()) == ()


def test_every_format_but_the_binary_one_has_an_example() -> None:
    assert {name for name, _ in EXAMPLES} == set(FORMATS) - {"otlp_proto"}


def test_every_fenced_block_is_an_example() -> None:
    assert PAGE.count("```") == 2 * len(EXAMPLES)


def test_the_histogram_of_the_page_becomes_the_samples_that_the_page_names() -> None:
    (example,) = (text for name, text in EXAMPLES if name == "otlp_json")
    samples = OtlpJson().decode(example.encode(), ARRIVED).samples
    base = "http.server.request.duration"
    assert {sample.key.metric: sample.value for sample in samples} == pytest.approx(
        {f"{base}.count": 10, f"{base}.sum": 1.9, f"{base}.p50": 0.1, f"{base}.p95": 0.25, f"{base}.p99": 0.25}
    )


def test_the_reasons_are_listed_in_order() -> None:
    table = PAGE[PAGE.index("| reason |") :]
    assert re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE) == [reason.value for reason in Reason]


def test_the_limits_are_the_ones_of_the_code() -> None:
    limits = Limits()
    told = {int(number.replace(",", "")) for number in re.findall(r"^\|[^|]+\| ([\d,]+)", PAGE, re.MULTILINE)}
    sizes = {limits.max_bytes, limits.max_samples, limits.max_attributes, limits.max_buckets, limits.max_name}
    assert told == sizes | {int(limits.future_s), int(limits.announced_s)}


def test_every_word_of_a_cloud_event_type_is_listed() -> None:
    section = PAGE[PAGE.index("## Incidents: cloudevents") : PAGE.index("## Limits")]
    nouns = {noun for noun, _ in MEANINGS if noun != "service"}
    verbs = {verb for noun, verb in MEANINGS if noun != "service"}
    pairs = {f"{noun}.{verb}" for noun, verb in MEANINGS if noun == "service"}
    for word in nouns | verbs | pairs:
        assert f"`{word}`" in section
    assert {status for _, status in MEANINGS.values()} == set(EventStatus)

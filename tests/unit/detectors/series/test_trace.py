"""The latest samples of a series: few bytes, the right values at the right times."""

import json
import math
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.arrival.cadence import FRESH as UNHEARD
from detectors.arrival.cadence import read, spoke
from detectors.detection import Detection
from detectors.params import DetectionParams
from detectors.series.trace import FRESH, SAMPLES, latest, trace_of
from detectors.series.trace import note as note_after
from detectors.series.trace import traced as traced_by
from domain.anomaly import Anomaly, AnomalyKind, AnomalyPhase, Evidence, Forecast, Trace
from domain.identity import AnomalyId, SeriesKey, ServiceId
from domain.journeys import Objective, Service
from domain.telemetry import Sample, SampleKind
from tests.support.timelines import START, feed, noise, timeline, together, with_shape

KEY = SeriesKey.of("payments-api", "latency_p95_ms")
T0 = 1_763_820_120.0


def fresh(between: bytes = b"") -> bytearray:
    """A record as short as it can be: the cadence first, the latest samples last."""
    return bytearray(UNHEARD + between + FRESH)


def note(record: bytearray, at: float, value: float) -> None:
    before = read(record)
    spoke(record, before, at)
    note_after(record, before, at, value)


def test_the_newest_samples_come_back_oldest_first() -> None:
    record = fresh()
    for second in range(100):
        note(record, T0 + second, float(second))
    assert latest(record) == [(T0 + second, float(second)) for second in range(100 - SAMPLES, 100)]


def test_fewer_samples_than_there_is_room_for_all_come_back() -> None:
    record = fresh()
    assert latest(record) == []
    note(record, T0, 3.5)
    note(record, T0 + 5, 4.5)
    assert latest(record) == [(T0, 3.5), (T0 + 5, 4.5)]


@given(
    gaps=st.lists(st.floats(1e-3, 1e6), min_size=1, max_size=80),
    values=st.lists(st.floats(-1e90, 1e90), min_size=80, max_size=80),
)
def test_times_and_values_are_as_exact_as_a_picture_needs(gaps: list[float], values: list[float]) -> None:
    record, at, told = fresh(), T0, []
    for gap, value in zip(gaps, values, strict=False):
        at += gap
        note(record, at, value)
        told.append((at, value))
    told = told[-SAMPLES:]
    span = told[-1][0] - told[0][0]
    for (known_at, known), (seen_at, seen) in zip(told, latest(record), strict=True):
        assert abs(known_at - seen_at) <= 1e-3 * span + 1e-5
        assert seen == pytest.approx(
            max(-3.4028234663852886e38, min(3.4028234663852886e38, known)), rel=1e-6, abs=1e-44
        )


def test_a_sample_a_month_is_drawn_closer_rather_than_refused() -> None:
    record = fresh()
    note(record, T0, 1.0)
    note(record, T0 + 30 * 86400, 2.0)
    (first, _), (last, _) = latest(record)
    assert last == T0 + 30 * 86400
    assert last - first == pytest.approx(12 * 86400, rel=0.02)


def test_the_samples_lie_at_the_end_of_a_record_and_touch_nothing_before() -> None:
    record = fresh(b"what detectors know")
    for second in range(1000):
        note(record, T0 + second, 1.0)
    assert record[len(UNHEARD) :].startswith(b"what detectors know")
    assert len(latest(record)) == SAMPLES
    assert len(FRESH) < 150


def test_a_sample_without_a_value_is_left_out_and_the_others_keep_their_times() -> None:
    record = fresh()
    for second in range(100):
        note(record, T0 + second, math.nan if second % 5 == 0 else float(second))
    kept = [second for second in range(100 - SAMPLES, 100) if second % 5]
    assert latest(record) == [(T0 + second, float(second)) for second in kept]


def test_a_counter_that_restarts_keeps_the_times_of_its_rates() -> None:
    key = SeriesKey.of("payments-api", "requests_total")
    counts = [float(10 * second) for second in range(200)] + [float(30 * second) for second in range(20)]
    detection = Detection(DetectionParams())
    samples = [Sample(key, count, T0 + second, SampleKind.COUNTER) for second, count in enumerate(counts)]
    for sample in samples:
        detection.observe(sample)
    (series,) = detection._bank  # the picture of a calm series is not told
    points = list(series.points)
    assert [at - T0 for at, _ in points] == [second for second in range(220 - SAMPLES, 220) if second != 200]
    assert [rate for _, rate in points] == [10.0] * 4 + [30.0] * 19


def test_a_trace_is_rounded_to_what_a_picture_needs() -> None:
    trace = trace_of(KEY, [(T0 + 0.123456, 1234.56789), (T0 + 1, 1e12 + 1)])
    assert trace is not None
    assert trace.times == (T0 + 0.123, T0 + 1)
    assert trace.values == (1234.57, 1e12)
    assert trace_of(KEY, []) is None


def traced(anomaly: Anomaly) -> Trace:
    assert anomaly.trace is not None
    return anomaly.trace


def test_an_anomaly_carries_the_latest_samples_of_the_series_that_leads_up_to_its_end() -> None:
    samples = timeline([*noise(500), 90.0, 90.0, *noise(50, seed=8)])
    opened, ended = feed(Detection(DetectionParams()), samples)[1]
    assert traced(opened).key == samples[0].key
    assert traced(opened).times == tuple(START + second for second in range(502 - SAMPLES, 502))
    assert traced(opened).values[-1] == 90.0
    assert traced(ended).times[-1] == ended.at
    assert 90.0 in traced(ended).values


def test_a_forecast_carries_the_samples_that_it_was_made_from() -> None:
    service = Service(ServiceId("payments-api"), objectives=(Objective("disk_free", 10.0, above=False),))
    falling = with_shape(noise(400, centre=100.0, spread=0.3), 200, lambda second: -0.5 * second)
    samples = together(timeline(falling, metric="disk_free"), timeline(noise(400), metric="requests"))
    opened, *later = feed(Detection(DetectionParams(), (service,)), samples)[1]
    assert opened.kind is AnomalyKind.FORECAST
    assert traced(opened).key.metric == "disk_free"
    assert len(traced(opened).times) == 60
    breach = next(anomaly for anomaly in later if anomaly.kind is AnomalyKind.BREACH)
    assert traced(breach).key.metric == "disk_free"
    assert traced(breach).values[-1] < 10.0


def test_a_silence_shows_until_when_samples_came() -> None:
    gone = timeline(noise(200), metric="latency_ms")
    others = timeline(noise(400, seed=3), metric="requests")
    (silent,) = feed(Detection(DetectionParams()), together(gone, others))[1]
    assert silent.kind is AnomalyKind.SILENCE
    assert traced(silent).key.metric == "latency_ms"
    assert traced(silent).times[-1] == gone[-1].observed_at < silent.at


@dataclass(frozen=True)
class Known:
    """A series that is only looked at."""

    key: SeriesKey
    points: tuple[tuple[float, float], ...] = ((T0, 1.0), (T0 + 1, 2.0))


def said(detector: str | None, foreseen: str | None) -> Anomaly:
    key = SeriesKey.of("payments-api", "requests")
    evidence = () if detector is None else (Evidence(detector, key, T0, 1.0, 1.0, 0.0, 2.0, 0.9, T0),)
    forecast = None
    if foreseen is not None:
        forecast = Forecast(SeriesKey.of("payments-api", foreseen), 1.0, True, T0, T0, T0, T0, 0.8)
    kind, opened = AnomalyKind.FORECAST, AnomalyPhase.OPENED
    return Anomaly(AnomalyId("a"), ServiceId("payments-api"), opened, kind, T0, T0, 0.9, 0.9, evidence, forecast)


@pytest.mark.parametrize(
    ("detector", "foreseen", "leads"),
    [
        ("level", "disk_free", "disk_free"),
        ("objective", "disk_free", "requests"),
        ("level", None, "requests"),
        (None, "disk_free", "disk_free"),
        (None, None, None),
        ("level", "never heard of", None),
    ],
)
def test_what_is_forecast_or_breached_leads_else_the_strongest_evidence(
    detector: str | None, foreseen: str | None, leads: str | None
) -> None:
    known = [Known(SeriesKey.of("payments-api", metric)) for metric in ("requests", "disk_free")]
    trace = traced_by(said(detector, foreseen), known).trace
    assert (None if trace is None else trace.key.metric) == leads


@pytest.mark.parametrize("cut", [1, 150, 499, 500])
def test_a_restart_changes_no_picture(cut: int) -> None:
    samples: list[Sample] = timeline([*noise(500), 90.0, *noise(50, seed=8)])
    first, second = Detection(DetectionParams()), Detection(DetectionParams())
    whole = feed(first, samples)[1]
    third = Detection(DetectionParams())
    feed(third, samples[:cut])
    second.restore(json.loads(json.dumps(third.snapshot())))
    assert feed(second, samples[cut:])[1] == whole

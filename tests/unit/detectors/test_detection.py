"""All detection of a partition: what opens, what stays quiet, what is learnt."""

import json
import math
from collections.abc import Sequence
from typing import Any

import pytest

from detectors.arrival.cadence import SilenceParams
from detectors.detection import Detection
from detectors.params import DetectionParams
from domain.anomaly import Anomaly, AnomalyKind, AnomalyPhase, SeriesState
from domain.errors import StateError
from domain.identity import SeriesKey, ServiceId
from domain.journeys import Objective, Service
from domain.telemetry import EventKind, EventStatus, IncidentEvent, Sample, SampleKind
from tests.support.timelines import START, day_wave, feed, noise, timeline, together, with_shape

API = ServiceId("payments-api")
OPENED, UPDATED, ENDED = AnomalyPhase.OPENED, AnomalyPhase.UPDATED, AnomalyPhase.ENDED


def run(samples: Sequence[Sample], *services: Service) -> list[Anomaly]:
    return feed(Detection(DetectionParams(), services), samples)[1]


def phases(said: Sequence[Anomaly]) -> list[AnomalyPhase]:
    return [anomaly.phase for anomaly in said]


def incident(status: EventStatus, at: float, kind: EventKind = EventKind.INCIDENT) -> IncidentEvent:
    return IncidentEvent("inc-1", kind, status, at, (API,))


@pytest.mark.parametrize(("step_s", "samples"), [(1.0, 2), (30.0, 2), (60.0, 1), (3600.0, 1)])
def test_a_spike_of_a_lone_series_opens_with_its_second_sample_or_at_once_where_they_are_rare(
    step_s: float, samples: int
) -> None:
    said = run(timeline([*noise(500), *[90.0] * samples, *noise(50, seed=8)], step_s=step_s))
    assert phases(said) == [OPENED, ENDED]
    opened = said[0]
    at = START + (499 + samples) * step_s
    assert (opened.kind, opened.service, opened.at) == (AnomalyKind.LEVEL, API, at)
    assert opened.evidence[0].actual == 90.0
    assert opened.evidence[0].low < opened.evidence[0].expected < opened.evidence[0].high < 90.0


@pytest.mark.parametrize("seed", range(3))
def test_noise_stays_quiet(seed: int) -> None:
    assert run(timeline(noise(20_000, seed=seed))) == []


@pytest.mark.parametrize("scale", [1e12, 1.0, 1e-12])
@pytest.mark.parametrize(
    "values",
    [[0.0] * 3000, [7.0] * 3000, [float(round(v)) for v in noise(3000)], [v * 1e3 for v in noise(3000)]],
    ids=["zeros", "constant", "integers", "large"],
)
def test_dull_series_stay_quiet_in_any_unit(values: list[float], scale: float) -> None:
    assert run(timeline([v * scale for v in values])) == []


def test_a_level_shift_alarms_once_and_is_learnt() -> None:
    values = [v + (40.0 if i >= 1000 else 0.0) for i, v in enumerate(noise(3000))]
    said = run(timeline(values))
    assert phases(said) == [OPENED, ENDED]
    assert said[1].at - said[0].at < 100


def test_a_daily_season_is_learnt() -> None:
    per_day = 288
    values = [
        v + n for v, n in zip(day_wave(28 * per_day, per_day), noise(28 * per_day, centre=0.0, spread=1.0), strict=True)
    ]
    assert run(timeline(values, step_s=300.0)) == []


def test_a_missing_daily_peak_is_seen_when_the_season_is_known() -> None:
    per_day = 288
    values = [
        v + n for v, n in zip(day_wave(21 * per_day, per_day), noise(21 * per_day, centre=0.0, spread=1.0), strict=True)
    ]
    for i in range(20 * per_day + 40, 20 * per_day + 100):
        values[i] = 100.0 + (values[i] - 100.0) * 0.02
    said = run(timeline(values, step_s=300.0))
    assert OPENED in phases(said)
    assert all(START + (20 * per_day + 40) * 300 <= a.at for a in said)


def test_one_series_of_many_must_persist() -> None:
    others = [timeline(noise(600, seed=i), metric=f"m{i}") for i in range(9)]
    spike = timeline([*noise(500), 90.0, *noise(99, seed=5)])
    lasting = timeline([*noise(500), *[90.0, 30.0] * 5, *noise(90, seed=5)])
    assert run(together(spike, *others)) == []
    assert phases(run(together(lasting, *others)))[0] is OPENED


@pytest.mark.parametrize("series", [1, 6])
def test_what_never_was_below_zero_is_not_expected_there(series: int) -> None:
    rare = [max(0.0, value) for value in noise(600, centre=0.0)]  # such as errors per second
    spiked = with_shape(rare, 500, lambda i: 12.0 if i < 4 else 0.0)
    metrics = [f"m{i}" for i in range(series)]

    never = run(together(*(timeline(spiked, metric=metric, step_s=60.0) for metric in metrics)))[0]
    once = run(together(*(timeline([-0.5, *spiked], metric=metric, step_s=60.0) for metric in metrics)))[0]

    assert {evidence.low for evidence in never.evidence} == {0.0}
    assert all(evidence.low < 0 for evidence in once.evidence)


def test_one_pause_after_a_long_calm_is_no_persistence_though_its_echo_lasts() -> None:
    """What follows is as usual again, but below a level that the pause has lifted."""
    others = [timeline(noise(1061, seed=i), metric=f"m{i}") for i in range(3)]
    pauses = with_shape([0.0] * 1061, 0, lambda i: {150: 1.0, 400: 1.0, 650: 1.0, 1000: 4.0}.get(i, 0.0))
    assert run(together(timeline(pauses, metric="pause_ms"), *others)) == []


@pytest.mark.parametrize("moves", [[11.0, 12.0], [63.0, 61.8, 59.0], [12.0, 9.0]])
def test_a_series_that_stood_still_and_moves_while_it_warms_up_is_not_told(moves: list[float]) -> None:
    """The rest of its warm-up is spent on following the step, which is no further news."""
    others = [timeline(noise(300, seed=i), metric=f"m{i}") for i in range(3)]
    stood = [moves[0]] * 80
    values = [*stood, *(value for value in moves[1:] for _ in range(220 // len(moves[1:])))]
    assert run(together(timeline(values, metric="connections"), *others)) == []


def test_two_spikes_apart_are_not_persistence() -> None:
    others = [timeline(noise(600, seed=i), metric=f"m{i}") for i in range(9)]
    apart = timeline([*noise(500), 90.0, *noise(3, seed=2), 90.0, *noise(95, seed=5)])
    assert run(together(apart, *others)) == []


def test_several_series_together_open_sooner_and_the_strongest_leads() -> None:
    lines = [
        timeline([*noise(500, seed=i), 60.0 + 10 * i, *noise(60, seed=20 + i)], metric=f"m{i}", step_s=60.0)
        for i in range(1, 6)
    ]
    said = run(together(*lines))
    assert said[0].phase is OPENED
    assert said[0].at == START + 500 * 60
    scores = [e.score for e in said[0].evidence]
    assert scores == sorted(scores, reverse=True)


def test_a_forecast_opens_before_the_breach_the_breach_updates_and_recovery_ends_it() -> None:
    service = Service(API, objectives=(Objective("disk_free", 10.0, above=False),))
    values = [*with_shape(noise(400, centre=100.0, spread=0.3), 200, lambda i: -0.5 * i), *noise(60, centre=100.0)]
    said = run(timeline(values, metric="disk_free"), service)
    assert (said[0].phase, said[0].kind) == (OPENED, AnomalyKind.FORECAST)
    breach = next(a for a in said if a.kind is AnomalyKind.BREACH)
    assert breach.at - said[0].at > 60
    assert breach.phase is UPDATED
    assert said[0].forecast is not None
    assert said[-1].phase is ENDED
    assert len(said) < 12


def test_a_silent_series_is_found_by_its_service_going_on_and_ends_when_it_is_back() -> None:
    mute = [s for s in timeline(noise(300)) if not START + 200 <= s.observed_at < START + 240]
    said = run(together(mute, timeline(noise(300, seed=2), metric="rate")))
    assert [a.kind for a in said] == [AnomalyKind.SILENCE, AnomalyKind.SILENCE]
    assert START + 203 <= said[0].at <= START + 210
    assert said[0].evidence[0].actual is None
    assert said[1].phase is ENDED


def test_a_silent_service_is_found_by_the_partition_going_on() -> None:
    said = run(together(timeline(noise(200)), timeline(noise(300, seed=2), service="ledger-db")))
    assert phases(said) == [OPENED]
    assert (said[0].service, said[0].kind) == (API, AnomalyKind.SILENCE)


def test_a_silent_service_is_found_when_only_time_goes_on() -> None:
    detection = Detection(DetectionParams())
    feed(detection, timeline(noise(200)))
    assert detection.advance(START + 201) == ()
    said = detection.advance(START + 260)
    assert phases(said) == [OPENED]
    assert said[0].at == START + 260
    assert detection.states()[SeriesState.STALE] == 1


def test_a_stuck_value_is_found_and_named() -> None:
    values = [*noise(300), *[51.0] * 40, *noise(60, seed=3)]
    said = run(together(timeline(values), timeline(noise(400, seed=4), metric="rate")))
    assert said[0].kind is AnomalyKind.STUCK
    assert said[-1].phase is ENDED


def test_telemetry_that_comes_twice_is_found_and_named() -> None:
    samples = timeline(noise(500))
    doubled = [s for i, s in enumerate(samples) for _ in range(2 if 250 <= i < 300 else 1)]
    said = run(doubled)
    assert said[0].kind is AnomalyKind.SCHEMA
    assert "twice" in said[0].evidence[0].detail
    assert phases(said) == [OPENED, ENDED]


def test_values_that_begin_to_be_no_numbers_are_found_and_named() -> None:
    said = run([s._replace(value=math.nan) if i >= 250 and i % 2 else s for i, s in enumerate(timeline(noise(320)))])
    assert said[0].kind is AnomalyKind.SCHEMA
    assert "samples of the service had no finite value" in said[0].evidence[0].detail


def test_a_service_that_always_repeats_itself_is_left_in_peace() -> None:
    assert run([s for i, s in enumerate(timeline(noise(1000))) for _ in range(2 if i % 3 == 0 or i > 600 else 1)]) == []


def test_during_an_incident_nothing_is_learnt_and_afterwards_it_is() -> None:
    frozen, free = Detection(DetectionParams()), Detection(DetectionParams())
    calm, trouble = timeline(noise(500)), timeline(noise(300, centre=80.0), start=START + 500)
    for detection in (frozen, free):
        feed(detection, calm)
    frozen.event(incident(EventStatus.OPENED, START + 500))
    frozen_scores, free_scores = feed(frozen, trouble)[0], feed(free, trouble)[0]
    assert frozen.states() == {SeriesState.FROZEN: 1}
    assert sum(s > 0.9 for s in frozen_scores) >= sum(s > 0.9 for s in free_scores)
    frozen.event(incident(EventStatus.CLOSED, START + 800))
    back = timeline(noise(200, seed=5), start=START + 800)
    assert feed(frozen, back)[1][-1].phase is ENDED
    assert frozen.states() == {SeriesState.LIVE: 1}


def test_an_incident_that_nobody_closes_thaws_after_its_time_out() -> None:
    detection = Detection(DetectionParams.model_validate({"freeze_timeout": "5m"}))
    feed(detection, timeline(noise(200)))
    detection.event(incident(EventStatus.OPENED, START + 200))
    feed(detection, timeline(noise(299), start=START + 200))
    assert detection.states() == {SeriesState.FROZEN: 1}
    feed(detection, timeline(noise(10), start=START + 500))
    assert detection.states() == {SeriesState.LIVE: 1}


def test_during_maintenance_nothing_opens_and_a_deployment_changes_nothing() -> None:
    for kind, opens in ((EventKind.MAINTENANCE, False), (EventKind.DEPLOY, True)):
        detection = Detection(DetectionParams())
        feed(detection, timeline(noise(500)))
        detection.event(incident(EventStatus.OPENED, START + 500, kind))
        _, said = feed(detection, timeline([*[90.0] * 3, *noise(20, seed=3)], start=START + 500))
        assert bool(said) is opens


def test_the_number_of_series_is_bounded_and_refusals_are_counted() -> None:
    detection = Detection(DetectionParams(max_series=2))
    for metric in ("a", "b", "c", "c"):
        detection.observe(Sample(SeriesKey.of("s", metric), 1.0, START))
    assert (detection.series_count, detection.refusals["too_many_series"]) == (2, 2)


def test_refused_samples_are_counted_by_reason_and_score_zero() -> None:
    detection = Detection(DetectionParams())
    key = SeriesKey.of("s", "m")
    values = [(1.0, 1.0), (1.0, 1.0), (0.5, 1.0), (2.0, math.nan), (3.0, 1.0)]
    assert [detection.observe(Sample(key, value, START + at))[0] for at, value in values] == [0.0] * 5
    assert detection.refusals == {"duplicate": 1, "late": 1, "not_finite": 1}


def test_a_counter_is_judged_by_its_rate() -> None:
    total, counted = 0.0, []
    for value in [*noise(500), 500.0, 500.0, *noise(20)]:
        total += value
        counted.append(total)
    said = run(timeline(counted, metric="requests_total", kind=SampleKind.COUNTER))
    assert said[0].at == START + 501
    assert said[0].evidence[0].actual == pytest.approx(500.0)


def test_series_are_warming_then_live() -> None:
    detection = Detection(DetectionParams())
    feed(detection, timeline(noise(50)))
    assert detection.states() == {SeriesState.WARMING: 1}
    feed(detection, timeline(noise(100), start=START + 50))
    assert detection.states() == {SeriesState.LIVE: 1}


def test_the_same_samples_give_the_same_ids() -> None:
    samples = timeline([*noise(500), 90.0, 90.0, *noise(50, seed=8)])
    assert run(samples)
    assert [a.id for a in run(samples)] == [a.id for a in run(samples)]


def test_the_watermark_is_the_latest_time_seen() -> None:
    detection = Detection(DetectionParams())
    assert detection.watermark == -math.inf
    feed(detection, timeline(noise(5)))
    detection.observe(Sample(SeriesKey.of("s", "late"), 1.0, START - 100))
    assert detection.watermark == START + 4


@pytest.mark.parametrize(
    "damaged",
    [None, [], {}, {"version": 99}, {"version": 1}, "text", {"version": 1, "series": 3}],
)
def test_a_damaged_or_foreign_snapshot_is_refused(damaged: object) -> None:
    with pytest.raises(StateError):
        Detection(DetectionParams()).restore(damaged)  # type: ignore[arg-type]


@pytest.mark.parametrize("number", ["counted", "held", "hold", "low", "high"])
def test_a_snapshot_in_which_a_number_of_a_series_is_none_is_refused(number: str) -> None:
    detection = Detection(DetectionParams())
    feed(detection, timeline(noise(50)))
    state: Any = detection.snapshot()
    own = state["series"][0][3]
    own[["counted", "warm", "held", "hold", "signed", "low", "high"].index(number)] = {}
    with pytest.raises(StateError):
        Detection(DetectionParams()).restore(state)


def test_a_snapshot_of_another_version_is_refused_by_name() -> None:
    with pytest.raises(StateError, match="version 99"):
        Detection(DetectionParams()).restore({"version": 99})


def test_a_changed_objective_starts_anew_after_a_restore_and_the_rest_continues() -> None:
    before = Service(API, objectives=(Objective("latency_ms", 100.0, above=True),))
    after = Service(API, objectives=(Objective("latency_ms", 60.0, above=True),))
    first, second = Detection(DetectionParams(), (before,)), Detection(DetectionParams(), (after,))
    feed(first, timeline(noise(300)))
    second.restore(first.snapshot())
    assert second.states() == {SeriesState.LIVE: 1}
    _, said = feed(second, timeline([70.0], start=START + 300))
    assert said[0].kind is AnomalyKind.BREACH


def test_the_silence_of_a_series_ends_when_nobody_waits_for_it_any_more() -> None:
    lines = [timeline(noise(600, seed=n), metric=f"m{n}") for n in range(2)]
    detection = Detection(DetectionParams(silence=SilenceParams(gone=50.0)))
    said = feed(detection, together(*lines, timeline(noise(200), metric="stops")))[1]
    assert phases(said) == [OPENED, ENDED]
    assert said[0].kind is AnomalyKind.SILENCE
    assert START + 199 + 50 < said[1].at < START + 199 + 60


def test_what_findings_have_left_behind_is_let_go_once_a_service_is_calm() -> None:
    values = [*noise(500), *[90.0] * 20, *noise(300, seed=8)]
    detection, sizes = Detection(DetectionParams()), []
    for sample in timeline(values, step_s=60.0):
        detection.observe(sample)
        sizes.append(len(json.dumps(detection.snapshot())))
    assert sizes[-1] < min(sizes[530:540]) - 500

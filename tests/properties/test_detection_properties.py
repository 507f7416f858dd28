"""What must hold of detection for any telemetry."""

import contextlib
import json
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.detection import Detection
from detectors.params import DetectionParams
from domain.anomaly import Anomaly, AnomalyPhase
from domain.errors import StateError
from domain.identity import ServiceId
from domain.journeys import Objective, Service
from domain.telemetry import Sample
from tests.support.timelines import feed, noise, timeline, together, with_shape

PARAMS = DetectionParams()
SERVICES = (Service(ServiceId("payments-api"), objectives=(Objective("latency_ms", 100.0, above=True, for_s=3.0),)),)
few = settings(max_examples=25, deadline=None)


@st.composite
def rough(draw: st.DrawFn) -> list[float]:
    """Noise with spikes, steps, ramps and standstill at random places."""
    values = noise(draw(st.integers(150, 400)), seed=draw(st.integers(0, 999)))
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(values) - 1))
        height = draw(st.floats(-300, 300))
        shape = draw(st.sampled_from(["spike", "step", "ramp"]))
        values = with_shape(
            values,
            at,
            lambda i, h=height, s=shape: (
                h if s == "step" or (s == "spike" and i == 0) else h * i / 60 if s == "ramp" else 0.0
            ),  # type: ignore[misc]
        )
    return values


def scores_of(values: Sequence[float]) -> list[float]:
    return feed(Detection(PARAMS), timeline(values))[0]


@few
@given(rough(), st.sampled_from([1e-3, 0.5, 3.0, 1e4]), st.sampled_from([0.0, 10.0, -273.15, 1e4]))
def test_scores_do_not_depend_on_the_unit(values: list[float], factor: float, offset: float) -> None:
    other = [factor * value + offset for value in values]
    # Far from zero less counts as a difference: 2e-9 of 10,000 is a hundredth of what 0.001 makes of the noise.
    assert scores_of(other) == pytest.approx(scores_of(values), abs=1e-5 if abs(offset) < 1e4 * factor else 1e-3)


@few
@given(rough(), st.floats(20, 500), st.floats(1.0, 10.0))
def test_a_bigger_spike_never_scores_lower(values: list[float], height: float, times: float) -> None:
    quiet = noise(150, seed=1)
    small = scores_of([*values, *quiet, 50.0 + height])[-1]
    assert scores_of([*values, *quiet, 50.0 + times * height])[-1] >= small - 1e-12


@few
@given(rough(), rough())
def test_a_series_is_scored_as_if_it_were_alone(values: list[float], others: list[float]) -> None:
    mine, theirs = timeline(values), timeline(others, metric="queue_depth")
    both = together(mine, theirs)
    scores, _ = feed(Detection(PARAMS), both)
    assert [s for s, sample in zip(scores, both, strict=True) if sample.key.metric == "latency_ms"] == scores_of(values)


@few
@given(rough(), rough(), st.floats(0, 1))
def test_a_snapshot_at_any_point_continues_identically(values: list[float], others: list[float], share: float) -> None:
    samples = together(
        timeline(values), timeline(others, metric="queue_depth"), timeline(others[::-1], service="ledger-db")
    )
    cut = int(share * len(samples))
    whole, first, second = (Detection(PARAMS, SERVICES) for _ in range(3))
    feed(whole, samples[:cut])
    feed(first, samples[:cut])
    second.restore(json.loads(json.dumps(first.snapshot())))
    assert json.dumps(second.snapshot()) == json.dumps(first.snapshot())
    assert feed(second, samples[cut:]) == feed(whole, samples[cut:])
    assert second.states() == whole.states()
    assert second.watermark == whole.watermark


@few
@given(st.lists(rough(), min_size=1, max_size=3), st.randoms(use_true_random=False))
def test_anomalies_of_a_service_open_change_and_end_in_order_one_at_a_time(
    lines: list[list[float]], chance: object
) -> None:
    samples = together(*(timeline(values, metric=f"m{i}") for i, values in enumerate(lines)))
    shuffled = _disturbed(samples, chance)
    detection = Detection(PARAMS, SERVICES)
    _, said = feed(detection, shuffled)
    _check_lives([*said, *detection.advance(detection.watermark + 1e6)])


def _disturbed(samples: Sequence[Sample], chance: object) -> list[Sample]:
    """Some late, some twice."""
    found: list[Sample] = []
    for sample in samples:
        roll = chance.random()  # type: ignore[attr-defined]
        found.insert(len(found) - (3 if roll < 0.05 and len(found) > 3 else 0), sample)
        if roll > 0.97:
            found.append(sample)
    return found


def _check_lives(said: Sequence[Anomaly]) -> None:
    open_now: Anomaly | None = None
    for anomaly in said:
        if anomaly.phase is AnomalyPhase.OPENED:
            assert open_now is None
            open_now = anomaly
        else:
            assert open_now is not None
            assert (anomaly.id, anomaly.opened_at) == (open_now.id, open_now.opened_at)
            assert anomaly.at >= anomaly.opened_at
            open_now = None if anomaly.phase is AnomalyPhase.ENDED else open_now
        assert 0 <= anomaly.score < 1
        assert 0 <= anomaly.confidence <= 1
        assert anomaly.evidence or anomaly.forecast
    assert len({a.id for a in said if a.phase is AnomalyPhase.OPENED}) == sum(
        a.phase is AnomalyPhase.OPENED for a in said
    )


def _places(state: object, path: tuple[object, ...] = ()) -> list[tuple[object, ...]]:
    """Every place inside plain data."""
    children = state.items() if isinstance(state, dict) else enumerate(state) if isinstance(state, list) else ()
    return [path, *(place for name, child in children for place in _places(child, (*path, name)))]


TROUBLED = Detection(PARAMS, SERVICES)
feed(TROUBLED, together(timeline(with_shape(noise(300), 250, lambda i: 4.0 * i)), timeline(noise(260), metric="rate")))
SAVED = json.dumps(TROUBLED.snapshot())


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_a_snapshot_with_anything_wrong_anywhere_is_restored_or_refused_but_never_breaks(data: st.DataObject) -> None:
    state = json.loads(SAVED)
    place = data.draw(st.sampled_from([place for place in _places(state) if place]))
    inside = state
    for name in place[:-1]:
        inside = inside[name]
    inside[place[-1]] = data.draw(st.sampled_from([None, "x", [], {}, [[]], True, "1"]))
    with contextlib.suppress(StateError):
        Detection(PARAMS, SERVICES).restore(state)

"""What every detector in the registry keeps; each law exists because some model was seen to break it."""

import json
from collections.abc import Sequence

import pytest

from detectors.params import DetectionParams
from detectors.registry import DETECTORS, Entry
from domain.anomaly import Anomalous, Normal, Verdict, Warming
from domain.errors import StateError
from tests.support.detectors import KEY, Alone
from tests.support.timelines import START, noise

PARAMS = DetectionParams()
WARM_UP = {"level": PARAMS.level.warm_up, "stuck": PARAMS.stuck.warm_up}

every = pytest.mark.parametrize("entry", DETECTORS, ids=lambda entry: entry.name)


def make(entry: Entry, place: int = 0) -> Alone:
    return Alone(entry.make(PARAMS, place))


def feed(detector: Alone, values: Sequence[float], start: int = 0, *, learn: bool = True) -> list[Verdict]:
    return [detector.observe(START + start + i, value, learn=learn) for i, value in enumerate(values)]


def score(verdict: Verdict) -> float:
    return 0.0 if isinstance(verdict, Warming) else verdict.score


@every
def test_a_constant_series_is_never_anomalous(entry: Entry) -> None:
    for constant in (0.0, 1.0, -3.7, 1e12 + 0.1, 1e-12):
        assert not any(isinstance(v, Anomalous) for v in feed(make(entry), [constant] * 2000))


@every
def test_it_is_warming_for_exactly_its_stated_warm_up_and_then_judges(entry: Entry) -> None:
    verdicts = feed(make(entry), noise(WARM_UP[entry.name] + 20))
    warming = [isinstance(v, Warming) for v in verdicts]
    assert warming == [True] * WARM_UP[entry.name] + [False] * 20
    progress = [v.progress for v in verdicts if isinstance(v, Warming)]
    assert progress == sorted(progress)
    assert all(0 <= p <= 1 for p in progress)


@every
def test_scores_lie_between_zero_and_one_even_for_extreme_values(entry: Entry) -> None:
    values = [*noise(300), 1e60, -1e60, 0.0, *noise(300), 1e90, *noise(50)]
    assert all(0 <= score(v) < 1 for v in feed(make(entry), values))


@every
def test_zero_is_a_value_like_any_other(entry: Entry) -> None:
    plain = feed(make(entry), noise(600, centre=8.0))
    around_zero = feed(make(entry), [v - 8.0 for v in noise(600, centre=8.0)])
    assert [type(v) for v in plain] == [type(v) for v in around_zero]
    assert [score(v) for v in around_zero] == pytest.approx([score(v) for v in plain], abs=1e-6)


@every
@pytest.mark.parametrize("cut", [0, 1, 50, 99, 100, 101, 700])
def test_a_snapshot_as_json_continues_bit_for_bit(entry: Entry, cut: int) -> None:
    values = [*noise(650), *[50.0] * 60, 90.0, *noise(100, seed=8)]
    whole, first, second = make(entry), make(entry), make(entry)
    expected = feed(whole, values)
    feed(first, values[:cut])
    second.restore(json.loads(json.dumps(first.snapshot())))
    assert feed(second, values[cut:], start=cut) == expected[cut:]


@every
@pytest.mark.parametrize("damaged", [None, 3, "text", [], [1], {}, [[], [], []]])
def test_a_damaged_snapshot_is_refused(entry: Entry, damaged: object) -> None:
    with pytest.raises(StateError):
        make(entry).restore(damaged)  # type: ignore[arg-type]


@every
def test_series_are_independent(entry: Entry) -> None:
    shared = entry.make(PARAMS, 0)
    alone, other = Alone(shared), Alone(shared)
    expected = feed(make(entry), noise(300))
    for start in range(0, 300, 50):
        feed(other, noise(300, seed=9, centre=1e6)[start : start + 50], start)
        assert feed(alone, noise(300)[start : start + 50], start) == expected[start : start + 50]


@every
def test_it_keeps_to_its_own_part_of_the_record(entry: Entry) -> None:
    before, after = b"\x55" * 24, b"\xaa" * 40
    apart, detector = make(entry), entry.make(PARAMS, len(before))
    record = bytearray(before + detector.fresh + after)
    values = [*noise(700), 500.0, *[47.0] * 80]
    said = [detector.observe(record, KEY, START + 300.0 * i, value, learn=True) for i, value in enumerate(values)]
    assert said == [apart.observe(START + 300.0 * i, value) for i, value in enumerate(values)]
    assert record[: len(before)] + record[-len(after) :] == before + after
    assert record[len(before) : -len(after)] == apart.record


@every
def test_state_stays_as_small_as_it_was(entry: Entry) -> None:
    detector = make(entry)
    before = len(json.dumps(detector.snapshot()))
    feed(detector, noise(10_000))
    assert len(json.dumps(detector.snapshot())) == before < 2000


@every
def test_values_that_are_not_learnt_from_leave_no_trace_in_the_model(entry: Entry) -> None:
    told, untold = make(entry), make(entry)
    for detector in (told, untold):
        feed(detector, noise(400))
    feed(told, noise(100, seed=12, centre=500.0), start=400, learn=False)
    after = noise(200, seed=13)
    assert [score(v) for v in feed(told, after, start=500)] == [score(v) for v in feed(untold, after, start=500)]


@every
def test_an_anomaly_carries_evidence_that_names_its_series_and_detector(entry: Entry) -> None:
    values = [*noise(500), 500.0, *[47.0] * 80]
    found = [v for v in feed(make(entry), values) if isinstance(v, Anomalous)]
    assert found
    for verdict in found:
        evidence = verdict.evidence
        assert (evidence.key, evidence.detector, evidence.score) == (KEY, entry.name, verdict.score)
        assert evidence.since <= evidence.at
        assert evidence.low <= evidence.expected <= evidence.high
        assert evidence.detail


def test_a_first_step_off_a_constant_series_is_anomalous() -> None:
    level = make(DETECTORS[0])
    assert all(isinstance(v, Warming | Normal) for v in feed(level, [5.0] * 300))
    assert isinstance(level.observe(START + 300, 5.001, learn=True), Anomalous)


def test_the_warm_up_of_every_detector_is_stated_here_and_of_nothing_else() -> None:
    assert set(WARM_UP) == {entry.name for entry in DETECTORS}

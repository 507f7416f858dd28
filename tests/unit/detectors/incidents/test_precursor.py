"""Learning from incidents: early where a precursor recurs, and never worse where labels are few, late or wrong."""

import json
from dataclasses import replace
from functools import cache
from itertools import pairwise

import pytest

from detectors.anomalies.fusion import Fusion, FusionParams
from detectors.calibration import score_of
from detectors.incidents.precursor import KNOWN, MOST, NAME, Precursor, PrecursorParams
from domain.alert import first_alert
from domain.anomaly import Anomaly, AnomalyKind, AnomalyPhase
from domain.errors import StateError
from domain.feedback import FeedbackKind
from domain.identity import AnomalyId, SeriesKey
from domain.telemetry import EventKind, EventStatus
from tests.support.builders import T0, a_feedback
from tests.support.precursors import (
    API,
    DAY,
    HOUR,
    METRICS,
    MINUTE,
    Life,
    Told,
    at_random,
    declare,
    failures,
    finding,
    openings,
    precede,
)

DAYS = 14.0
OFF = PrecursorParams(enabled=False)
FAILS = failures(DAYS)


def lived(told: list[Told], days: float = DAYS) -> Life:
    life = Life(FAILS)
    life.live(days, told)
    return life


@cache
def taught() -> Life:
    """The service with every incident declared in time. Not to be changed."""
    return lived(declare(FAILS))


@cache
def without() -> list[Anomaly]:
    return Life(FAILS, OFF).live(DAYS, declare(FAILS))


def test_a_recurring_precursor_opens_an_anomaly_before_the_next_incident_and_says_why() -> None:
    opened = openings(taught().said)

    assert openings(without()) == []
    assert len(opened) > 0.5 * len(FAILS)
    assert sum(precede(opened, FAILS)) > 0.75 * len(opened)  # by chance 8 %
    last = opened[-1]
    (evidence,) = (e for e in last.evidence if e.detector == NAME)
    assert (last.kind, last.forecast) == (AnomalyKind.FORECAST, None)
    assert evidence.key.metric == "pool_in_use"
    assert evidence.detail.startswith("an incident within 30m is ")
    assert "likely: pool_in_use moved like this" in evidence.detail
    assert last.confidence >= 0.5


def test_it_says_nothing_before_its_own_record_has_earned_it() -> None:
    """Not before four calls came true: only then can the lower end of their interval be above one half."""
    life = Life(FAILS)
    spoke: list[float] = []

    def watch(at: float) -> None:
        if life.fusion.outlook is not None and life.fusion.outlook.alone and not spoke:
            spoke.append(at)
            earned = life.precursor.trust.earned(at)
            assert earned is not None
            assert life.precursor.trust.calls[earned.bar].hits > 3

    life.live(DAYS, declare(FAILS), watch)
    assert spoke
    assert sum(at < spoke[0] for at in FAILS) >= 5


WRONG = {
    "none": [],
    "few": declare(FAILS[:2]),
    "flood": declare([T0 + 25 * MINUTE * i for i in range(1, int(DAYS * DAY / (25 * MINUTE)))]),
    "after the fact by far": declare(FAILS, late_s=3 * HOUR),
    "on another service": [
        (at, replace(event, id=f"other-{event.id}", kind=EventKind.DEPLOY)) for at, event in declare(FAILS)
    ],
    **{f"at random {seed}": declare(at_random(len(FAILS), DAYS, seed)) for seed in range(4)},
}


@pytest.mark.parametrize("labels", WRONG.values(), ids=WRONG.keys())
def test_with_labels_that_are_few_or_wrong_it_opens_nothing_that_was_not_open_without_it(labels: list[Told]) -> None:
    assert lived(labels).said == without()


def test_with_as_many_wrong_labels_as_right_ones_what_it_foretells_comes_true_all_the_same() -> None:
    opened = openings(lived([*declare(FAILS), *declare(at_random(len(FAILS), DAYS, 8), name="WRONG")]).said)
    assert len(opened) > 0.25 * len(FAILS)
    assert sum(precede(opened, FAILS)) > 0.75 * len(opened)


def test_labels_that_come_late_but_in_time_teach_the_same() -> None:
    late = openings(lived(declare(FAILS, late_s=25 * MINUTE)).said)
    assert len(late) > 0.5 * len(FAILS)
    assert sum(precede(late, FAILS)) > 0.65 * len(late)


def test_events_that_are_told_twice_teach_once() -> None:
    once, twice = taught(), lived([*declare(FAILS), *declare(FAILS, late_s=5 * MINUTE)])
    assert twice.precursor.snapshot() == once.precursor.snapshot()
    assert twice.said == once.said


def test_events_that_are_read_long_before_their_time_teach_nothing_ahead() -> None:
    """A worker that catches up may read the incidents of a day before the telemetry of its morning."""
    early = lived(declare(FAILS, late_s=-DAY))
    assert openings(early.said) == openings(taught().said)


def test_a_model_that_is_wrong_of_late_loses_its_right_to_speak() -> None:
    """The precursor goes on, the incidents do not: somebody has repaired what it led to."""
    declared = [at for at in FAILS if at < T0 + DAYS / 2 * DAY]
    life = lived(declare(declared))
    late = [anomaly for anomaly in openings(life.said) if anomaly.at > declared[-1] + 2 * DAY]
    assert sum(at > declared[-1] + 2 * DAY for at in FAILS) > 15  # could have been foretold wrongly
    assert len(late) <= 5


def test_what_people_say_of_an_alert_is_a_label() -> None:
    """What they averted was never declared, and counts; what they call not useful is believed less."""

    def likely_after(kind: FeedbackKind | None) -> float:
        life, at = lived(declare(FAILS[:30]), days=10.0), T0 + 10 * DAY
        life.fusion.found(AnomalyKind.BREACH, finding(SeriesKey(API, "queue_depth"), at, 3.0))
        life.precursor.consider(at, life.fusion, frozen=False)
        (opened,) = life.fusion.settle(at)
        life.precursor.opened([opened])
        if kind is not None:
            life.precursor.answered(a_feedback(kind, first_alert(API, opened.id)))
        life.precursor.consider(at + MINUTE, life.fusion, frozen=False)
        state = life.precursor.snapshot()
        assert isinstance(state, dict)
        said = state["waiting"][-1]["said"]
        assert isinstance(said, float)
        return said

    not_useful, silent, useful = map(likely_after, (FeedbackKind.NOT_USEFUL, None, FeedbackKind.USEFUL))
    assert not_useful < silent < useful


def test_an_answer_counts_once_and_only_for_an_alert_of_this_service() -> None:
    life = lived(declare(FAILS))
    alert = first_alert(API, openings(life.said)[-1].id)
    life.precursor.answered(a_feedback(FeedbackKind.ACKNOWLEDGE, alert))
    life.precursor.answered(a_feedback(FeedbackKind.NOT_USEFUL, "alert-of-another-service"))
    before = life.precursor.snapshot()
    life.precursor.answered(a_feedback(FeedbackKind.NOT_USEFUL, alert))
    once = life.precursor.snapshot()
    life.precursor.answered(a_feedback(FeedbackKind.USEFUL, alert))
    assert before != once
    assert life.precursor.snapshot() == once


@pytest.mark.parametrize("share", [0.05, 0.4, 0.9])
def test_a_snapshot_at_any_point_continues_bit_for_bit(share: float) -> None:
    told, cut = declare(FAILS), T0 + share * DAYS * DAY
    whole, second = Life(FAILS), Life(FAILS)
    swapped = False

    def swap(at: float) -> None:
        nonlocal swapped
        if at >= cut and not swapped:
            swapped = True
            fresh = Precursor(second.params)
            fresh.restore(json.loads(json.dumps(second.precursor.snapshot())))
            fusion = Fusion(API, FusionParams(), has_objectives=True)
            fusion.restore(json.loads(json.dumps(second.fusion.snapshot())))
            second.precursor, second.fusion = fresh, fusion

    assert second.live(DAYS, told, swap) == whole.live(DAYS, told)
    assert second.precursor.snapshot() == whole.precursor.snapshot()


@pytest.mark.parametrize("damaged", [None, [], {"next_at": 0.0}, "x"])
def test_a_damaged_snapshot_is_refused(damaged: object) -> None:
    with pytest.raises(StateError):
        Precursor(PrecursorParams()).restore(damaged)  # type: ignore[arg-type]


def fresh_fusion() -> Fusion:
    return Fusion(API, FusionParams(), series=9, gap_s=1.0, has_objectives=True)


def test_its_memory_is_bounded_however_many_metrics_have_findings() -> None:
    precursor, fusion = Precursor(PrecursorParams()), fresh_fusion()
    for second in range(0, 40_000, 20):
        for number in range(3):
            key = SeriesKey(API, f"metric_{(7 * second + number) % 1000}")
            fusion.found(AnomalyKind.LEVEL, finding(key, T0 + second))
        precursor.consider(T0 + second, fusion, frozen=False)
        if second % 4000 == 0:
            (_, event), *_ = declare([T0 + second], name=f"INC-{second}")
            precursor.declared(event)
    state = precursor.snapshot()
    assert isinstance(state, dict)
    assert len(state["trails"]) <= MOST
    assert len(state["counts"]) <= MOST
    assert len(state["waiting"]) <= 62


def test_nothing_is_learnt_until_an_incident_and_its_patterns_cost_nothing_then() -> None:
    life = lived([], days=3)
    state = life.precursor.snapshot()
    assert isinstance(state, dict)
    assert state["model"] is None
    assert life.fusion.outlook is None


def test_a_finding_of_its_own_ends_when_the_pattern_has_faded() -> None:
    said = taught().said
    ends = [anomaly for anomaly in said if anomaly.phase is AnomalyPhase.ENDED]
    assert len(openings(said)) - len(ends) <= 1
    assert all(end.at - end.opened_at < 2 * HOUR for end in ends)


def test_during_an_incident_it_foretells_none_and_takes_nothing_back() -> None:
    precursor, fusion = Precursor(PrecursorParams()), fresh_fusion()
    fusion.found(AnomalyKind.LEVEL, finding(SeriesKey(API, METRICS[0]), T0))
    precursor.consider(T0, fusion, frozen=True)
    state = precursor.snapshot()
    assert isinstance(state, dict)
    assert state["waiting"] == []


def test_an_anomaly_that_opens_by_itself_is_believed_more_when_it_looks_like_before_an_incident() -> None:
    """The same loud finding on the metric that precedes incidents, and on one that never did."""

    def confidence(metric: str) -> float:
        life = lived(declare(FAILS))
        at = T0 + DAYS * DAY
        for minute in range(3):
            life.fusion.found(AnomalyKind.BREACH, finding(SeriesKey(API, metric), at + minute * MINUTE, 3.0))
            life.precursor.consider(at + minute * MINUTE, life.fusion, frozen=False)
        assert life.fusion.outlook is not None
        return life.fusion.outlook.weigh(0.5)

    assert confidence("gc_pause_ms") < 0.5 < confidence("pool_in_use")


def test_a_metric_that_was_never_learnt_is_not_called_harmless() -> None:
    life = lived(declare(FAILS))
    at = T0 + DAYS * DAY + HOUR
    life.fusion.findings.forget({key for (key, _), _ in life.fusion.findings.items()})
    life.fusion.found(AnomalyKind.LEVEL, finding(SeriesKey(API, "disk_free_bytes"), at, 3.0))
    life.precursor.consider(at, life.fusion, frozen=False)
    assert life.fusion.outlook is None
    assert KNOWN > 1


def test_a_closing_event_is_no_incident() -> None:
    precursor = Precursor(PrecursorParams())
    (_, opened), (_, closed) = declare([T0])
    precursor.declared(closed)
    precursor.declared(replace(opened, kind=EventKind.MAINTENANCE))
    assert precursor.snapshot() == Precursor(PrecursorParams()).snapshot()
    precursor.declared(replace(opened, status=EventStatus.UPDATED))  # the opening was lost
    assert precursor.snapshot() != Precursor(PrecursorParams()).snapshot()


def notice(precursor: Precursor, at: float) -> None:
    """One finding of a service."""
    fusion = Fusion(API, FusionParams())
    fusion.found(AnomalyKind.LEVEL, finding(SeriesKey(API, METRICS[0]), at))
    precursor.consider(at, fusion, frozen=False)


def remembered(precursor: Precursor) -> tuple[int, int]:
    """How many trails and patterns."""
    saved = precursor.snapshot()
    assert isinstance(saved, dict)
    return len(saved["trails"]), len(saved["waiting"])


def test_a_calm_service_lets_go_of_what_no_incident_can_follow_any_more_and_not_sooner() -> None:
    precursor = Precursor(PrecursorParams())
    notice(precursor, T0)
    precursor.rest(T0 + 0.9 * HOUR)
    assert remembered(precursor) == (1, 1)
    precursor.rest(T0 + 1.1 * HOUR)
    assert remembered(precursor) == (0, 0)


def test_what_people_may_still_say_of_an_opening_is_kept_in_a_calm_service() -> None:
    precursor, opened = Precursor(PrecursorParams()), Precursor(PrecursorParams())
    for each in (precursor, opened):
        notice(each, T0)
    opening = AnomalyId("a"), API, AnomalyPhase.OPENED, AnomalyKind.LEVEL, T0, T0, 0.99, 0.6, ()
    opened.opened([Anomaly(*opening)])
    assert precursor.rest(T0 + 2 * HOUR)
    assert not opened.rest(T0 + 2 * HOUR)


def test_an_incident_of_a_service_in_which_nothing_was_found_is_taken_note_of() -> None:
    precursor = Precursor(PrecursorParams())
    _, opened = declare([T0])[0]
    precursor.declared(opened)
    precursor.rest(T0 + 2 * HOUR)
    saved = precursor.snapshot()
    assert isinstance(saved, dict)
    assert saved["incidents"] == []
    assert saved["model"] is not None


def test_what_a_model_is_still_to_learn_is_kept_in_a_calm_service() -> None:
    precursor = Precursor(PrecursorParams())
    notice(precursor, T0)
    _, opened = declare([T0 + 10 * MINUTE])[0]
    precursor.declared(opened)
    notice(precursor, T0 + 20 * MINUTE)
    precursor.rest(T0 + 2 * HOUR)
    assert remembered(precursor) == (1, 1)


def test_a_full_finding_moves_its_feature_a_fifth_of_the_way_to_one_in_each_sampling_interval() -> None:
    params = PrecursorParams()
    precursor, fusion = Precursor(params), fresh_fusion()
    strengths, every_s = [], params.horizon / 30
    for number in range(3):
        at = T0 + number * every_s
        fusion.found(AnomalyKind.LEVEL, replace(finding(SeriesKey(API, "pool_in_use"), at), score=score_of(6.0)))
        precursor.consider(at, fusion, frozen=False)
        (strength,) = precursor._pattern(at).values()
        strengths.append(strength)
    fades = 0.5 ** (4.0 / 30)
    assert strengths[0] == pytest.approx(0.2)
    for before, after in pairwise(strengths):
        assert after == pytest.approx(before * fades + 0.2 * (1.0 - before * fades))

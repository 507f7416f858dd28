"""Detectors that somebody does without."""

from typing import get_args

import pytest

from detectors.detection import Detection
from detectors.params import DetectionParams, DetectorName
from detectors.registry import DETECTORS
from domain.anomaly import AnomalyKind, AnomalyPhase
from domain.identity import ServiceId
from domain.journeys import Objective, Service
from domain.telemetry import Sample
from tests.support.timelines import START, feed, noise, timeline, together, with_shape

API = Service(ServiceId("payments-api"), objectives=(Objective("disk_free", 10.0, above=False),))
RATE = timeline(noise(400, seed=4), metric="rate")
STORIES: dict[str, list[Sample]] = {
    "level": timeline([*noise(300), 500.0, 500.0, *noise(20)]),
    "stuck": together(timeline([*noise(300), *[51.0] * 40]), RATE[:340]),
    "silence": together(timeline(noise(200)), RATE),
    "integrity": [s for i, s in enumerate(timeline(noise(320))) for _ in range(2 if i >= 250 else 1)],
    "objective": timeline([*noise(300, centre=100.0), 5.0, 5.0], metric="disk_free"),
    "forecast": timeline(with_shape(noise(320, centre=100.0, spread=0.3), 200, lambda i: -0.5 * i), metric="disk_free"),
    "agreement": together(*(timeline([*noise(500, seed=i), 57.0], metric=f"m{i}", step_s=60.0) for i in range(8))),
}


def openings(story: str, *without: str) -> list[AnomalyKind]:
    services = (API,) if story in {"objective", "forecast"} else ()
    detection = Detection(DetectionParams.model_validate({"without": without}), services)
    said = feed(detection, STORIES[story])[1]
    return [anomaly.kind for anomaly in said if anomaly.phase is AnomalyPhase.OPENED]


@pytest.mark.parametrize("name", STORIES)
def test_a_detector_that_is_left_out_finds_nothing_and_the_others_go_on(name: str) -> None:
    with_it = openings(name)
    assert with_it
    assert openings(name, name) == []
    assert openings(name, *(other for other in STORIES if other not in {name, "level"})) == with_it


def test_without_them_a_unit_is_a_level_and_a_rename_a_silence() -> None:
    unit = timeline([*noise(300), *(value / 1000 for value in noise(40, seed=3))])
    renamed = timeline(noise(200, seed=5), metric="new_depth", start=START + 200)
    schema = together(RATE, timeline(noise(200), metric="old_depth"), renamed)
    for name, samples, named, otherwise in (
        ("unit", unit, AnomalyKind.UNIT, AnomalyKind.LEVEL),
        ("schema", schema, AnomalyKind.SCHEMA, AnomalyKind.SILENCE),
    ):
        for without, kind in ((), named), ((name,), otherwise):
            detection = Detection(DetectionParams.model_validate({"without": without}))
            told = {anomaly.kind for anomaly in feed(detection, samples)[1]}
            assert kind in told
            assert (named in told) is not bool(without)


def test_a_detector_that_is_left_out_leaves_no_trace_in_the_scores() -> None:
    detection = Detection(DetectionParams(without=("stuck",)))
    scores, _ = feed(detection, timeline([*noise(300), *[51.0] * 40], start=START))
    assert max(scores[320:]) < 0.9


def test_every_detector_of_the_table_can_be_left_out() -> None:
    assert {entry.name for entry in DETECTORS} <= set(get_args(DetectorName))

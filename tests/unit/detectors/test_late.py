"""Samples that come late: what is missing is on its way, and no silence."""

import json
import random  # noqa: TID251 - seeded
from collections.abc import Iterable

import pytest

from detectors.detection import Detection
from detectors.params import DetectionParams
from domain.anomaly import Anomaly, AnomalyKind, AnomalyPhase
from domain.identity import SeriesKey
from domain.telemetry import Sample
from tests.support.timelines import START, feed, noise

OPENED, UPDATED, ENDED = AnomalyPhase.OPENED, AnomalyPhase.UPDATED, AnomalyPhase.ENDED
SCHEMA, SILENCE = AnomalyKind.SCHEMA, AnomalyKind.SILENCE
NAMES = "latency_ms", "queue", "rate", "rss_mb", "threads", "wait_ms"
LATE = range(300, 360)  # seconds in which samples are late by up to nine gaps


def arriving(dead: str = "", seed: int = 1) -> list[Sample]:
    """A service of six series whose samples are late for a minute; one of them may stop as that begins."""
    chance = random.Random(seed)
    sent: list[tuple[float, Sample]] = []
    for name in NAMES:
        for number, value in enumerate(noise(600, seed=len(sent))):
            if name == dead and number >= LATE.start:
                break
            late_s = chance.uniform(2.0, 9.0) if number in LATE else 0.0
            sent.append((number + late_s, Sample(SeriesKey.of("payments-api", name), value, START + number)))
    return [sample for _, sample in sorted(sent, key=lambda pair: pair[0])]


def run(samples: Iterable[Sample], without: tuple[str, ...] = ()) -> list[Anomaly]:
    return feed(Detection(DetectionParams(without=without)), samples)[1]


def kinds(said: Iterable[Anomaly]) -> list[AnomalyKind]:
    return [anomaly.kind for anomaly in said]


@pytest.mark.parametrize("seed", range(5))
def test_samples_that_come_late_are_told_as_that_even_if_they_were_missed_first(seed: int) -> None:
    said = run(arriving(seed=seed))
    told = kinds(said)
    assert SCHEMA in told
    assert SILENCE not in told[told.index(SCHEMA) :]
    assert said[-1].phase is ENDED
    assert all("came out of order" in evidence.detail for evidence in said[told.index(SCHEMA)].evidence)


def test_a_series_that_stopped_meanwhile_is_missed_once_the_others_come_in_time() -> None:
    said = run(arriving(dead="queue"))
    silent = [anomaly for anomaly in said if anomaly.kind is SILENCE and anomaly.at > START + LATE.stop]
    assert silent
    assert {evidence.key.metric for evidence in silent[-1].evidence} == {"queue"}


def test_without_the_look_at_late_samples_they_are_a_silence() -> None:
    assert set(kinds(run(arriving(), without=("integrity",)))) == {SILENCE}


@pytest.mark.parametrize("cut", [1805, 1850, 1900, 2000, 2150, 2300])
def test_a_snapshot_at_any_point_of_it_continues_identically(cut: int) -> None:
    samples = arriving(dead="queue")
    whole, first, second = (Detection(DetectionParams()) for _ in range(3))
    expected = feed(whole, samples)[1]
    said = feed(first, samples[:cut])[1]
    second.restore(json.loads(json.dumps(first.snapshot())))
    assert said + feed(second, samples[cut:])[1] == expected
    assert json.dumps(second.snapshot()) == json.dumps(whole.snapshot())

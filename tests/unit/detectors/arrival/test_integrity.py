"""Samples that cannot be used: when so many of them are a finding."""

import pytest

from detectors.arrival.features import Refusal
from detectors.arrival.integrity import BURST, DENSER, WITHIN, Integrity
from detectors.detection import Detection
from detectors.params import DetectionParams
from domain.anomaly import AnomalyKind, Evidence
from domain.identity import SeriesKey
from tests.support.timelines import feed, noise, timeline

KEY = SeriesKey.of("payments-api", "latency_ms")
CALM = 1000  # samples that could be used, to begin with


def refused(integrity: Integrity, first: int, count: int, *, each: int = 2) -> list[Evidence]:
    """Refuse one of ``each`` samples, so many in all; return what is found."""
    numbers = range(first, first + count * each, each)
    found = [integrity.refuse(Refusal.DUPLICATE, KEY, float(number), number) for number in numbers]
    return [evidence for evidence in found if evidence is not None]


def test_many_refused_samples_among_a_few_are_a_finding_from_the_last_that_it_takes() -> None:
    found = refused(Integrity(), CALM, BURST + 3)
    assert len(found) == 4
    assert found[0].since == float(CALM)
    assert found[0].detail == "20 of the last 39 samples of the service came twice"


def test_refused_samples_that_are_far_between_are_no_finding() -> None:
    assert refused(Integrity(), CALM, 200, each=WITHIN // BURST + 1) == []


def test_what_was_so_from_the_beginning_is_no_finding() -> None:
    assert refused(Integrity(), 1, 400) == []


def test_what_was_usual_for_long_is_no_finding_when_it_is_a_little_denser() -> None:
    integrity = Integrity()
    assert refused(integrity, CALM, 600, each=6) == []
    assert refused(integrity, CALM + 600 * 6, 60) == []


def test_it_is_over_once_enough_others_came_and_told_anew_after_that() -> None:
    integrity = Integrity()
    refused(integrity, CALM, BURST)
    last = CALM + 2 * (BURST - 1)
    assert integrity.over(last + WITHIN) == []
    assert integrity.over(last + WITHIN + 1) == [KEY]
    assert integrity.open == 0


def test_the_expected_share_of_refused_samples_is_never_more_than_all_of_them() -> None:
    found = refused(Integrity(), CALM, 2000)
    assert found[-1].expected > 1 / DENSER
    assert found[-1].high == 1.0


@pytest.mark.parametrize(("calm", "told"), [(WITHIN - 2, False), (WITHIN - 1, True)])
def test_a_burst_may_begin_with_the_hundredth_sample_of_a_service_and_no_sooner(calm: int, *, told: bool) -> None:
    detection, line = Detection(DetectionParams()), timeline(noise(calm + BURST))
    feed(detection, line[:calm])
    again = [sample for sample in line[calm - 1 : calm - 1 + BURST] for _ in range(2)][1:]
    _, said = feed(detection, again)
    assert [anomaly.kind for anomaly in said] == [AnomalyKind.SCHEMA] * told

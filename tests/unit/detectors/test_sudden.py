"""How soon a service that stops is told, and what a single lost scrape needs to be told at all."""

import pytest

from detectors.detection import Detection
from detectors.params import DetectionParams
from domain.anomaly import AnomalyKind, AnomalyPhase
from domain.identity import ServiceId
from domain.journeys import Objective, Service
from domain.telemetry import Sample
from tests.support.timelines import START, feed, noise, timeline, together

API, DB = ServiceId("payments-api"), ServiceId("ledger-db")
FEW_ERRORS = Objective("error_ratio", 0.05, above=True, for_s=10.0)
STOPS = 300


def database(stop: int, back: int, *before: int) -> list[Sample]:
    """A host's view of the process goes on; what the process says of itself is missing for a while.

    It also was for ten seconds from each time ``before``.
    """
    own = [timeline(noise(400, seed=i), service=DB, metric=f"m{i}", start=START + 0.8) for i in range(5)]
    gaps = [(stop, back), *((second, second + 10) for second in before)]
    said = [s for line in own for s in line if not any(START + a <= s.observed_at < START + b for a, b in gaps)]
    return together(timeline(noise(400, seed=9), service=DB, metric="cpu", start=START + 0.7), said)


def errors(since: int) -> list[Sample]:
    return timeline([0.0 if i < since else 0.5 for i in range(400)], metric="error_ratio", start=START + 0.75)


def silences(samples: list[Sample], *, needs: bool = True) -> list[tuple[ServiceId, float]]:
    services = (Service(API, depends_on=(DB,) if needs else (), objectives=(FEW_ERRORS,)), Service(DB))
    said = feed(Detection(DetectionParams(), services), samples)[1]
    opened = [a for a in said if a.kind is AnomalyKind.SILENCE and a.phase is AnomalyPhase.OPENED]
    return [(a.service, round(a.at - START, 3)) for a in opened]


def test_one_missed_sample_is_enough_when_a_service_that_needs_it_is_beyond_a_limit() -> None:
    assert silences(together(database(STOPS, 400), errors(STOPS))) == [(DB, STOPS + 1.7)]


def test_that_it_was_away_before_is_no_excuse_while_it_hurts() -> None:
    said = silences(together(database(STOPS, 400, 200), errors(STOPS)))
    assert said[-1] == (DB, STOPS + 1.7)


def test_that_it_pauses_is_one_while_nothing_hurts() -> None:
    said = silences(together(database(STOPS, STOPS + 8, 100, 200), errors(400)))
    assert [at for _, at in said if at > STOPS] == []


@pytest.mark.parametrize(("since", "needs"), [(400, True), (STOPS, False)], ids=["nothing hurts", "not needed"])
def test_otherwise_it_takes_two_missed_samples(since: int, needs: bool) -> None:
    assert silences(together(database(STOPS, 400), errors(since)), needs=needs) == [(DB, STOPS + 2.7)]


@pytest.mark.parametrize(("since", "needs"), [(400, True), (STOPS, False)], ids=["nothing hurts", "not needed"])
def test_a_single_lost_scrape_is_then_not_told(since: int, needs: bool) -> None:
    assert silences(together(database(STOPS, STOPS + 1), errors(since)), needs=needs) == []

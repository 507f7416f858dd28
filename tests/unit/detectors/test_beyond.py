"""What is not learnt while a limit is passed, and for how long nobody believes that it still is."""

import pytest

from detectors.detection import Detection
from detectors.params import DetectionParams
from domain.anomaly import AnomalyKind, SeriesState
from domain.identity import ServiceId
from domain.journeys import Objective, Service
from domain.telemetry import Sample
from tests.support.timelines import START, feed, noise, timeline, together, with_shape

API, DB = ServiceId("payments-api"), ServiceId("ledger-db")
FEW_ERRORS = Objective("error_ratio", 0.05, above=True, for_s=10.0)
GOES_WRONG, IS_WELL, AGAIN = 300, 360, 600


def errors(since: int, until: int, count: int = 700) -> list[Sample]:
    return timeline(
        [0.5 if since <= i < until else 0.01 for i in range(count)], metric="error_ratio", start=START - 0.5
    )


def queue() -> list[Sample]:
    """It jumps by 20 standard deviations during the first trouble, and by 8 at the beginning of the next."""
    first = with_shape(noise(700), GOES_WRONG, lambda i: 40.0 if i < IS_WELL - GOES_WRONG else 0.0)
    return timeline(with_shape(first, AGAIN, lambda _: 16.0), metric="queue")


def detection(params: DetectionParams | None = None, *, objectives: bool = True) -> Detection:
    service = Service(API, objectives=(FEW_ERRORS,) if objectives else ())
    return Detection(params or DetectionParams(), (service, Service(DB)))


def score_of_the_next(found: Detection) -> float:
    samples = together(queue(), errors(GOES_WRONG, IS_WELL))
    scores = feed(found, samples)[0]
    return next(
        score
        for score, sample in zip(scores, samples, strict=True)
        if sample.key.metric == "queue" and sample.observed_at == START + AGAIN
    )


def test_what_comes_while_a_limit_is_passed_is_not_learnt_as_usual() -> None:
    without = score_of_the_next(detection(objectives=False))
    frozen = score_of_the_next(detection())
    assert frozen > 0.99
    assert without < 0.5


def test_a_limit_that_is_passed_for_longer_than_an_incident_may_last_no_longer_keeps_from_learning() -> None:
    short = detection(DetectionParams(freeze_timeout="15s"))
    assert score_of_the_next(short) < 0.5


@pytest.mark.parametrize(("until", "state"), [(400, SeriesState.FROZEN), (399, SeriesState.LIVE)])
def test_meanwhile_the_series_are_frozen_for_everyone_to_see(until: int, state: SeriesState) -> None:
    found = detection()
    feed(found, together(timeline(noise(400), metric="queue"), errors(350, until, count=400)))
    assert found.states() == {state: 2}


def test_a_service_that_is_beyond_its_limit_from_the_first_sample_warms_up() -> None:
    found = detection()
    feed(found, together(timeline(noise(400), metric="queue"), errors(0, 400, count=400)))
    assert found.states()[SeriesState.WARMING] == 0


def lost_scrape(*, stops: int) -> list[Sample]:
    """The API passes its limit and falls silent; 100 s later one scrape of most of the database is lost."""
    own = [timeline(noise(500, seed=i), service=DB, metric=f"m{i}", start=START + 0.8) for i in range(5)]
    heard = [s for line in own for s in line if not START + 400 <= s.observed_at < START + 401]
    cpu = timeline(noise(500, seed=9), service=DB, metric="cpu", start=START + 0.7)
    return together(cpu, heard, errors(295, 500, count=500)[:stops])


@pytest.mark.parametrize(("stops", "told"), [(500, True), (300, False)], ids=["still hurts", "long silent"])
def test_a_series_that_fell_silent_beyond_its_limit_does_not_hurt_for_ever(stops: int, told: bool) -> None:
    services = (Service(API, depends_on=(DB,), objectives=(FEW_ERRORS,)), Service(DB))
    said = feed(Detection(DetectionParams(), services), lost_scrape(stops=stops))[1]
    assert any(a.kind is AnomalyKind.SILENCE and a.service == DB for a in said) is told


@pytest.mark.parametrize("cut", [310, 701, 1210])
def test_a_restart_changes_nothing_of_that(cut: int) -> None:
    samples = together(queue(), errors(GOES_WRONG, IS_WELL))
    whole, first, second = detection(), detection(), detection()
    feed(first, samples[:cut])
    second.restore(first.snapshot())
    assert feed(whole, samples)[0][cut:] == feed(second, samples[cut:])[0]
    assert whole.states() == second.states()

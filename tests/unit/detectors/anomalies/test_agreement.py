"""Series that are unusual together."""

import json
import math

import pytest

from detectors.anomalies.agreement import CAUTIOUS, NAME, REST, Agreement, AgreementParams, chance
from detectors.calibration import score_of
from detectors.params import DetectionParams
from detectors.series.bank import Bank
from detectors.services.service import ServiceState
from domain.anomaly import Evidence
from domain.errors import StateError
from domain.identity import SeriesKey, ServiceId
from tests.support.timelines import START, noise

PARAMS = AgreementParams()


def service(series: int, params: AgreementParams = PARAMS) -> Agreement:
    agreement = Agreement(params)
    for number in range(series):
        agreement.add(SeriesKey.of("payments-api", f"m{number}"))
    return agreement


def tell(agreement: Agreement, at: int, nines: list[float], *, learn: bool = True) -> Evidence | None:
    """Give one round of samples; the last one completes it."""
    done = [agreement.observe(i, 10.0 + n, score_of(n), learn=learn) for i, n in enumerate(nines)]
    assert done == [False] * (len(nines) - 1) + [True]
    return agreement.close(START + at, learn=learn)


def calm(agreement: Agreement, rounds: int, series: int, seed: int = 3) -> list[Evidence | None]:
    return [tell(agreement, i, nines) for i, nines in enumerate(quiet(rounds, series, seed))]


def quiet(rounds: int, series: int, seed: int = 3) -> list[list[float]]:
    values = [max(0.0, value) for value in noise(rounds * series, seed, centre=-0.2, spread=0.3)]
    return [values[i : i + series] for i in range(0, len(values), series)]


def test_many_series_that_are_a_little_unusual_are_found_and_named() -> None:
    agreement = service(10)
    assert not any(calm(agreement, 500, 10))
    found = tell(agreement, 500, [1.2] * 4 + [1.5] + [1.2] * 3 + [0.0] * 2)
    assert found is not None
    assert (found.detector, found.key.metric, found.since) == (NAME, "m4", START + 500)
    assert found.detail.startswith("8 of 10 series are unusual together, most of all m4")
    assert found.actual == 11.5
    assert found.low <= found.expected <= found.high


def test_a_series_that_takes_no_part_is_not_named_however_far_off_it_is() -> None:
    agreement = service(4)
    calm(agreement, 500, 4)
    for place in range(3):
        agreement.observe(place, 10.0, score_of(1.9), learn=True)
    agreement.observe(3, 99.0, 0.0, learn=True)
    found = agreement.close(START + 500, learn=True)
    assert found is not None
    assert found.key.metric == "m0"


def test_one_series_alone_is_no_agreement_however_unusual() -> None:
    agreement = service(10)
    calm(agreement, 500, 10)
    assert tell(agreement, 500, [9.0] + [0.0] * 9) is None


def test_two_series_are_not_several() -> None:
    for unusual, found in ((2, False), (3, True)):
        agreement = service(4)
        calm(agreement, 500, 4)
        assert (tell(agreement, 500, [2.0] * unusual + [0.0] * (4 - unusual)) is not None) is found


@pytest.mark.parametrize("series", [2, 4, 10, 19])
def test_independent_noise_is_no_agreement(series: int) -> None:
    assert not any(calm(service(series), 3000, series))


def test_nothing_is_said_before_there_is_a_history() -> None:
    agreement = service(5)
    assert not any(tell(agreement, i, [2.0 * (i % 2)] * 5) for i in range(CAUTIOUS))


def test_a_service_that_is_often_unusual_sets_its_own_bar_high() -> None:
    agreement = service(5)
    said = [tell(agreement, i, [1.5 if i % 3 == 0 else 0.0] * 5) for i in range(1000)]
    assert not any(said[-200:])


def test_while_frozen_nothing_is_learnt() -> None:
    told, untold = service(5), service(5)
    for agreement in (told, untold):
        calm(agreement, 300, 5)
    for i in range(50):
        tell(told, 300 + i, [1.5] * 5, learn=False)
    for i in range(20):
        for agreement in (told, untold):
            tell(agreement, 400 + i, [0.1] * 5, learn=False)
    first, second = (tell(agreement, 420, [1.5] * 5) for agreement in (told, untold))
    assert first is not None
    assert second is not None
    assert first.score == pytest.approx(second.score)


def surprise(agreement: Agreement, rounds: int = 1, *, learn: bool = True) -> list[Evidence | None]:
    """So many rounds in which all five series are unusual, after as many calm ones as make that another surprise."""
    for _ in range(REST):
        tell(agreement, 0, [0.0] * 5, learn=learn)
    return [tell(agreement, i, [1.5] * 5, learn=learn) for i in range(rounds)]


def seasoned(surprises: float = 2.0) -> Agreement:
    """A service of five series with a calm history."""
    agreement = service(5, AgreementParams(memory=0.002, surprises=surprises))
    calm(agreement, 500, 5)
    return agreement


@pytest.mark.parametrize(("surprises", "found"), [(2.0, 4), (100.0, 8)])
def test_what_keeps_coming_back_is_no_news(surprises: float, found: int) -> None:
    agreement = seasoned(surprises)
    assert [surprise(agreement)[0] is not None for _ in range(8)] == [True] * found + [False] * (8 - found)


def test_a_surprise_that_lasts_counts_once() -> None:
    agreement = seasoned()
    assert all(surprise(agreement, 10))
    assert surprise(agreement)[0] is not None


def test_what_came_often_is_news_again_after_a_long_calm() -> None:
    agreement = seasoned()
    assert not [surprise(agreement)[0] for _ in range(8)][-1]
    calm(agreement, 1500, 5, seed=4)
    assert surprise(agreement)[0] is not None


def test_surprises_while_frozen_are_not_counted() -> None:
    agreement = seasoned(surprises=0.25)
    assert all(surprise(agreement, learn=False)[0] is not None for _ in range(2))


def test_a_series_that_is_gone_takes_its_evidence_with_it() -> None:
    agreement = service(4)
    calm(agreement, 300, 4)
    assert tell(agreement, 300, [1.9] * 4) is not None
    agreement.forget({SeriesKey.of("payments-api", f"m{number}") for number in range(3)})
    for _ in range(3):
        assert not agreement.observe(3, 1.0, score_of(1.9), learn=True)
    assert agreement.observe(3, 1.0, score_of(1.9), learn=True)
    assert agreement.close(START + 301, learn=True) is None


def test_the_bar_of_chance_grows_with_the_number_of_series() -> None:
    bars = [chance(n) for n in (2, 4, 10, 19, 40)]
    assert bars == sorted(bars)
    assert all(bar > seen for bar, seen in zip(bars, (1.9, 2.6, 3.8, 5.5, 7.5), strict=True))


@pytest.mark.parametrize("cut", [0, 50, 250, 302, 345])
def test_a_snapshot_as_json_continues_bit_for_bit(cut: int) -> None:
    rounds = quiet(300, 5) + ([[1.5] * 5] + [[0.0] * 5] * REST) * 5
    whole, first, second = (service(5, AgreementParams(surprises=2.0)) for _ in range(3))
    expected = [tell(whole, i, nines) for i, nines in enumerate(rounds)]
    for i, nines in enumerate(rounds[:cut]):
        tell(first, i, nines)
    second.restore(json.loads(json.dumps(first.snapshot())))
    assert [tell(second, cut + i, nines) for i, nines in enumerate(rounds[cut:])] == expected[cut:]
    assert any(expected)


@pytest.mark.parametrize("damaged", [None, [], {}, "x", [[[1.0], [1.0], [1.0], [1.0]], 0, 0.0, 0, 0.0, 0, -1, None]])
def test_a_damaged_snapshot_is_refused(damaged: object) -> None:
    with pytest.raises(StateError):
        service(5).restore(damaged)  # type: ignore[arg-type]


def test_a_series_that_is_dropped_leads_no_more_and_those_after_it_move_up() -> None:
    agreement = Agreement(AgreementParams())
    keys = [SeriesKey.of("api", f"m{number}") for number in range(3)]
    places = [agreement.add(key) for key in keys]
    agreement._leader = places[2]
    agreement.drop({keys[0]})
    assert agreement.leader == keys[2]
    agreement.drop({keys[2]})
    assert agreement.leader is None
    assert agreement.add(keys[0]) == 1


@pytest.mark.parametrize("how", ["gone", "something else"])
def test_a_series_of_which_nothing_is_known_any_more_leads_no_longer(how: str) -> None:
    agreement = service(10)
    calm(agreement, 500, 10)
    assert tell(agreement, 500, [1.2] * 4 + [1.5] + [1.2] * 5) is not None
    assert agreement.leader == SeriesKey.of("payments-api", "m4")
    if how == "gone":
        agreement.forget({SeriesKey.of("payments-api", "m4")})
    else:
        agreement.anew(4)
    for _ in range(10):  # m4 is silent, or warming up
        agreement.observe(0, 11.9, score_of(1.9), learn=True)
    found = agreement.close(START + 501, learn=True)
    assert found is not None
    assert found.key.metric == "m0"
    assert math.isfinite(found.expected)


def give(agreement: Agreement, at: int, values: list[float], nines: float = 1.2) -> Evidence | None:
    """Give one round of values that are all as rare."""
    for place, value in enumerate(values):
        agreement.observe(place, value, score_of(nines), learn=True)
    return agreement.close(START + at, learn=True)


def test_a_series_that_is_back_to_normal_leads_no_longer_and_what_goes_on_has_another_leader() -> None:
    agreement = service(10)
    calm(agreement, 500, 10)
    tell(agreement, 500, [1.2] * 4 + [1.5] + [1.2] * 5)
    assert agreement.leader == SeriesKey.of("payments-api", "m4")
    found = give(agreement, 501, [10.0 if number == 4 else 12.0 for number in range(10)])
    assert found is not None
    assert (found.key.metric, found.actual, found.since) == ("m9", 12.0, START + 500)
    again = give(agreement, 502, [12.0] * 10)
    assert again is not None
    assert again.key.metric == "m9"  # nobody reads of another series with each sample


def test_of_series_whose_values_are_all_usual_the_rarest_is_named_with_the_range_that_it_is_in() -> None:
    agreement = service(10)
    calm(agreement, 500, 10)
    found = give(agreement, 500, [10.0] * 10)
    assert found is not None
    assert found.actual is not None
    assert found.low <= found.actual <= found.high
    seen = give(agreement, 501, [12.0 if number == 7 else 10.0 for number in range(10)])
    assert seen is not None
    assert (seen.key.metric, seen.actual, seen.since) == ("m7", 12.0, START + 500)
    assert seen.high < 12.0


def test_a_series_that_is_known_only_since_trouble_began_has_something_to_be_held_against() -> None:
    agreement = service(10)
    calm(agreement, 500, 10)
    give(agreement, 500, [12.0] * 10)
    agreement.add(SeriesKey.of("payments-api", "new"))
    for place in range(10):
        agreement.observe(place, 10.0, score_of(1.2), learn=True)
    agreement.observe(10, 5.0, score_of(1.9), learn=True)
    found = agreement.close(START + 501, learn=True)
    assert found is not None
    assert (found.key.metric, found.expected) == ("new", 5.0)


def test_what_was_usual_before_stays_so_for_as_long_as_series_are_unusual_together() -> None:
    agreement = service(10)
    calm(agreement, 500, 10)
    first, *_, last = (give(agreement, 500 + number, [12.0 + 0.1 * number] * 10) for number in range(60))
    assert first is not None
    assert last is not None
    assert (last.low, last.expected, last.high) == (first.low, first.expected, first.high)
    assert give(agreement, 560, [12.0] * 10, nines=0.0) is None
    for number in range(200):
        give(agreement, 561 + number, [12.0] * 10, nines=0.0)
    back = give(agreement, 800, [14.0] * 10)
    assert back is not None
    assert back.expected == pytest.approx(12.0, abs=0.2)


def test_a_series_that_stands_still_where_it_always_was_does_not_lead() -> None:
    agreement = service(10)
    for number, nines in enumerate(quiet(500, 10)):
        for place, rare in enumerate(nines):
            agreement.observe(place, 10.0 if place == 0 else 10.0 + rare, score_of(rare), learn=True)
        agreement.close(START + number, learn=True)
    agreement.observe(0, 10.0, score_of(1.9), learn=True)
    for place in range(1, 10):
        agreement.observe(place, 14.0, score_of(1.2), learn=True)
    found = agreement.close(START + 500, learn=True)
    assert found is not None
    assert found.key.metric != "m0"


def test_two_series_of_a_service_keep_what_is_known_of_them_together_and_one_alone_has_none() -> None:
    whole = ServiceState(ServiceId("payments-api"), DetectionParams())
    bank = Bank(DetectionParams(), ())
    every = [bank.make(SeriesKey.of("payments-api", f"m{number}")) for number in range(3)]
    for series in every:
        whole.add(series)
    kept = whole.agreement
    whole.drop({every[0].key})
    assert whole.agreement is kept
    whole.drop({every[1].key})
    assert whole.agreement is None

"""How rare a size beyond the largest of late is."""

import json
import math

import pytest

from detectors.tail import BLOCK, KEPT, Tails
from domain.errors import StateError
from tests.support.timelines import noise


def grown(blocks: int, memory: int = 12_000, seed: int = 1) -> Tails:
    """One residual that saw so many blocks of noise."""
    tails, sizes = Tails(1, memory), [abs(value) for value in noise(blocks * BLOCK, seed, centre=0.0)]
    for start in range(0, len(sizes), BLOCK):
        block(tails, max(sizes[start : start + BLOCK]))
    return tails


def block(tails: Tails, peak: float) -> None:
    tails.peaks[0] = peak
    tails.close()


def test_a_tail_is_unknown_until_it_has_twelve_blocks() -> None:
    assert grown(KEPT - 1).floors == [math.inf]
    assert grown(KEPT).floors[0] < math.inf


def test_the_floor_is_the_twelfth_largest() -> None:
    tails = Tails(1, 12_000)
    for peak in (*range(50, 0, -1), *range(51, 101)):
        block(tails, float(peak))
    assert tails.floors == [89.0]


def test_a_bigger_size_is_rarer_and_the_floor_itself_is_not_rare() -> None:
    tails = grown(500)
    floor = tails.floors[0]
    rarities = [tails.rarity(0, floor * times) for times in (1.0, 1.01, 1.1, 1.5, 1.8, 2.0, 4.0, 100.0)]
    assert rarities[0] == 0
    assert rarities == sorted(set(rarities))


def test_the_rarity_does_not_depend_on_the_unit() -> None:
    metres, millimetres = Tails(1, 12_000), Tails(1, 12_000)
    for peak in range(1, 60):
        block(metres, float(peak))
        block(millimetres, peak * 1000.0)
    assert millimetres.rarity(0, 70_000.0) == pytest.approx(metres.rarity(0, 70.0))


def test_with_more_history_the_same_tail_is_rarer() -> None:
    few, many = Tails(1, 12_000), Tails(1, 12_000)
    for tails, blocks in ((few, 20), (many, 400)):
        for number in range(blocks):
            block(tails, 10.0 + number if number < KEPT else 1.0)
    assert many.rarity(0, 40.0) == pytest.approx(few.rarity(0, 40.0) + math.log10(400 / 20))


def test_a_tail_fades_once_its_memory_is_full() -> None:
    tails = grown(100, memory=600)
    before = tails.floors[0]
    for _ in range(100):
        block(tails, 0.0)
    assert tails.floors[0] == pytest.approx(before * math.exp(-0.5), rel=0.1)


def test_a_gigantic_size_is_remembered_as_twenty_times_the_floor() -> None:
    tails, other = grown(100), grown(100)
    floor = tails.floors[0]
    block(tails, 1e9)
    block(other, 20 * floor)
    assert tails.rarity(0, 30 * floor) == other.rarity(0, 30 * floor)


def test_where_nothing_ever_moved_the_first_size_is_as_rare_as_can_be() -> None:
    tails = Tails(1, 12_000)
    for _ in range(KEPT):
        block(tails, 0.0)
    assert tails.rarity(0, 1e-9) > 10


def test_a_residual_without_a_value_in_a_block_keeps_its_tail() -> None:
    tails = Tails(2, 12_000)
    for peak in range(1, 30):
        tails.peaks[0] = float(peak)
        tails.close()
    assert tails.floors == [18.0, math.inf]


def test_a_snapshot_as_json_continues_identically() -> None:
    first, second = grown(300, memory=600), Tails(1, 600)
    second.restore(json.loads(json.dumps(first.snapshot())))
    assert second.floors == first.floors
    for tails in (first, second):
        block(tails, 3.0)
    assert second.snapshot() == first.snapshot()
    assert second.rarity(0, 50.0) == first.rarity(0, 50.0)


@pytest.mark.parametrize(
    "damaged", [None, [], [0, 0, [1], [0.0], "?"], [0, 0, [1], [0.0], "AAAA"], [0, 0, [1, 2], [0.0], ""]]
)
def test_a_damaged_snapshot_is_refused(damaged: object) -> None:
    with pytest.raises(StateError):
        Tails(1, 600).restore(damaged)  # type: ignore[arg-type]

"""How rare a size beyond the largest of late is."""

import math
from collections.abc import Sequence

import pytest

from detectors.values.tail import BLOCK, FADE_EVERY, KEPT, Tails
from tests.support.timelines import noise


class Blocks:
    """The tails of some residuals of one series, block by block."""

    def __init__(self, memory: int = 12_000, number: int = 1, place: int = 8) -> None:
        self.number = number
        self.tails = Tails(number, memory, place)
        self.record = bytearray(bytes(place) + self.tails.fresh + b"next")
        self.samples = 0

    def end(self, *peaks: float) -> None:
        self.samples += BLOCK
        for which, peak in enumerate(peaks):
            self.tails.take(self.record, which, peak)
        if self.samples % (BLOCK * FADE_EVERY) == 0:
            self.tails.fade(self.record, [self.samples] * self.number)

    def rarity(self, size: float, which: int = 0) -> float:
        return self.tails.rarity(self.record, which, size, self.samples)

    def floor(self, which: int = 0) -> float:
        """The largest size that is not rare, to some digits."""
        low, high = 0.0, 1e6
        for _ in range(60):
            middle = (low + high) / 2
            low, high = (low, middle) if self.rarity(middle, which) > 0 else (middle, high)
        return low


def grown(blocks: int, memory: int = 12_000, seed: int = 1) -> Blocks:
    """One residual that saw so many blocks of noise."""
    tails, sizes = Blocks(memory), [abs(value) for value in noise(blocks * BLOCK, seed, centre=0.0)]
    for start in range(0, len(sizes), BLOCK):
        tails.end(max(sizes[start : start + BLOCK]))
    return tails


def of(peaks: Sequence[float]) -> Blocks:
    tails = Blocks()
    for peak in peaks:
        tails.end(peak)
    return tails


def test_nothing_is_rare_until_a_tail_has_twelve_blocks() -> None:
    assert grown(KEPT - 1).rarity(1e9) == 0
    assert grown(KEPT).rarity(1e9) > 0


def test_the_floor_is_the_twelfth_largest() -> None:
    assert of([*range(50, 0, -1), *range(51, 101)]).floor() == pytest.approx(89.0)


def test_a_bigger_size_is_rarer_and_the_floor_itself_is_not_rare() -> None:
    tails = grown(500)
    floor = tails.floor()
    rarities = [tails.rarity(floor * times) for times in (1.0, 1.01, 1.1, 1.5, 1.8, 2.0, 4.0, 100.0)]
    assert rarities[0] == 0
    assert rarities == sorted(set(rarities))


def test_the_rarity_does_not_depend_on_the_unit() -> None:
    metres, millimetres = of(range(1, 60)), of([peak * 1000.0 for peak in range(1, 60)])
    assert millimetres.rarity(70_000.0) == pytest.approx(metres.rarity(70.0))


def test_with_more_history_the_same_tail_is_rarer() -> None:
    few, many = (of([10.0 + n if n < KEPT else 1.0 for n in range(blocks)]) for blocks in (20, 400))
    assert many.rarity(40.0) == pytest.approx(few.rarity(40.0) + math.log10(400 / 20))


def test_a_tail_fades_once_its_memory_is_full() -> None:
    tails = grown(100, memory=600)
    before = tails.floor()
    for _ in range(100):
        tails.end(0.0)
    assert tails.floor() == pytest.approx(before * math.exp(-0.5), rel=0.1)


def test_a_gigantic_size_is_remembered_as_twenty_times_the_floor() -> None:
    tails, other = of(range(1, 100)), of(range(1, 100))
    tails.end(1e9)
    other.end(20 * 88.0)
    assert tails.rarity(2000.0) == other.rarity(2000.0)


@pytest.mark.parametrize("size", [1e-9, 1e9])
def test_where_nothing_ever_moved_a_size_says_only_for_how_long(size: float) -> None:
    assert of([0.0] * KEPT).rarity(size) == pytest.approx(math.log10(1 + KEPT))
    assert of([0.0] * 999).rarity(size) == pytest.approx(3.0)


def test_where_it_hardly_ever_moved_a_size_is_as_rare_as_its_rank() -> None:
    tails = of([*[0.0] * 996, 5.0, 7.0, 6.0])
    assert [tails.rarity(size) for size in (8.0, 6.5, 5.0)] == pytest.approx([math.log10(1000 / n) for n in (1, 2, 4)])


def test_each_residual_has_a_tail_of_its_own_and_nothing_else_is_touched() -> None:
    tails = Blocks(number=3)
    for peak in range(1, 30):
        tails.end(float(peak), 100.0 * peak)
    assert tails.floor(0) == pytest.approx(18.0)
    assert tails.floor(1) == pytest.approx(1800.0)
    assert tails.rarity(1e9, 2) == 0
    assert tails.record[:8] + tails.record[-4:] == bytes(8) + b"next"

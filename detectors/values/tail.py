"""How rare is a residual beyond the largest of late? Streaming peaks over threshold, for several residuals at once.

Of each residual the largest size per block of 6 samples is taken, and the 12 largest of these are kept: they are its
tail, and the smallest of them is its floor. Most samples lie below the floor and cost one comparison. Beyond it, the
chance of so much in a block is the rate of the tail (12 over the blocks remembered) times the mean of an exponential
and a Pareto survival function, fitted to the 12. What passes the floor by little counts for little: any noise passes
it sometimes, by a few percent. Once the memory is full the tail fades, to exp(-0.5) of its size per memory.

While fewer than 12 blocks have moved at all the floor is zero, and there is no scale to hold a size against: it is as
rare then as its rank says. Of n + 1 blocks that might as well have come in any other order, one is the largest.

Sizes are kept in single precision: rarity depends on their ratios, which seven digits give well enough.

Sources: J. Pickands, "Statistical Inference Using Extreme Order Statistics", Annals of Statistics 3 (1975); B. M. Hill,
"A Simple General Approach to Inference About the Tail of a Distribution", Annals of Statistics 3 (1975); A. Siffer et
al., "Anomaly Detection in Streams with Extreme Value Theory", KDD 2017; for ranks V. Vovk, A. Gammerman, G. Shafer,
"Algorithmic Learning in a Random World" (2005).
"""

import math
from collections.abc import Sequence
from struct import Struct

BLOCK = 6  # samples
KEPT = 12  # block maxima
CLIP = 20.0  # times the floor: one gigantic value is not remembered as such
CLEAR = 1.8  # times the floor, from where on the rarity counts in full
FADE_EVERY = 24  # blocks
FADE = 0.5  # of the size, per memory
STEEPEST = 50.0  # e-foldings: beyond this a tail is not believed
LEAST = 1e-15
LARGEST = 3e38  # of a size: no greater number fits


_FLOOR = Struct("@f")
_TAIL = Struct(f"@{KEPT - 1}f")
_read_floor, _write_floor = _FLOOR.unpack_from, _FLOOR.pack_into
_read_tail, _write_tail = _TAIL.unpack_from, _TAIL.pack_into


class Tails:
    """The tails of so many residuals, from a place in the record of a series. Sizes are in the unit of the series.

    The floors lie side by side, to be read at once, then one tail after the other, from small to large; -1 is none yet.
    """

    __slots__ = ("_blocks", "_floors", "_tails", "fresh")

    def __init__(self, number: int, memory: int, place: int = 0) -> None:
        self._blocks = max(KEPT, memory // BLOCK)
        self._floors, self._tails = place, place + number * _FLOOR.size
        self.fresh = Struct(f"@{number * KEPT}f").pack(*[-1.0] * (number * KEPT))

    def rarity(self, record: bytearray, which: int, size: float, samples: int, largest: int = KEPT) -> float:
        """Return how rare a size is, in powers of ten, after so many samples of this residual.

        It is 0 up to the floor or before there is one, and grows from there. The tail may be fewer of the largest.
        """
        floor: float = _read_floor(record, self._floors + _FLOOR.size * which)[0]
        if floor < 0 or size <= floor:
            return 0.0
        tail = _read_tail(record, self._tails + _TAIL.size * which)
        if largest < KEPT:
            floor, tail = tail[-largest], tail[1 - largest :]
            if size <= floor:
                return 0.0
        blocks = max(largest, min(self._blocks, samples // BLOCK))
        if floor == 0:
            return math.log10((1 + blocks) / (1 + sum(known >= size for known in tail)))
        rate = largest / blocks
        over = logs = 0.0
        for known in tail:
            over += known - floor
            logs += math.log(known / floor)
        ratio = size / floor
        steps = (largest - 1) * (size - floor) / over if over > 0 else STEEPEST
        folds = (largest - 1) * math.log(ratio) / logs if logs > 0 else STEEPEST
        chance = 0.5 * rate * (math.exp(-min(STEEPEST, steps)) + math.exp(-min(STEEPEST, folds)))
        rarity = -math.log10(min(1.0, max(LEAST, chance)))
        return rarity if ratio >= CLEAR else rarity * (ratio - 1.0) / (CLEAR - 1.0)

    def take(self, record: bytearray, which: int, peak: float) -> None:
        """Take in the largest size of a block."""
        at_floor, at_tail = self._floors + _FLOOR.size * which, self._tails + _TAIL.size * which
        (floor,) = _read_floor(record, at_floor)
        if peak > floor:
            peak = CLIP * floor if peak > CLIP * floor > 0 else peak
            floor, *tail = sorted((peak, *_read_tail(record, at_tail)))
            _write_floor(record, at_floor, floor)
            _write_tail(record, at_tail, *tail)

    def fade(self, record: bytearray, samples: Sequence[int]) -> None:
        """Let the tails fade whose memory is full; to be called every so many blocks."""
        share = 1.0 - FADE * FADE_EVERY / self._blocks
        for which, count in enumerate(samples):
            if count // BLOCK >= self._blocks:
                at_floor, at_tail = self._floors + _FLOOR.size * which, self._tails + _TAIL.size * which
                _write_floor(record, at_floor, _read_floor(record, at_floor)[0] * share)
                _write_tail(record, at_tail, *[size * share for size in _read_tail(record, at_tail)])

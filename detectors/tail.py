"""How rare is a residual beyond the largest of late? Streaming peaks over threshold, for several residuals at once.

Of each residual the largest size per block of 6 samples is taken, and the 12 largest of these are kept: they are its
tail, and the smallest of them is its floor. Most samples lie below the floor and cost one comparison. Beyond it, the
chance of so much in a block is the rate of the tail (12 over the blocks remembered) times the mean of an exponential
and a Pareto survival function, fitted to the 12. What passes the floor by little counts for little: any noise passes
it sometimes, by a few percent. Once the memory is full the tail fades, to exp(-0.5) of its size per memory.

Sources: J. Pickands, "Statistical Inference Using Extreme Order Statistics", Annals of Statistics 3 (1975); B. M. Hill,
"A Simple General Approach to Inference About the Tail of a Distribution", Annals of Statistics 3 (1975); A. Siffer et
al., "Anomaly Detection in Streams with Extreme Value Theory", KDD 2017.
"""

import math
from array import array
from base64 import b64decode, b64encode

from domain.errors import StateError
from domain.state import Plain

BLOCK = 6  # samples
KEPT = 12  # block maxima
CLIP = 20.0  # times the floor: one gigantic value is not remembered as such
CLEAR = 1.8  # times the floor, from where on the rarity counts in full
FADE_EVERY = 24  # blocks
FADE = 0.5  # of the size, per memory
STEEPEST = 50.0  # e-foldings: beyond this a tail is not believed
LEAST = 1e-15


class Tails:
    """The tails of so many residuals. All sizes are absolute values in the unit of the series."""

    __slots__ = ("_blocks", "_closed", "_largest", "_memory", "floors", "peaks", "ticks")

    def __init__(self, number: int, memory: int) -> None:
        self._memory = max(KEPT, memory // BLOCK)  # blocks
        self._largest = array("d", [-1.0]) * (number * KEPT)  # falling, per residual; -1 for none yet
        self._blocks = [0] * number
        self.ticks = self._closed = 0  # samples of the block that is filling, which the caller counts; blocks
        self.floors = [math.inf] * number  # what no size passes while the tail is not known
        self.peaks = [-1.0] * number  # largest of that block, which the caller raises

    def rarity(self, which: int, size: float) -> float:
        """Return how rare a size beyond the floor is, in powers of ten; grows with the size."""
        floor = self.floors[which]
        rate = KEPT / self._blocks[which]
        if floor <= 0:
            return -math.log10(max(LEAST, rate * math.exp(-STEEPEST)))
        over = logs = 0.0
        for known in self._largest[which * KEPT : which * KEPT + KEPT - 1]:
            over += known - floor
            logs += math.log(known / floor)
        steps = (KEPT - 1) * (size - floor) / over if over > 0 else STEEPEST
        ratio = size / floor
        folds = (KEPT - 1) * math.log(ratio) / logs if logs > 0 else STEEPEST
        chance = 0.5 * rate * (math.exp(-min(STEEPEST, steps)) + math.exp(-min(STEEPEST, folds)))
        rarity = -math.log10(min(1.0, max(LEAST, chance)))
        return rarity if ratio >= CLEAR else rarity * (ratio - 1.0) / (CLEAR - 1.0)

    def close(self) -> None:
        """End a block: its peaks go into the tails."""
        self.ticks = 0
        self._closed += 1
        fades = self._closed % FADE_EVERY == 0
        for which, peak in enumerate(self.peaks):
            if peak >= 0:
                self.peaks[which] = -1.0
                self._take(which, peak)
            if fades and self._blocks[which] >= self._memory:
                self._fade(which)

    def _take(self, which: int, peak: float) -> None:
        self._blocks[which] = min(self._memory, self._blocks[which] + 1)
        floor = self.floors[which]
        first, last = which * KEPT, which * KEPT + KEPT - 1
        largest = self._largest
        if floor < math.inf and peak > CLIP * floor > 0:
            peak = CLIP * floor
        if peak <= largest[last]:
            return
        place = last
        while place > first and largest[place - 1] < peak:
            largest[place] = largest[place - 1]
            place -= 1
        largest[place] = peak
        if largest[last] >= 0:
            self.floors[which] = largest[last]

    def _fade(self, which: int) -> None:
        share = 1.0 - FADE * FADE_EVERY / self._memory
        for place in range(which * KEPT, which * KEPT + KEPT):
            self._largest[place] *= share
        self.floors[which] = self._largest[which * KEPT + KEPT - 1]

    def snapshot(self) -> Plain:
        """Return the whole state as plain data; the tails as base64 of doubles."""
        largest = b64encode(self._largest.tobytes()).decode()
        return [self.ticks, self._closed, list(self._blocks), list(self.peaks), largest]

    def restore(self, state: Plain) -> None:
        """Take over a snapshot; raises StateError when it does not fit."""
        number = len(self._blocks)
        match state:
            case [int() as ticks, int() as closed, [*blocks], [*peaks], str() as packed] if (
                len(blocks) == len(peaks) == number
            ):
                self.ticks, self._closed = ticks, closed
                self._blocks, self.peaks = [int(count) for count in blocks], [float(peak) for peak in peaks]
            case _:
                raise StateError("the saved tails of a series are damaged")
        try:
            largest = array("d", b64decode(packed, validate=True))
        except ValueError:
            raise StateError("the saved tails of a series are damaged") from None
        if len(largest) != number * KEPT:
            raise StateError("the saved tails of a series have another size")
        self._largest = largest
        smallest = [largest[which * KEPT + KEPT - 1] for which in range(number)]
        self.floors = [size if size >= 0 else math.inf for size in smallest]

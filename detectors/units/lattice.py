"""The grain of written values: a power of ten of which all of them are multiples. A change of unit takes it along.

Bytes that become bits are multiples of 8, sums by the minute that become sums by the second are sixtieths. After an
incident values are on the lattice of before, or on another power of ten, where few are multiples of 8 by chance. So
multiples of ten say nothing, nor do values that are written with many digits; and that values are no multiples says
nothing either: whoever changes the unit may round anew.
"""

import math
from collections.abc import Sequence
from fractions import Fraction

DIGITS = 4  # of a value at most, to see a grain by
ROUNDED = 1e-5  # of a value: as much as it may be off a multiple, for having been rounded
MOST = 2.0  # nines


def grain(values: Sequence[float]) -> int | None:
    """Return the largest power of ten of which all values, above zero, are multiples; None: they have many digits."""
    top = math.floor(math.log10(max(values)))
    return next((power for power in range(top, top - DIGITS, -1) if _multiples(values, 10.0**power)), None)


def carried(before: int | None, after: Sequence[float], factor: float) -> float:
    """Return by how many nines it is likelier that values are so many times those of that grain, than anything else."""
    if before is None or not _multiples(after, 10.0**before * factor):
        return 0.0
    own = grain(after)
    if own is None:
        return MOST
    times = Fraction(round(factor)) if factor > 1.0 else Fraction(1, round(1.0 / factor))
    one_of = (times * Fraction(10) ** (before - own)).numerator
    return min(MOST, len(set(after)) * math.log10(one_of))


def _multiples(values: Sequence[float], of: float) -> bool:
    return all(abs(value / of - round(value / of)) <= ROUNDED * value / of for value in values)

"""What a score means: how rare so much is in this series, on one scale for every series and every detector.

A score of s says: at most a share of 1 - s of all samples of this series are so unusual. ``nines`` is the same as a
power of ten: 3 nines is one in a thousand. Up to 1.3 nines no recording was found on which this did not hold (74 of
them); beyond 2 nines it is a strength by which to rank, not a frequency.
"""

import math

LEAST = 1e-15  # 1 - score is kept above this, so that it has a logarithm


def score_of(nines: float) -> float:
    """Return the score of a rarity; 0 for nothing unusual."""
    return 1.0 - max(LEAST, 10.0**-nines) if nines > 0 else 0.0


def nines_of(score: float) -> float:
    """Return the rarity behind a score."""
    return -math.log10(max(LEAST, 1.0 - score))

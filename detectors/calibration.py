"""What a score means: how rare so much is in this series, on one scale for every series and every detector.

A score of s says: at most a share of 1 - s of all samples of this series are so unusual. ``nines`` is the same as a
power of ten: 3 nines is one in a thousand. Up to 1.3 nines no recording was found on which this did not hold (74 of
them); beyond the bar at which one series opens an anomaly it is a strength by which to rank, not a frequency.
"""

import math

from domain.anomaly import Anomalous, Normal

LEAST = 1e-15  # 1 - score is kept above this, so that it has a logarithm
CALM = Normal(0.0)  # what most samples are: one object for all of them, recognised by its identity


def score_of(nines: float) -> float:
    """Return the score of a rarity; 0 for nothing unusual."""
    if nines <= 0:
        return 0.0
    chance: float = 10.0**-nines
    return 1.0 - (chance if chance > LEAST else LEAST)  # noqa: FURB136 - max() costs more, per score


def nines_of(score: float) -> float:
    """Return the rarity behind a score."""
    return -math.log10(max(LEAST, 1.0 - score))


def ranked(verdict: Normal | Anomalous, bar: float) -> float:
    """Return the score of a verdict: beyond the bar (nines) of a single series it ranks, by strength."""
    if isinstance(verdict, Normal) or verdict.strength is None or nines_of(verdict.score) < bar:
        return verdict.score
    return score_of(bar + verdict.strength)

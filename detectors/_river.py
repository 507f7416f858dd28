"""The typed face of the River classes in use."""

from typing import Protocol

from river import stats


class FadingMean(Protocol):
    """An exponentially weighted mean whose first value is taken whole."""

    def update(self, x: float) -> None:
        """Take one value in."""

    def get(self) -> float:
        """Return the mean; 0 before the first value."""


def fading_mean(share: float, start: float) -> FadingMean:
    """Return River's EWMean where each new value has that share, continuing from ``start``.

    River takes the first value whole, so starting from a saved mean continues bit for bit.
    """
    mean = stats.EWMean(share)
    mean.update(start)
    return mean

"""What a detector of one series is."""

from typing import Protocol

from domain.anomaly import Verdict
from domain.state import Plain


class Detector(Protocol):
    """Judges one series, sample by sample: scores first, then learns.

    Laws, kept by ``tests/laws/test_detectors.py`` for every entry of the registry: a constant series is never
    anomalous; Warming for exactly the stated warm-up, never a zero in disguise; zero is a value like any other; a
    snapshot continues bit for bit; instances are independent; state is bounded; values that are not learnt from
    leave no trace. Non-finite, late and repeated values never come this far (``features``).
    """

    def observe(self, at: float, value: float, *, learn: bool) -> Verdict:
        """Judge a value at event time ``at``, then learn from it unless told not to."""

    def snapshot(self) -> Plain:
        """Return the whole state as plain data."""

    def restore(self, state: Plain) -> None:
        """Take over a snapshot; raises StateError when it does not fit."""

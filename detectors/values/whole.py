"""What is counted is expected at whole numbers: of a series that is 0 or 1 nobody expects 0.83 to 1.1.

What is usual is a mean, and lies between the numbers that the series can have; so may a narrow range around it.
"""

import math
from collections.abc import Iterable
from dataclasses import replace

from domain.anomaly import Evidence


def in_whole_numbers(evidence: Evidence, latest: Iterable[float]) -> Evidence:
    """Return the evidence with a range of whole numbers if all of the ``latest`` values, and the one told, are.

    The value stays outside of it. What stood still all the time may be a share that rests at 0, and shows nothing.
    """
    value, ends = evidence.actual, (evidence.low, evidence.expected, evidence.high)
    if value is None or not value.is_integer() or not all(map(math.isfinite, ends)):
        return evidence
    if evidence.low <= value <= evidence.high:
        return evidence
    seen = set(latest)
    if len(seen) == 1 or not all(each.is_integer() for each in seen):
        return evidence
    low, high = math.ceil(evidence.low), math.floor(evidence.high)
    if low > high:  # there is none between: then those on both sides of it, but for the value itself
        if value == round(evidence.expected):
            return evidence
        low, high = high + (high == value), low - (low == value)
    return replace(evidence, low=float(low), high=float(high), expected=float(min(max(evidence.expected, low), high)))

"""Quantiles from the buckets of a histogram: straight lines within a bucket, so exact only as far as the bounds go."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from domain.errors import DecodeError
from streams.codecs.base import Reason

MIN_SCALE, MAX_SCALE = -10, 20  # of an exponential histogram, as OpenTelemetry's SDKs have it


@dataclass(frozen=True, slots=True)
class Bucket:
    """``count`` values between ``low`` and ``high``."""

    low: float
    high: float
    count: int


def quantile(buckets: Sequence[Bucket], share: float) -> float:
    """Return the estimated value below which that share of the values lies; the buckets hold at least one value."""
    rank = share * sum(bucket.count for bucket in buckets)
    below = 0
    for bucket in buckets:
        if bucket.count and below + bucket.count >= rank:
            inside = max(0.0, rank - below) / bucket.count
            return bucket.low + (bucket.high - bucket.low) * inside
        below += bucket.count
    return buckets[-1].high


def explicit_buckets(
    counts: Sequence[int], bounds: Sequence[float], low: float | None, high: float | None
) -> tuple[Bucket, ...]:
    """Return the buckets between explicit bounds, or none if the message has none to offer.

    The outermost two have no bound of their own: they end at the smallest and largest value if these are told, else the
    lowest begins at zero (or is its bound, below zero) and the highest is its bound. Raises DecodeError.
    """
    if not counts:
        return ()
    if len(counts) != len(bounds) + 1:
        raise DecodeError(Reason.BAD_NUMBER, f"bucketCounts: {len(counts)} counts for {len(bounds)} bounds")
    if not all(before < after for before, after in pairwise(bounds)):
        raise DecodeError(Reason.BAD_NUMBER, "explicitBounds: not in increasing order")
    if not bounds:
        return () if low is None or high is None else (Bucket(low, high, counts[0]),)
    first = min(0.0, bounds[0]) if low is None else min(low, bounds[0])
    last = bounds[-1] if high is None else max(high, bounds[-1])
    edges = (first, *bounds, last)
    return tuple(Bucket(edges[i], edges[i + 1], count) for i, count in enumerate(counts))


def exponential_buckets(
    scale: int, zeros: tuple[int, float], positive: tuple[int, Sequence[int]], negative: tuple[int, Sequence[int]]
) -> tuple[Bucket, ...]:
    """Return the buckets in increasing order; ``zeros`` is count and threshold, the sides are offset and counts.

    Raises DecodeError for a scale or an offset that no finite number has.
    """
    if not MIN_SCALE <= scale <= MAX_SCALE:
        raise DecodeError(Reason.BAD_NUMBER, f"scale: {scale} is not between {MIN_SCALE} and {MAX_SCALE}")
    zero_count, threshold = zeros
    above = _side(scale, *positive)
    below = tuple(Bucket(-each.high, -each.low, each.count) for each in reversed(_side(scale, *negative)))
    near_zero = Bucket(-threshold if below else 0.0, threshold if above else 0.0, zero_count)
    return (*below, near_zero, *above)


def _side(scale: int, offset: int, counts: Sequence[int]) -> tuple[Bucket, ...]:
    step = 2.0**-scale
    try:
        edges = [2.0 ** ((offset + i) * step) for i in range(len(counts) + 1)] if counts else []
    except OverflowError:
        raise DecodeError(Reason.BAD_NUMBER, f"offset: {offset} with scale {scale} is out of range") from None
    return tuple(Bucket(edges[i], edges[i + 1], count) for i, count in enumerate(counts))

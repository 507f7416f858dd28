"""The faults that the literature injects into series, sized by what the series itself does not explain.

The taxonomy is that of K.-H. Lai et al., "Revisiting Time Series Outlier Detection", NeurIPS Datasets and Benchmarks
(2021): global and contextual points, changes of trend, season and shape; with shifts of level and changes of spread.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

from tests.support.kinds import Chance, Numbers, Series

AROUND = 6  # samples to either side, whose median is the level
NEAR = 300  # samples to either side, of which the usual size is taken
LONG = 60  # samples of what lasts
CONTEXT = 6
PLACES = 3  # in one series
FIRST = 0.4  # of the series, before which nothing is injected
TRIES = 40
MAD = 1.4826


class Fault(NamedTuple):
    """Where values were changed."""

    start: int
    end: int


def injected(chance: Chance, series: Series, name: str) -> tuple[Numbers, list[Fault]]:
    """Return the values with some faults of one name, far from each other; none where it makes no sense."""
    values, faults = series.values.copy(), list[Fault]()
    room = int(len(values) * (1 - FIRST) / PLACES)
    for number in range(PLACES):
        least = int(len(values) * FIRST) + number * room
        for _ in range(TRIES):
            place = least + int(chance.integers(0, max(1, room - 2 * max(series.cycle, LONG))))
            made = _FAULTS[name](chance, series, place)
            if made is not None:
                made = _possible(series, made)
                values[place : place + len(made)] = made
                faults.append(Fault(place, place + len(made)))
                break
    return values, faults


def usual_size(series: Series, place: int) -> float:
    """What the level around a sample, or the cycle before it, leaves unexplained: the smaller deviation of the two."""
    start, end = max(0, place - NEAR), min(len(series.values), place + NEAR)
    near = series.values[start:end]
    left = [near - _level(series.values, start, end)]
    if 0 < series.cycle <= start:
        left.append((near - series.values[start - series.cycle : end - series.cycle]) / 2**0.5)
    sizes = [MAD * float(np.median(np.abs(part - np.median(part)))) or float(part.std()) for part in left]
    return min(sizes) or float(series.values.std()) or 1.0


def _level(values: Numbers, start: int, end: int) -> Numbers:
    """The running median."""
    padded = np.pad(values, AROUND, mode="edge")[start : end + 2 * AROUND]
    median: Numbers = np.median(np.lib.stride_tricks.sliding_window_view(padded, 2 * AROUND + 1), axis=1)
    return median


def _possible(series: Series, values: Numbers) -> Numbers:
    """What is never below zero, or never broken, stays so."""
    known = series.values
    if known.min() >= 0:
        values = np.maximum(values, 0.0)
        values = np.minimum(values, 1.0) if known.max() <= 1 else values
    return np.round(values) if (known == np.round(known)).all() else values


def _side(chance: Chance, series: Series, place: int, size: float) -> float:
    """Up or down, by chance; what would be impossible goes the other way."""
    now, low = float(series.values[place]), float(series.values.min())
    if low >= 0 and now < size:
        return size
    if low >= 0 and series.values.max() <= 1 and now + size > 1:
        return -size
    return size if chance.random() < 0.5 else -size


def _added(size: float, shape: Numbers) -> Callable[[Chance, Series, int], Numbers | None]:
    def made(chance: Chance, series: Series, place: int) -> Numbers | None:
        away = _side(chance, series, place, size * usual_size(series, place))
        return series.values[place : place + len(shape)] + away * shape

    return made


def _spread(times: float) -> Callable[[Chance, Series, int], Numbers | None]:
    def made(_: Chance, series: Series, place: int) -> Numbers | None:
        level = _level(series.values, place, place + LONG)
        changed = level + times * (series.values[place : place + LONG] - level)
        return changed if np.abs(changed - series.values[place : place + LONG]).max() > 0 else None

    return made


def _out_of_context(_: Chance, series: Series, place: int) -> Numbers | None:
    """Values of half a cycle before, where those are others."""
    before = place - series.cycle // 2
    now, other = series.values[place : place + CONTEXT], series.values[before : before + CONTEXT].copy()
    far = abs(float(np.median(other) - np.median(now))) >= 6.0 * usual_size(series, place)
    return other if series.cycle and far else None


def _faster(_: Chance, series: Series, place: int) -> Numbers | None:
    """Twice as fast, for some cycles."""
    length = max(series.cycle, LONG)
    return series.values[place : place + 2 * length : 2].copy() if series.cycle else None


def _no_season(_: Chance, series: Series, place: int) -> Numbers | None:
    """The middle of the cycle instead of its hills and valleys, with the noise that there is."""
    length = max(series.cycle, LONG)
    now = series.values[place : place + length]
    return np.median(now) + now - _level(series.values, place, place + length) if series.cycle else None


_FAULTS: Mapping[str, Callable[[Chance, Series, int], Numbers | None]] = {
    "point": _added(10.0, np.ones(1)),
    "context": _out_of_context,
    "level": _added(6.0, np.ones(LONG)),
    "trend": _added(12.0, np.linspace(0, 1, LONG)),
    "wider": _spread(5.0),
    "calmer": _spread(0.1),
    "faster": _faster,
    "no season": _no_season,
}
FAULTS = tuple(_FAULTS)

"""Made-up series of the kinds that services have, at their rhythms; the same for the same seed."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
Chance = np.random.Generator
BEGIN = 1_699_833_600.0  # a Monday, 00:00 UTC
DAY_S = 86_400.0


class Series(NamedTuple):
    """Samples without known faults. Cycle: samples after which it repeats itself, 0 if it does not."""

    kind: str
    times: Numbers
    values: Numbers
    cycle: int


class _Kind(NamedTuple):
    name: str
    step_s: float
    samples: int
    cycle: int
    made: Callable[[Chance, Numbers], NDArray[Any]]


def series(seed: int) -> list[Series]:
    """One series of each kind."""
    found: list[Series] = []
    for number, kind in enumerate(KINDS):
        times = BEGIN + kind.step_s * np.arange(kind.samples, dtype=np.float64)
        values = kind.made(np.random.default_rng((seed, number)), times)
        found.append(Series(kind.name, times, np.asarray(values, float), kind.cycle))
    return found


def _day(times: Numbers, depth: float) -> Numbers:
    """A working day, 1 on average: a broad hill with a dent at noon."""
    hour = times % DAY_S / 3600.0
    return 1.0 + depth * (np.sin((hour - 8.0) / 12.0 * np.pi) - 0.3 * np.exp(-(((hour - 12.5) / 1.5) ** 2)))


def _week(times: Numbers, weekend: float) -> Numbers:
    return np.where((times - BEGIN) // DAY_S % 7 >= 5, weekend, 1.0)


def _follows(chance: Chance, count: int, share: float) -> Numbers:
    """Noise of deviation 1 of which each value keeps a share of the one before."""
    found, last = np.empty(count), 0.0
    for i, fresh in enumerate(chance.standard_normal(count) * (1 - share * share) ** 0.5):
        last = share * last + fresh
        found[i] = last
    return found


def _long_memory(chance: Chance, count: int) -> Numbers:
    """Noise with as much in every octave of time, nearly: of deviation 1, it remembers hours and days."""
    shares = [1 - 4.0**-n for n in range(1, 7)]
    total: Numbers = np.sum([_follows(chance, count, share) for share in shares], axis=0)
    total /= len(shares) ** 0.5
    return total


def _saw(chance: Chance, count: int, length: float, jitter: float) -> Numbers:
    """From 0 to 1 and back at once, in turns of about this many samples."""
    found, place = np.empty(count), 0
    while place < count:
        turn = max(4, int(length * (1 + jitter * chance.standard_normal())))
        found[place : place + turn] = (np.arange(turn) / turn)[: count - place]
        place += turn
    return found


def _autoscaled(chance: Chance, times: Numbers) -> Numbers:
    """Load for each of some replicas, which follow the load in whole numbers and late."""
    load = 12.0 * _day(times, 0.6) * (1 + 0.03 * _follows(chance, len(times), 0.95))
    replicas, found = 8.0, np.empty(len(times))
    for i, now in enumerate(load):
        if now / replicas > 1.2 or now / replicas < 0.7:
            replicas = float(np.ceil(now))
        found[i] = now / replicas * 60.0
    return found + 0.8 * chance.standard_normal(len(times))


def _jobs(chance: Chance, times: Numbers) -> Numbers:
    """A job each hour, some minutes late, of uneven length; a large one each night."""
    found, step = 5.0 + chance.standard_normal(len(times)), times[1] - times[0]
    for hour in range(int((times[-1] - times[0]) // 3600)):
        begin = hour * 3600.0 + abs(chance.normal(0, 240.0))
        length, height = chance.uniform(240.0, 600.0), 30.0 * np.exp(0.15 * chance.standard_normal())
        if hour % 24 == 2:
            length, height = chance.uniform(1800.0, 2700.0), 60.0
        found[int(begin // step) : int((begin + length) // step)] += height
    return found


def _bursts(chance: Chance, times: Numbers) -> Numbers:
    """Latency: log-normal, autocorrelated, now and then far longer."""
    base = np.exp(3.0 + 0.25 * _follows(chance, len(times), 0.7))
    return base * (1 + (chance.random(len(times)) < 0.003) * chance.pareto(1.8, len(times)) * 4)


def _hours(chance: Chance, times: Numbers) -> Numbers:
    year = 1 + 0.2 * np.sin(2 * np.pi * np.arange(len(times)) / len(times))
    return 900.0 * _day(times, 0.5) * _week(times, 0.55) * year * np.exp(0.05 * chance.standard_normal(len(times)))


KINDS = (
    _Kind("latency with bursts, 1 s", 1.0, 60_000, 0, _bursts),
    _Kind(
        "queue that fills and drains, 1 s",
        1.0,
        60_000,
        90,
        lambda c, t: 40 * _saw(c, len(t), 90, 0.15) ** 1.5 + c.standard_normal(len(t)),
    ),
    _Kind(
        "long memory, 1 s", 1.0, 60_000, 0, lambda c, t: 50 + 8 * _long_memory(c, len(t)) + c.standard_normal(len(t))
    ),
    _Kind("load of an autoscaled service, 15 s", 15.0, 60_000, 5760, _autoscaled),
    _Kind(
        "memory with garbage collection, 15 s",
        15.0,
        60_000,
        40,
        lambda c, t: 300 + 200 * _saw(c, len(t), 40, 0.3) + 10 * _follows(c, len(t), 0.99),
    ),
    _Kind(
        "counts by day and weekday, minute",
        60.0,
        40_000,
        1440,
        lambda c, t: c.poisson(6 * _day(t, 0.7) * _week(t, 0.4)),
    ),
    _Kind("rare events, minute", 60.0, 40_000, 0, lambda c, t: c.poisson(0.01, len(t))),
    _Kind("batch jobs with jitter, minute", 60.0, 40_000, 60, _jobs),
    _Kind(
        "whole percent, minute",
        60.0,
        40_000,
        1440,
        lambda c, t: np.round(40 * _day(t, 0.2) + 1.2 * _follows(c, len(t), 0.9)),
    ),
    _Kind("share near 1, minute", 60.0, 40_000, 0, lambda c, t: 1 - c.binomial(500, 0.004, len(t)) / 500),
    _Kind(
        "load whose noise grows with it, 5 min",
        300.0,
        20_000,
        288,
        lambda c, t: 200 * _day(t, 0.7) * _week(t, 0.5) * np.exp(0.08 * _follows(c, len(t), 0.6)),
    ),
    _Kind(
        "long memory, 5 min",
        300.0,
        20_000,
        0,
        lambda c, t: 50 + 8 * _long_memory(c, len(t)) + c.standard_normal(len(t)),
    ),
    _Kind(
        "rare bursts of errors, 5 min",
        300.0,
        20_000,
        0,
        lambda c, t: c.poisson(np.where(c.random(len(t)) < 0.004, 12.0, 0.05)),
    ),
    _Kind(
        "counts by day and weekday, hour", 3600.0, 13_000, 24, lambda c, t: c.poisson(40 * _day(t, 0.7) * _week(t, 0.4))
    ),
    _Kind("load by day, week and year, hour", 3600.0, 13_000, 24, _hours),
)

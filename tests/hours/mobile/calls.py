"""How a step went: what calls took in each process, and which share of them failed."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Final, NamedTuple

from tests.hours.mobile.character import TIMEOUT_S
from tests.hours.mobile.pods import Pod

CALLS: Final = 0.5  # of the accounts-api, for each request


class Took(NamedTuple):
    """How long a thing took in one process, without and with its queues, and the share that failed there."""

    fixed_s: float
    wait_s: float
    failed: float


@dataclass(frozen=True, slots=True)
class Step:
    """What happened in ten seconds. Of a list of ``Took`` each process has one."""

    requests: float  # with those that try again
    failed: float
    transfers: float
    transfers_failed: float
    queries: float
    lookups: float
    hits: float
    core_s: float  # middle time of a call
    core_failed: float  # share
    front: Sequence[Took]
    accounts: Sequence[Took]
    payments: Sequence[Took]


def shares(pods: Sequence[Pod]) -> list[tuple[Pod, float]]:
    """Return which share of the calls each process gets."""
    total = sum(pod.weight for pod in pods)
    return [(pod, pod.weight / total) for pod in pods]


def late(spare_s: float, wait_s: float) -> float:
    """Return the share of those who wait ``wait_s`` on average that waits longer than they can spare."""
    if spare_s <= 0:
        return 1.0
    return math.exp(-spare_s / wait_s) if wait_s > 0.02 else 0.0


def either(*shares: float) -> float:
    """Return the share that meets at least one of these."""
    left = 1.0
    for share in shares:
        left *= 1 - min(1.0, max(0.0, share))
    return 1 - left


def failed_of(took: Sequence[Took]) -> float:
    """Return the share that fails if all processes are called in turn."""
    return sum(each.failed for each in took) / len(took)


def times(chance: Random, step: Step, count: int, sigma: float) -> tuple[list[float], list[float]]:
    """Draw how long single requests and single transfers took, in seconds; nobody waits longer than the app does."""
    reading, paying = [], []
    for number in range(count):
        front = _drawn(chance, step.front)
        read_s = front + (_drawn(chance, step.accounts) if chance.random() < CALLS else 0.0)
        reading.append(min(TIMEOUT_S, read_s))
        if number % 3 == 0:
            core_s = step.core_s * chance.lognormvariate(0, sigma)
            paying.append(min(TIMEOUT_S, front + _drawn(chance, step.payments) + core_s))
    return reading, paying


def _drawn(chance: Random, took: Sequence[Took]) -> float:
    one = chance.choice(took)
    return 0.004 + one.fixed_s * chance.uniform(0.7, 1.5) + one.wait_s * chance.expovariate(1.0)

"""What a request asks besides the database: the cache, and the payment service provider."""

import math
from bisect import bisect_left

from tests.hours.payments.machine import Machine


class Cache:
    """What is kept of accounts, until when; few accounts are asked for often."""

    def __init__(self, machine: Machine) -> None:
        chance = machine.chance
        self.machine = machine
        self.clients = 6
        self._weights: list[float] = []
        total = 0.0
        for rank in range(machine.character.accounts):
            total += 1 / (rank + 3) ** 1.0
            self._weights.append(total)
        self.ttl_s = chance.uniform(180, 400)
        self._until: dict[int, float] = {}
        for account in range(machine.character.accounts):
            if chance.random() < 0.6:
                self._until[account] = chance.uniform(0, self.ttl_s)

    def account(self) -> int:
        """Draw an account."""
        return bisect_left(self._weights, self.machine.chance.random() * self._weights[-1])

    def has(self, account: int) -> bool:
        """Look one up, and count it."""
        hit = self._until.get(account, -1.0) > self.machine.engine.now
        for exporter in ("cache", "api"):
            self.machine.windows[exporter].add("hits" if hit else "misses")
        return hit

    def keep(self, account: int) -> None:
        """Put one in."""
        self._until[account] = self.machine.engine.now + self.ttl_s * self.machine.chance.uniform(0.8, 1.2)

    def drop(self, account: int) -> None:
        """Take one out."""
        self._until.pop(account, None)

    def commands(self, count: int) -> None:
        """Take the core for so many commands."""
        self.machine.windows["cache"].add("commands", count)
        self.machine.cpu_s["cache"] += 0.00006 * count * self.machine.chance.uniform(0.7, 1.4)

    def keys(self) -> int:
        """Count what is still good."""
        return sum(until > self.machine.engine.now for until in self._until.values())

    def purge(self) -> None:
        """Forget what is no longer good."""
        self._until = {account: until for account, until in self._until.items() if until > self.machine.engine.now}


class Provider:
    """The payment service provider. Fault: ``extra_s`` that it takes longer."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.base_s = machine.character.psp_base_s
        self.extra_s = 0.0
        self._wander = 0.0

    def every_second(self) -> None:
        """Wander about its usual time."""
        self._wander = 0.985 * self._wander + self.machine.chance.gauss(0, 0.025 * self.machine.character.noise)

    def took_s(self) -> float:
        """Return how long one answer takes."""
        chance, own = self.machine.chance, self.machine.character
        took = (self.base_s + self.extra_s * chance.lognormvariate(0, 0.06)) * math.exp(self._wander)
        took += 0.001 + 0.004 * chance.lognormvariate(-0.8, own.psp_sigma * 2)
        if chance.random() < 0.01 * own.noise:
            took += chance.expovariate(1 / 0.008)
        return took + self.machine.robbed(0.8e-3)

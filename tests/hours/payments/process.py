"""The one process of payments-api: an event loop that does one thing at a time, a pool of connections, and memory."""

import math
from collections import deque

from tests.hours.engine import Parked, Steps
from tests.hours.payments.character import POOL_MAX
from tests.hours.payments.machine import Machine, Window

POOL_MIN = 4
MANY = 4000  # waiters: more are turned away


class Process:
    """``epoch`` counts its lives: what belongs to an earlier one comes to nothing.

    Faults: ``leaked`` connections that nobody gives back, ``ballast`` bytes that nobody frees, and a loop that with
    probability ``block_p`` a request stands still for about ``block_s``.
    """

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.up = True
        self.epoch = 0
        self.killed_at: float | None = None  # by the kernel
        self.cpu_scale = machine.character.cpu_scale
        self.block_p, self.block_s = 0.0, 0.0
        self._begin(machine.character.first_rss)

    def _begin(self, rss: float) -> None:
        now = self.machine.engine.now
        self.first_rss, self.started_at, self._grown = rss, now, 0.0
        self.free_at = now  # the loop
        self.total = 0
        self.size, self.in_use, self.leaked = POOL_MIN, 0, 0
        self.waiters: deque[Parked] = deque()
        self.ballast = 0.0
        self._taken_at = now

    @property
    def window(self) -> Window:
        """What it has counted since its last scrape."""
        return self.machine.windows["api"]

    def rss(self) -> float:
        """Return its memory in bytes."""
        own, saw = self.machine.character, 0.0
        if own.gc_saw:
            part = ((self.machine.engine.now - self.started_at) % own.gc_period_s) / own.gc_period_s
            saw = math.floor(part * 20) * 3e5
        return self.first_rss + self._grown + saw + self.ballast

    # -- the event loop ------------------------------------------------------------------------------------------
    def compute(self, seconds: float) -> float:
        """Queue work for the loop; return how long until it is done."""
        machine, chance, now = self.machine, self.machine.chance, self.machine.engine.now
        idle = self.free_at <= now
        start = now if idle else self.free_at
        work = seconds * self.cpu_scale * chance.uniform(0.7, 1.5)
        machine.cpu_s["api"] += work
        if machine.hog > 0.0 and (idle or chance.random() < 0.3):
            work += chance.expovariate(1.0) * machine.hog_ms * machine.hog / 1e3
            part = start % 0.1
            if part > 0.084:  # the quota of this tenth of a second is used up
                work += 0.1 - part
        elif machine.other > 0.5 and idle and chance.random() < 0.05:
            work += chance.expovariate(1.0) * 0.002
        if chance.random() < 3e-5:
            pause = chance.lognormvariate(-5.6, 1.3)
            work += pause
            self.window.put("gc", pause * 1e3)
        self.free_at = start + work
        return self.free_at - now

    def block(self, seconds: float) -> None:
        """Let the loop stand still."""
        self.free_at = max(self.free_at, self.machine.engine.now) + seconds

    def busy_s(self) -> float:
        """Return how long the loop has still to do."""
        return max(0.0, self.free_at - self.machine.engine.now)

    def stalls(self) -> Steps:
        """Measure the loop's lag twenty times a second; now and then it stalls by itself."""
        machine, chance = self.machine, self.machine.chance
        while True:
            wait = self.busy_s() if self.up else 0.0
            if chance.random() < (0.012 if machine.other < 0.5 else 0.03) * machine.character.stalls:
                self.block(chance.lognormvariate(-5.3, 1.0))
            self.window.put("lag", wait * 1e3 + 0.35 * chance.lognormvariate(0, 0.45))
            yield 0.05

    # -- the pool ------------------------------------------------------------------------------------------------
    def acquire(self) -> float | None:
        """Take a connection and return how long that takes; None: all are taken, wait."""
        chance = self.machine.chance
        if self.in_use + self.leaked < self.size:
            self.in_use += 1
            self._taken_at = self.machine.engine.now
            usual = 0.00005 * chance.lognormvariate(0, 0.3)
            slow = chance.random() < 0.03 * self.machine.character.noise
            return usual + (chance.expovariate(1 / 0.0002) if slow else 0.0)
        if self.size < POOL_MAX:
            self.size += 1
            self.in_use += 1
            return chance.uniform(0.004, 0.007)
        return None

    def wait(self, timeout_s: float) -> bool:
        """Queue the running process for a connection; false: too many wait already."""
        if len(self.waiters) > MANY:
            return False
        self.waiters.append(self.machine.engine.park(timeout_s, late=False))
        return True

    def release(self, epoch: int) -> None:
        """Give a connection back, to whoever waits longest."""
        if epoch != self.epoch:
            return
        self.in_use -= 1
        while self.waiters and self.in_use + self.leaked < self.size:
            waiter = self.waiters.popleft()
            if not waiter.gone:
                waiter.gone = True
                self.in_use += 1
                self.machine.engine.wake(waiter.steps, self.machine.engine.now, value=True)

    def leak(self, target: int) -> None:
        """Come one step closer to so many connections that nobody gives back, or give the rest back at once."""
        if target > self.leaked and self.in_use + self.leaked < POOL_MAX:
            if self.in_use + self.leaked >= self.size:
                self.size += 1
            self.leaked += 1
        elif target < self.leaked:
            self.leaked = target
            self.in_use += 1
            self.release(self.epoch)

    def empty_pool(self) -> None:
        """Lose all connections: the database is gone."""
        self.size = 0

    def refill_pool(self) -> None:
        """Open as many as are needed: the database is back."""
        self.size = max(POOL_MIN, self.in_use + self.leaked)

    # -- life and death ------------------------------------------------------------------------------------------
    def every_second(self) -> bool:
        """Grow a little, and let idle connections go; true: the kernel is to kill it for its memory."""
        chance = self.machine.chance
        if chance.random() < 0.06:
            self._grown += 4096 * chance.randint(1, 3)
        return self.rss() > self.machine.character.killed_at

    def shrink_pool(self) -> None:
        """Close some idle connections, now and then."""
        chance = self.machine.chance
        if self.size > POOL_MIN and self.machine.engine.now - self._taken_at > 0 and chance.random() < 0.004:
            self.size = max(POOL_MIN, self.in_use + self.leaked, self.size - chance.randint(1, 3))

    def kill(self) -> None:
        """End it, with everything it was doing."""
        self.up = False
        self.epoch += 1
        self.waiters.clear()

    def start(self) -> None:
        """Begin a new life."""
        self.epoch += 1
        self.up = True
        self._begin(self.machine.chance.uniform(52.8e6, 53.3e6))
        self.machine.windows["api"] = Window()
        self.machine.cpu_s["api"] += 0.35

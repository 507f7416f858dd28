"""The ledger's database: one core, a row that everybody wants to write, and a disk that may run full."""

import math
from collections.abc import Generator
from typing import Any

from tests.hours.engine import Steps
from tests.hours.payments.character import DISK, MIB
from tests.hours.payments.machine import Machine

QUIET_GAP_S = 0.25


class Database:
    """Queries wait for the core, writes also for the row and the disk.

    Faults: ``fill`` bytes of somebody else's on its disk, ``hold_s`` for which somebody keeps the row at a time and
    ``gap_s`` between, and ``slowness``, by which queries take longer (1: as usual).
    """

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.up = True
        self.active = 0
        self.size = machine.character.first_database
        self.dead_tuples = 6
        self.rollbacks = 0
        self.open_since: dict[object, float] = {}  # transactions
        self.waiting: dict[object, float] = {}  # for the row
        self.locked_since, self.locked_until, self.locked = 0.0, 0.0, False
        self.fill = 0.0
        self.hold_s, self.gap_s = 0.0, 1.2
        self.slowness = 1.0
        self._core_free_at = 0.0
        self._cold_until = 0.0

    def query(self, seconds: float, *, write: bool, rows: int) -> Generator[float | None, Any, bool]:
        """Run a query in the running process; false where the database is gone or its disk is full."""
        engine, chance = self.machine.engine, self.machine.chance
        if not self.up:
            yield 0.001
            return False
        key = object()
        self.open_since[key] = engine.now
        self.active += 1
        try:
            cost = self._cost(seconds, write=write, rows=rows)
            yield self._core(cost * 0.55, self.machine.robbed(0.6e-3)) + cost * 0.45
            if write:
                yield from self._row(key)
                if not self.up or self.free_disk() <= 0:
                    yield 0.001
                    return False
                self.size += chance.uniform(100, 420)
                self.dead_tuples += 1 if chance.random() < 0.12 else 0
                yield chance.uniform(0.0005, 0.0015)  # the commit
            return self.up
        finally:
            self.active -= 1
            self.open_since.pop(key, None)
            self.waiting.pop(key, None)

    def _cost(self, seconds: float, *, write: bool, rows: int) -> float:
        machine, chance, window = self.machine, self.machine.chance, self.machine.windows["database"]
        cold = 4.0 if machine.engine.now < self._cold_until else 1.0
        scale = machine.character.database_scale
        cost = seconds * scale * chance.lognormvariate(-0.05, 0.35) * (cold if chance.random() < 0.3 else 1.0)
        if not write or self.slowness > 3:
            cost *= self.slowness if chance.random() < 0.6 else 1.0
        machine.cpu_s["database"] += cost * 0.55
        window.add("xact")
        window.add("hit", chance.uniform(5, 25) * max(1, self.slowness))
        window.add("tup", rows * chance.uniform(0.2, 1.8) * self.slowness * machine.character.tuple_scale)
        if chance.random() < 0.03 or cold > 1:
            window.add("read", chance.expovariate(1 / (120 * machine.character.read_scale)))
        return cost

    def _core(self, work_s: float, extra_s: float) -> float:
        """Queue for the core and return how long that and the work take."""
        now = self.machine.engine.now
        self._core_free_at = max(now, self._core_free_at) + work_s + extra_s
        return self._core_free_at - now

    def batch_step(self, key: object, *, heavy: bool) -> float:
        """Begin a part of a report; return for how long the core keeps it waiting."""
        now = self.machine.engine.now
        self.open_since[key] = now
        self._core_free_at = max(now, self._core_free_at) + 0.001 + (0.004 if heavy else 0.0)
        return max(0.0, self._core_free_at - now)

    def _row(self, key: object) -> Steps:
        engine, chance = self.machine.engine, self.machine.chance
        if self.locked_until > engine.now and chance.random() < self.machine.character.hot:
            self.waiting[key] = engine.now
            while self.locked_until > engine.now:
                yield self.locked_until - engine.now + chance.uniform(0.0005, 0.003)
            self.waiting.pop(key, None)

    def locker(self) -> Steps:
        """Let somebody keep the row, again and again, while the fault is there."""
        engine, chance = self.machine.engine, self.machine.chance
        while True:
            if self.hold_s <= 0.001:
                yield QUIET_GAP_S
                continue
            hold_s = self.hold_s * chance.uniform(0.6, 1.2)
            self.locked_since, self.locked_until = engine.now, engine.now + hold_s
            self.locked = True
            yield hold_s
            self.locked = False
            yield chance.expovariate(1 / self.gap_s)

    def free_disk(self) -> float:
        """Return the bytes that are left."""
        own = self.machine.character
        log = 0.0
        if own.log_saw:
            part = (self.machine.engine.now % own.log_period_s) / own.log_period_s
            log = math.floor(own.log_mb * part) * float(MIB)
        return max(0.0, DISK + 14e6 - self.size - self.fill - log)

    def background(self) -> None:
        """Take the core for what a database does by itself, now and then for more."""
        chance, cpu = self.machine.chance, self.machine.cpu_s
        cpu["database"] += chance.expovariate(1 / 0.006) * self.machine.character.noise
        if chance.random() < 0.008:
            cpu["database"] += chance.uniform(0.05, 0.25)

    def clean(self) -> None:
        """Clear dead tuples away, now and then."""
        chance = self.machine.chance
        if chance.random() < 0.05 * self.machine.character.noise + self.dead_tuples * 0.01:
            self.dead_tuples = max(2, self.dead_tuples - chance.randint(2, 7))
        self.dead_tuples = min(self.dead_tuples, 40)

    def vacuum(self, read: float, hit: float) -> None:
        """Clear all of them away at once, looking through so many blocks."""
        window = self.machine.windows["database"]
        self.dead_tuples = 0
        self.machine.cpu_s["database"] += 0.13
        window.add("read", read)
        window.add("hit", hit)

    def kill(self) -> None:
        """End it."""
        self.up = False
        self.locked_until = 0.0

    def start(self) -> None:
        """Start it again; what it had in memory is gone for a while."""
        self.up = True
        self._cold_until = self.machine.engine.now + self.machine.chance.uniform(6, 20)

"""What happens later: payments settled one by one from a queue, and a report every 45 seconds."""

from collections import deque

from tests.hours.engine import Steps
from tests.hours.payments.database import Database
from tests.hours.payments.machine import Machine
from tests.hours.payments.neighbours import Cache

EVERY_S = 45.0
PARTS = 6


class Payment:
    """A payment that is to be settled."""

    __slots__ = ("at", "settled")

    def __init__(self, at: float) -> None:
        self.at = at
        self.settled = False


class Settlement:
    """A queue and its one worker. Faults: the worker is not ``up``, or takes ``extra_s`` longer."""

    def __init__(self, machine: Machine, database: Database, cache: Cache) -> None:
        self.machine, self._database, self._cache = machine, database, cache
        self.queue: deque[Payment] = deque()
        self.last: Payment | None = None  # until the clients have taken it for one of their checks
        self.up = True
        self.extra_s = 0.0
        self._idle: Steps | None = None

    def book(self) -> None:
        """Put a payment into the queue."""
        payment = Payment(self.machine.engine.now)
        self.last = payment
        self.queue.append(payment)
        if self._idle is not None and self.up:
            steps, self._idle = self._idle, None
            self.machine.engine.wake(steps, self.machine.engine.now + 0.0002)

    def worker(self) -> Steps:
        """Settle payments, the oldest first, again and again until it succeeds."""
        engine = self.machine.engine
        while True:
            if not self.up:
                yield 0.1
                continue
            if not self.queue:
                self._idle = engine.running
                yield None
                continue
            self._cache.commands(1)
            payment = self.queue[0]
            yield self._took_s()
            if not (yield from self._database.query(0.0006, write=True, rows=40)):
                yield 0.25
                continue
            if self.queue and self.queue[0] is payment:
                self.queue.popleft()
            payment.settled = True
            self.machine.windows["queue"].add("processed")

    def _took_s(self) -> float:
        machine, chance = self.machine, self.machine.chance
        took = 0.004 + 0.005 * chance.lognormvariate(0, 0.3) + self.extra_s * chance.lognormvariate(0, 0.1)
        took += machine.robbed(1e-3)
        machine.cpu_s["queue"] += 0.001 * chance.uniform(0.7, 1.4)
        return took


class Reporting:
    """Reads the ledger in parts. ``nightly``: much more of it, without a pause."""

    def __init__(self, machine: Machine, database: Database) -> None:
        self.machine, self._database = machine, database
        self.took_ms, self.ended_at = 63.0, -machine.chance.uniform(0, EVERY_S)
        self.nightly = False
        self._cost_s = machine.chance.uniform(0.04, 0.08)

    def batches(self) -> Steps:
        """Run batch after batch."""
        engine, chance = self.machine.engine, self.machine.chance
        while True:
            begun = engine.now
            for _ in range(PARTS):
                yield from self._part()
            self.took_ms, self.ended_at = (engine.now - begun) * 1e3 + chance.uniform(8, 20), engine.now
            yield chance.uniform(0.6, 1.0) if self.nightly else EVERY_S + chance.uniform(-0.1, 0.1)

    def _part(self) -> Steps:
        machine, chance, window = self.machine, self.machine.chance, self.machine.windows["database"]
        cost = self._cost_s / PARTS * chance.lognormvariate(0, 0.25) * (7.0 if self.nightly else 1.0)
        machine.cpu_s["reporting"] += chance.expovariate(1 / 0.00025)
        machine.cpu_s["database"] += cost * 0.55
        window.add("tup", 45000 * cost / 0.06 * (0.12 if self.nightly else 1.0))
        window.add("read", chance.expovariate(1 / 500))
        window.add("hit", 500)
        key = object()
        waits = self._database.batch_step(key, heavy=self.nightly)
        slow = machine.robbed(2.5e-3)
        yield cost + waits + slow
        self._database.open_since.pop(key, None)

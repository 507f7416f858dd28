"""Requests on their way: gateway, process, cache, payment service provider, database."""

from collections import deque
from collections.abc import Generator
from typing import Any, Final

from tests.hours.engine import Steps
from tests.hours.payments.database import Database
from tests.hours.payments.neighbours import Cache, Provider
from tests.hours.payments.process import Process
from tests.hours.payments.settlement import Settlement

KINDS: Final = ("onboarding", "payment", "balance", "report")
MIX: Final = (0.15, 0.50, 0.90, 1.0)  # shares of the load, summed up
TIMEOUT_S: Final = 3.0
POOL_TIMEOUT_S: Final = 1.5

Answer = Generator[float | None, Any, bool]


class Request:
    """One request of a client; ``dead``: the process that worked on it is gone."""

    __slots__ = ("dead", "epoch", "kind", "sent_at")

    def __init__(self, kind: str, sent_at: float, epoch: int) -> None:
        self.kind, self.sent_at, self.epoch = kind, sent_at, epoch
        self.dead = False


class Gateway:
    """Takes requests and brings their answers; knows which are open and which are done."""

    def __init__(
        self, process: Process, database: Database, cache: Cache, provider: Provider, settlement: Settlement
    ) -> None:
        self.machine, self.process, self.database = process.machine, process, database
        self.cache, self.provider, self.settlement = cache, provider, settlement
        self.open: dict[str, dict[Request, None]] = {kind: {} for kind in KINDS}  # the oldest first
        self.done: dict[str, deque[tuple[float, float, bool]]] = {kind: deque() for kind in KINDS}  # at, ms, failed
        self.connections, self.accepted = 11, 11

    @property
    def in_flight(self) -> int:
        """How many requests are open."""
        return sum(map(len, self.open.values()))

    def take(self, kind: str) -> None:
        """Take a request."""
        machine = self.machine
        request = Request(kind, machine.engine.now, self.process.epoch)
        self.open[kind][request] = None
        machine.windows["gateway"].add("requests")
        machine.cpu_s["gateway"] += 0.0001 * machine.chance.uniform(0.7, 1.6)
        machine.engine.spawn(self._steps(request), machine.chance.uniform(0.0001, 0.0003))

    def _steps(self, request: Request) -> Steps:
        """Work on a request for as long as its process lives."""
        good = False
        if self.process.up:
            work, value = self._work(request), None
            while True:
                try:
                    delay = work.send(value)
                except StopIteration as done:
                    good = done.value
                    break
                value = yield delay
                if request.dead:
                    work.close()
                    return
        self.finish(request, good=good)

    def finish(self, request: Request, *, good: bool) -> None:
        """Bring an answer."""
        machine, now = self.machine, self.machine.engine.now
        self.open[request.kind].pop(request, None)
        took_s = now - request.sent_at
        failed = not good or took_s >= TIMEOUT_S
        self.done[request.kind].append((now, took_s * 1e3 + 1.0, failed))
        machine.windows["gateway"].put("time", took_s * 1e3 + 0.6)
        if failed:
            machine.windows["gateway"].add("5xx")
        if self.process.up and request.epoch == self.process.epoch:
            window = self.process.window
            window.put("latency", took_s * 1e3)
            window.add("requests")
            self.process.total += 1
            if failed:
                window.add("errors")

    def lose(self) -> None:
        """Lose every request that is open: the process was killed."""
        now = self.machine.engine.now
        for requests in self.open.values():
            for request in requests:
                request.dead = True
                self.done[request.kind].append((now, (now - request.sent_at) * 1e3, True))
                self.machine.windows["gateway"].add("5xx")
            requests.clear()

    def flush(self) -> None:
        """Let every open request be answered at once: the process is to be replaced."""
        for requests in self.open.values():
            for request in list(requests):
                self.finish(request, good=True)
                request.dead = True

    def every_second(self) -> None:
        """Keep as many connections as are needed, for a while longer than needed."""
        chance, busy = self.machine.chance, self.in_flight
        if busy > self.connections - 8 and self.connections < 60:
            self.accepted += max(0, min(60, busy + 8) - self.connections)
            self.connections = min(60, busy + 8)
        elif chance.random() < 0.002 and self.connections > 20:
            self.connections -= chance.randint(1, 8)
        self.cache.clients = max(self.cache.clients, min(17, 5 + busy // 3))

    # -- what is done for a request --------------------------------------------------------------------------------
    def _work(self, request: Request) -> Answer:
        process, chance = self.process, self.machine.chance
        yield process.compute(0.00035)
        if process.block_p > 0.0 and chance.random() < process.block_p:
            process.block(process.block_s * chance.uniform(0.8, 1.2))
        match request.kind:
            case "balance":
                good = yield from self._balance(request)
            case "report":
                good = yield from self._ask(request, 0.0022, write=False, rows=2500)
            case _:
                good = yield from self._pay(request)
        if good:
            yield process.compute(0.0004)
        return good

    def _balance(self, request: Request) -> Answer:
        self.cache.commands(1)
        yield 0.0001 * self.machine.chance.uniform(0.8, 1.5)
        account = self.cache.account()
        if self.cache.has(account):
            return True
        if not (yield from self._ask(request, 0.0012, write=False, rows=120)):
            return False
        self.cache.keep(account)
        self.cache.commands(1)
        return True

    def _pay(self, request: Request) -> Answer:
        chance = self.machine.chance
        self.cache.commands(1)
        self.machine.windows["cache"].add("hits" if chance.random() < 0.93 else "misses")
        yield from self._provider()
        yield self.process.compute(0.0003)
        if not (yield from self._ask(request, 0.0010, write=True, rows=120)):
            return False
        if request.kind == "payment":
            self.cache.commands(2)
            self.settlement.book()
            if chance.random() < 0.03:
                self.cache.drop(self.cache.account())
        return True

    def _provider(self) -> Steps:
        machine = self.machine
        machine.windows["gateway"].add("psp")
        machine.cpu_s["gateway"] += 0.00008
        took_s, begun = self.provider.took_s(), machine.engine.now
        yield took_s
        if self.process.up:
            self.process.window.put("psp", (machine.engine.now - begun + min(self.process.busy_s(), 0.3)) * 1e3)

    def _ask(self, request: Request, seconds: float, *, write: bool, rows: int) -> Answer:
        """Take a connection, query, and give it back."""
        machine, process = self.machine, self.process
        asked = machine.engine.now
        if not self.database.up:
            yield 0.002
            return False
        granted = process.acquire()
        if granted is None:
            if not process.wait(POOL_TIMEOUT_S):
                return False
            if not (yield None):
                process.window.put("acquire", (machine.engine.now - asked) * 1e3)
                yield process.compute(0.0003)
                return False
        else:
            yield granted
            if granted > 0.003:  # a connection was opened
                process.block(0.0005)
        process.window.put("acquire", (machine.engine.now - asked) * 1e3)
        epoch = process.epoch
        good = yield from self.database.query(seconds, write=write, rows=rows)
        if not request.dead:
            process.release(epoch)
        if not good and self.database.up:
            self.database.rollbacks += 1
        return good

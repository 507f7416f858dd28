"""What the exporters of the payments system say once a second: 64 series of seven services."""

from collections.abc import Callable
from functools import partial
from typing import Final

from tests.hours.collector import Collector, quantile
from tests.hours.engine import Steps
from tests.hours.payments.character import POOL_MAX
from tests.hours.payments.database import Database
from tests.hours.payments.machine import Window
from tests.hours.payments.system import Payments

Emit = Callable[[str, float], None]
Scrape = Callable[[float, bool], bool]  # seconds since the last one, whether it is the first: false when nobody answers

FLUSHED: Final = ("xact", "hit", "read", "tup")  # statistics that the database's processes hand in when they like
IDLE_CORES: Final = (  # what each program takes without work, and what its CPU is called
    ("gateway", "gateway", "cpu_cores", 0.0012),
    ("api", "payments-api", "cpu_cores", 0.012),
    ("database", "ledger-db", "cpu_cores", 0.004),
    ("cache", "cache", "cpu_cores", 0.0016),
    ("queue", "settlement-queue", "worker_cpu_cores", 0.0006),
    ("reporting", "reporting", "cpu_cores", 0.00025),
)


class Exporters:
    """One exporter for the host and one for each program, read one after the other."""

    def __init__(self, system: Payments, collector: Collector) -> None:
        self._system = system
        self._collector = collector
        self._chance = collector.chance
        self._emit = collector.emit
        at = self._chance.uniform(0.0, 0.15)
        self._phases = [at]
        for _ in range(4):
            at += self._chance.uniform(0.012, 0.035)
            self._phases.append(at)
        self._seconds = 0  # scrapes of the host
        self._load_shown = 0.0
        self._process_was_down = False
        self._database_was_down = False
        self._pending = dict.fromkeys(FLUSHED, 0.0)

    def processes(self) -> list[Steps]:
        """Return one process for each exporter."""
        scrapes = (self._host, self._gateway, self._cache, self._process, self._database)
        return [self._every_second(phase, scrape) for phase, scrape in zip(self._phases, scrapes, strict=True)]

    def _every_second(self, phase: float, scrape: Scrape) -> Steps:
        engine = self._system.engine
        first = engine.now
        yield phase
        last: float | None = None
        while True:
            self._collector.stamp = engine.now
            dt = 1.0 if last is None else engine.now - last
            if scrape(dt, last is None):
                last = engine.now
            target = int(engine.now - first - phase + 0.5) + 1 + first + phase
            yield max(0.5, target - engine.now + abs(self._chance.gauss(0, 0.003)))

    # -- the host, which also says what every program takes of the core --------------------------------------------
    def _host(self, dt: float, first: bool) -> bool:
        machine, chance = self._system.machine, self._chance
        emit = partial(self._emit, "host")
        own = sum(machine.cpu_s.values()) / dt
        busy, stolen = self._core(own)
        ticks = chance.choice((97, 98, 99, 100, 100, 101, 102, 103))
        runnable = machine.other * machine.character.jobs * 1.5 + own + machine.hog * 6
        machine.load1 += (runnable + 0.3 - machine.load1) * 0.016
        if self._seconds % 5 == 0 or first:
            self._load_shown = round(machine.load1 + chance.uniform(0, 0.05), 2)
        if not first:
            emit("cpu_util", round(max(0.0, busy) * ticks) / ticks)
            emit("iowait", chance.choice((1, 1, 1, 2)) / ticks if chance.random() < 0.06 else 0)
            emit("steal", 1 / ticks if chance.random() < 0.04 * machine.character.noise else 0)
        free = 23.95e9 + machine.memory_noise - self._system.process.ballast + chance.gauss(0, 4e5)
        emit("mem_available_bytes", int(free / 4096) * 4096)
        emit("load1", self._load_shown)
        if not first:
            usual = chance.expovariate(1 / 6) if not stolen and chance.random() < 0.05 else 0.0
            emit("cpu_throttled_ms_per_s", (stolen or usual) / dt)
            self._cores(dt)
        for name in machine.cpu_s:
            machine.cpu_s[name] = 0.0
        self._seconds += 1
        return True

    def _core(self, own: float) -> tuple[float, float]:
        """Return the share of the core that is busy, and the milliseconds in which the quota kept us from it."""
        machine, chance = self._system.machine, self._chance
        if machine.hog > 0.0:
            busy = min(0.86, own + 0.82 * min(1.0, machine.hog * 12)) + chance.gauss(0, 0.01)
            return busy, max(0.0, chance.gauss(165, 9) if machine.hog > 0.06 else chance.gauss(2, 2))
        busy = own + 0.06 + 0.03 * chance.random() + machine.other * chance.uniform(0.93, 1.0)
        return min(busy, 1.0 - max(0.0, chance.gauss(0.008, 0.009))), 0.0

    def _cores(self, dt: float) -> None:
        system = self._system
        down = {
            "api": not system.process.up,
            "database": not system.database.up,
            "queue": not system.settlement.up,
        }
        for program, service, metric, idle in IDLE_CORES:
            usual = 0.0 if down.get(program) else idle * self._chance.uniform(0.85, 1.2)
            self._emit(service, metric, system.machine.cpu_s[program] / dt + usual)

    # -- gateway, cache, and what lies in the cache ----------------------------------------------------------------
    def _gateway(self, dt: float, first: bool) -> bool:
        window = self._system.machine.taken("gateway")
        emit = partial(self._emit, "gateway")
        emit("active_connections", self._system.gateway.connections)
        emit("accepted_total", self._system.gateway.accepted)
        if not first:
            emit("requests_per_s", (window.count("requests") + window.count("psp")) / dt)
            emit("http_5xx_per_s", window.count("5xx") / dt)
            emit("request_time_p95_ms", int(quantile(window.of("time"), 0.95)))
        return True

    def _cache(self, dt: float, first: bool) -> bool:
        system, chance = self._system, self._chance
        window = system.machine.taken("cache")
        emit = partial(self._emit, "cache")
        keys = system.cache.keys()
        used = 1.52e6 + keys * 1400 + len(system.settlement.queue) * 110 + system.gateway.in_flight * 3000
        emit("used_memory_bytes", int(used + abs(chance.gauss(0, 9e3 * system.machine.character.noise))) // 8 * 8)
        emit("maxmemory_bytes", 10485760)
        if not first:
            emit("hits_per_s", window.count("hits") / dt)
            emit("misses_per_s", window.count("misses") / dt)
        emit("evictions_total", 0)
        emit("clients_connected", system.cache.clients)
        emit("keys", keys)
        if not first:
            emit("commands_per_s", (window.count("commands") + chance.randint(2, 5)) / dt)
        self._queue(dt, first)
        self._reporting()
        return True

    def _queue(self, dt: float, first: bool) -> None:
        now, queue = self._system.engine.now, self._system.settlement.queue
        window = self._system.machine.taken("queue")
        emit = partial(self._emit, "settlement-queue")
        waiting = len(queue) - (1 if queue and now - queue[0].at < 0.012 else 0)  # one may be in the worker's hands
        emit("depth", max(0, waiting))
        emit("oldest_age_s", now - queue[0].at if waiting > 0 else 0)
        if not first:
            emit("processed_per_s", window.count("processed") / dt)

    def _reporting(self) -> None:
        reporting, emit = self._system.reporting, partial(self._emit, "reporting")
        emit("batch_duration_ms", float(f"{reporting.took_ms:.6g}"))
        emit("batch_rows", 41)
        emit("seconds_since_batch", round(self._system.engine.now - reporting.ended_at, 4))

    # -- the process, which answers only when its loop is free ------------------------------------------------------
    def _process(self, dt: float, first: bool) -> bool:
        process, now = self._system.process, self._system.engine.now
        if not process.up or process.free_at - now > 1.0:
            self._process_was_down |= not process.up
            return False
        window = self._system.machine.taken("api")
        if not first and not self._process_was_down:
            self._answers(window, dt)
        self._process_was_down = False
        emit = partial(self._emit, "payments-api")
        emit("in_flight", self._system.gateway.in_flight)
        emit("pool_in_use", process.in_use + process.leaked)
        emit("pool_size", process.size)
        emit("pool_max", POOL_MAX)
        emit("pool_waiting", sum(not waiter.gone for waiter in process.waiters) + 1)
        emit("pool_acquire_p95_ms", quantile(window.of("acquire"), 0.95))
        emit("rss_bytes", int(process.rss() / 4096) * 4096)
        emit("event_loop_lag_ms", max(window.of("lag"), default=0.0))
        emit("gc_pause_ms", max(window.of("gc"), default=0.0))
        age_s = now - process.started_at
        emit("gc_gen2_collections_total", int(age_s > 400) + int(age_s > 2600))
        emit("psp_latency_p95_ms", quantile(window.of("psp"), 0.95))
        emit("requests_total", process.total)
        hits, misses = window.count("hits"), window.count("misses")
        emit("cache_hit_ratio", hits / (hits + misses) if hits + misses else 1)
        return True

    def _answers(self, window: Window, dt: float) -> None:
        emit = partial(self._emit, "payments-api")
        count, took = window.count("requests"), window.of("latency")
        emit("request_rate", count / dt)
        for q, name in ((0.5, "p50"), (0.95, "p95"), (0.99, "p99")):
            emit(f"latency_{name}_ms", quantile(took, q))
        emit("error_ratio", window.count("errors") / count if count else 0)

    # -- the database ------------------------------------------------------------------------------------------------
    def _database(self, dt: float, first: bool) -> bool:
        database = self._system.database
        window = self._system.machine.taken("database")
        if not database.up:
            self._pending = dict.fromkeys(FLUSHED, 0.0)
            self._database_was_down = True
            return False
        rates = {name: self._flushed(name, window) for name in FLUSHED}
        skip = first or self._database_was_down
        self._database_was_down = False
        emit = partial(self._emit, "ledger-db")
        self._activity(database, emit)
        if not skip:
            emit("xact_per_s", round(rates["xact"]) / dt)
        emit("xact_rollback_total", database.rollbacks)
        emit("deadlocks_total", 0)
        emit("dead_tuples", database.dead_tuples)
        if not skip:
            emit("blks_read_per_s", round(rates["read"]) / dt)
            emit("blks_hit_per_s", round(rates["hit"]) / dt)
            emit("tup_returned_per_s", round(rates["tup"]) / dt)
        emit("db_size_bytes", int(database.size / 8192) * 8192 + 1011)
        emit("max_connections", 40)
        emit("disk_free_bytes", int(database.free_disk() / 8192) * 8192)
        return True

    def _flushed(self, name: str, window: Window) -> float:
        """Return what was handed in of a statistic; the rest follows another time, so that rates come in bursts."""
        self._pending[name] += window.count(name)
        part = 1.0 if self._chance.random() < 0.5 else self._chance.random()
        handed_in = self._pending[name] * part
        self._pending[name] -= handed_in
        return handed_in

    def _activity(self, database: Database, emit: Emit) -> None:
        now, pool = self._system.engine.now, self._system.process.size
        idle_in_tx = 1 if database.locked else (1 if self._chance.random() < 0.01 else 0)
        emit("connections_active", 1 + min(database.active, POOL_MAX))
        emit("connections_idle", max(0, pool + 2 - min(database.active, pool)))
        emit("connections_idle_in_tx", idle_in_tx)
        emit("locks_waiting", len(database.waiting))
        ages = [now - at for at in database.open_since.values()]
        if database.locked:
            ages.append(now - database.locked_since)
        emit("longest_tx_age_s", round(max(ages, default=0.0), 6))

"""What the exporters of the card system say every 15 or 60 seconds: 44 series of seven services."""

import math
from functools import partial
from random import Random

from tests.hours.cards.character import CONNECTIONS, CORES, DISK_GB, HEAP_MB, MODELS, NODES, SESSIONS, THREADS
from tests.hours.cards.clients import times
from tests.hours.cards.system import IO, SIGNATURES, WRITES, Cards, Step
from tests.hours.collector import Collector, quantile
from tests.hours.engine import Steps

DRAWN = 150  # purchases of which a scrape shows quantiles


class Exporters:
    """All are read one after the other, once every ``interval_s``."""

    def __init__(self, system: Cards, collector: Collector, interval_s: float) -> None:
        self._system, self._collector, self._interval_s = system, collector, interval_s
        self._chance: Random = collector.chance
        self._steps: list[Step] = []
        self._cleared = 0.0
        self._model_born_at = -self._chance.uniform(1, 20) * 86400
        self._noise = self._chance.uniform(0.5, 1.5)

    def see(self, step: Step) -> None:
        """Take part in what happened in a step."""
        self._steps.append(step)
        self._cleared += self._system.cleared

    def new_model(self) -> None:
        """Count the model's age anew."""
        self._model_born_at = self._system.engine.now

    def scrapes(self) -> Steps:
        """Read all of them, again and again."""
        engine, chance = self._system.engine, self._chance
        begun, number = engine.now, 0
        while True:
            number += 1
            yield begun + number * self._interval_s + abs(chance.gauss(0, 0.02)) - engine.now
            steps, self._steps = self._steps, []
            for say in (self._edge, self._authoriser, self._behind, self._database, self._clearing):
                self._collector.stamp = engine.now
                say(steps)

    def _per_minute(self, count: float) -> float:
        return round(count) * 60.0 / self._interval_s

    def _roughly(self, value: float, share: float) -> float:
        return value * max(0.0, self._chance.gauss(1.0, share * self._noise))

    def _edge(self, steps: list[Step]) -> None:
        emit = partial(self._collector.emit, "edge")
        system = self._system
        drawn = times(self._chance, system.character, steps, DRAWN)
        done, failed = sum(step.done for step in steps), sum(step.failed for step in steps)
        emit("purchases_per_min", self._per_minute(sum(step.purchases for step in steps)))
        emit("response_mean_seconds", round(sum(drawn) / len(drawn), 4) if drawn else 0)
        emit("response_p99_seconds", round(quantile(drawn, 0.99), 4))
        emit("technical_declines_percent", round(100 * min(1.0, round(failed) / max(1.0, done)), 3))
        emit("retries_per_min", self._per_minute(sum(step.retried for step in steps)))
        emit("open_sockets", round(200 + self._roughly(system.threads.busy + system.threads.backlog, 0.04)))
        emit("bytes_out_per_s", round(self._roughly(done / self._interval_s * 1450, 0.02)))

    def _authoriser(self, steps: list[Step]) -> None:
        emit = partial(self._collector.emit, "authoriser")
        system, now = self._system, self._system.engine.now
        running = [node for node in system.nodes if node.up(now)]
        collecting = sum(node.collecting for node in running) / max(1, len(running))
        emit("nodes_up", len(running))
        emit("threads_busy", round(min(self._roughly(system.threads.busy, 0.05), NODES * THREADS)))
        emit("threads_max", len(running) * THREADS)
        emit("queue_length", round(system.threads.backlog))
        emit("heap_used_mb", round(sum(node.used_mb for node in running), 1))
        emit("heap_worst_percent", round(max((100 * node.used_mb / HEAP_MB for node in running), default=0.0), 2))
        emit("gc_percent", round(100 * self._roughly(collecting, 0.2), 3))
        busy = system.cores.busy / max(1, len(running) * CORES)
        emit("cpu_percent", round(min(100.0, 100 * self._roughly(busy, 0.03) + 1.5), 2))
        emit("authorised_total", round(system.approved))
        emit("timeouts_per_min", self._per_minute(sum(step.failed for step in steps)))

    def _behind(self, steps: list[Step]) -> None:
        system, own, last = self._system, self._system.character, self._system.last
        faults = system.faults
        purchases = sum(step.purchases for step in steps)
        emit = partial(self._collector.emit, "fraud-score")
        score_s = own.score_s * faults.slow_scores * system.score_scale
        emit("inference_p95_us", round(self._roughly((score_s * 1.4 + 2 * system.models.wait_s) * 1e6, 0.03)))
        emit("queue_length", round(system.models.backlog))
        emit("workers_busy_percent", round(min(100.0, 100 * self._roughly(system.models.busy / MODELS, 0.04)), 2))
        emit("referrals_percent", round(self._roughly(1.8, 0.25), 3))
        emit("model_age_hours", int((system.engine.now - self._model_born_at) / 3600))
        emit = partial(self._collector.emit, "hsm")
        emit("operations_per_min", self._per_minute(purchases * SIGNATURES))
        emit("operation_mean_us", round(self._roughly((own.sign_s + system.sessions.wait_s) * 1e6, 0.02)))
        emit("sessions_used", round(min(SESSIONS, self._roughly(system.sessions.busy, 0.08) + faults.sessions)))
        emit("sessions_max", SESSIONS)
        emit = partial(self._collector.emit, "issuer-link")
        p95_s = (last.issuer_s + faults.lookup_s) * math.exp(1.645 * own.issuer_sigma)
        emit("round_trip_p95_ms", round(self._roughly(p95_s * 1e3, 0.04), 1))
        emit("dns_lookup_ms", round(self._roughly(1.8, 0.3) + faults.lookup_s * 1e3, 2))
        emit("rejected_percent", round(100 * self._roughly(faults.rejected, 0.05), 3))
        emit("refused_handshakes_total", round(system.refused_handshakes))
        emit("messages_per_min", self._per_minute(purchases))

    def _database(self, steps: list[Step]) -> None:
        emit = partial(self._collector.emit, "card-db")
        system, own = self._system, self._system.character
        writes = sum(step.done for step in steps) * WRITES
        write_s = own.write_s * system.faults.slow_writes * (1.5 if system.batch else 1.0)
        emit("disk_used_percent", round(100 * system.disk_used, 3))
        emit("disk_free_gb", round(DISK_GB * (1 - system.disk_used), 2))
        emit("connections_used", round(min(CONNECTIONS, self._roughly(system.connections, 0.03))))
        emit("connections_max", CONNECTIONS)
        emit("write_mean_us", round(self._roughly((write_s + system.writes.wait_s) * 1e6, 0.04)))
        emit("io_busy_percent", round(min(100.0, 100 * self._roughly(system.writes.busy / IO, 0.05)), 2))
        emit("writes_per_s", round(self._roughly(writes / self._interval_s, 0.01), 1))
        behind_s = system.replica_behind / (own.peak_rate * WRITES)
        emit("replication_lag_s", round(behind_s + abs(self._chance.gauss(0, 0.2)), 2))
        emit("buffer_hit_percent", round(100 - abs(self._chance.gauss(6 if system.batch else 0.8, 0.2)), 3))

    def _clearing(self, steps: list[Step]) -> None:
        del steps
        emit = partial(self._collector.emit, "clearing")
        system, now = self._system, self._system.engine.now
        emit("backlog_records", round(system.clearing.waiting))
        emit("oldest_record_minutes", round(system.clearing.oldest_s(now) / 60, 2))
        emit("records_per_min", self._per_minute(self._cleared))
        emit("minutes_since_batch", round((now - system.batch_ended_at) / 60, 1))
        self._cleared = 0.0

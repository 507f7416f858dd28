"""What is read in one place: the ingress, the core bank's gateway, everything that stands behind, nodes and cluster."""

import math
from collections.abc import Callable
from random import Random
from typing import Final

from tests.hours.collector import quantile
from tests.hours.daily import DAY_S
from tests.hours.mobile.calls import Step, times
from tests.hours.mobile.character import CORE_TIMEOUT_S, GIB, NODE_CORES, NODE_DISK, NODE_MEMORY, NODES, VOLUME
from tests.hours.mobile.processes import Say
from tests.hours.mobile.system import Mobile

DRAWN: Final = 40  # requests of each step, of which quantiles are shown
INTERNATIONAL: Final = 0.02  # share of the transfers


class Single:
    """Keeps what has been counted, and says it."""

    def __init__(self, system: Mobile, chance: Random) -> None:
        self._system, self._chance = system, chance
        self._steps: dict[str, list[Step]] = {name: [] for name in ("ingress", "core-gateway", "session-cache")}
        self._requests = self._failed = self._bytes = self._calls = self._calls_failed = 0.0
        self._hits = self._misses = self._evicted = self._written = 0.0
        self._waiting = 0.0  # statements
        self._logs = [chance.uniform(0.02, 0.08) for _ in range(NODES)]  # share of each node's disk
        self._load = [0.0] * NODES

    def see(self, step: Step) -> None:
        """Count what happened in a step."""
        system, chance = self._system, self._chance
        for steps in self._steps.values():
            steps.append(step)
        self._requests += step.requests
        self._failed += step.failed
        self._bytes += step.requests * system.character.response_bytes * system.bytes_scale * chance.uniform(0.97, 1.03)
        self._calls += step.transfers
        self._calls_failed += step.transfers * step.core_failed
        self._hits += step.hits
        self._misses += step.lookups - step.hits
        self._evicted += (step.lookups - step.hits) * (0.1 + 0.9 * system.faults.eroded) * chance.uniform(0.8, 1.0)
        if not system.database.batch(system.engine.now):
            self._waiting, self._written = 60_000 * chance.uniform(0.95, 1.05), 0.0
        for node in range(NODES):
            share = step.requests / (system.character.peak_rate * 10)
            self._logs[node] += 0.09 * share * 10 / DAY_S * 2
            self._load[node] += 0.15 * (system.node_cpu[node] * chance.uniform(0.7, 1.4) - self._load[node])
            if system.engine.now % DAY_S < 10:  # logs are packed at midnight
                self._logs[node] = chance.uniform(0.02, 0.05)

    def delay_s(self, now: float) -> float:
        """Return how long what the core bank's gateway says is on its way to us: it comes through the other company."""
        return 60 + 25 * math.sin(now / 5000) + self._chance.uniform(0, 5)

    def _taken(self, service: str) -> list[Step]:
        steps, self._steps[service] = self._steps[service], []
        return steps

    def ingress(self, say: Say) -> None:
        """Say what the ingress and its recording rules do."""
        steps, sigma = self._taken("ingress"), self._system.character.core_sigma
        say("requests_total", round(self._requests - self._failed), code="2xx")
        say("requests_total", round(self._failed), code="5xx")
        say("bytes_sent_total", round(self._bytes))
        drawn = [times(self._chance, step, DRAWN, sigma) for step in steps]
        reads = [one for reading, _ in drawn for one in reading]
        if reads:
            every = reads + [one for _, paying in drawn for one in paying[: len(paying) // 4]]
            say("request_p50_seconds", round(quantile(reads, 0.5), 4))
            say("request_p99_seconds", round(quantile(every, 0.99), 4))
            failed, requests = sum(step.failed for step in steps), sum(step.requests for step in steps)
            say("error_ratio", round(min(1.0, round(failed) / max(1.0, requests)), 5))
            mean_s = sum(reads) / len(reads)
            open_now = 40 + requests / len(steps) / 10 * (mean_s + 3.0) * self._chance.uniform(0.93, 1.07)
            say("connections_active", round(open_now))

    def core_gateway(self, say: Say) -> None:
        """Say how the core bank answers; quantiles only where anybody asked."""
        steps, own = self._taken("core-gateway"), self._system.character
        say("calls_total", round(self._calls))
        say("calls_failed_total", round(self._calls_failed))
        for metric, part in (("call_seconds", 1.0), ("international_call_seconds", INTERNATIONAL)):
            drawn: list[float] = []
            for step in steps:
                wanted = step.transfers * part
                count = int(wanted) + (self._chance.random() < wanted % 1)
                middle_s = step.core_s * (1.0 if part == 1.0 else 2.2)
                took = (middle_s * self._chance.lognormvariate(0, own.core_sigma) for _ in range(min(60, count)))
                drawn.extend(min(CORE_TIMEOUT_S, one) for one in took)
            if drawn:
                for name, q in (("p50", 0.5), ("p95", 0.95)):
                    say(metric, round(quantile(drawn, q), 4), quantile=name)

    def cache(self, say: Say) -> None:
        """Say how often the cache could answer, and how full it is."""
        steps, chance = self._taken("session-cache"), self._chance
        lookups, hits = sum(step.lookups for step in steps), sum(step.hits for step in steps)
        say("hits_total", round(self._hits))
        say("misses_total", round(self._misses))
        say("evicted_total", round(self._evicted))
        if lookups >= 1:
            say("hit_ratio", round(min(lookups, chance.gauss(hits, math.sqrt(hits * 0.05))) / lookups, 4))
        say("memory_bytes", round(2.6 * GIB + 0.3 * GIB * hits / max(1.0, lookups) + chance.gauss(0, 4e6)))
        pods = len(self._system.front.pods)
        say("clients_connected", 8 * pods + chance.randint(0, 3))

    def database(self, say: Say) -> None:
        """Say what the database and its volume do."""
        system, chance = self._system, self._chance
        own, now = system.database, system.engine.now
        in_use = sum(system.pool_used.get(pod.name, 0.0) for pod in system.accounts.pods)
        say("connections", round(own.connections(in_use + 1.5 * len(system.payments.pods))))
        say("commits_total", round(own.commits))
        say("deadlocks_total", round(own.deadlocks))
        say("replication_lag_seconds", round(own.behind_s + chance.uniform(0, 0.8), 2))
        say("volume_used_bytes", round(own.volume / 4096) * 4096)
        say("volume_used_ratio", round(own.volume / VOLUME, 5))
        say("dead_tuples", round(own.dead, -3))
        say("query_mean_seconds", round((own.query_s(now) + own.cores.wait_s) * chance.gauss(1, 0.03), 5))

    def notifier(self, say: Say) -> None:
        """Say what waits in each partition."""
        for number, line in enumerate(self._system.notifications.lines):
            say("consumer_lag", round(line.waiting), partition=f"moves-{number}")
        say("oldest_event_seconds", round(self._system.notifications.oldest_s(self._system.engine.now), 1))

    def statements(self, say: Say) -> None:
        """Say what the nightly batch has done."""
        done = min(self._waiting, 30 * 55 * self._chance.uniform(0.8, 1.2))
        self._waiting -= done
        self._written += done
        say("statements_written_total", round(self._written))
        say("statements_waiting", round(self._waiting))
        say("render_mean_seconds", round(0.11 * self._chance.gauss(1, 0.05), 4))

    def cluster(self, say: Say) -> None:
        """Say what Kubernetes and its certificates are about."""
        system, now = self._system, self._system.engine.now
        for deployment in system.deployments:
            say("replicas_wanted", deployment.wanted, object=deployment.name)
            say("replicas_ready", len(deployment.ready(now)), object=deployment.name)
            for pod in deployment.pods:
                say("container_restarts_total", pod.restarts, pod=pod.name)
        own = system.character
        left = own.certificate_days - now / DAY_S
        say("certificate_days_left", round(left if left > 30 else left + 60, 2), object="ingress")
        say("certificate_days_left", round(own.partner_days - now / DAY_S, 2), object="core-bank")

    def node(self, node: int, say: Say) -> None:
        """Say how busy a node is, and what is left of it."""
        system, chance = self._system, self._chance
        pods = sum(pod.node == node for deployment in system.deployments for pod in deployment.pods)
        say("cpu_ratio", round(min(1.0, (system.node_cpu[node] + 0.2) / NODE_CORES * chance.gauss(1, 0.04)), 4))
        say("load1", round(max(0.0, self._load[node]), 2))
        say("memory_available_bytes", round(NODE_MEMORY - 6 * GIB - pods * 0.9 * GIB + chance.gauss(0, 3e7)))
        say("filesystem_free_bytes", round(NODE_DISK * (0.55 - self._logs[node]) / 4096) * 4096)


SINGLE: Final[dict[str, Callable[[Single, Say], None]]] = {
    "ingress": Single.ingress,
    "core-gateway": Single.core_gateway,
    "session-cache": Single.cache,
    "accounts-db": Single.database,
    "notifications": Single.notifier,
    "statements": Single.statements,
    "cluster": Single.cluster,
}

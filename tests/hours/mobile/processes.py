"""What single processes say: those of the mobile-bff, the two programs in Java, and the notifier."""

import math
from collections.abc import Callable
from random import Random
from typing import Final, Protocol

from tests.hours.daily import HOUR_S
from tests.hours.mobile.character import MIB, POOL, THREADS
from tests.hours.mobile.pods import Pod
from tests.hours.mobile.system import Mobile


class Say(Protocol):
    """Takes one sample of the target that is being read; ``labels`` tell its series apart."""

    def __call__(self, metric: str, value: float, **labels: str) -> None:
        """Take it."""
        ...


def _front(system: Mobile, pod: Pod, chance: Random, say: Say) -> None:
    _web(pod, say)
    say("cpu_throttled_seconds_total", round(pod.throttled_s, 3))
    old = 1 - math.exp(-(system.engine.now - pod.born_at) / (6 * HOUR_S))
    kept = 170 + 95 * old * pod.frailty + chance.uniform(0, 30) + min(120.0, pod.station.backlog * 0.3)
    say("memory_bytes", round(kept * MIB / 4096) * 4096)
    say("eventloop_lag_seconds", round(0.0011 * chance.uniform(0.8, 1.6) + 0.3 * min(5.0, pod.station.wait_s), 5))


def _accounts(system: Mobile, pod: Pod, chance: Random, say: Say) -> None:
    _web(pod, say)
    _java(pod, say)
    used = system.pool_used.get(pod.name, 0.0)
    say("pool_active", min(POOL, int(used + chance.random() * 1.6)))
    say("pool_pending", round(min(200.0, pod.pool.backlog)))


def _payments(system: Mobile, pod: Pod, chance: Random, say: Say) -> None:
    _web(pod, say)
    _java(pod, say)
    used = system.threads_used.get(pod.name, 0.0) * chance.uniform(0.8, 1.2)
    say("threads_busy", min(THREADS, int(used + chance.random())))
    say("threads_waiting", round(min(600.0, pod.station.backlog)))


def _notifier(system: Mobile, pod: Pod, chance: Random, say: Say) -> None:
    del system
    say("events_processed_total", round(pod.done))
    say("memory_bytes", round((140 + chance.uniform(0, 6)) * MIB / 4096) * 4096)


def _web(pod: Pod, say: Say) -> None:
    say("http_requests_total", round(max(0.0, pod.done - pod.failed)), code="2xx")
    say("http_requests_total", round(pod.failed), code="5xx")
    say("process_cpu_seconds_total", round(pod.cpu_s, 2))


def _java(pod: Pod, say: Say) -> None:
    say("jvm_heap_used_bytes", round(pod.heap))
    say("jvm_gc_seconds_total", round(pod.collected_s, 3))


PROCESSES: Final[dict[str, Callable[[Mobile, Pod, Random, Say], None]]] = {
    "mobile-bff": _front,
    "accounts-api": _accounts,
    "payments-api": _payments,
    "notifier": _notifier,
}

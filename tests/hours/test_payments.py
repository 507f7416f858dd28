"""The simulated payments system: the same hour for the same seed, and faults that hurt by their mechanism."""

import hashlib
import json
from dataclasses import replace
from random import Random

from tests.hours.engine import Steps
from tests.hours.payments.character import POOL_MAX
from tests.hours.payments.faults import apply
from tests.hours.payments.hour import simulate
from tests.hours.payments.stage import PACE
from tests.hours.payments.system import Payments


def after(seconds: float, kind: str = "", level: float = 0.0, **strength: float) -> Payments:
    """A system that had half a minute to itself and then a fault, for so long."""
    system = Payments(Random(3))

    def strike() -> Steps:
        if kind:
            apply(system, Random(4), kind, level, strength)
        yield None

    system.begin()
    system.engine.spawn(strike(), 30.0)
    system.engine.run(30.0 + seconds)
    return system


def test_a_seed_is_still_the_hour_of_the_published_figures() -> None:
    """Its first quarter. Sine and logarithm may differ in the last digit elsewhere, so it is not about every byte."""
    quarter = replace(PACE, lasts_s=900, no_fault_after_s=700, nothing_after_s=800)
    hour = simulate(48271, "payments-48271", quarter)

    assert len(hour.collector) == 65254
    labels = json.dumps([hour.labels.incidents, hour.labels.events]).encode()
    assert hashlib.sha256(labels).hexdigest() == "9b54f7de0f1ccb584ac1755dfb59ff139f90fb5dc617a5e50ba2bda0f062da61"


def test_nobody_suffers_while_nothing_is_wrong() -> None:
    assert after(120).clients.breached == []


def test_leaked_connections_hurt_because_requests_wait_for_one() -> None:
    system = after(0.1)
    for _ in range(POOL_MAX):
        apply(system, Random(4), "conn_leak", 1.0, {})
    system.engine.run(50.0)

    assert system.process.leaked == POOL_MAX
    assert "payment" in system.clients.breached
    assert system.clients.rows[-1][1]["payment"][2] > 0.5  # they give up waiting: errors


def test_a_full_disk_fails_writes_and_spares_reads() -> None:
    system = after(30, "disk_fill", 1.0)

    assert system.database.free_disk() == 0
    assert "payment" in system.clients.breached
    assert "report" not in system.clients.breached


def test_a_slow_worker_hurts_settlement_alone() -> None:
    assert after(120, "slow_worker", 1.0, hi=180).clients.breached == ["settlement"]


def test_the_kernel_kills_a_process_that_takes_too_much_memory() -> None:
    system = after(30, "mem_leak", 1.0)

    assert not system.process.up
    assert system.process.killed_at is not None
    assert "payment" in system.clients.breached


def test_a_slow_provider_hurts_who_needs_it() -> None:
    breached = after(30, "upstream_latency", 1.0, hi=400).clients.breached

    assert "payment" in breached
    assert "balance" not in breached

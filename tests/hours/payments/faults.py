"""What can go wrong with the payments system: where it is felt, and which resource it moves."""

import math
from random import Random
from typing import Final

from tests.hours.payments.database import Database
from tests.hours.payments.system import Payments

FILL_STEP: Final = 524288
BALLAST_STEP: Final = 1e6

# Services that a fault hits, and those that depend on them or share their core.
HITS: Final = {
    "conn_leak": (["payments-api", "ledger-db"], ["gateway", "host", "reporting", "settlement-queue"]),
    "loop_block": (["payments-api"], ["gateway", "host", "settlement-queue"]),
    "disk_fill": (["ledger-db"], ["gateway", "host", "payments-api", "reporting", "settlement-queue"]),
    "upstream_latency": (["payments-api"], ["gateway", "host", "settlement-queue"]),
    "slow_worker": (["settlement-queue"], ["host"]),
    "lock_contention": (["ledger-db", "payments-api"], ["gateway", "host", "reporting", "settlement-queue"]),
    "mem_leak": (["payments-api"], ["gateway", "host", "settlement-queue"]),
    "cpu_neighbour": (["host", "payments-api"], ["cache", "gateway", "ledger-db", "reporting", "settlement-queue"]),
    "slow_query": (["ledger-db", "payments-api"], ["gateway", "host", "reporting", "settlement-queue"]),
}


def apply(system: Payments, chance: Random, kind: str, level: float, strength: dict[str, float]) -> None:
    """Move the resource of a slow fault to a level; 0 takes the fault away."""
    match kind:
        case "conn_leak" | "mem_leak" | "loop_block":
            _spoil_process(system, chance, kind, level, strength)
        case "disk_fill" | "lock_contention" | "slow_query":
            _spoil_database(system.database, kind, level, strength)
        case "upstream_latency":
            system.provider.extra_s = strength["hi"] * level / 1e3
        case "slow_worker":
            system.settlement.extra_s = strength["hi"] * level / 1e3
        case "cpu_neighbour":
            system.machine.hog, system.machine.hog_ms = level, strength["hi"]
        case _:
            raise ValueError(f"no fault is called {kind}")


def _spoil_process(system: Payments, chance: Random, kind: str, level: float, strength: dict[str, float]) -> None:
    process = system.process
    if kind == "loop_block":
        process.block_p, process.block_s = (strength["p"], strength["hi"] * level / 1e3) if level > 0 else (0.0, 0.0)
    elif kind == "conn_leak" and process.up:
        process.leak(int(level * 12 + 1e-6))
    elif kind == "mem_leak" and process.up:
        _leak_memory(system, chance, level)


def _spoil_database(database: Database, kind: str, level: float, strength: dict[str, float]) -> None:
    if kind == "lock_contention":
        database.hold_s, database.gap_s = strength["hi"] * level, strength["gap"]
    elif kind == "slow_query":
        database.slowness = 1.0 + strength["hi"] * level
    elif level > 0:
        free = strength.setdefault("start_free", float(database.free_disk()))
        database.fill = math.floor(level * 1.03 * free / FILL_STEP) * float(FILL_STEP)
    else:
        database.fill = 0.0


def _leak_memory(system: Payments, chance: Random, level: float) -> None:
    process = system.process
    room = system.machine.character.killed_at - process.first_rss
    process.ballast = math.floor(level * 1.08 * room / BALLAST_STEP) * BALLAST_STEP
    if level > 0 and chance.random() < 0.35:  # more to look through in every round of the garbage collector
        process.window.put("gc", chance.lognormvariate(-1.0, 0.5))

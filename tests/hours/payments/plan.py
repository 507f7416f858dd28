"""What happens in an hour of the payments system, drawn at random: faults, changes, and telemetry that lies."""

import math
from random import Random
from typing import Final

from tests.hours.collector import DataFault
from tests.hours.items import Change, DataItem, Item, SlowFault, SuddenFault, slow_fault
from tests.hours.payments.faults import HITS

SHORTEST_S, LONGEST_S = 45, 240
ALL_TOGETHER_S = 850  # of slow faults, at least
SUDDEN: Final = ("kill_db", "kill_api", "kill_worker", "psp_step", "loop_step", "lock_step")
FATES: Final = (0.11, 0.19, 0.24)
SHORT: Final = {
    "conn_leak": (0.4, 0.75),
    "loop_block": (0.25, 0.45),
    "disk_fill": (0.4, 0.8),
    "upstream_latency": (0.25, 0.45),
    "slow_worker": (0.12, 0.27),
    "lock_contention": (0.15, 0.32),
    "mem_leak": (0.4, 0.75),
    "cpu_neighbour": (0.15, 0.35),
    "slow_query": (0.2, 0.45),
}

WIDE: Final = ("gateway", "payments-api", "ledger-db", "cache", "settlement-queue")
VARIED: Final = (
    ("payments-api", "latency_p95_ms"),
    ("payments-api", "latency_p99_ms"),
    ("payments-api", "event_loop_lag_ms"),
    ("payments-api", "psp_latency_p95_ms"),
    ("payments-api", "request_rate"),
    ("payments-api", "cpu_cores"),
    ("payments-api", "pool_acquire_p95_ms"),
    ("gateway", "requests_per_s"),
    ("gateway", "request_time_p95_ms"),
    ("cache", "used_memory_bytes"),
    ("cache", "commands_per_s"),
    ("cache", "hits_per_s"),
    ("ledger-db", "disk_free_bytes"),
    ("ledger-db", "db_size_bytes"),
    ("ledger-db", "xact_per_s"),
    ("host", "cpu_util"),
    ("host", "mem_available_bytes"),
    ("settlement-queue", "processed_per_s"),
)
MEASURED_IN: Final = {  # what may come in another unit: milliseconds, shares of 1, bytes
    1000: (
        ("payments-api", "latency_p95_ms"),
        ("payments-api", "latency_p50_ms"),
        ("payments-api", "psp_latency_p95_ms"),
        ("gateway", "request_time_p95_ms"),
        ("payments-api", "event_loop_lag_ms"),
        ("payments-api", "pool_acquire_p95_ms"),
        ("reporting", "batch_duration_ms"),
    ),
    100: (
        ("payments-api", "cache_hit_ratio"),
        ("host", "cpu_util"),
        ("payments-api", "cpu_cores"),
        ("ledger-db", "cpu_cores"),
    ),
    8: (
        ("cache", "used_memory_bytes"),
        ("payments-api", "rss_bytes"),
        ("ledger-db", "db_size_bytes"),
        ("ledger-db", "disk_free_bytes"),
        ("host", "mem_available_bytes"),
    ),
}
OTHER_NAMES: Final = (("_ms", "_millis"), ("_per_s", "_rate"), ("_bytes", ""))


def items(chance: Random) -> list[Item]:
    """Draw what happens, one after the other. The order of the draws must stay, like that of a character."""
    kinds = list(HITS)
    chance.shuffle(kinds)
    slow = [_slow(chance, kind) for kind in kinds[: chance.randint(8, 9)]]
    while sum(fault.length_s for fault in slow) < ALL_TOGETHER_S:
        slow.append(_slow(chance, chance.choice(list(HITS))))
    sudden = [_sudden(chance, what) for what in chance.sample(SUDDEN, 2)]
    data = [_data(chance) for _ in range(chance.randint(3, 5))]
    changes = _changes(chance)
    benign = chance.sample(changes, chance.randint(4, 5))
    drawn: list[Item] = [*slow, *sudden, *data, *benign]
    chance.shuffle(drawn)
    return drawn


def _slow(chance: Random, kind: str) -> SlowFault:
    length_s = round(math.exp(chance.uniform(math.log(SHORTEST_S), math.log(LONGEST_S))))
    fault = slow_fault(chance, kind, length_s, FATES, SHORT[kind])
    match kind:
        case "loop_block":
            fault.strength = {"p": chance.uniform(0.1, 0.2), "hi": chance.uniform(85, 130)}
        case "upstream_latency":
            fault.strength = {"hi": chance.uniform(340, 460)}
        case "slow_worker":
            fault.strength = {"hi": chance.uniform(120, 180)}
        case "lock_contention":
            fault.strength = {"hi": chance.uniform(0.5, 0.75), "gap": chance.uniform(0.5, 1.1)}
        case "cpu_neighbour":
            fault.strength = {"hi": chance.uniform(30, 60)}
        case "slow_query":
            fault.strength = {"hi": chance.uniform(80, 140)}
    return fault


def _sudden(chance: Random, what: str) -> SuddenFault:
    strengths = {  # all are drawn, so that what follows does not hang on which it is
        "psp_step": {"hi": chance.uniform(320, 500)},
        "loop_step": {"p": chance.uniform(0.12, 0.2), "hi": chance.uniform(100, 140)},
        "lock_step": {"hi": chance.uniform(0.6, 0.8), "gap": chance.uniform(0.4, 0.8)},
    }
    return SuddenFault(what, strengths.get(what, {}))


def _data(chance: Random) -> DataItem:
    kind = chance.choice(("stuck", "silent", "late", "dup", "unit", "unit", "unit", "renamed"))
    lasts_s = chance.uniform(35, 75)
    match kind:
        case "late":
            fault = DataFault(kind, chance.choice(WIDE), "*", {"delay": [2, chance.randint(6, 12)]})
        case "dup":
            fault = DataFault(kind, chance.choice(WIDE), "*", {"p": 0.5})
        case "unit":
            factor = chance.choice((1000, 100, 8))
            fault = DataFault(kind, *chance.choice(MEASURED_IN[factor]), {"factor": factor})
        case "renamed":
            service, metric = chance.choice(VARIED)
            fault = DataFault(kind, service, metric, {"to": renamed(metric)})
        case _:
            fault = DataFault(kind, *chance.choice(VARIED))
    return DataItem(fault, lasts_s)


def renamed(metric: str) -> str:
    """Return another name for a metric, as the next release of an exporter might have it."""
    new = metric
    for unit, other in OTHER_NAMES:
        new = new.replace(unit, other)
    return new if new != metric else f"{metric}_v2"


def _changes(chance: Random) -> list[Change]:
    burst = round(chance.uniform(1.4, 2.0), 2)
    setting = chance.choice(
        (
            {"psp_base_ms": round(chance.uniform(12, 18), 1)},
            {"psp_base_ms": round(chance.uniform(4, 7), 1)},
            {"cache_ttl_s": 40},
            {"cpu_factor": 1.3},
        )
    )
    return [
        Change("load_burst", {"factor": burst}),
        Change("deploy_restart", {"service": "payments-api"}),
        Change("config_change", {"set": setting, "permanent": True}),
        Change("vacuum", {"service": "ledger-db"}),
        Change("nightly_batch", {"service": "reporting"}),
    ]

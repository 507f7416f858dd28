"""What happens in some days of the card system, drawn at random."""

import math
from random import Random
from typing import Final

from tests.hours.collector import DataFault
from tests.hours.daily import HOUR_S
from tests.hours.items import Change, DataItem, Item, SlowFault, SuddenFault, slow_fault

LENGTHS_H: Final = {  # design lengths, from and to
    "heap_leak": (3, 14),
    "disk_fill": (8, 22),
    "queue_growth": (1.5, 6),
    "noisy_neighbour": (0.7, 3),
    "retry_storm": (0.7, 3),
    "connection_leak": (2, 8),
    "session_loss": (1.5, 7),
    "slow_writes": (1, 6),
    "slow_scores": (1, 5),
}
FATES: Final = (0.1, 0.18, 0.23)
SHORT: Final = (0.25, 0.6)
SUDDEN: Final = ("certificate", "dns", "partial_outage", "issuer_step", "worker_stop")

WIDE: Final = ("edge", "authoriser", "issuer-link", "card-db", "hsm", "fraud-score")
VARIED: Final = (
    ("edge", "response_p99_seconds"),
    ("edge", "purchases_per_min"),
    ("edge", "open_sockets"),
    ("authoriser", "threads_busy"),
    ("authoriser", "heap_used_mb"),
    ("authoriser", "cpu_percent"),
    ("fraud-score", "inference_p95_us"),
    ("fraud-score", "workers_busy_percent"),
    ("hsm", "operation_mean_us"),
    ("hsm", "operations_per_min"),
    ("issuer-link", "round_trip_p95_ms"),
    ("issuer-link", "messages_per_min"),
    ("card-db", "write_mean_us"),
    ("card-db", "disk_free_gb"),
    ("card-db", "io_busy_percent"),
    ("clearing", "records_per_min"),
)
UNITS: Final = (  # what may come in another unit, by which factor
    ("edge", "response_p99_seconds", 1000),
    ("edge", "response_mean_seconds", 1000),
    ("edge", "bytes_out_per_s", 8),
    ("authoriser", "heap_used_mb", 1024),
    ("authoriser", "cpu_percent", 0.01),
    ("fraud-score", "inference_p95_us", 0.001),
    ("hsm", "operation_mean_us", 0.001),
    ("hsm", "operations_per_min", 1 / 60),
    ("issuer-link", "round_trip_p95_ms", 0.001),
    ("card-db", "disk_free_gb", 1024),
    ("card-db", "disk_used_percent", 0.01),
    ("card-db", "write_mean_us", 0.001),
    ("edge", "purchases_per_min", 1 / 60),
)


def items(chance: Random, interval_s: float) -> list[Item]:
    """Draw what happens, one after the other. The order of the draws must stay, like that of a character."""
    kinds = list(LENGTHS_H)
    chance.shuffle(kinds)
    slow = [_slow(chance, kind) for kind in kinds]
    sudden = [_sudden(chance, what) for what in chance.sample(SUDDEN, 3)]
    data = [_data(chance, interval_s) for _ in range(chance.randint(4, 6))]
    benign = chance.sample(_changes(chance), 5)
    drawn: list[Item] = [*slow, *sudden, *data, *benign]
    chance.shuffle(drawn)
    return drawn


def _slow(chance: Random, kind: str) -> SlowFault:
    shortest, longest = LENGTHS_H[kind]
    hours = math.exp(chance.uniform(math.log(shortest), math.log(longest)))
    fault = slow_fault(chance, kind, round(hours * HOUR_S), FATES, SHORT)
    match kind:
        case "queue_growth":
            fault.strength = {"slower": chance.uniform(3, 8)}
        case "noisy_neighbour":
            fault.strength = {"stolen": chance.uniform(0.88, 0.96)}
        case "retry_storm":
            fault.strength = {"issuer_s": chance.uniform(1.5, 3.0), "eager": chance.uniform(0.3, 0.6)}
        case "slow_writes":
            fault.strength = {"slower": chance.uniform(15, 40)}
        case "slow_scores":
            fault.strength = {"slower": chance.uniform(12, 30)}
    return fault


def _sudden(chance: Random, what: str) -> SuddenFault:
    strengths = {  # all are drawn, so that what follows does not hang on which it is
        "certificate": {"share": chance.uniform(0.1, 0.5)},
        "dns": {"lookup_s": chance.uniform(0.8, 3.0)},
        "partial_outage": {"nodes": float(chance.randint(1, 3))},
        "issuer_step": {"issuer_s": chance.uniform(0.8, 2.5)},
    }
    return SuddenFault(what, strengths.get(what, {}))


def _data(chance: Random, interval_s: float) -> DataItem:
    kind = chance.choice(("stuck", "silent", "late", "dup", "unit", "unit", "renamed"))
    lasts_s = chance.uniform(40, 150) * interval_s
    match kind:
        case "late":
            delay = [1.5 * interval_s, chance.randint(3, 10) * interval_s]
            fault = DataFault(kind, chance.choice(WIDE), "*", {"delay": delay})
        case "dup":
            fault = DataFault(kind, chance.choice(WIDE), "*", {"p": 0.5})
        case "unit":
            service, metric, factor = chance.choice(UNITS)
            fault = DataFault(kind, service, metric, {"factor": factor})
        case "renamed":
            service, metric = chance.choice(VARIED)
            fault = DataFault(kind, service, metric, {"to": f"{service.replace('-', '_')}_{metric}"})
        case _:
            fault = DataFault(kind, *chance.choice(VARIED))
    return DataItem(fault, lasts_s)


def _changes(chance: Random) -> list[Change]:
    return [
        Change("deployment", {"service": "authoriser"}),
        Change("new_model", {"service": "fraud-score", "slower": round(chance.uniform(0.9, 1.3), 2)}),
        Change(
            "campaign", {"factor": round(chance.uniform(1.2, 1.5), 2), "lasts_s": round(chance.uniform(1, 3), 1) * 3600}
        ),
        Change("failover", {"service": "card-db"}),
        Change("long_batch", {"service": "clearing"}),
        Change("issuer_route", {"service": "issuer-link", "factor": round(chance.uniform(0.8, 1.3), 2)}),
    ]

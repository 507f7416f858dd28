"""What happens in some days of the mobile bank, drawn at random."""

import math
from random import Random
from typing import Any, Final

from tests.hours.collector import DataFault
from tests.hours.daily import HOUR_S
from tests.hours.items import Change, DataItem, Item, SlowFault, SuddenFault, slow_fault
from tests.hours.mobile.character import NODES, SCRAPE_S

LENGTHS_H: Final = {  # design lengths, from and to
    "heap_leak": (3, 12),
    "connection_leak": (2, 8),
    "volume_fill": (6, 20),
    "partition_stuck": (1, 4),
    "slow_core": (1, 5),
    "cache_erosion": (2, 8),
    "cpu_neighbour": (0.7, 3),
    "replication_lag": (1, 6),
    "retry_storm": (0.7, 3),
}
FATES: Final = (0.1, 0.18, 0.23)
SHORT: Final = (0.25, 0.6)
SUDDEN: Final = ("node_lost", "dns", "bad_version", "core_gone")
WHOLE: Final = ("accounts-api", "session-cache", "accounts-db", "node", "ingress", "mobile-bff", "core-gateway")
VARIED: Final = (
    ("ingress", "request_p99_seconds"),
    ("ingress", "requests_total"),
    ("ingress", "connections_active"),
    ("mobile-bff", "memory_bytes"),
    ("mobile-bff", "process_cpu_seconds_total"),
    ("accounts-api", "jvm_heap_used_bytes"),
    ("accounts-api", "http_requests_total"),
    ("payments-api", "threads_busy"),
    ("core-gateway", "call_seconds"),
    ("session-cache", "hit_ratio"),
    ("session-cache", "hits_total"),
    ("accounts-db", "commits_total"),
    ("accounts-db", "query_mean_seconds"),
    ("accounts-db", "volume_used_bytes"),
    ("notifications", "consumer_lag"),
    ("node", "cpu_ratio"),
)
UNITS: Final = (  # what may come in another unit, by which factor
    ("ingress", "request_p99_seconds", 1000),
    ("ingress", "bytes_sent_total", 1 / 1024),
    ("mobile-bff", "memory_bytes", 1 / 1024**2),
    ("mobile-bff", "eventloop_lag_seconds", 1000),
    ("accounts-api", "jvm_heap_used_bytes", 1 / 1024),
    ("accounts-api", "jvm_gc_seconds_total", 1000),
    ("core-gateway", "call_seconds", 1000),
    ("session-cache", "hit_ratio", 100),
    ("accounts-db", "query_mean_seconds", 1000),
    ("accounts-db", "volume_used_bytes", 1 / 1024**3),
    ("accounts-db", "replication_lag_seconds", 1000),
    ("node", "cpu_ratio", 100),
    ("node", "memory_available_bytes", 1 / 1024),
)
RETYPED: Final = (  # a counter that becomes a gauge
    ("ingress", "requests_total"),
    ("mobile-bff", "http_requests_total"),
    ("accounts-db", "commits_total"),
    ("session-cache", "hits_total"),
)
LIES: Final = ("stuck", "silent", "late", "dup", "skew", "retyped", "unit", "unit", "renamed")
STAYS: Final = ("unit", "renamed", "retyped")  # an exporter's new version: every other one is not taken back


def items(chance: Random) -> list[Item]:
    """Draw what happens, one after the other. The order of the draws must stay, like that of a character."""
    kinds = list(LENGTHS_H)
    chance.shuffle(kinds)
    slow = [_slow(chance, kind) for kind in kinds]
    sudden = [_sudden(chance, what) for what in chance.sample(SUDDEN, 3)]
    data = [_data(chance, kind) for kind in chance.sample(LIES, 5)]
    benign = chance.sample(_changes(chance), 6)
    drawn: list[Item] = [*slow, *sudden, *data, *benign]
    chance.shuffle(drawn)
    return drawn


def _slow(chance: Random, kind: str) -> SlowFault:
    shortest, longest = LENGTHS_H[kind]
    hours = math.exp(chance.uniform(math.log(shortest), math.log(longest)))
    fault = slow_fault(chance, kind, round(hours * HOUR_S), FATES, SHORT)
    strengths = {  # all are drawn, so that what follows does not hang on which it is
        "slow_core": {"core_s": chance.uniform(2.5, 4.5)},
        "cache_erosion": {"eroded": chance.uniform(0.6, 0.95)},
        "cpu_neighbour": {"stolen": chance.uniform(0.85, 0.97)},
        "replication_lag": {"slower": chance.uniform(0.75, 0.98)},
        "retry_storm": {"core_s": chance.uniform(2.0, 3.5), "eager": chance.uniform(0.3, 0.55)},
        "partition_stuck": {"slower": chance.uniform(0.9, 1.0)},
    }
    fault.strength = strengths.get(kind, {})
    return fault


def _sudden(chance: Random, what: str) -> SuddenFault:
    strengths = {
        "node_lost": {"node": float(chance.randrange(NODES))},
        "dns": {"lookup_s": chance.uniform(0.5, 3.0), "unresolved": chance.uniform(0.05, 0.3)},
        "bad_version": {"share": chance.uniform(0.05, 0.5)},
    }
    return SuddenFault(what, strengths.get(what, {}))


def _data(chance: Random, kind: str) -> DataItem:
    lasts_s = chance.uniform(30, 150) * SCRAPE_S
    stays = kind in STAYS and chance.random() < 0.5
    where, details = "", dict[str, Any]()
    match kind:
        case "late":
            delay = [1.5 * SCRAPE_S, chance.randint(3, 10) * SCRAPE_S]
            service, metric, details = chance.choice(WHOLE), "*", {"delay": delay}
        case "dup":
            service, metric, details = chance.choice(WHOLE), "*", {"p": 0.5}
        case "skew":
            by = chance.choice((-1, 1)) * chance.uniform(40, 900)
            service, metric, details = "node", "*", {"by": round(by, 1)}
            where = f",node-{chance.randint(1, NODES)},"
        case "stuck" if chance.random() < 0.5:  # a whole exporter
            service, metric = chance.choice(WHOLE), "*"
        case "unit":
            service, metric, factor = chance.choice(UNITS)
            details = {"factor": factor}
        case "retyped":
            service, metric = chance.choice(RETYPED)
        case "renamed":
            service, metric = chance.choice(VARIED)
            details = {"to": f"bank_{metric}"}
        case _:
            service, metric = chance.choice(VARIED)
    return DataItem(DataFault(kind, service, metric, details, where), lasts_s, stays)


def _changes(chance: Random) -> list[Change]:
    rolled = chance.choice(("mobile-bff", "accounts-api", "payments-api", "notifier"))
    factor = chance.uniform(1.25, 1.7)
    return [
        Change("rollout", {"service": rolled}),
        Change("more_replicas", {"service": chance.choice(("mobile-bff", "accounts-api"))}),
        Change("drain", {"service": "node", "node": chance.randrange(NODES)}),
        Change("vacuum", {"service": "accounts-db"}),
        Change("campaign", {"factor": round(factor, 2), "lasts_s": round(chance.uniform(0.3, 1.5), 1) * 3600}),
        Change(
            "feature",
            {
                "service": "mobile-bff",
                "work": round(chance.uniform(1, 1.2), 2),
                "bytes": round(chance.uniform(1.1, 1.6), 2),
            },
        ),
        Change("reindex", {"service": "accounts-db"}),
    ]

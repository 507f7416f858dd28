"""What the mobile banking back end is like in one recording, and the sizes that never change."""

import math
from dataclasses import dataclass
from random import Random
from typing import Final

STEP_S: Final = 10.0
SCRAPE_S: Final = 30.0
MIB: Final = 1024.0**2
GIB: Final = 1024.0**3

NODES: Final = 4
NODE_CORES: Final = 8
NODE_MEMORY: Final = 32 * GIB
NODE_DISK: Final = 100 * GIB
HEAP: Final = 1 * GIB  # of each JVM
POOL: Final = 20  # connections of each process of the accounts-api
THREADS: Final = 20  # of each process of the payments-api
CONNECTIONS: Final = 200  # of the database
DB_CORES: Final = 4
VOLUME: Final = 200 * GIB
PARTITIONS: Final = 6
TIMEOUT_S: Final = 8.0  # then the app gives up
CORE_TIMEOUT_S: Final = 6.0  # the same of a call to the core bank


@dataclass(frozen=True, slots=True)
class Character:
    """Times in seconds, rates a second. The order of the fields is the order of the draws."""

    first_day: int  # 0: Monday
    peak_rate: float  # requests, at the busiest time of a usual weekday
    night: float  # share of the peak that is always there
    weekend: float  # weekend's share of a weekday
    payday: int  # day of the recording
    payday_factor: float
    football: int  # evening of the recording
    memory: float  # of the load's slow noise, from one step to the next
    unrest: float  # of the same
    bff_s: float
    accounts_s: float
    query_s: float
    core_s: float
    core_sigma: float
    hits: float  # share of lookups that the cache answers
    response_bytes: float
    retry: float  # share of the failed that try again
    batch_hour: float
    backup_hour: float
    volume_used: float  # share, at the beginning
    volume_a_day: float  # bytes
    consumer_room: float  # what the notifier can take, as a share of the peak
    certificate_days: float  # of the one that is renewed by itself
    partner_days: float  # of the one that people renew


def drawn(chance: Random) -> Character:
    """Draw what a recording is like. The order must stay: the published figures hang on it."""
    uniform = chance.uniform
    return Character(
        first_day=chance.randrange(7),
        peak_rate=math.exp(uniform(math.log(140), math.log(320))),
        night=uniform(0.03, 0.09),
        weekend=uniform(0.6, 0.95),
        payday=chance.randrange(5),
        payday_factor=uniform(1.3, 1.6),
        football=chance.randrange(5),
        memory=uniform(0.97, 0.997),
        unrest=uniform(0.004, 0.012),
        bff_s=uniform(0.008, 0.012),
        accounts_s=uniform(0.008, 0.013),
        query_s=uniform(0.009, 0.013),
        core_s=uniform(0.22, 0.4),
        core_sigma=uniform(0.3, 0.5),
        hits=uniform(0.93, 0.975),
        response_bytes=uniform(3000, 9000),
        retry=uniform(0.2, 0.45),
        batch_hour=uniform(1.0, 3.0),
        backup_hour=uniform(3.5, 5.0),
        volume_used=uniform(0.4, 0.6),
        volume_a_day=uniform(1, 5) * GIB,
        consumer_room=uniform(2.0, 3.5),
        certificate_days=uniform(30.5, 38),
        partner_days=uniform(20, 200),
    )

"""What one hour of the payments system is like: drawn once, in a fixed order, before anything happens."""

import math
from dataclasses import dataclass
from random import Random
from typing import Final

MIB: Final = 1048576
MEMORY_LIMIT: Final = 210 * MIB
DISK: Final = 200 * MIB
POOL_MAX: Final = 12


@dataclass(frozen=True, slots=True)
class Character:
    """Times in seconds, rates a second, memory in bytes. The order of the fields is the order of the draws."""

    noise: float  # how restless everything is; 1 is usual
    base_rate: float  # requests
    swing: float  # of the load, over ten minutes, as a share
    phase: float
    memory: float  # of the load's slow noise, from one second to the next
    unrest: float  # of the same
    psp_base_s: float
    psp_sigma: float
    database_scale: float  # what a query costs; 1 is usual
    cpu_scale: float  # what a request costs the event loop
    gc_saw: bool  # memory rises and falls with the collector's rounds
    gc_period_s: float
    log_saw: bool  # the database's log fills and is cut
    log_mb: float
    log_period_s: float
    hot: float  # share of writes that want the locked row
    killed_at: float  # bytes
    read_scale: float
    tuple_scale: float
    jobs: float  # how many other jobs wait when others have the core
    stalls: float  # how often the event loop stalls by itself; 1 is usual
    neighbours: float  # share of the time in which other jobs have the core
    first_rss: float
    first_database: float  # bytes
    accounts: int


def drawn(chance: Random) -> Character:
    """Draw what an hour is like. The order must stay: the seeds of the published figures hang on it."""
    uniform = chance.uniform
    return Character(
        noise=uniform(0.6, 1.8),
        base_rate=uniform(30, 52),
        swing=uniform(0.2, 0.5),
        phase=uniform(0, 2 * math.pi),
        memory=uniform(0.7, 0.97),
        unrest=uniform(0.03, 0.09),
        psp_base_s=uniform(7, 13) / 1e3,
        psp_sigma=uniform(0.15, 0.35),
        database_scale=uniform(0.7, 1.5),
        cpu_scale=uniform(0.8, 1.3),
        gc_saw=chance.random() < 0.5,
        gc_period_s=uniform(60, 180),
        log_saw=chance.random() < 0.4,
        log_mb=uniform(3, 10),
        log_period_s=uniform(80, 220),
        hot=uniform(0.2, 0.4),
        killed_at=MEMORY_LIMIT * uniform(1.0, 1.07),
        read_scale=math.exp(uniform(0.3, 3.5)),
        tuple_scale=math.exp(uniform(0.0, 3.0)),
        jobs=math.exp(uniform(0.0, 2.5)),
        stalls=math.exp(uniform(-0.8, 1.2)),
        neighbours=chance.choice((uniform(0.0, 0.3), uniform(0.2, 0.95))),
        first_rss=uniform(52.8e6, 53.4e6),
        first_database=uniform(40e6, 70e6),
        accounts=chance.randint(350, 650),
    )

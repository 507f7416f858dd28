"""What the card system is like in one recording, and the sizes that never change."""

import math
from dataclasses import dataclass
from random import Random
from typing import Final

from tests.hours.daily import HOUR_S

NODES: Final = 4
THREADS: Final = 40  # of each node
CORES: Final = 8  # of each node
HEAP_MB: Final = 4096.0  # of each node
SESSIONS: Final = 16  # of the security modules
MODELS: Final = 12  # that score at a time
CONNECTIONS: Final = 120  # of the database
DISK_GB: Final = 500.0
TIMEOUT_S: Final = 4.0  # then the terminal gives up


@dataclass(frozen=True, slots=True)
class Character:
    """Times in seconds, rates a second. The order of the fields is the order of the draws."""

    first_day: int  # 0: Monday
    peak_rate: float  # purchases, at the busiest time of a weekday
    lunch: float  # the lower peak, as a share of the evening's
    night: float  # share of the peak that is always there
    weekend: float  # weekend's share of a weekday
    memory: float  # of the load's slow noise, from one step to the next
    unrest: float  # of the same
    cpu_s: float
    score_s: float
    sign_s: float
    write_s: float
    issuer_s: float
    issuer_sigma: float
    retry: float  # share of the failed that try again
    batch_hour: float
    batch_s: float
    purge_hour: float
    disk_gb: float  # used at the beginning
    gb_a_day: float
    clearing_rate: float  # records that the clearing can take, as a share of the peak rate


def drawn(chance: Random) -> Character:
    """Draw what a recording is like. The order must stay: the published figures hang on it."""
    uniform = chance.uniform
    return Character(
        first_day=chance.randrange(7),
        peak_rate=math.exp(uniform(math.log(60), math.log(130))),
        lunch=uniform(0.55, 0.95),
        night=uniform(0.04, 0.12),
        weekend=uniform(0.55, 1.15),
        memory=uniform(0.97, 0.998),
        unrest=uniform(0.003, 0.009),
        cpu_s=uniform(0.06, 0.1),
        score_s=uniform(0.025, 0.05),
        sign_s=uniform(0.015, 0.028),
        write_s=uniform(0.006, 0.012),
        issuer_s=uniform(0.12, 0.24),
        issuer_sigma=uniform(0.25, 0.4),
        retry=uniform(0.2, 0.45),
        batch_hour=uniform(0.5, 2.0),
        batch_s=uniform(0.6, 1.6) * HOUR_S,
        purge_hour=uniform(3.0, 5.0),
        disk_gb=uniform(200, 300),
        gb_a_day=uniform(8, 30),
        clearing_rate=uniform(1.3, 1.8),
    )

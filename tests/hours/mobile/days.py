"""Some days of the mobile bank, from their seed."""

from random import Random
from typing import Final

from tests.hours.collector import Collector
from tests.hours.daily import DAY_S
from tests.hours.director import Director
from tests.hours.engine import Steps
from tests.hours.labels import Labels, Recording
from tests.hours.mobile.character import STEP_S
from tests.hours.mobile.clients import Clients
from tests.hours.mobile.plan import items
from tests.hours.mobile.scrapes import COLUMNS, Scrapes
from tests.hours.mobile.stage import MobileStage, pace
from tests.hours.mobile.system import Mobile

MONDAY: Final = 1795996800.0  # 2026-11-30, midnight UTC
USUAL_DAYS: Final = 5.0


def simulate(seed: int, name: str, days: float = USUAL_DAYS) -> Recording:
    """Simulate some days; the same seed gives the same bytes. ``name`` is what the ids of its faults begin with."""
    system = Mobile(Random(seed))
    begins_at = MONDAY + DAY_S * (system.character.first_day + 7 * (seed % 50))
    collector = Collector(Random(seed + 1), begins_at, COLUMNS)
    labels = Labels(name, begins_at)
    clients = Clients(system, Random(seed + 3))
    scrapes = Scrapes(system, collector)
    chance = Random(seed + 2)
    tempo = pace(days)
    director = Director(MobileStage(system, clients, chance), tempo, chance, collector, labels, items(chance))

    def steps() -> Steps:
        while True:
            system.step()
            clients.see(system.last)
            if system.engine.now >= tempo.warm_up_s:
                scrapes.see(system.last)
            yield STEP_S

    system.engine.spawn(steps())
    system.engine.spawn(clients.measure())
    director.run()
    return Recording(begins_at, collector, labels, clients.rows)

"""Some days of the card system, from their seed."""

from random import Random
from typing import Final

from tests.hours.cards.clients import Clients
from tests.hours.cards.exporters import Exporters
from tests.hours.cards.plan import items
from tests.hours.cards.stage import CardsStage, pace
from tests.hours.cards.system import STEP_S, Cards
from tests.hours.collector import Collector
from tests.hours.daily import DAY_S
from tests.hours.director import Director
from tests.hours.engine import Steps
from tests.hours.labels import Labels, Recording

MONDAY: Final = 1795392000.0  # 2026-11-23, midnight UTC
RHYTHMS: Final = ((15.0, 4.0), (60.0, 8.0))  # seconds between scrapes and days, of even and of odd seeds


def simulate(seed: int, name: str, days: float | None = None) -> Recording:
    """Simulate some days; the same seed gives the same bytes. ``name`` is what the ids of its faults begin with."""
    interval_s, usual_days = RHYTHMS[seed % 2]
    system = Cards(Random(seed))
    begins_at = MONDAY + DAY_S * (system.character.first_day + 7 * (seed % 50))
    collector = Collector(Random(seed + 1), begins_at)
    labels = Labels(name, begins_at)
    clients = Clients(system, Random(seed + 3))
    exporters = Exporters(system, collector, interval_s)
    chance = Random(seed + 2)
    tempo = pace(usual_days if days is None else days)
    stage = CardsStage(system, clients, exporters, chance)
    director = Director(stage, tempo, chance, collector, labels, items(chance, interval_s))

    def steps() -> Steps:
        while True:
            system.step()
            clients.see(system.last)
            if system.engine.now >= tempo.warm_up_s:
                exporters.see(system.last)
            yield STEP_S

    system.engine.spawn(steps())
    system.engine.spawn(clients.measure())
    system.engine.spawn(exporters.scrapes(), tempo.warm_up_s)
    director.run()
    return Recording(begins_at, collector, labels, clients.rows)

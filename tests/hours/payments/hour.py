"""One hour of the payments system, from its seed."""

from random import Random
from typing import Final

from tests.hours.collector import Collector
from tests.hours.director import Director, Pace
from tests.hours.labels import Labels, Recording
from tests.hours.payments.exporters import Exporters
from tests.hours.payments.plan import items
from tests.hours.payments.stage import PACE, PaymentsStage
from tests.hours.payments.system import Payments

EPOCH: Final = 1795600000.0


def simulate(seed: int, name: str, pace: Pace = PACE) -> Recording:
    """Simulate an hour; the same seed gives the same bytes. ``name`` is what the ids of its faults begin with."""
    system = Payments(Random(seed))
    begins_at = EPOCH + seed % 100000 * 7919 % 86400 * 11 + system.machine.chance.randint(0, 9) / 10
    collector = Collector(Random(seed + 1), begins_at)
    labels = Labels(name, begins_at)
    exporters = Exporters(system, collector)
    chance = Random(seed + 2)
    director = Director(PaymentsStage(system, chance), pace, chance, collector, labels, items(chance))
    system.begin()
    for scrapes in exporters.processes():
        system.engine.spawn(scrapes, pace.warm_up_s)
    director.run()
    return Recording(begins_at, collector, labels, system.clients.rows)

"""What merchants and banks measure once a minute. A breach is theirs alone, whatever the exporters say."""

from random import Random
from typing import Final

from tests.hours.breaches import Breaches
from tests.hours.cards.character import Character
from tests.hours.cards.system import Cards, Step
from tests.hours.collector import quantile
from tests.hours.daily import MINUTE_S
from tests.hours.engine import Steps

SLOW_S: Final = 2.0  # the 99th percentile of a purchase
FAILED: Final = 0.01  # share of purchases
OLDEST_S: Final = 1800.0  # record that waits for its clearing
DRAWN: Final = 160


def times(chance: Random, character: Character, steps: list[Step], count: int) -> list[float]:
    """Draw how long single purchases of these steps took, in seconds; more of steps with more purchases."""
    total = sum(step.done for step in steps)
    drawn: list[float] = []
    for step in steps:
        for _ in range(round(count * step.done / total) if total > 0 else 0):
            issuer_s = step.issuer_s * chance.lognormvariate(0, character.issuer_sigma)
            drawn.append(step.fixed_s * chance.uniform(0.8, 1.3) + issuer_s + step.waits_s * chance.expovariate(1.0))
    return drawn


class Clients(Breaches):
    """What they measure, and whether that is a breach of what they were promised."""

    def __init__(self, system: Cards, chance: Random) -> None:
        super().__init__(("purchase", "clearing"), MINUTE_S, window=5, bad=4)
        self._system, self._chance = system, chance
        self._steps: list[Step] = []

    def see(self, step: Step) -> None:
        """Take part in what happened in a step."""
        self._steps.append(step)

    def measure(self) -> Steps:
        """Measure once a minute."""
        while True:
            yield MINUTE_S
            at = self._system.engine.now
            steps, self._steps = self._steps, []
            done = sum(step.done for step in steps)
            failed = sum(step.failed for step in steps)
            p99 = quantile(times(self._chance, self._system.character, steps, DRAWN), 0.99)
            share = failed / max(1.0, done)
            oldest = self._system.clearing.oldest_s(at)
            bad = {"purchase": p99 > SLOW_S or (failed >= 5 and share > FAILED), "clearing": oldest > OLDEST_S}
            row: dict[str, list[float]] = {
                "purchase": [round(done), round(p99, 3), round(share, 4), int(bad["purchase"])],
                "clearing": [round(self._system.clearing.waiting), round(oldest), 0, int(bad["clearing"])],
            }
            self.take(at, row)

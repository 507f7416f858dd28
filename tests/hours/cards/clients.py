"""What merchants and banks measure once a minute. A breach is theirs alone, whatever the exporters say."""

from collections import deque
from random import Random
from typing import Any, Final

from tests.hours.cards.character import Character
from tests.hours.cards.system import Cards, Step
from tests.hours.collector import quantile
from tests.hours.engine import Steps

EVERY_S: Final = 60.0
SLOW_S: Final = 2.0  # the 99th percentile of a purchase
FAILED: Final = 0.01  # share of purchases
OLDEST_S: Final = 1800.0  # record that waits for its clearing
WINDOW, BAD = 5, 4  # minutes of which so many bad ones make a breach
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


class Clients:
    """What they measure, and whether that is a breach of what they were promised."""

    def __init__(self, system: Cards, chance: Random) -> None:
        self.rows: list[tuple[float, dict[str, Any]]] = []
        self.at = 0.0
        self.good_since = 0.0
        self._system, self._chance = system, chance
        self._bad: dict[str, deque[bool]] = {kind: deque(maxlen=WINDOW) for kind in ("purchase", "clearing")}
        self._steps: list[Step] = []

    @property
    def breached(self) -> list[str]:
        """Which journeys are breached now."""
        return [kind for kind, bad in self._bad.items() if sum(bad) >= BAD]

    def first_bad(self, kinds: list[str]) -> float:
        """Return the first bad minute of those that make the breach of these journeys."""
        return min(
            self.at - EVERY_S * (len(bad) - 1 - next(i for i, one in enumerate(bad) if one))
            for kind, bad in self._bad.items()
            if kind in kinds
        )

    def see(self, step: Step) -> None:
        """Take part in what happened in a step."""
        self._steps.append(step)

    def measure(self) -> Steps:
        """Measure once a minute."""
        while True:
            yield EVERY_S
            self.at = self._system.engine.now
            steps, self._steps = self._steps, []
            done = sum(step.done for step in steps)
            failed = sum(step.failed for step in steps)
            p99 = quantile(times(self._chance, self._system.character, steps, DRAWN), 0.99)
            share = failed / max(1.0, done)
            oldest = self._system.clearing.oldest_s(self.at)
            bad = {"purchase": p99 > SLOW_S or (failed >= 5 and share > FAILED), "clearing": oldest > OLDEST_S}
            for kind, one in bad.items():
                self._bad[kind].append(one)
            if any(bad.values()):
                self.good_since = self.at
            row = {
                "purchase": [round(done), round(p99, 3), round(share, 4), int(bad["purchase"])],
                "clearing": [round(self._system.clearing.waiting), round(oldest), 0, int(bad["clearing"])],
            }
            self.rows.append((self.at, row))

"""The one core that everything shares, who else wants it, and what has been counted since the last scrape."""

from random import Random
from typing import Final

from tests.hours.engine import Engine
from tests.hours.payments.character import Character

EXPORTERS: Final = ("api", "gateway", "cache", "database", "queue")
PROGRAMS: Final = ("api", "gateway", "cache", "database", "queue", "reporting")


class Window:
    """What happened since the last scrape of one exporter: counts, and values of which it shows a quantile."""

    __slots__ = ("counts", "values")

    def __init__(self) -> None:
        self.counts: dict[str, float] = {}
        self.values: dict[str, list[float]] = {}

    def add(self, name: str, by: float = 1.0) -> None:
        """Count something."""
        self.counts[name] = self.counts.get(name, 0.0) + by

    def put(self, name: str, value: float) -> None:
        """Keep a value."""
        self.values.setdefault(name, []).append(value)

    def count(self, name: str) -> float:
        """Return what was counted."""
        return self.counts.get(name, 0.0)

    def of(self, name: str) -> list[float]:
        """Return the values that were kept."""
        return self.values.get(name, [])


class Machine:
    """The clock, chance, the core and its other users; every part of the system holds it.

    ``hog`` and ``hog_ms`` are the fault of a neighbour on the CPU: its share, and how long it keeps others waiting.
    """

    def __init__(self, engine: Engine, chance: Random, character: Character) -> None:
        self.engine = engine
        self.chance = chance
        self.character = character
        self.windows = {name: Window() for name in EXPORTERS}
        self.cpu_s = dict.fromkeys(PROGRAMS, 0.0)  # since the last scrape of the host
        self.hog, self.hog_ms = 0.0, 0.0
        self.other = 0.0  # what other jobs take of the core
        self.load1 = 1.0
        self.memory_noise = 0.0
        self._other_until = 0.0

    def taken(self, name: str) -> Window:
        """Return an exporter's window and begin a new one."""
        window, self.windows[name] = self.windows[name], Window()
        return window

    def robbed(self, weight: float) -> float:
        """Return for how many seconds the neighbour keeps somebody from the core."""
        return self.chance.expovariate(1.0) * self.hog_ms * self.hog * weight if self.hog > 0.0 else 0.0

    def every_second(self) -> None:
        """Let other jobs come and go."""
        chance = self.chance
        if self.engine.now > self._other_until:
            idle = chance.random() > self.character.neighbours
            self.other = 0.0 if idle else chance.choice((0.35, 0.6, 1.0, 1.0))
            self._other_until = self.engine.now + chance.lognormvariate(2.8, 0.9)
        self.memory_noise = 0.97 * self.memory_noise + chance.gauss(0, 2.5e7)

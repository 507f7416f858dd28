"""The nodes of the authoriser: heap, rounds of the garbage collector, and what restarts do."""

from random import Random

from tests.hours.cards.character import HEAP_MB, NODES

RESTART_S = 180.0
BASE_MB = 900.0


class Node:
    """One process. Faults: ``leaked`` megabytes that are never freed, or ``broken``: somebody has to mend it."""

    def __init__(self, chance: Random) -> None:
        self._chance = chance
        self.share = chance.uniform(0.85, 1.0)  # of what leaks on the worst node
        self.leaked_mb = 0.0
        self.broken = False
        self._floor_mb = BASE_MB * chance.uniform(0.9, 1.2)
        self._young_mb = chance.uniform(0, 1200)
        self._room_mb = chance.uniform(900, 1500)
        self._down_until = 0.0
        self._forgot_mb = 0.0  # what had leaked before the last restart

    def up(self, now: float) -> bool:
        """Tell whether it takes work."""
        return not self.broken and now >= self._down_until

    def restart(self, now: float) -> None:
        """Begin anew with an empty heap."""
        self._down_until = now + RESTART_S
        self._forgot_mb = self.leaked_mb
        self._young_mb = 0.0

    @property
    def used_mb(self) -> float:
        """What of its heap is used."""
        return min(HEAP_MB, self._kept_mb + self._young_mb)

    @property
    def _kept_mb(self) -> float:
        return self._floor_mb + max(0.0, self.leaked_mb - self._forgot_mb)

    @property
    def collecting(self) -> float:
        """The share of its time that the garbage collector takes: most of it when little can be freed."""
        full = self._kept_mb / HEAP_MB
        return min(0.95, 0.012 + (0.0 if full < 0.7 else ((full - 0.7) / 0.3) ** 3))

    @property
    def pause_s(self) -> float:
        """How long a purchase waits for rounds that stop everything, on average; the fuller the heap, the longer."""
        return 1.25 * self.collecting * self._kept_mb / HEAP_MB

    def work(self, now: float, purchases: float) -> None:
        """Fill the heap with what so many purchases leave, and empty it in time; restart when nothing can be freed."""
        if not self.up(now):
            return
        if self.leaked_mb < self._forgot_mb:
            self._forgot_mb = 0.0
        self._young_mb += purchases * 0.9 * self._chance.uniform(0.9, 1.1)
        if self._young_mb > min(self._room_mb, 0.98 * HEAP_MB - self._kept_mb):
            self._young_mb = self._chance.uniform(20, 120)
        if self._kept_mb > 0.97 * HEAP_MB:
            self.restart(now)


def nodes(chance: Random) -> list[Node]:
    """Return the nodes as they are at the beginning."""
    return [Node(chance) for _ in range(NODES)]

"""Processes on Kubernetes: they come and go with rollouts, load and nodes, and every new one has a new name."""

import math
from collections import deque
from random import Random
from typing import Final

from tests.hours.cards.stations import Station
from tests.hours.engine import Steps
from tests.hours.mobile.character import HEAP, NODES, SCRAPE_S

LETTERS: Final = "bcdfghjklmnpqrstvwxz"
ROOM: Final = 600.0  # requests that wait in one process; more are turned away
START_S: Final = (35.0, 80.0)
COLD_S: Final = 120.0  # a new process is slower for so long
STEADY_S: Final = 300.0  # load must have been low for so long before there are fewer


class Pod:
    """One process. What it counts begins at nothing when it restarts."""

    def __init__(self, chance: Random, name: str, node: int, now: float, ready_at: float) -> None:
        self.name, self.node = name, node
        self.born_at, self.ready_at = now, ready_at
        self.weight = chance.uniform(0.93, 1.07)  # of the load
        self.offset_s = chance.uniform(0, SCRAPE_S)  # of its scrapes
        self.restarts = 0
        self.cut = False  # nobody calls it any more
        self.station, self.pool = Station(ROOM), Station(ROOM)
        self.leak_from = 0.0  # level of the leak when it began to run
        self.frailty = chance.uniform(0.82, 1.0)  # share of what leaks
        self._chance = chance
        self._begin()

    def _begin(self) -> None:
        chance = self._chance
        self.done = self.failed = self.cpu_s = self.throttled_s = self.collected_s = 0.0
        self.young = chance.uniform(0, 0.2) * HEAP
        self.old = self.floor = chance.uniform(0.16, 0.24) * HEAP
        self.leaked = 0.0
        self.station.backlog = self.pool.backlog = 0.0
        self._room = chance.uniform(0.22, 0.32) * HEAP
        self._old_room = chance.uniform(0.08, 0.16) * HEAP

    def restart(self, now: float, level: float) -> None:
        """Begin anew under the same name, with what leaks now at nothing."""
        self.restarts += 1
        self.leak_from = level
        self.born_at, self.ready_at = now, now + self._chance.uniform(*START_S)
        self._begin()

    def ready(self, now: float) -> bool:
        """Tell whether it takes work."""
        return now >= self.ready_at and not self.cut

    def cold(self, now: float) -> float:
        """Return how many times longer everything takes in a new one."""
        return 1.5 if now - self.ready_at < COLD_S else 1.0

    @property
    def heap(self) -> float:
        """Bytes that are used."""
        return min(HEAP, self.old + self.leaked + self.young)

    @property
    def collecting(self) -> float:
        """The share of its time that collecting garbage takes: most of it when little can be freed."""
        full = (self.floor + self.leaked) / HEAP
        return min(0.95, 0.008 + (0.0 if full < 0.65 else ((full - 0.65) / 0.32) ** 3))

    def fill(self, requests: float, dt: float, level: float) -> bool:
        """Leave garbage behind, small and old, and collect it in time; tell whether nothing could be freed."""
        self.leaked = max(0.0, level - self.leak_from) * 0.85 * HEAP * self.frailty
        self.young += requests * 36e3 * self._chance.uniform(0.85, 1.15)
        if self.young > min(self._room, max(0.02 * HEAP, 0.97 * HEAP - self.old - self.leaked)):
            self.old += self.young * 0.012
            self.young = self._chance.uniform(0.005, 0.03) * HEAP
        if self.old - self.floor > self._old_room:
            self.old = self.floor
        self.collected_s += self.collecting * dt * self._chance.uniform(0.8, 1.2)
        return self.floor + self.leaked > 0.97 * HEAP


class Deployment:
    """Processes of one kind. ``least`` and ``most``: how many the autoscaler may have; the same if there is none."""

    def __init__(self, name: str, chance: Random, least: int, most: int) -> None:
        self.name, self.least, self.most = name, least, most
        self.wanted = least
        self._replacing = 0
        self.level = 0.0  # of a leak of memory or connections
        self.away: set[int] = set()  # nodes that take nobody
        self.pods: list[Pod] = []
        self._chance = chance
        self._asked: deque[int] = deque(maxlen=round(STEADY_S / 10))
        self._release = self._letters(9)
        for _ in range(least):
            self._add(0.0, 0.0)

    def ready(self, now: float) -> list[Pod]:
        """Return those that take work."""
        return [pod for pod in self.pods if pod.ready(now)]

    def scale(self, now: float, used: float, target: float) -> None:
        """Have as many as the load asks for (``used``: cores of all that are ready): more at once, fewer later."""
        running = max(1, len(self.pods))
        needed = running if abs(used / target / running - 1) < 0.1 else math.ceil(used / target)
        self._asked.append(min(self.most, max(self.least, needed)))
        self.wanted = max(self._asked)
        self.keep(now)

    def keep(self, now: float) -> None:
        """Start what is missing, and stop what is too much."""
        while len(self.pods) < self.wanted:
            self._add(now, now + self._chance.uniform(*START_S))
        while len(self.pods) > self.wanted + self._replacing:
            self.pods.pop()

    def release(self) -> None:
        """Begin a new version: those that start from now on are named after it."""
        self._release = self._letters(9)

    def replace(self, pod: Pod, now: float) -> Steps:
        """Start another one, and stop this one when that one is ready."""
        fresh = self._add(now, now + self._chance.uniform(*START_S))
        self._replacing += 1  # one more than wanted, for as long as it takes
        yield fresh.ready_at - now
        self._replacing -= 1
        if pod in self.pods:
            self.pods.remove(pod)

    def leave(self, node: int) -> None:
        """Lose all of one node; ``keep`` starts others elsewhere."""
        self.pods = [pod for pod in self.pods if pod.node != node]

    def _add(self, now: float, ready_at: float) -> Pod:
        open_nodes = [node for node in range(NODES) if node not in self.away]
        fewest = min(open_nodes, key=lambda node: (sum(pod.node == node for pod in self.pods), self._chance.random()))
        name = f"{self.name}-{self._release}-{self._letters(5)}"
        pod = Pod(self._chance, name, fewest, now, ready_at)
        pod.leak_from = self.level
        self.pods.append(pod)
        return pod

    def _letters(self, count: int) -> str:
        return "".join(self._chance.choice(LETTERS) for _ in range(count))

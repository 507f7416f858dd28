"""What stands behind the processes: the database with its replica and volume, and the queue of notifications."""

from random import Random
from typing import Final

from tests.hours.cards.stations import Line, Station
from tests.hours.daily import DAY_S, HOUR_S, MINUTE_S, within
from tests.hours.mobile.character import (
    CONNECTIONS,
    DB_CORES,
    GIB,
    PARTITIONS,
    VOLUME,
    Character,
)

WAL_AN_HOUR: Final = 0.8 * GIB  # at the busiest time; archived once an hour
STEADY: Final = 34.0  # connections that are always open


class Database:
    """One primary for writing, one replica for reading. ``busy``: jobs of people, such as a reindexing."""

    def __init__(self, chance: Random, character: Character) -> None:
        self.cores = Station(5000.0)
        self.used = character.volume_used * VOLUME
        self.filled = 0.0  # by a fault
        self.behind = 0.0  # writes that the replica has not seen
        self.behind_s = 0.0
        self.slow_replica = 0.0  # share by which it is slower
        self.dead = chance.uniform(2e5, 8e5)  # tuples
        self.commits = self.deadlocks = 0.0
        self.busy = 0.0  # cores
        self.vacuum = False
        self._chance, self._character = chance, character
        self._wal = 0.0

    def query_s(self, now: float) -> float:
        """Return what a query takes if it need not wait."""
        job = 0.25 if self.batch(now) else 0.0
        return self._character.query_s * (1 + job + (0.12 if self.vacuum else 0.0))

    def batch(self, now: float) -> bool:
        """Tell whether statements are being written."""
        return within(now, self._character.batch_hour, 20 * MINUTE_S)

    def backup(self, now: float) -> bool:
        """Tell whether the nightly backup is running."""
        return within(now, self._character.backup_hour, 35 * MINUTE_S)

    @property
    def volume(self) -> float:
        """Bytes that are used."""
        return min(VOLUME, self.used + self.filled + self._wal)

    @property
    def full(self) -> bool:
        """Tell whether nothing can be written any more."""
        return self.volume >= VOLUME

    def connections(self, in_use: float) -> float:
        """Return how many are open."""
        return min(float(CONNECTIONS), STEADY + in_use)

    def serve(self, now: float, queries: float, writes: float, dt: float) -> None:
        """Answer queries, write, and let the replica follow."""
        own = self._character
        stolen = self.busy + (0.8 if self.batch(now) else 0.0) + (0.4 if self.backup(now) else 0.0)
        self.cores.serve(queries + writes, dt, max(0.5, DB_CORES - stolen), self.query_s(now))
        self.commits += (queries + writes) * 0.6
        self.deadlocks += self._chance.random() < 2e-4 * dt * min(1.0, writes / (own.peak_rate * 0.16 * dt))
        self.dead = self.dead * (1 - dt / 9e3) if self.vacuum else self.dead + writes * 1.4
        if self.dead > 3e6:
            self.dead *= 0.15  # autovacuum
        peak = own.peak_rate * 0.25 * dt
        self._wal += writes / peak * WAL_AN_HOUR * dt / HOUR_S
        if now % HOUR_S < dt:
            self._wal = 0.0
        self.used += own.volume_a_day * dt / DAY_S * (writes / peak) * 2
        if within(now, own.backup_hour + 0.5, dt):  # what is too old to keep
            self.used = max(own.volume_used * VOLUME, self.used - own.volume_a_day)
        copied = peak * 2.2 * (1 - self.slow_replica) * self._chance.uniform(0.95, 1.05)
        self.behind = max(0.0, self.behind + writes + (1.6 * peak if self.batch(now) else 0.0) - copied)
        self.behind_s = self.behind / (writes / dt + 0.02 * own.peak_rate)


class Notifications:
    """Events in partitions, each read by one process in their order. ``slow``: share by which one of them is slower."""

    def __init__(self, chance: Random, character: Character) -> None:
        self.lines = [Line() for _ in range(PARTITIONS)]
        self.weights = [chance.uniform(0.7, 1.3) for _ in range(PARTITIONS)]
        self.slow = 0.0
        self.slow_partition = chance.randrange(PARTITIONS)
        self._chance, self._character = chance, character

    def work(self, now: float, events: float, dt: float) -> float:
        """Take events in, and work some off; return how many."""
        done = 0.0
        total = sum(self.weights)
        room = self._character.consumer_room * self._character.peak_rate * 0.2 * dt
        for number, (line, weight) in enumerate(zip(self.lines, self.weights, strict=True)):
            line.add(now, events * weight / total)
            slower = self.slow if number == self.slow_partition else 0.0
            capacity = room / PARTITIONS * 1.3 * (1 - slower) * self._chance.uniform(0.8, 1.1)
            held = self._chance.uniform(0.7, 1.0) if self._chance.random() < 0.3 else 1.0  # fetched in the next round
            done += line.take(min(capacity, line.waiting * held))
        return done

    def oldest_s(self, now: float) -> float:
        """Return for how long the oldest event has waited."""
        return max(line.oldest_s(now) for line in self.lines)

"""A system that authorises card payments, in steps of five seconds; faults move a resource, the rest follows.

    terminals -> edge -> authoriser (4 nodes) -> fraud-score, hsm, issuer-link, card-db
    clearing takes what was approved

A purchase holds a thread of a node for as long as everything behind it takes. Who waits too long gives up, its thread
still works on it, and some try again: what is a little too slow can become much too much.
"""

import math
from dataclasses import dataclass
from random import Random
from typing import Final

from tests.hours.cards.character import (
    CONNECTIONS,
    CORES,
    DISK_GB,
    MODELS,
    SESSIONS,
    THREADS,
    TIMEOUT_S,
    Character,
    drawn,
)
from tests.hours.cards.load import Load
from tests.hours.cards.nodes import nodes
from tests.hours.cards.stations import Line, Station
from tests.hours.daily import DAY_S, within
from tests.hours.engine import Engine

STEP_S: Final = 5.0
RETRY_AFTER_S: Final = 12.0
QUEUE_ROOM: Final = 3000.0
SIGNATURES, WRITES = 2, 3  # for each purchase
IO: Final = 24.0  # writes at a time
BASE_CONNECTIONS: Final = 30.0
UNEXPLAINED: Final = 0.0006  # share that fails for no reason that anybody knows


@dataclass(slots=True)
class Faults:
    """How far each fault is; 0 (or 1 of a factor) where there is none."""

    stolen: float = 0.0  # share of the cores that a neighbour takes
    issuer_s: float = 0.0  # that the issuers take longer
    eager: float = 0.0  # more of the failed try again
    sessions: float = 0.0  # of the security modules that are lost
    connections: float = 0.0  # of the database that nobody gives back
    fill_gb: float = 0.0
    slow_writes: float = 1.0
    slow_scores: float = 1.0
    slow_clearing: float = 1.0
    rejected: float = 0.0  # share of the issuers that refuse us
    lookup_s: float = 0.0  # that a name takes


@dataclass(frozen=True, slots=True)
class Step:
    """What happened in five seconds."""

    purchases: float  # with those that try again
    done: float
    failed: float
    retried: float
    fixed_s: float  # what a purchase takes but for the issuer and the queues
    issuer_s: float
    waits_s: float


class Cards:
    """All parts of the system, and ``last``: what happened in the last step."""

    def __init__(self, chance: Random) -> None:
        self.engine = Engine()
        self.chance = chance
        self.character: Character = drawn(chance)
        self.load = Load(chance, self.character)
        self.nodes = nodes(chance)
        self.faults = Faults()
        self.threads, self.cores = Station(QUEUE_ROOM), Station()
        self.models, self.sessions, self.writes = Station(), Station(), Station()
        self.clearing, self.cleared = Line(), 0.0
        self.score_scale = 1.0  # a new model may be slower
        self.issuer_scale = 1.0  # so may another route
        self.disk_gb = self.character.disk_gb
        self.replica_behind = 0.0  # writes
        self.batch_ended_at = -DAY_S / 2
        self.long_batch = False
        self.approved = 0.0
        self.refused_handshakes = 0.0
        self.waiting_retries = 0.0
        self.last = Step(0, 0, 0, 0, 0.1, 0.1, 0)
        self._wander = 0.0

    def step(self) -> None:
        """Go on by five seconds."""
        self.last = self._step()

    @property
    def batch(self) -> bool:
        """Whether the nightly batch is running."""
        own = self.character
        return within(self.engine.now, own.batch_hour, own.batch_s * (1.8 if self.long_batch else 1.0))

    @property
    def nodes_up(self) -> int:
        """How many nodes take work."""
        return sum(node.up(self.engine.now) for node in self.nodes)

    @property
    def connections(self) -> float:
        """How many connections of the database are taken."""
        return min(float(CONNECTIONS), BASE_CONNECTIONS + 1.5 * self.writes.busy + self.faults.connections)

    @property
    def disk_used(self) -> float:
        """The share of the database's disk that is used."""
        return min(1.0, (self.disk_gb + self.faults.fill_gb) / DISK_GB)

    # -- one step ------------------------------------------------------------------------------------------------
    def _step(self) -> Step:
        retried = self.waiting_retries * STEP_S / RETRY_AFTER_S
        self.waiting_retries -= retried
        purchases = self.load.drawn(self.engine.now, STEP_S) + retried
        fixed_s, waits_s = self._behind(purchases)
        issuer_s = self._issuer_s()
        hold_s = fixed_s + issuer_s + waits_s
        done, refused = self.threads.serve(purchases, STEP_S, self.nodes_up * THREADS, hold_s)
        waits_s += self.threads.wait_s
        failed = done * self._failing(fixed_s, issuer_s, waits_s) + refused
        self.waiting_retries += failed * min(0.95, self.character.retry + self.faults.eager)
        self._aftermath(done, max(0.0, done + refused - failed))
        return Step(purchases, done, failed, retried, fixed_s, issuer_s, waits_s)

    def _behind(self, purchases: float) -> tuple[float, float]:
        """Let everything behind the authoriser do its work; return what that takes without and with queues' waits."""
        own, faults, up = self.character, self.faults, max(1, self.nodes_up)
        for node in self.nodes:
            node.work(self.engine.now, purchases / up)
        running = [node for node in self.nodes if node.up(self.engine.now)]
        free = sum(1 - node.collecting for node in running) / max(1, len(running)) * (1 - faults.stolen)
        pause_s = sum(node.pause_s for node in running) / max(1, len(running))
        cpu_s = own.cpu_s / max(0.02, free)
        score_s = own.score_s * faults.slow_scores * self.score_scale
        write_s = own.write_s * faults.slow_writes * (1.5 if self.batch else 1.0)
        self.cores.serve(purchases, STEP_S, up * CORES, cpu_s)
        self.models.serve(purchases, STEP_S, MODELS, score_s)
        self.sessions.serve(purchases * SIGNATURES, STEP_S, SESSIONS - faults.sessions, own.sign_s)
        free_connections = CONNECTIONS - BASE_CONNECTIONS - faults.connections
        batch_writes = 0.35 * IO / own.write_s / 1.5 * STEP_S if self.batch else 0.0
        self.writes.serve(purchases * WRITES + batch_writes, STEP_S, min(IO, free_connections / 1.5), write_s)
        fixed_s = cpu_s + score_s + SIGNATURES * own.sign_s + WRITES * write_s + faults.lookup_s
        waits_s = pause_s + self.cores.wait_s + self.models.wait_s
        waits_s += SIGNATURES * self.sessions.wait_s + WRITES * self.writes.wait_s
        return fixed_s, min(waits_s, 60.0)

    def _issuer_s(self) -> float:
        """Return the middle time that the issuers take."""
        self._wander = 0.995 * self._wander + self.chance.gauss(0, 0.012)
        return self.character.issuer_s * self.issuer_scale * math.exp(self._wander) + self.faults.issuer_s

    def _failing(self, fixed_s: float, issuer_s: float, waits_s: float) -> float:
        """Return the share that comes too late or is refused."""
        if self.disk_used >= 1.0:
            return 1.0
        spare_s = TIMEOUT_S - fixed_s
        late = 1.0
        if spare_s > waits_s:
            sigma = self.character.issuer_sigma
            slow_issuer = 0.5 * math.erfc(math.log((spare_s - waits_s) / issuer_s) / (sigma * math.sqrt(2)))
            long_wait = math.exp(-(spare_s - issuer_s) / waits_s) if waits_s > 0.01 and spare_s > issuer_s else 0.0
            late = min(1.0, slow_issuer + long_wait)
        return 1 - (1 - late) * (1 - self.faults.rejected) * (1 - UNEXPLAINED * self.chance.uniform(0.3, 1.7))

    def _aftermath(self, done: float, approved: float) -> None:
        """Clear what was approved, and write it down everywhere."""
        own, now = self.character, self.engine.now
        self.approved += approved
        self.refused_handshakes += done * self.faults.rejected
        self.clearing.add(now, approved)
        capacity = own.clearing_rate * own.peak_rate / self.faults.slow_clearing * (0.6 if self.batch else 1.0)
        self.cleared = self.clearing.take(capacity * self.chance.uniform(0.9, 1.1) * STEP_S)
        a_day = own.peak_rate * DAY_S * 0.35  # purchases of a usual day, roughly
        self.disk_gb += approved / a_day * own.gb_a_day
        if within(now, own.purge_hour, 1800.0):  # what is too old to keep
            self.disk_gb = max(own.disk_gb, self.disk_gb - own.gb_a_day / 1800.0 * STEP_S)
        if self.batch:
            self.batch_ended_at = now
        copies = 1.5 * own.peak_rate * WRITES * STEP_S
        self.replica_behind = max(0.0, self.replica_behind + approved * WRITES * (2.2 if self.batch else 1.0) - copies)

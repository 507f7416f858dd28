"""The card system, as the director sees it: what can be done to it, and what its clients say."""

from random import Random
from typing import Final

from tests.hours.cards.character import CONNECTIONS, DISK_GB, HEAP_MB, SESSIONS
from tests.hours.cards.clients import Clients
from tests.hours.cards.exporters import Exporters
from tests.hours.cards.system import BASE_CONNECTIONS, Cards, Faults
from tests.hours.daily import DAY_S, HOUR_S, pace_of
from tests.hours.director import Hit, Pace
from tests.hours.engine import Steps
from tests.hours.items import Change, SlowFault, SuddenFault

ALL: Final = ("edge", "authoriser", "fraud-score", "hsm", "issuer-link", "card-db", "clearing")
HITS: Final = {  # what is in front of everything is hit by nearly everything
    "heap_leak": ("authoriser", "edge"),
    "disk_fill": ("card-db", "edge"),
    "queue_growth": ("clearing",),
    "noisy_neighbour": ("authoriser", "edge"),
    "retry_storm": ("issuer-link", "edge"),
    "connection_leak": ("card-db", "edge"),
    "session_loss": ("hsm", "edge"),
    "slow_writes": ("card-db", "edge"),
    "slow_scores": ("fraud-score", "edge"),
    "certificate": ("issuer-link", "edge"),
    "dns": ("issuer-link", "edge"),
    "partial_outage": ("authoriser", "edge"),
    "issuer_step": ("issuer-link", "edge"),
    "worker_stop": ("clearing",),
}
STOPPED: Final = 50.0  # by which clearing is slower when its workers have stopped


def pace(days: float) -> Pace:
    """Return how fast things go, for so many days."""
    return pace_of(days, tick_s=15.0, calm_s=(2 * HOUR_S, 5 * HOUR_S))


class CardsStage:
    """Everything is put right by taking the fault away, shedding the load that waits, and restarting what died."""

    def __init__(self, system: Cards, clients: Clients, exporters: Exporters, chance: Random) -> None:
        self.engine, self.clients = system.engine, clients
        self._system, self._exporters, self._chance = system, exporters, chance

    def hit(self, fault: SlowFault | SuddenFault) -> Hit:
        """Return what a fault hits; everything else is behind the same terminals, and depends on it."""
        return Hit.of(fault, HITS, ALL)

    def begin(self, fault: SlowFault) -> None:
        """Measure out what there is room for."""
        if fault.kind == "disk_fill":
            fault.strength["room_gb"] = DISK_GB - self._system.disk_gb

    def move(self, fault: SlowFault, level: float) -> None:
        """Move the resource of a slow fault to a level."""
        faults, strength = self._system.faults, fault.strength
        match fault.kind:
            case "heap_leak":
                for node in self._system.nodes:
                    node.leaked_mb = level * 0.85 * HEAP_MB * node.share
            case "disk_fill":
                faults.fill_gb = level * 1.02 * strength["room_gb"]
            case "queue_growth":
                faults.slow_clearing = 1 + level * (strength["slower"] - 1)
            case "noisy_neighbour":
                faults.stolen = min(0.98, level * strength["stolen"])
            case "retry_storm":
                faults.issuer_s, faults.eager = level * strength["issuer_s"], min(1.0, level) * strength["eager"]
            case "connection_leak":
                faults.connections = round(level * (CONNECTIONS - BASE_CONNECTIONS))
            case "session_loss":
                faults.sessions = float(min(SESSIONS, int(level * SESSIONS)))
            case _:
                self._slow_down(fault.kind, 1 + level * (strength["slower"] - 1))

    def _slow_down(self, kind: str, factor: float) -> None:
        match kind:
            case "slow_writes":
                self._system.faults.slow_writes = factor
            case "slow_scores":
                self._system.faults.slow_scores = factor
            case _:
                raise ValueError(f"no fault is called {kind}")

    def mend(self, fault: SlowFault) -> None:
        """Take a slow fault away; what leaked is freed by restarting one node after the other."""
        self._clean()
        if fault.kind == "heap_leak":
            for node in self._system.nodes:
                node.leaked_mb = 0.0

    def killed_at(self) -> float | None:
        """Return None: nodes that run out of memory restart by themselves."""
        return None

    def strike(self, fault: SuddenFault) -> None:
        """Begin a sudden fault."""
        faults = self._system.faults
        match fault.what:
            case "certificate":
                faults.rejected = fault.strength["share"]
            case "dns":
                faults.lookup_s = fault.strength["lookup_s"]
            case "issuer_step":
                faults.issuer_s = fault.strength["issuer_s"]
            case "partial_outage":
                for node in self._system.nodes[: int(fault.strength["nodes"])]:
                    node.broken = True
            case "worker_stop":
                faults.slow_clearing = STOPPED
            case _:
                raise ValueError(f"no fault is called {fault.what}")

    def repair(self, fault: SuddenFault) -> None:
        """End a sudden fault."""
        self._clean()
        if fault.what == "partial_outage":
            for node in self._system.nodes:
                if node.broken:
                    node.broken = False
                    node.restart(self.engine.now)

    def _clean(self) -> None:
        system = self._system
        system.faults = Faults()
        system.waiting_retries = 0.0
        for station in (system.threads, system.cores, system.models, system.sessions, system.writes):
            station.backlog = 0.0

    # -- changes that hurt nobody ------------------------------------------------------------------------------------
    def change(self, change: Change) -> Steps:
        """Do what hurts nobody."""
        system, details = self._system, change.details
        match change.kind:
            case "deployment":
                for node in system.nodes:
                    node.restart(self.engine.now)
                    yield self._chance.uniform(240, 420)
            case "new_model":
                system.score_scale *= details["slower"]
                self._exporters.new_model()
                yield 0.0
            case "campaign":
                system.load.burst = details["factor"]
                yield details["lasts_s"]
                system.load.burst = 1.0
            case "failover":
                system.replica_behind += self._chance.uniform(15, 60) * system.character.peak_rate
                system.faults.slow_writes = 2.0
                yield self._chance.uniform(60, 150)
                system.faults.slow_writes = 1.0
            case "long_batch":
                system.long_batch = True
                yield DAY_S / 4
                system.long_batch = False
            case "issuer_route":
                system.issuer_scale *= details["factor"]
                yield 0.0
            case _:
                raise ValueError(f"no change is called {change.kind}")

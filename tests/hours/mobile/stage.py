"""The mobile bank, as the director sees it: what can be done to it, and what its clients say."""

from random import Random
from typing import Final

from tests.hours.daily import HOUR_S, pace_of
from tests.hours.director import Hit, Pace
from tests.hours.engine import Steps
from tests.hours.items import Change, SlowFault, SuddenFault
from tests.hours.mobile.character import SCRAPE_S, VOLUME
from tests.hours.mobile.clients import Clients
from tests.hours.mobile.people import People
from tests.hours.mobile.system import Mobile

ALL: Final = (
    *("ingress", "mobile-bff", "accounts-api", "payments-api", "core-gateway", "session-cache"),
    *("accounts-db", "notifications", "notifier", "node", "cluster"),
)
HITS: Final = {  # what is in front of everything is hit by nearly everything
    "heap_leak": ("accounts-api", "ingress"),
    "connection_leak": ("accounts-api", "ingress"),
    "volume_fill": ("accounts-db", "payments-api", "ingress"),
    "partition_stuck": ("notifications",),
    "slow_core": ("core-gateway", "payments-api", "ingress"),
    "cache_erosion": ("session-cache", "accounts-db", "ingress"),
    "cpu_neighbour": ("node", "mobile-bff", "ingress"),
    "replication_lag": ("accounts-db",),
    "retry_storm": ("core-gateway", "payments-api", "ingress"),
    "node_lost": ("node", "cluster", "ingress"),
    "dns": ("mobile-bff", "core-gateway", "ingress"),
    "bad_version": ("mobile-bff", "ingress"),
    "core_gone": ("core-gateway", "payments-api", "ingress"),
}


def pace(days: float) -> Pace:
    """Return how fast things go, for so many days."""
    return pace_of(days, tick_s=SCRAPE_S, calm_s=(1.5 * HOUR_S, 4.5 * HOUR_S))


class MobileStage:
    """Everything is put right by taking the fault away, shedding the load that waits, and replacing what leaked."""

    def __init__(self, system: Mobile, clients: Clients, chance: Random) -> None:
        self.engine, self.clients = system.engine, clients
        self._system = system
        self._people = People(system, chance)

    def hit(self, fault: SlowFault | SuddenFault) -> Hit:
        """Return what a fault hits; everything else is behind the same app, and depends on it."""
        return Hit.of(fault, HITS, ALL)

    def begin(self, fault: SlowFault) -> None:
        """Measure out what there is room for, and let every process leak from nothing."""
        system = self._system
        if fault.kind == "volume_fill":
            fault.strength["room"] = VOLUME - system.database.volume
        for pod in system.accounts.pods:
            pod.leak_from = 0.0

    def move(self, fault: SlowFault, level: float) -> None:
        """Move the resource of a slow fault to a level."""
        system, strength = self._system, fault.strength
        faults = system.faults
        match fault.kind:
            case "heap_leak":
                faults.leak = level
            case "connection_leak":
                faults.unreturned = level
            case "volume_fill":
                system.database.filled = level * 1.02 * strength["room"]
            case "partition_stuck":
                system.notifications.slow = min(1.0, level * strength["slower"])
            case "slow_core":
                faults.core_s = level * strength["core_s"]
            case "cache_erosion":
                faults.eroded = min(1.0, level * strength["eroded"])
            case "cpu_neighbour":
                faults.stolen = min(0.98, level * strength["stolen"])
            case "replication_lag":
                system.database.slow_replica = min(1.0, level * strength["slower"])
            case "retry_storm":
                faults.core_s, faults.eager = level * strength["core_s"], min(1.0, level) * strength["eager"]
            case _:
                raise ValueError(f"no fault is called {fault.kind}")

    def mend(self, fault: SlowFault) -> None:
        """Take a slow fault away; what leaked is freed by replacing one process after the other."""
        if fault.kind in {"heap_leak", "connection_leak"}:
            self._people.replace_leaking()
        else:
            self._system.clean()

    def killed_at(self) -> float | None:
        """Return None: processes that run out of memory restart by themselves."""
        return None

    def strike(self, fault: SuddenFault) -> None:
        """Begin a sudden fault."""
        faults, strength = self._system.faults, fault.strength
        match fault.what:
            case "node_lost":
                self._people.lose(int(strength["node"]))
            case "dns":
                faults.lookup_s, faults.unresolved = strength["lookup_s"], strength["unresolved"]
            case "bad_version":
                self._people.release_bad(strength["share"])
            case "core_gone":
                faults.core_gone = True
            case _:
                raise ValueError(f"no fault is called {fault.what}")

    def repair(self, fault: SuddenFault) -> None:
        """End a sudden fault."""
        self._system.clean()
        match fault.what:
            case "node_lost":
                self._people.bring_back(int(fault.strength["node"]))
            case "bad_version":
                self._people.roll_back()

    def change(self, change: Change) -> Steps:
        """Do what hurts nobody."""
        return self._people.change(change)

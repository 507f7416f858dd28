"""The payments system, as the director of an hour sees it."""

from random import Random
from typing import Final

from tests.hours.director import Hit, Pace
from tests.hours.engine import Steps
from tests.hours.items import Change, SlowFault, SuddenFault
from tests.hours.payments.faults import HITS, apply
from tests.hours.payments.system import Payments

PACE: Final = Pace(
    warm_up_s=60.0,
    lasts_s=3600.0,
    no_fault_after_s=3400.0,
    nothing_after_s=3560.0,
    first_s=(240, 420),
    calm_s=(25, 75),
    long_calm_s=(200, 330),
    tick_s=0.5,
    operator_s=(11.8, 12.8),
    repair_s=(2, 13),
    unnoticed_s=90.0,
    well_s=15.0,
    patience_s=180.0,
)
STEPS: Final = {"psp_step": "upstream_latency", "loop_step": "loop_block", "lock_step": "lock_contention"}
LIKE: Final = {  # the slow fault that hits the same services
    "kill_db": "disk_fill",
    "kill_api": "loop_block",
    "kill_worker": "slow_worker",
    "psp_step": "upstream_latency",
    "loop_step": "loop_block",
    "lock_step": "lock_contention",
}


class PaymentsStage:
    """What can be done to the system, and what its clients say."""

    def __init__(self, system: Payments, chance: Random) -> None:
        self.engine, self.clients = system.engine, system.clients
        self._system = system
        self._chance = chance

    def hit(self, fault: SlowFault | SuddenFault) -> Hit:
        """Return what a fault hits."""
        if isinstance(fault, SlowFault):
            return Hit(fault.kind, *HITS[fault.kind])
        kind = "sudden_kill" if fault.what.startswith("kill") else "sudden_step"
        return Hit(kind, *HITS[LIKE[fault.what]])

    def begin(self, fault: SlowFault) -> None:
        """Forget who was killed before."""
        del fault
        self._system.process.killed_at = None

    def move(self, fault: SlowFault, level: float) -> None:
        """Move the resource of a slow fault to a level; not of a process that is gone."""
        self._apply(fault.kind, level, fault.strength)

    def mend(self, fault: SlowFault) -> None:
        """Take a slow fault away, and start what the kernel killed."""
        self._apply(fault.kind, 0.0, fault.strength)
        if not self._system.process.up:
            self._system.start_process()

    def killed_at(self) -> float | None:
        """Return when the kernel killed the process."""
        return self._system.process.killed_at

    def strike(self, fault: SuddenFault) -> None:
        """Begin a sudden fault."""
        match fault.what:
            case "kill_db":
                self._system.kill_database()
            case "kill_api":
                self._system.kill_process()
            case "kill_worker":
                self._system.settlement.up = False
            case step:
                self._apply(STEPS[step], 1.0, fault.strength)

    def repair(self, fault: SuddenFault) -> None:
        """End a sudden fault."""
        match fault.what:
            case "kill_db":
                self._system.start_database()
            case "kill_api":
                self._system.start_process()
            case "kill_worker":
                self._system.settlement.up = True
            case step:
                self._apply(STEPS[step], 0.0, fault.strength)

    def _apply(self, kind: str, level: float, strength: dict[str, float]) -> None:
        apply(self._system, self._chance, kind, level, strength)

    def change(self, change: Change) -> Steps:
        """Do what hurts nobody."""
        system, chance = self._system, self._chance
        match change.kind:
            case "load_burst":
                system.load.burst = change.details["factor"]
                yield chance.uniform(25, 60)
                system.load.burst = 1.0
            case "deploy_restart":
                system.replace_process()
                yield chance.uniform(0.8, 1.3)
            case "config_change":
                self._set(**change.details["set"])
                yield 0.0
            case "vacuum":
                system.database.vacuum(read=chance.uniform(4000, 8000), hit=chance.uniform(4000, 8000))
                yield chance.uniform(0.2, 0.7)
            case "nightly_batch":
                system.reporting.nightly = True
                yield chance.uniform(30, 60)
                system.reporting.nightly = False
            case _:
                raise ValueError(f"no change is called {change.kind}")

    def _set(
        self, psp_base_ms: float | None = None, cache_ttl_s: float | None = None, cpu_factor: float | None = None
    ) -> None:
        system = self._system
        if psp_base_ms is not None:
            system.provider.base_s = psp_base_ms / 1e3
        if cache_ttl_s is not None:
            system.cache.ttl_s = cache_ttl_s
        if cpu_factor is not None:
            system.process.cpu_scale *= cpu_factor

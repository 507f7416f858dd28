"""What faults are called."""

from typing import Final

from streams.demo.recording import Fault

_NAMES: Final = {
    "conn_leak": "connection leak",
    "loop_block": "blocked event loop",
    "disk_fill": "disk filling up",
    "upstream_latency": "slow provider",
    "slow_worker": "slow settlement worker",
    "sudden_kill": "database killed",
    "lock_contention": "lock contention",
    "mem_leak": "memory leak",
    "cpu_neighbour": "busy neighbour",
}


def title(fault: Fault) -> str:
    """Return what an incident is called."""
    return f"telemetry fault: {fault.detail}" if fault.is_data else called(fault.kind)


def called(kind: str) -> str:
    """Return what a kind of fault or of change is called."""
    return _NAMES.get(kind, kind.replace("_", " "))

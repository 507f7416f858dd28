"""What is wrong with the mobile bank."""

from dataclasses import dataclass


@dataclass(slots=True)
class Faults:
    """How far each fault is; 0 where there is none."""

    leak: float = 0.0  # of the accounts-api's heap
    unreturned: float = 0.0  # of its connections
    stolen: float = 0.0  # share of the cores that a neighbour takes on half of the nodes
    core_s: float = 0.0  # that the core bank takes longer
    core_gone: bool = False
    eager: float = 0.0  # more of the failed try again
    eroded: float = 0.0  # share of the cache's answers that are gone
    lookup_s: float = 0.0  # that a name takes
    unresolved: float = 0.0  # share of names that are not found
    broken: float = 0.0  # share of what a bad version cannot do

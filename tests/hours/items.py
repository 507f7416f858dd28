"""What may happen to a system: slow faults, sudden faults, telemetry that lies, and changes that hurt nobody."""

from dataclasses import dataclass, field
from random import Random
from typing import Any

from tests.hours import ramps
from tests.hours.collector import DataFault


@dataclass(slots=True)
class SlowFault:
    """A resource that is moved little by little; whether clients feel it is measured, not said here."""

    kind: str
    length_s: int  # design length
    shape: str
    reach: float = 1.0  # how far it goes; 1 is where it is meant to hurt
    abort: float | None = None  # share of its length after which it stops by itself
    strength: dict[str, float] = field(default_factory=dict)  # what 1 means

    @property
    def lasts_s(self) -> float:
        """How long it goes on if nobody feels it."""
        return self.length_s * (1.45 if self.shape != "turn" else 1.15)

    @property
    def details(self) -> dict[str, Any]:
        """What the labels say of it."""
        return {"T": self.length_s, "shape": self.shape, "reach": self.reach, "abort": self.abort, **self.strength}

    def level(self, since_s: float) -> float:
        """Return how far it is so long after its beginning."""
        return ramps.level(self.shape, since_s / self.length_s) * self.reach


@dataclass(frozen=True, slots=True)
class SuddenFault:
    """Something that is there at once, or gone."""

    what: str
    strength: dict[str, float]


@dataclass(frozen=True, slots=True)
class DataItem:
    """Telemetry lies for a while; what stays is said so from then on, and nobody takes it back."""

    fault: DataFault
    lasts_s: float
    stays: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """Something that people do and that hurts nobody."""

    kind: str
    details: dict[str, Any]


Item = SlowFault | SuddenFault | DataItem | Change


def slow_fault(
    chance: Random, kind: str, length_s: int, fates: tuple[float, float, float], short: tuple[float, float]
) -> SlowFault:
    """Draw how a fault grows: ``fates`` are the shares, added up, that bend, turn back or stop before it hurts.

    How far those come is drawn from ``short``; whether that hurts after all is measured.
    """
    fault = SlowFault(kind, length_s, chance.choice(ramps.SHAPES))
    bends, turns, stops = fates
    fate = chance.random()
    if fate < bends:
        fault.shape, fault.reach = "saturate", chance.uniform(*short)
    elif fate < turns:
        fault.shape, fault.reach = "turn", chance.uniform(*short)
    elif fate < stops:
        fault.shape, fault.abort = "lin", chance.uniform(*short)
    return fault

"""What the samples of a series are declared to be: in which unit, and whether they are the totals of a counter."""

from functools import lru_cache
from typing import NamedTuple

from domain.errors import StateError
from domain.state import Plain
from domain.telemetry import SampleKind
from domain.units import factor


class Declared(NamedTuple):
    """A unit, "" where none was declared, and a kind."""

    unit: str
    kind: SampleKind

    def factor(self, other: "Declared") -> float | None:
        """Return by what a value is multiplied to be one of the other sort; None if nothing does that.

        What declares no unit is taken as it comes.
        """
        if self.kind is not other.kind:
            return None
        return factor(self.unit, other.unit) if self.unit and other.unit else 1.0

    def against(self, other: "Declared") -> tuple[str, str]:
        """Return what it is and what the other is, as a person says it."""
        if self.kind is not other.kind:
            return f"a {self.kind}", f"a {other.kind}"
        return f"in {self.unit}", other.unit


class Foreign(NamedTuple):
    """Other samples that a series gets, and by what they become such as are judged."""

    declared: Declared
    factor: float | None  # None: nothing does that, and they are passed over
    run: int = 0  # how many of those came in a row
    heard: int = 0  # in all
    after: int = 0  # samples of the series once the last of them had come


class Measure(NamedTuple):
    """What is judged of a series; ``foreign``: the samples that are something else, if there are any.

    ``wanted`` is what its objectives are for, if that is something else and nothing holds them against it; ``turns``:
    how often it became something else, one time soon after the other.
    """

    unit: str = ""
    kind: SampleKind = SampleKind.GAUGE
    foreign: Foreign | None = None
    wanted: Declared | None = None
    turns: int = 0

    @property
    def declared(self) -> Declared:
        """Unit and kind."""
        return Declared(self.unit, self.kind)

    def snapshot(self) -> Plain:
        """Return it as plain data."""
        foreign, wanted = self.foreign, self.wanted
        return [
            self.unit,
            self.kind.value,
            None if foreign is None else [foreign[0].unit, foreign[0].kind.value, *foreign[1:]],
            None if wanted is None else [wanted.unit, wanted.kind.value],
            self.turns,
        ]

    @staticmethod
    def of(state: Plain) -> "Measure":
        """Return what was saved."""
        match state:
            case [str() as unit, str() as kind, foreign, wanted, int() as turns]:
                wanted = None if wanted is None else _declared(wanted)
                return measured(unit, SampleKind(kind), _foreign(foreign), wanted, turns)
            case _:
                raise StateError("the saved measure of a series is damaged")


@lru_cache(maxsize=1024)
def measured(
    unit: str, kind: SampleKind, foreign: Foreign | None = None, wanted: Declared | None = None, turns: int = 0
) -> Measure:
    """Return a measure: one object for all series of which it is the same."""
    return Measure(unit, kind, foreign, wanted, turns)


def kept(measure: Measure, unit: str | None, *, same: bool) -> Measure | None:
    """Return the saved measure of a series as objectives in this unit want it; None: it must be learnt anew.

    There are no objectives if ``unit`` is None. ``same``: nothing about them has changed. A limit that has is in
    today's unit if it names none.
    """
    if same:
        return measure
    times = factor(measure.unit, unit) if measure.unit and unit else 1.0
    converted = measure.foreign is not None and measure.foreign.factor is not None
    if times not in {None, 1.0} or (unit == "" and converted):
        return None
    wanted = Declared(unit or "", measure.kind) if times is None else None
    mine = unit if unit and times == 1.0 else measure.unit
    return measured(mine, measure.kind, measure.foreign, wanted, measure.turns)


def _declared(state: Plain) -> Declared:
    match state:
        case [str() as unit, str() as kind]:
            return Declared(unit, SampleKind(kind))
        case _:
            raise StateError("the saved measure of a series is damaged")


def _foreign(state: Plain) -> Foreign | None:
    match state:
        case None:
            return None
        case [unit, kind, None | float() | int() as times, int() as run, int() as heard, int() as after]:
            return Foreign(_declared([unit, kind]), None if times is None else float(times), run, heard, after)
        case _:
            raise StateError("the saved measure of a series is damaged")


UNDECLARED = measured("", SampleKind.GAUGE)

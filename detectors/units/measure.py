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
    """Samples that are declared to be something else than the series is judged as, and by what they are converted."""

    declared: Declared
    factor: float | None  # times the value is what is judged; None: nothing converts them, and they are passed over
    run: int = 0  # how many of those came in a row
    heard: int = 0  # in all
    after: int = 0  # samples of the series once the last of them had come


class Measure(NamedTuple):
    """As what a series is judged: the unit and the kind in which its detectors and objectives see each value.

    ``foreign``: the samples that are declared to be something else, if any come. ``wanted``: what its objectives are
    for, if that is something else and they are held against nothing. ``turns``: how often it became something else,
    one time soon after the other. ``kind`` is None for a counter that is in doubt (`counting`); a counter that counts
    no longer is a gauge, and its samples are ``foreign``.
    """

    unit: str = ""
    kind: SampleKind | None = SampleKind.GAUGE
    foreign: Foreign | None = None
    wanted: Declared | None = None
    turns: int = 0

    @property
    def declared(self) -> Declared:
        """Unit and kind."""
        return Declared(self.unit, self.kind or SampleKind.COUNTER)

    @property
    def doubted(self) -> bool:
        """Whether it is a counter that fell: each further sample is asked whether it still counts."""
        return self.kind is None

    @property
    def counts_no_longer(self) -> bool:
        """Whether its values are judged as they come, though they are declared to be a counter's."""
        known = self.foreign
        return known is not None and known.factor is not None and known.declared.kind is not self.kind

    def watched(self, unit: str, kind: SampleKind) -> bool:
        """Whether a sample declared so may show that the series counts no longer, or counts again."""
        return kind is SampleKind.COUNTER and (self.doubted or self.counts_no_longer) and unit in {"", self.unit}

    @property
    def with_doubt(self) -> "Measure":
        """The same of a counter that is in doubt from here on; unchanged where other samples come, too."""
        return self if self.foreign is not None else measured(self.unit, None, None, self.wanted, self.turns)

    @property
    def without_doubt(self) -> "Measure":
        """The same of a counter that counts."""
        return measured(self.unit, SampleKind.COUNTER, None, self.wanted, self.turns)

    def snapshot(self) -> Plain:
        """Return it as plain data."""
        foreign, wanted = self.foreign, self.wanted
        return [
            self.unit,
            None if self.kind is None else self.kind.value,
            None if foreign is None else [foreign[0].unit, foreign[0].kind.value, *foreign[1:]],
            None if wanted is None else [wanted.unit, wanted.kind.value],
            self.turns,
        ]

    @staticmethod
    def of(state: Plain) -> "Measure":
        """Return what was saved."""
        match state:
            case [str() as unit, None | str() as kind, foreign, wanted, int() as turns]:
                wanted = None if wanted is None else _declared(wanted)
                kind = None if kind is None else SampleKind(kind)
                return measured(unit, kind, _foreign(foreign), wanted, turns)
            case _:
                raise StateError("the saved measure of a series is damaged")


@lru_cache(maxsize=1024)
def measured(
    unit: str, kind: SampleKind | None, foreign: Foreign | None = None, wanted: Declared | None = None, turns: int = 0
) -> Measure:
    """Return a measure: one object for all series of which it is the same."""
    return Measure(unit, kind, foreign, wanted, turns)


def kept(measure: Measure, unit: str | None, *, same: bool) -> Measure | None:
    """Return the saved measure of a series as the objectives of today's configuration want it; None: learn it anew.

    There are no objectives if ``unit`` is None. ``same``: nothing about them has changed. A limit that has is in
    today's unit if it names none.
    """
    if same:
        return measure
    times = factor(measure.unit, unit) if measure.unit and unit else 1.0
    converted = measure.foreign is not None and measure.foreign.factor not in {None, 1.0}
    if times not in {None, 1.0} or (unit == "" and converted):
        return None
    wanted = Declared(unit or "", measure.declared.kind) if times is None else None
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

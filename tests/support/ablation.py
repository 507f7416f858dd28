"""Detection with one ingredient left out, and the level detector with a part of it missing."""

import math
from collections.abc import Mapping
from struct import Struct
from typing import Any, NamedTuple

from detectors.level import MOMENTS, NUMBER, SAYS, UNIT, LevelDetector, LevelParams
from detectors.registry import DETECTORS, Entry
from domain.anomaly import Verdict
from domain.identity import SeriesKey

NEVER = 1e12  # more surprises than any series has
ALL = frozenset(range(NUMBER))
FLOOR, MOMENT = Struct("@f"), Struct("@d")  # as they lie in a record: the moments in MODEL, the floors after MARKS


class Fewer(LevelDetector):
    """Some residuals never reach the floor of their tail, or are never large beside their moment."""

    def __init__(self, params: LevelParams, place: int, tails: frozenset[int], moments: frozenset[int]) -> None:
        super().__init__(params, place)
        self._without = [(FLOOR, self._floors + FLOOR.size * which) for which in sorted(tails)]
        self._without += [(MOMENT, self._model + MOMENT.size * (MOMENTS + which)) for which in sorted(moments)]

    def observe(self, record: bytearray, key: SeriesKey, at: float, value: float, *, learn: bool) -> Verdict:
        for number, place in self._without:
            number.pack_into(record, place, math.inf)
        return super().observe(record, key, at, value, learn=learn)


class Variant(NamedTuple):
    """What is left out: parameters of detection that differ from the default, residuals without tails or moments."""

    name: str
    params: Mapping[str, Any] = {}
    tails: frozenset[int] = frozenset()
    moments: frozenset[int] = frozenset()

    @property
    def unit(self) -> float:
        """The scale of the level detector: one of two answers that are averaged counts for both."""
        return UNIT if self.tails == self.moments else 2.0 * UNIT

    @property
    def detectors(self) -> tuple[Entry, ...]:
        """The table of detectors with such a level detector in it."""
        tails, moments = self.tails, self.moments
        if not tails and not moments:
            return DETECTORS
        level = DETECTORS[0]
        made = Entry(level.name, level.leads_to, lambda params, place: Fewer(params.level, place, tails, moments))
        return (made, *DETECTORS[1:])


SEASONAL = frozenset({2, 3, 4, 5})
VARIANTS = (
    Variant("everything"),
    *(Variant(f"without: {says}", {}, frozenset({i}), frozenset({i})) for i, says in enumerate(SAYS)),
    Variant("without the four seasonal residuals", {}, SEASONAL, SEASONAL),
    Variant("without tails", tails=ALL),
    Variant("without the third moment", moments=ALL),
    Variant("without holding back what keeps coming", {"level": {"surprises": NEVER}}),
    *(
        Variant(f"without {name}", {"without": (name,)})
        for name in ("level", "agreement", "stuck", "silence", "integrity", "unit", "schema", "objective", "forecast")
    ),
    Variant("without the rest after an opening", {"fusion": {"refractory": 0, "refractory_many": 0}}),
    Variant("without persistence", {"fusion": {"persist": 1}}),
    Variant("without patience before an end", {"fusion": {"clear": 1, "clear_unusual": 1}}),
    Variant(
        "without higher bars beside objectives",
        {"fusion": {"with_objectives": 0.0, "with_own": 0.0, "without_own": 0.0}},
    ),
    Variant("without holding back what keeps coming to a whole service", {"agreement": {"surprises": NEVER}}),
)

"""Detection with one ingredient left out: by its parameters, or with other code in the place of a part."""

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from struct import Struct
from typing import Any, NamedTuple, TypeVar

import pytest
from pydantic import BaseModel

from detectors.anomalies.fusion import FusionParams
from detectors.detection import Detection
from detectors.forecast.trend import TrendForecaster
from detectors.params import DetectionParams
from detectors.registry import DETECTORS, Entry
from detectors.series.bank import Series
from detectors.units.unit_jump import Jump, UnitWatch
from detectors.values.beginning import Three
from detectors.values.level import MOMENTS, NUMBER, SAYS, UNIT, LevelDetector, LevelParams
from detectors.values.recurrence import ENOUGH
from domain.anomaly import Anomalous, Normal, Verdict
from domain.identity import SeriesKey

Model = TypeVar("Model", bound=BaseModel)
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
    """What is left out: parameters of detection that differ from the default, residuals without tails or moments, code.

    ``changes``: what stands in the place of a function, a constant or a piece of state, by its dotted name.
    """

    name: str
    params: Mapping[str, Any] = {}
    tails: frozenset[int] = frozenset()
    moments: frozenset[int] = frozenset()
    changes: Mapping[str, Any] = {}

    @property
    def patches(self) -> Mapping[str, Any]:
        """What is to be put in the place of what, by its dotted name."""
        return {
            "detectors.series.placed.DETECTORS": self.detectors,
            "detectors.values.level.UNIT": self.unit,
            **self.changes,
        }

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


def always(answer: object) -> Callable[..., Any]:
    """Return a function that says the same whatever it is asked."""
    return lambda *_args, **_kwargs: answer


def stays(value: object) -> property:
    """Return an attribute that is this, whatever is written to it."""
    return property(always(value), always(None))


def first(values: Three) -> tuple[float, float]:
    """Return the first of three values, and how far the second is from it."""
    return values[0], abs(values[1] - values[0])


def every(series: Series, score: float, bars: FusionParams) -> float:  # noqa: ARG001 - as the method that it replaces
    """Return the score: each is news."""
    return score


def by_rarity(verdict: Normal | Anomalous, bar: float) -> float:  # noqa: ARG001 - as the function that it replaces
    """Return the score of a verdict however far it passes the largest of late."""
    return verdict.score


def as_another(series: Series, watch: UnitWatch, factor: float, sure: float) -> Jump | None:  # noqa: ARG001 - likewise
    """Return a change of unit, though the series goes back to where it stood before."""
    return watch.settle(factor, sure)


SEASONAL = frozenset({2, 3, 4, 5})
HEADING = "detectors.forecast.heading"
OF_LEVEL = (
    Variant("without following a level that moves for good", changes={"detectors.values.shift.Shift.by": always(0.0)}),
    Variant("without the median of three at the beginning", changes={"detectors.values.level.middle": first}),
    Variant(
        "without forgetting a wild beginning", changes={"detectors.values.beginning.Beginning.outgrown": always(0.0)}
    ),
    Variant("without knowing what comes every day", changes={"detectors.values.recurrence.known": always(False)}),
    Variant("without news only", changes={"detectors.series.bank.Series.surprise": every}),
    Variant("without rank by the largest of late", changes={"detectors.detection.ranked": by_rarity}),
    Variant("without an end of rest after half a day", changes={"detectors.anomalies.fusion.LONGEST_REST_S": math.inf}),
)
OF_UNITS = (
    Variant(
        "without the way back to an earlier unit",
        changes={
            "detectors.changes.rescaled._settled": as_another,
            "detectors.units.unit_jump.UnitWatch.back": stays(-math.inf),
        },
    ),
    Variant("without round numbers", changes={"detectors.units.unit_doubt.carried": always(0.0)}),
    Variant("without other series in doubt", changes={"detectors.changes.rescaled._at_once": lambda *_: iter(())}),
)
BESIDE_OBJECTIVES = (
    Variant(
        "without on its way, in more than one odd sample",
        changes={"detectors.forecast.trend.TrendForecaster.coming": TrendForecaster.near},
    ),
    Variant("without on its way at all", changes={"detectors.anomalies.fusion.Fusion._matters": always(True)}),
    Variant("without knowing what comes every day sooner", changes={"detectors.values.recurrence.SOON": ENOUGH}),
    Variant(
        "without good time that takes back bad time",
        changes={"detectors.values.objective.ObjectiveDetector._balance_s": stays(-1.0)},
    ),
    Variant(
        "without one missed sample where a limit is passed",
        changes={"detectors.detection.Detection._hurts": always(False)},
    ),
)
OF_FORECASTS = (
    Variant(
        "without the record of forecasts",
        changes={"detectors.forecast.foretold.Foretold.corrected": lambda _, odds: odds},
    ),
    Variant("without usual slopes", changes={"detectors.forecast.steepness.Steepness.usual": stays(0.0)}),
    Variant("without a look at the newest third", changes={f"{HEADING}._halted": always(False)}),
    Variant("without a look for steps", changes={f"{HEADING}._stepped": always(False)}),
    Variant("without the sample before", changes={f"{HEADING}.Heading._before": stays(math.inf)}),
    Variant("without a doubt about every slope", changes={f"{HEADING}.DOUBT": 0.0, f"{HEADING}.SLOW_DOUBT": 0.0}),
    Variant("without the bend", changes={f"{HEADING}.bend": always(0.0)}),
    Variant("without a bound on the bend", changes={f"{HEADING}.AWAY": math.inf}),
    Variant("without means", {"forecast": {"spacing": 10**9}}),
    Variant("without how near it was of late", changes={f"{HEADING}.Heading._is_new_high": always(True)}),
    Variant("without short and long windows", {"forecast": {"windows": (30,)}}),
)
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
    *OF_LEVEL,
    *OF_UNITS,
    *BESIDE_OBJECTIVES,
    *OF_FORECASTS,
)


def changed(base: Model, changes: Mapping[str, Any]) -> Model:
    """The parameters with these differences, section by section."""
    new = {
        name: changed(getattr(base, name), value) if isinstance(value, Mapping) else value
        for name, value in changes.items()
    }
    return base.model_copy(update=new)


@contextmanager
def left_out(variant: Variant) -> Iterator[None]:
    """Whatever detects from now on does without it."""
    begin = Detection.__init__

    def begin_without(detection: Detection, params: DetectionParams, *rest: Any) -> None:
        begin(detection, changed(params, variant.params), *rest)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Detection, "__init__", begin_without)
        for name, instead in variant.patches.items():
            patch.setattr(name, instead)
        yield

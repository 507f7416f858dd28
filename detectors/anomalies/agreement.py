"""Are the series of a service unusual together? Evidence that is added up over series, not maximised.

Every series keeps a short fading mean of its rarity (nines). Their sum over the service is the evidence, taken once per
round (as many samples as there are series, so that series of any cadence mix). Series of one service move together, so
their sum bounds nothing by itself; the evidence is therefore held against its own history, as a residual is in
``level``: E^3 / mean(E^3) has a long-run mean of 1, and by Markov's inequality at most one round in T reaches T. A
service that is often a little unusual in many places sets its own bar high. Where nothing ever happens that bar is low,
so the evidence must also be more than independent noise reaches: see ``chance``. And what keeps coming back is no news:
beyond a number of such surprises within the memory, further ones count for less, as in ``level``.

Source: adding -log p over tests is R. A. Fisher, "Statistical Methods for Research Workers" (1925), section 21.1.
"""

import math
from array import array
from collections.abc import Collection
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from detectors.calibration import nines_of, score_of
from domain.anomaly import Evidence
from domain.errors import StateError
from domain.identity import SeriesKey
from domain.state import Plain

NAME = "agreement"
NAMED = 4  # series that the evidence names
UNUSUAL = 0.5  # nines from which a series counts as taking part
SEVERAL = 3  # series must take part
CAUTIOUS = 100  # rounds before the first judgement
REST = 12  # rounds without a surprise after which the next one is another one
SLOW = 0.05  # share of the newest value in the usual value that the evidence shows
RANGE = 4.0  # mean distances from the usual value within which values are expected
Share = Annotated[float, Field(gt=0, le=1)]


class AgreementParams(BaseModel):
    """How the evidence of several series is added up."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    most: float = Field(2.0, gt=0, description="Rarity (nines) that one series can add at most.")
    newest: Share = Field(0.8, description="Share of the newest sample in the evidence of a series.")
    memory: Share = Field(0.0005, description="Share of the newest round in what is usual for a service.")
    clip: float = Field(20.0, gt=1, description="Evidence is learnt up to this many times its usual size.")
    suspect: float = Field(0.7, gt=0, description="Rarity (nines) of a round from which it is a finding.")
    surprises: float = Field(
        8.0, gt=0, description="Surprises within the memory beyond which further ones count for less."
    )


def chance(series: int) -> float:
    """Return the sum of nines that noise does not reach.

    In 3,000 rounds of independent noise (Gaussian, exponential, Student's t with 3 degrees of freedom, autoregressive)
    the largest sum was 1.9 for 2 series, 2.6 for 4, 3.8 for 10, 5.5 for 19 and 7.5 for 40: three quarters to nine
    tenths of this.
    """
    return 1.0 + 0.8 * math.sqrt(series) + 0.1 * series


class Agreement:
    """All series of one service. State: four numbers per series, and the history of the evidence in four."""

    __slots__ = (
        "_count", "_evidence", "_keys", "_last", "_leader", "_moment", "_often", "_params", "_seen", "_since",
        "_surprised", "_usual", "_width",
    )  # fmt: skip

    def __init__(self, params: AgreementParams) -> None:
        self._params = params
        self._keys: list[SeriesKey] = []
        self._evidence = array("d")  # fading mean of the nines, per series
        self._last = array("d")  # the newest value, and below what is usual: for people
        self._usual = array("d")
        self._width = array("d")  # mean distance from the usual
        self._seen = 0  # samples of this round
        self._moment, self._count = 0.0, 0
        self._often = 0.0  # surprises within the memory, as of the last one,
        self._surprised = 0  # which was in this round, of those that were learnt
        self._leader = -1  # the series that leads the run of findings, or led the last one
        self._since: float | None = None  # when that run began; None: there is none

    @property
    def leader(self) -> SeriesKey | None:
        """The series that leads the current run of findings, or led the last one; None before the first."""
        return self._keys[self._leader] if self._leader >= 0 else None

    def add(self, key: SeriesKey) -> int:
        """Take in a new series; return its place."""
        self._keys.append(key)
        self._evidence.append(0.0)
        for column in (self._last, self._usual):
            column.append(math.nan)
        self._width.append(0.0)
        return len(self._keys) - 1

    def forget(self, keys: Collection[SeriesKey]) -> None:
        """Drop the evidence of series that are silent; another one leads what goes on."""
        for place, key in enumerate(self._keys):
            if key in keys:
                self._evidence[place], self._last[place] = 0.0, math.nan

    def drop(self, keys: Collection[SeriesKey]) -> None:
        """Forget series altogether; the places of those after them move up."""
        kept = [place for place, key in enumerate(self._keys) if key not in keys]
        if self._leader not in kept:
            self._leader, self._since = -1, None
        else:
            self._leader = kept.index(self._leader)
        self._keys = [self._keys[place] for place in kept]
        columns = (self._evidence, self._last, self._usual, self._width)
        self._evidence, self._last, self._usual, self._width = (array("d", [c[i] for i in kept]) for c in columns)

    def anew(self, place: int) -> None:
        """Drop all that is known of a series whose values are something else from now on; it leads no more."""
        self._evidence[place], self._width[place] = 0.0, 0.0
        self._last[place] = self._usual[place] = math.nan

    def observe(self, place: int, value: float, score: float, *, learn: bool) -> bool:
        """Add the score of one sample; return whether it completes a round, to be closed then."""
        nines = min(self._params.most, nines_of(score)) if score > 0 else 0.0
        self._evidence[place] += self._params.newest * (nines - self._evidence[place])
        away = value - self._usual[place]
        if away != away:  # noqa: PLR0124 - not a number: the first value; a call would cost more, per sample
            self._usual[place] = value
        elif learn and self._since is None:  # what came before a run of findings is what was usual
            self._usual[place] += SLOW * away
            self._width[place] += SLOW * (abs(away) - self._width[place])
        self._last[place] = value
        self._seen += 1
        return self._seen >= len(self._keys)

    def close(self, at: float, *, learn: bool) -> Evidence | None:
        """Judge the round and begin the next one; return the finding, if it is one."""
        self._seen = 0
        total = sum(self._evidence)
        rarity = self._rarity(total / len(self._keys), learn=learn)
        few = sum(nines >= UNUSUAL for nines in self._evidence) < SEVERAL
        if rarity >= self._params.suspect and not few and total >= chance(len(self._keys)):
            rarity = self._damped(rarity, learn=learn)
        else:
            rarity = 0.0
        if rarity < self._params.suspect:
            self._since = None
            return None
        self._leader, self._since = self._lead(), at if self._since is None else self._since
        return self._tell(at, rarity, self._leader, self._since)

    def _lead(self) -> int:
        """Return the series to name: the one that leads for as long as a person sees it to be unusual, else the rarest.

        Of those that a person sees to be, if there are any: a sum may be rare though no value is.
        """
        if self._since is not None and self._is_away(self._leader):
            return self._leader
        taking_part = [place for place, nines in enumerate(self._evidence) if nines >= UNUSUAL]
        return max(taking_part, key=lambda place: (self._is_away(place), self._evidence[place]))

    def _is_away(self, place: int) -> bool:
        """Whether the newest value of a series is not among its usual ones; no while either is unknown."""
        return abs(self._last[place] - self._usual[place]) > RANGE * self._width[place]

    def _rarity(self, mean: float, *, learn: bool) -> float:
        """Return the nines of a round, then learn it, clipped."""
        cube, usual, most = mean**3, self._moment, self._params.clip**3
        if learn:
            self._count += 1
            share = max(self._params.memory, 1.0 / self._count)
            self._moment += share * ((min(cube, most * usual) or cube) - usual)
        if self._count <= CAUTIOUS or cube <= usual:
            return 0.0
        return math.log10(min(cube / usual if usual > 0 else most, most, self._count))

    def _damped(self, rarity: float, *, learn: bool) -> float:
        """Return what is left of the nines of a service that has surprised too often, and count this surprise."""
        allowed, rounds = self._params.surprises, self._count - self._surprised
        often = self._often * (1.0 - self._params.memory) ** rounds
        if learn:
            self._often, self._surprised = often + (rounds > REST), self._count
        return rarity if often <= allowed else rarity * (allowed / often) ** 2

    def _tell(self, at: float, rarity: float, lead: int, since: float) -> Evidence:
        ranked = sorted(range(len(self._keys)), key=lambda i: -self._evidence[i])
        taking_part = [i for i in ranked if self._evidence[i] >= UNUSUAL]
        names = ", ".join(self._keys[i].metric for i in (taking_part or ranked)[:NAMED])
        actual, expected = self._last[lead], self._usual[lead]
        width = RANGE * self._width[lead]
        detail = f"{len(taking_part)} of {len(self._keys)} series are unusual together, most of all {names}"
        return Evidence(
            NAME, self._keys[lead], at, actual, expected, expected - width, expected + width, score_of(rarity), since,
            detail,
        )  # fmt: skip

    def snapshot(self) -> Plain:
        """Return the whole state as plain data; the series themselves are kept by the bank, in the same order."""
        columns = [
            [None if math.isnan(x) else x for x in c] for c in (self._evidence, self._last, self._usual, self._width)
        ]
        numbers = [self._seen, self._moment, self._count, self._often, self._surprised, self._leader]
        return [columns, *numbers, self._since]

    def restore(self, state: Plain) -> None:
        """Take over a snapshot; the series must have been added already."""
        match state:
            case [[[*evidence], [*last], [*usual], [*width]], seen, moment, count, often, surprised, leader, since] if (
                len(evidence) == len(last) == len(usual) == len(width) == len(self._keys) > leader
            ):
                columns = ([math.nan if x is None else float(x) for x in c] for c in (evidence, last, usual, width))
                self._evidence, self._last, self._usual, self._width = (array("d", column) for column in columns)
                self._seen, self._moment, self._count, self._leader = int(seen), float(moment), int(count), int(leader)
                self._often, self._surprised = float(often), int(surprised)
                self._since = None if since is None else float(since)
            case _:
                raise StateError("the saved agreement of a service is damaged")

"""The picture of one incident: a series, what was expected of it, who was told when, and when clients felt it. Pure."""

import math
from collections.abc import Container, Sequence
from dataclasses import dataclass

from domain.anomaly import Evidence
from domain.identity import SeriesKey
from streams import pictures
from streams.demo.recording import Fault, Measured
from streams.demo.report import Episode, Row, Told
from streams.demo.view import offset
from streams.pictures import Band, Mark, Picture, number

BEFORE_S, AFTER_S = 60.0, 90.0
_TICK_S = 30.0
_TOGETHER_S = 3.0  # two marks that are closer get one label
_GAP_S = 3.0  # without a value


__all__ = ["Timeline", "number", "svg", "timeline"]


@dataclass(frozen=True, slots=True)
class Timeline:
    """What the picture shows. ``points`` are times and values of ``series``."""

    series: SeriesKey
    points: tuple[tuple[float, float], ...]
    band: Evidence | None
    limit: float | None
    marks: tuple[Mark, ...]
    felt: tuple[float, float] | None
    start: float
    end: float
    first_at: float


def timeline(row: Row, rows: Sequence[Measured], first_at: float) -> Timeline | None:
    """Return the picture's contents; None for an incident that nobody was told of, as no series led."""
    key = _leading(row.episodes, {(measured.service, measured.metric) for measured in rows})
    if key is None:
        return None
    fault = row.fault
    start, end = fault.started_at - BEFORE_S, fault.resolved_at + AFTER_S
    points = [(m.at, m.value) for m in rows if m.metric == key.metric and m.service == key.service]
    felt = None if fault.breach_at is None else (fault.breach_at, fault.resolved_at)
    return Timeline(
        series=key,
        points=tuple(sorted({point for point in points if start <= point[0] <= end})),
        band=_expected(row.episodes, key),
        limit=_limit(row.episodes, key),
        marks=_marks(row, end),
        felt=felt,
        start=start,
        end=end,
        first_at=first_at,
    )


def svg(timeline: Timeline) -> str:
    """Return the picture as inline SVG; every text in it is escaped."""
    band, limit, felt = timeline.band, timeline.limit, timeline.felt
    return pictures.svg(
        Picture(
            title=str(timeline.series),
            points=timeline.points,
            start=timeline.start,
            end=timeline.end,
            ticks=_ticks(timeline),
            gap_s=_GAP_S,
            bands=() if band is None else (Band(max(timeline.start, band.at), timeline.end, band.low, band.high),),
            limits=() if limit is None else (limit,),
            marks=timeline.marks,
            felt=() if felt is None else (felt,),
        )
    )


def _ticks(timeline: Timeline) -> list[tuple[float, str]]:
    """Return a time every half minute since the recording began."""
    begin = timeline.first_at + _TICK_S * -(-(timeline.start - timeline.first_at) // _TICK_S)
    count = int((timeline.end - begin) // _TICK_S) + 1
    return [(at, offset(at, timeline.first_at)) for at in (begin + _TICK_S * step for step in range(count))]


def _leading(episodes: Sequence[Episode], measured: Container[tuple[str, str]]) -> SeriesKey | None:
    """Return the series of the first alert's first forecast, or else of its first evidence that can be drawn."""
    for episode in episodes:
        for transition in episode.transitions:
            if transition.anomaly.forecast is not None:
                return transition.anomaly.forecast.key
            for evidence in transition.anomaly.evidence:
                if (evidence.key.service, evidence.key.metric) in measured:
                    return evidence.key
    return None


def _expected(episodes: Sequence[Episode], key: SeriesKey) -> Evidence | None:
    """Return the first statement of what was expected of a series; None without one that has two finite edges."""
    stated = (e for episode in episodes for step in episode.transitions for e in step.anomaly.evidence if e.key == key)
    return next((e for e in stated if math.isfinite(e.low) and math.isfinite(e.high)), None)


def _limit(episodes: Sequence[Episode], key: SeriesKey) -> float | None:
    for episode in episodes:
        for transition in episode.transitions:
            forecast = transition.anomaly.forecast
            if forecast is not None and forecast.key == key:
                return forecast.limit
    return None


def _marks(row: Row, end: float) -> tuple[Mark, ...]:
    fault: Fault = row.fault
    marks = [Mark(fault.started_at, "fault begins", "fault")]
    if fault.breach_at is not None:
        marks.append(Mark(fault.breach_at, "clients feel it", "impact"))
    squads = [told for told in row.squads if told.at is not None]
    clients = [told for told in (*row.clients, *row.needless) if told.at is not None]
    marks += _first_told(_earliest(squads), _earliest(clients))
    over = [told.ended_at for told in (*squads, *clients) if told.ended_at is not None]
    if over and max(over) <= end:
        marks.append(Mark(max(over), "all told the end", "end"))
    return tuple(marks)


def _first_told(squad: float | None, client: float | None) -> list[Mark]:
    if squad is not None and client is not None and abs(squad - client) < _TOGETHER_S:
        return [Mark(squad, "squad and client told", "squad")]
    named = ((squad, "squad told", "squad"), (client, "first client told", "client"))
    return [Mark(at, text, kind) for at, text, kind in named if at is not None]


def _earliest(told: Sequence[Told]) -> float | None:
    return min((entry.at for entry in told if entry.at is not None), default=None)

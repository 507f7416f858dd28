"""The picture of one incident: a series, what was expected of it, who was told when, and when clients felt it. Pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from domain.anomaly import Evidence
from domain.identity import SeriesKey
from streams.demo.recording import Fault, Measured
from streams.demo.report import Episode, Row, Told
from streams.demo.view import offset

WIDTH, HEIGHT = 860.0, 250.0
LEFT, RIGHT, TOP, BOTTOM = 64.0, 12.0, 66.0, 26.0
BEFORE_S, AFTER_S = 60.0, 90.0
_TICK_S = 30.0
_TOGETHER_S = 3.0  # two marks that are closer get one label
_LABEL_ROWS = 4
_LABEL_CHARACTER = 6.2
_EMPTY = "<p>The recording has no values of this series here.</p>"


@dataclass(frozen=True, slots=True)
class Mark:
    """A moment to point out."""

    at: float
    text: str
    kind: str  # fault, squad, client, impact, end: the class in the style sheet


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
    key = _leading(row.episodes)
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


def svg(picture: Timeline) -> str:
    """Return the picture as inline SVG; every text in it is escaped."""
    if not picture.points:
        return _EMPTY
    plot = _Plot(picture)
    parts = [
        f'<svg viewBox="0 0 {WIDTH:g} {HEIGHT:g}" role="img" aria-label="{escape(str(picture.series))}">',
        plot.felt(),
        plot.band(),
        plot.axes(),
        plot.limit(),
        plot.line(),
        plot.marks(),
        "</svg>",
    ]
    return "".join(parts)


def number(value: float) -> str:
    """Return a value in few characters."""
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if abs(value) >= size:
            return f"{value / (1e3 if unit == 'k' else size):.3g} {unit}"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


class _Plot:
    """Maps times and values to places."""

    def __init__(self, picture: Timeline) -> None:
        self._picture = picture
        values = [value for _, value in picture.points]
        span = max(values) - min(values)
        known = [picture.limit] if picture.limit is not None else []
        if picture.band is not None and span > 0:
            # A band that is much wider than what happened would flatten the line: then it is cut off.
            known += [min(max(edge, min(values) - span), max(values) + span) for edge in _edges(picture.band)]
        self._low, self._high = min([*values, *known]), max([*values, *known])
        if self._high == self._low:
            self._low, self._high = self._low - 1.0, self._high + 1.0

    def x(self, at: float) -> float:
        """Return the place of a time."""
        share = (at - self._picture.start) / (self._picture.end - self._picture.start)
        return LEFT + share * (WIDTH - LEFT - RIGHT)

    def y(self, value: float) -> float:
        """Return the place of a value; one beyond the picture is at its edge."""
        share = (min(max(value, self._low), self._high) - self._low) / (self._high - self._low)
        return HEIGHT - BOTTOM - share * (HEIGHT - BOTTOM - TOP)

    def felt(self) -> str:
        """Shade the time in which clients felt it."""
        if self._picture.felt is None:
            return ""
        start, end = self._picture.felt
        width = self.x(end) - self.x(start)
        return f'<rect class="felt" x="{self.x(start):.1f}" y="{TOP:g}" width="{width:.1f}" height="{_inner():g}"/>'

    def band(self) -> str:
        """Shade what was expected, from before the finding to its last sign."""
        evidence = self._picture.band
        if evidence is None:
            return ""
        low, high = _edges(evidence)
        left, right = self.x(self._picture.start), self.x(self._picture.end)
        top, bottom = self.y(high), self.y(low)
        shape = f'x="{left:.1f}" y="{top:.1f}" width="{right - left:.1f}" height="{max(bottom - top, 1.5):.1f}"'
        return f'<rect class="band" {shape}><title>expected when the alert opened</title></rect>'

    def axes(self) -> str:
        """Draw the frame, two values, and a time every half minute."""
        picture = self._picture
        parts = [
            f'<line class="axis" x1="{LEFT:g}" x2="{WIDTH - RIGHT:g}" y1="{y:g}" y2="{y:g}"/>'
            f'<text class="tick" x="{LEFT - 6:g}" y="{y + 4:.1f}" text-anchor="end">{number(value)}</text>'
            for y, value in ((HEIGHT - BOTTOM, self._low), (TOP, self._high))
        ]
        begin = picture.first_at + _TICK_S * -(-(picture.start - picture.first_at) // _TICK_S)
        count = int((picture.end - begin) // _TICK_S) + 1
        for at in (begin + _TICK_S * step for step in range(count)):
            text = offset(at, picture.first_at)
            parts.append(
                f'<text class="tick" x="{self.x(at):.1f}" y="{HEIGHT - 8:g}" text-anchor="middle">{text}</text>'
            )
        return "".join(parts)

    def limit(self) -> str:
        """Draw the objective's limit."""
        limit = self._picture.limit
        if limit is None:
            return ""
        y = self.y(limit)
        return (
            f'<line class="limit" x1="{LEFT:g}" x2="{WIDTH - RIGHT:g}" y1="{y:.1f}" y2="{y:.1f}"/>'
            f'<text class="limit-text" x="{WIDTH - RIGHT - 4:g}" y="{y - 4:.1f}" text-anchor="end">'
            f"limit {number(limit)}</text>"
        )

    def line(self) -> str:
        """Draw the series; a gap in it stays a gap."""
        runs: list[list[str]] = [[]]
        last: float | None = None
        for at, value in self._picture.points:
            if last is not None and at - last > 3.0:
                runs.append([])
            runs[-1].append(f"{self.x(at):.1f},{self.y(value):.1f}")
            last = at
        return "".join(f'<polyline class="series" points="{" ".join(run)}"/>' for run in runs)

    def marks(self) -> str:
        """Draw each moment with its label on the first row of labels that has room."""
        free = [0.0] * _LABEL_ROWS
        parts = []
        for mark in sorted(self._picture.marks, key=lambda mark: mark.at):
            x = self.x(mark.at)
            width = _LABEL_CHARACTER * len(mark.text)
            place = min(x, WIDTH - RIGHT - width)
            row = next((r for r, taken in enumerate(free) if taken <= place), _LABEL_ROWS - 1)
            free[row] = place + width + 10
            y = 12.0 + row * 14
            parts.append(
                f'<line class="mark {mark.kind}" x1="{x:.1f}" x2="{x:.1f}" y1="{y + 3:g}" y2="{HEIGHT - BOTTOM:g}"/>'
                f'<text class="label {mark.kind}" x="{place + 2:.1f}" y="{y:g}">{escape(mark.text)}</text>'
            )
        return "".join(parts)


def _inner() -> float:
    return HEIGHT - TOP - BOTTOM


def _edges(evidence: Evidence) -> tuple[float, float]:
    return evidence.low, evidence.high


def _leading(episodes: Sequence[Episode]) -> SeriesKey | None:
    """Return the series of the first alert's first forecast, or else of its first evidence that has numbers."""
    for episode in episodes:
        for transition in episode.transitions:
            if transition.anomaly.forecast is not None:
                return transition.anomaly.forecast.key
            for evidence in transition.anomaly.evidence:
                if evidence.actual is not None:
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

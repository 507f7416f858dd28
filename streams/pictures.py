"""Pictures of a series as inline SVG: what was measured, expected, forecast and felt. Pure; every text is escaped.

Colours are classes of the page's style sheet. `foreshock demo` and `foreshock backtest` draw with it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 860.0, 250.0
LEFT, RIGHT, TOP, BOTTOM = 64.0, 12.0, 66.0, 26.0
_LABEL_ROWS = 4
_LABEL_CHARACTER = 6.2
_EMPTY = "<p>The recording has no values of this series here.</p>"
_BUCKETS = 500  # a line has at most the lowest and the highest value of so many parts of it


@dataclass(frozen=True, slots=True)
class Mark:
    """A moment to point out. ``kind`` is its class in the style sheet: fault, squad, client, impact, end."""

    at: float
    text: str
    kind: str


@dataclass(frozen=True, slots=True)
class Band:
    """What was expected of the series from one time to another."""

    start: float
    end: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Cone:
    """A forecast: from a value now to a value at a time that is only known between two others."""

    start: float
    value: float
    target: float
    at: float
    earliest: float
    latest: float


@dataclass(frozen=True, slots=True)
class Picture:
    """What to draw. ``points`` are in order of time; ``gap_s`` without a point is a gap in the line."""

    title: str
    points: Sequence[tuple[float, float]]
    start: float
    end: float
    ticks: Sequence[tuple[float, str]]
    gap_s: float
    bands: Sequence[Band] = ()
    limits: Sequence[float] = ()
    marks: Sequence[Mark] = ()
    felt: Sequence[tuple[float, float]] = ()
    alert: tuple[float, float] | None = None
    findings: Sequence[tuple[float, float]] = ()
    cones: Sequence[Cone] = ()


def svg(picture: Picture) -> str:
    """Return the picture as inline SVG, or a sentence where nothing was measured."""
    if not picture.points:
        return _EMPTY
    plot = _Plot(picture)
    parts = [
        f'<svg viewBox="0 0 {WIDTH:g} {HEIGHT:g}" role="img" aria-label="{escape(picture.title)}">',
        plot.felt(),
        plot.bands(),
        plot.axes(),
        plot.limits(),
        plot.cones(),
        plot.line(),
        plot.findings(),
        plot.alert(),
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

    def __init__(self, picture: Picture) -> None:
        self._picture = picture
        values = [value for _, value in picture.points]
        span = max(values) - min(values)
        known = [*picture.limits, *(value for _, value in picture.findings)]
        if span > 0:
            # A band that is much wider than what happened would flatten the line: then it is cut off.
            edges = (edge for band in picture.bands for edge in (band.low, band.high))
            known += [min(max(edge, min(values) - span), max(values) + span) for edge in edges]
        self._low, self._high = min([*values, *known]), max([*values, *known])
        if self._high == self._low:
            self._low, self._high = self._low - 1.0, self._high + 1.0

    def x(self, at: float) -> float:
        """Return the place of a time; one beyond the picture is at its edge."""
        picture = self._picture
        share = (min(max(at, picture.start), picture.end) - picture.start) / (picture.end - picture.start)
        return LEFT + share * (WIDTH - LEFT - RIGHT)

    def y(self, value: float) -> float:
        """Return the place of a value; one beyond the picture is at its edge."""
        share = (min(max(value, self._low), self._high) - self._low) / (self._high - self._low)
        return HEIGHT - BOTTOM - share * (HEIGHT - BOTTOM - TOP)

    def felt(self) -> str:
        """Shade the times in which clients felt it."""
        return "".join(
            f'<rect class="felt" x="{self.x(start):.1f}" y="{TOP:g}" '
            f'width="{max(self.x(end) - self.x(start), 1.5):.1f}" height="{HEIGHT - TOP - BOTTOM:g}"/>'
            for start, end in self._picture.felt
        )

    def bands(self) -> str:
        """Shade what was expected."""
        parts = []
        for band in self._picture.bands:
            left, right = self.x(band.start), self.x(band.end)
            top, bottom = self.y(band.high), self.y(band.low)
            shape = f'x="{left:.1f}" y="{top:.1f}" width="{right - left:.1f}" height="{max(bottom - top, 1.5):.1f}"'
            parts.append(f'<rect class="band" {shape}><title>expected when it was told</title></rect>')
        return "".join(parts)

    def axes(self) -> str:
        """Draw the frame, two values, and the times."""
        parts = [
            f'<line class="axis" x1="{LEFT:g}" x2="{WIDTH - RIGHT:g}" y1="{y:g}" y2="{y:g}"/>'
            f'<text class="tick" x="{LEFT - 6:g}" y="{y + 4:.1f}" text-anchor="end">{number(value)}</text>'
            for y, value in ((HEIGHT - BOTTOM, self._low), (TOP, self._high))
        ]
        for at, text in self._picture.ticks:
            x = self.x(at)
            anchor = "middle" if x + _LABEL_CHARACTER * len(text) / 2 <= WIDTH else "end"
            parts.append(
                f'<text class="tick" x="{x:.1f}" y="{HEIGHT - 8:g}" text-anchor="{anchor}">{escape(text)}</text>'
            )
        return "".join(parts)

    def limits(self) -> str:
        """Draw the limits of objectives."""
        parts = []
        for limit in self._picture.limits:
            y = self.y(limit)
            parts.append(
                f'<line class="limit" x1="{LEFT:g}" x2="{WIDTH - RIGHT:g}" y1="{y:.1f}" y2="{y:.1f}"/>'
                f'<text class="limit-text" x="{WIDTH - RIGHT - 4:g}" y="{y - 4:.1f}" text-anchor="end">'
                f"limit {number(limit)}</text>"
            )
        return "".join(parts)

    def cones(self) -> str:
        """Draw each forecast: a line to where it meets its limit, and the interval around it."""
        parts = []
        for cone in self._picture.cones:
            x, y, target = self.x(cone.start), self.y(cone.value), self.y(cone.target)
            earliest, latest = self.x(cone.earliest), self.x(cone.latest)
            corners = f"{x:.1f},{y:.1f} {earliest:.1f},{target:.1f} {latest:.1f},{target:.1f}"
            parts.append(
                f'<polygon class="cone" points="{corners}"/>'
                f'<line class="cone" x1="{x:.1f}" y1="{y:.1f}" x2="{self.x(cone.at):.1f}" y2="{target:.1f}"/>'
            )
        return "".join(parts)

    def line(self) -> str:
        """Draw the series; a gap in it stays a gap."""
        runs: list[list[tuple[float, float]]] = [[]]
        last: float | None = None
        for at, value in self._picture.points:
            if last is not None and at - last > self._picture.gap_s:
                runs.append([])
            runs[-1].append((at, value))
            last = at
        return "".join(f'<polyline class="series" points="{self._places(run)}"/>' for run in runs)

    def _places(self, run: Sequence[tuple[float, float]]) -> str:
        return " ".join(f"{self.x(at):.1f},{self.y(value):.1f}" for at, value in thinned(run, _BUCKETS))

    def findings(self) -> str:
        """Draw a dot at each value that was found unusual."""
        return "".join(
            f'<circle class="finding" cx="{self.x(at):.1f}" cy="{self.y(value):.1f}" r="3.5"/>'
            for at, value in self._picture.findings
        )

    def alert(self) -> str:
        """Draw a bar along the bottom for as long as the alert was open."""
        if self._picture.alert is None:
            return ""
        start, end = map(self.x, self._picture.alert)
        place = f'x="{start:.1f}" y="{HEIGHT - BOTTOM - 2:g}" width="{max(end - start, 2.0):.1f}" height="4"'
        return f'<rect class="open" {place}/>'

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


def thinned(run: Sequence[tuple[float, float]], buckets: int) -> Sequence[tuple[float, float]]:
    """Return a line that looks the same: of each of so many parts the lowest and the highest point."""
    if len(run) <= 2 * buckets:
        return run
    kept: list[tuple[float, float]] = []
    for number_ in range(buckets):
        part = run[number_ * len(run) // buckets : (number_ + 1) * len(run) // buckets]
        low, high = min(part, key=lambda point: point[1]), max(part, key=lambda point: point[1])
        kept += sorted({low, high})
    return kept

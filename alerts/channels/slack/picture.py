"""The picture of an episode as a PNG that can be read on a phone. Pure: the same chart gives the same bytes.

An opaque light card, so that it looks the same on a dark and on a light theme. The font is the one that Pillow carries:
nothing depends on the machine.
"""

import io
import math
from collections.abc import Sequence
from functools import cache
from typing import TypeAlias

from PIL import Image, ImageDraw, ImageFont

from alerts.channels.slack.chart import Chart, Fan

Colour: TypeAlias = tuple[int, int, int]
Point: TypeAlias = tuple[float, float]

WIDTH, HEIGHT = 800, 320
_LEFT, _TOP, _RIGHT, _BOTTOM = 28, 92, 772, 268  # of the plot
_INSET = 9  # of the highest and the lowest value from the plot's edges, so that a dot is seen whole
_FINE = 3  # the plot is drawn so many times larger and then made small: its lines are smooth
_THIN = 8 * _FINE  # a range that is a single number: thicker than the line of the series on it
_LARGE, _SMALL = 28, 23
_AHEAD, _FARTHEST = 0.9, 2.0  # times the past is shown of the future: of the doubt, and until the limit is met
_ROOM = 0.1  # of the height is left above and below
_MOST_DASHES = 200
_COLOURS = 64  # of the palette: a third of the bytes of true colour

_PAPER: Colour = (252, 252, 251)
_EDGE: Colour = (220, 223, 228)
_INK: Colour = (29, 33, 41)
_GREY: Colour = (94, 102, 114)
_SERIES: Colour = (74, 96, 124)
_BAND: Colour = (208, 231, 215)
_LIMIT: Colour = (190, 38, 38)
_TROUBLE: dict[str, Colour] = {
    "info": (32, 104, 205), "warning": (204, 90, 10), "critical": (196, 30, 30), "over": (40, 130, 76),
}  # fmt: skip


def draw(chart: Chart) -> bytes:
    """Return the PNG."""
    card = Image.new("RGB", (WIDTH, HEIGHT), _PAPER)
    scale = _Scale(chart)
    card.paste(_Plot(chart, scale).image(), (_LEFT, _TOP))
    pen = ImageDraw.Draw(card)
    pen.rectangle((0, 0, WIDTH - 1, HEIGHT - 1), outline=_EDGE, width=2)
    _head(pen, chart)
    _legend(pen, chart)
    _times(pen, chart, scale)
    with io.BytesIO() as file:
        small = card.quantize(_COLOURS, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
        small.save(file, "PNG", compress_level=6)
        return file.getvalue()


class _Scale:
    """Maps times and values to places in the plot, from 0 to its width and height, and beyond."""

    def __init__(self, chart: Chart) -> None:
        self.start = chart.points[0][0]
        past = chart.now - self.start
        ahead = 0.0 if chart.fan is None else _ahead(chart.fan, chart.now, past)
        self.end = chart.now + max(ahead, 0.02 * past)
        self.low, self.high = self._reach(chart)

    @staticmethod
    def _reach(chart: Chart) -> tuple[float, float]:
        values = [value for _, value in chart.points]
        known = [*values] if chart.limit is None else [*values, chart.limit]
        low, high = min(known), max(known)
        span = high - low or abs(high) or 1.0
        if chart.band is not None:  # one that is much wider than what happened would flatten the line: it is cut off
            low, high = min(low, max(chart.band[0], low - span)), max(high, min(chart.band[1], high + span))
        room = _ROOM * (high - low or span)
        # What is never negative gets no room below zero.
        return (max(low - room, 0.0) if min(values) >= 0 else low - room), high + room

    def x(self, at: float) -> float:
        """Return the place of a time."""
        return (at - self.start) / (self.end - self.start) * (_RIGHT - _LEFT)

    def y(self, value: float) -> float:
        """Return the place of a value."""
        return _INSET + (self.high - value) / (self.high - self.low) * (_BOTTOM - _TOP - 2 * _INSET)


class _Plot:
    """What is drawn without words, in the larger size."""

    def __init__(self, chart: Chart, scale: _Scale) -> None:
        self._chart = chart
        self._scale = scale
        self._size = ((_RIGHT - _LEFT) * _FINE, (_BOTTOM - _TOP) * _FINE)
        self._image = Image.new("RGB", self._size, _PAPER)
        self._pen = ImageDraw.Draw(self._image, "RGBA")
        self._colour = _TROUBLE[chart.colour]

    def image(self) -> Image.Image:
        """Return it in the size of the card."""
        chart, (width, height) = self._chart, self._size
        now, since = self._x(chart.now), self._x(max(chart.since, self._scale.start))
        if chart.band is not None:
            low, high = (self._y(edge) for edge in chart.band)
            room = max(0.0, _THIN - (low - high)) / 2
            self._pen.rectangle((self._x(chart.expected_from), high - room, now, low + room), fill=_BAND)
        if now > since:
            self._pen.rectangle((since, 0, now, height), fill=(*self._colour, 20))
        if chart.fan is not None and chart.limit is not None:
            self._forecast(chart.fan, chart.limit)
        if chart.limit is not None:
            y = self._y(chart.limit)
            self._dashes((0, y), (width, y), _LIMIT, 2 * _FINE)
        self._pen.line([(0, height - _FINE), (width, height - _FINE)], fill=_EDGE, width=2 * _FINE)
        self._series()
        return self._image.reduce(_FINE)

    def _x(self, at: float) -> float:
        return self._scale.x(at) * _FINE

    def _y(self, value: float) -> float:
        return self._scale.y(value) * _FINE

    def _forecast(self, fan: Fan, limit: float) -> None:
        at, value = self._chart.points[-1]
        start, y = (self._x(at), self._y(value)), self._y(limit)
        corners = [start, (self._x(fan.earliest), y), (self._x(fan.latest), y)]
        self._pen.polygon(corners, fill=(*self._colour, 46))
        self._dashes(start, (self._x(fan.at), y), self._colour, 3 * _FINE)

    def _series(self) -> None:
        chart = self._chart
        places = [(self._x(at), self._y(value)) for at, value in chart.points]
        first = next((n for n, (at, _) in enumerate(chart.points) if at >= chart.since), len(places) - 1)
        self._line(places[: first + 1], _SERIES)
        self._line(places[first:], self._colour)
        self._dot(places[-1], 7 * _FINE, _PAPER)
        self._dot(places[-1], 5 * _FINE, self._colour)

    def _line(self, places: Sequence[Point], colour: Colour) -> None:
        if len(places) > 1:
            self._pen.line(places, fill=colour, width=3 * _FINE, joint="curve")

    def _dot(self, place: Point, radius: float, colour: Colour) -> None:
        x, y = place
        self._pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)

    def _dashes(self, start: Point, end: Point, colour: Colour, width: int) -> None:
        length = math.hypot(end[0] - start[0], end[1] - start[1])
        count = max(1, min(_MOST_DASHES, round(length / (20 * _FINE))))
        across, down = (end[0] - start[0]) / count, (end[1] - start[1]) / count
        for n in range(count):
            x, y = start[0] + n * across, start[1] + n * down
            self._pen.line([(x, y), (x + 0.6 * across, y + 0.6 * down)], fill=colour, width=width)


def _head(pen: ImageDraw.ImageDraw, chart: Chart) -> None:
    """Write what it is, and what it is now."""
    last_at, last = chart.points[-1]
    now = f"no data since {chart.clock(last_at)}" if chart.silent else f"now {chart.value(last)}"
    end = _RIGHT - _font(_LARGE).getlength(now) - 30
    title = _cut(chart.title, end - _LEFT, _LARGE)
    pen.text((_LEFT, 46), title, font=_font(_LARGE), fill=_INK, anchor="ls")
    pen.text((_RIGHT, 46), now, font=_font(_LARGE), fill=_TROUBLE[chart.colour], anchor="rs", stroke_width=0.4)
    after = _LEFT + _font(_LARGE).getlength(title) + 14
    if after + _font(_SMALL).getlength(chart.service) <= end:
        pen.text((after, 46), chart.service, font=_font(_SMALL), fill=_GREY, anchor="ls")


def _legend(pen: ImageDraw.ImageDraw, chart: Chart) -> None:
    """Write what the colours mean, with their values."""
    x = float(_LEFT)
    if chart.band is not None:
        pen.rectangle((x, 62, x + 26, 78), fill=_BAND)
        x = _word(pen, x + 36, chart.range_words(chart.band))
    if chart.limit is not None:
        pen.line([(x, 70), (x + 11, 70)], fill=_LIMIT, width=3)
        pen.line([(x + 16, 70), (x + 27, 70)], fill=_LIMIT, width=3)
        _word(pen, x + 36, f"limit {chart.value(chart.limit)}")


def _word(pen: ImageDraw.ImageDraw, x: float, text: str) -> float:
    """Write a word of the legend, and return where the next one begins."""
    pen.text((x, 78), text, font=_font(_SMALL), fill=_GREY, anchor="ls")
    return x + _font(_SMALL).getlength(text) + 30


def _times(pen: ImageDraw.ImageDraw, chart: Chart, scale: _Scale) -> None:
    """Write the times below: that of the forecast first, the others where there is room."""
    colour = _TROUBLE[chart.colour]
    wanted = [(chart.now, f"{chart.clock(chart.now)} UTC", _INK), (scale.start, chart.clock(scale.start), _GREY)]
    if chart.fan is not None:
        wanted.insert(0, (chart.fan.at, f"limit at {chart.clock(chart.fan.at)} UTC", colour))
        wanted[1] = (chart.now, chart.clock(chart.now), _INK)
    taken: list[tuple[float, float]] = []
    for at, text, ink in wanted:
        width = _font(_SMALL).getlength(text)
        left = min(max(_LEFT + scale.x(at) - width / 2, _LEFT), _RIGHT - width)
        if all(left + width + 16 <= begin or left >= end + 16 for begin, end in taken):
            taken.append((left, left + width))
            pen.text((left, 300), text, font=_font(_SMALL), fill=ink, anchor="ls")


def _ahead(fan: Fan, now: float, past: float) -> float:
    """Return how much of the future is shown: all of the fan, or at least where it meets the limit, if not too far."""
    met = min(1.1 * (fan.at - now), _FARTHEST * past)
    return min(1.08 * (fan.latest - now), max(met, _AHEAD * past))


def _cut(text: str, room: float, size: int) -> str:
    """Return as much of the text as there is room for."""
    font = _font(size)
    if font.getlength(text) <= room:
        return text
    while text and font.getlength(text + "…") > room:
        text = text[:-1]
    return text.rstrip() + "…"


@cache
def _font(size: int) -> ImageFont.FreeTypeFont:
    font = ImageFont.load_default(size)
    assert isinstance(font, ImageFont.FreeTypeFont)  # noqa: S101 - so since Pillow 10.1, whose wheels have FreeType
    return font.font_variant(layout_engine=ImageFont.Layout.BASIC)

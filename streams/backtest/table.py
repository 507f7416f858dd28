"""What the columns of a table mean, by their names: a row for each sample (long), or a column for each metric (wide).

Both have a column for the time, and perhaps one for the service. Further columns of text are labels of the series; in a
long table those of numbers, too, that tell apart what else would be one series twice in a moment: a partition, a code.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from operator import itemgetter
from typing import Final, NamedTuple

from domain.identity import SeriesKey
from domain.telemetry import Sample, SampleKind
from streams.backtest.cells import Number, is_empty, is_time, number, seconds
from streams.backtest.source import BacktestError, Complain, GaugesAndCounters, Labels, Line

TIME_NAMES: Final = ("ts", "time", "timestamp", "datetime", "date", "@timestamp", "_time")
METRIC_NAMES: Final = (
    "metric",
    "__name__",
    "metric_name",
    "_field",
    "name",
)  # of a long table, the first that is there
VALUE_NAMES: Final = ("value", "_value")
SERVICE_LABELS: Final = ("service", "service_name", "job")  # of Prometheus and its like, the first that is there
NAMELESS: Final = "value"  # a metric that a query has computed and not named
NO_ZONE: Final = "Times without a zone were read as UTC."
SHOWN: Final = 200  # characters of a header that are told
REMEMBERED: Final = 100_000  # combinations of names whose series need not be looked for

_SERIES = re.compile(r"(?P<name>[^{}]*)\{(?P<labels>.*)\}")
_LABEL = re.compile(r'\s*([\w.]+)\s*=\s*"((?:[^"\\]|\\.)*)"\s*,?')


class Kind(StrEnum):
    """What a column holds."""

    TIME = "time"
    NUMBER = "number"
    TEXT = "text"
    EMPTY = "empty"
    OTHER = "other"


class Column(NamedTuple):
    """One metric of a wide table; ``service`` None: the row's, or the table's."""

    place: int
    service: str | None
    metric: str
    labels: Labels = ()


@dataclass(frozen=True, slots=True)
class Shape:
    """Where in a row things stand. ``metrics`` are those of a wide table; a long one has ``metric`` and ``value``."""

    width: int
    time: int
    service: int | None
    metric: int
    value: int
    labels: tuple[tuple[int, str], ...]
    metrics: tuple[Column, ...]
    unused: tuple[str, ...]


def shape_of(names: Sequence[str], kinds: Sequence[Kind], where: str) -> Shape:
    """Return what the columns mean; raises BacktestError with the remedy when there is no time, or nothing to judge."""
    known = [name.strip().casefold() for name in names]
    if twice := [name for name, count in Counter(name.strip() for name in names).items() if name and count > 1]:
        raise BacktestError(f"{where}: two columns are called {_told(twice)}: rename one")
    time = _time(known, kinds, where)
    service, metric, value = (_place(names, known) for names in (SERVICE_LABELS, METRIC_NAMES, VALUE_NAMES))
    long = metric is not None and value is not None
    roles = {time, service, metric, value} if long else {time, service}
    rest = [place for place, name in enumerate(known) if name and place not in roles]
    labels = tuple((place, names[place].strip()) for place in rest if kinds[place] is Kind.TEXT)
    numbers = [] if long else [place for place in rest if kinds[place] in {Kind.NUMBER, Kind.EMPTY}]
    if not long and not numbers:
        raise BacktestError(
            f"{where}: nothing to judge: beside the time a table has the columns service, metric and value, or a "
            f"column of numbers for each metric ('5 ms' is text: leave out the unit); there are {_told(names)}"
        )
    used = {*numbers, *(place for place, _ in labels)}
    return Shape(
        width=len(names),
        time=time,
        service=service,
        metric=metric or 0,
        value=value or 0,
        labels=labels,
        metrics=tuple(_column(place, names[place].strip()) for place in numbers),
        unused=tuple(names[place].strip() for place in rest if place not in used),
    )


def settled(names: Sequence[str], kinds: Sequence[Kind], head: Sequence[Sequence[object]]) -> Sequence[Kind]:
    """Return the kinds with the columns of a long table as text that turn out to be labels in its first rows.

    Such are columns of numbers in which rows of the same moment and name differ, but not nearly every row from every
    other; and those that are empty as yet.
    """
    known = [name.strip().casefold() for name in names]
    time, service, metric, value = (
        _place(each, known) for each in (TIME_NAMES, SERVICE_LABELS, METRIC_NAMES, VALUE_NAMES)
    )
    time = kinds.index(Kind.TIME) if time is None and Kind.TIME in kinds else time
    if time is None or metric is None or value is None:
        return kinds
    rows = [row for row in head if len(row) == len(names)]
    texts = (place for place, kind in enumerate(kinds) if kind is Kind.TEXT)
    names_of = itemgetter(*sorted({time, metric, *texts} | ({service} if service is not None else set())))
    apart = {
        place
        for place, kind in enumerate(kinds)
        if kind is Kind.NUMBER and place not in {time, service, metric, value} and _tells_apart(rows, names_of, place)
    }
    return [Kind.TEXT if place in apart or kind is Kind.EMPTY else kind for place, kind in enumerate(kinds)]


def _tells_apart(rows: Sequence[Sequence[object]], names_of: Callable[[Sequence[object]], object], place: int) -> bool:
    values = defaultdict(set)
    for row in rows:
        values[names_of(row)].add(row[place])
    filled = [row[place] for row in rows if not is_empty(row[place])]
    return any(len(each) > 1 for each in values.values()) and 2 * len(set(filled)) <= len(filled)


def read_as(shape: Shape, names: Sequence[str]) -> tuple[str, ...]:
    """Say what the columns were taken for, where that is not in their names."""
    columns = {
        "Read as metrics": [names[column.place].strip() for column in shape.metrics],
        "Read as labels": [name for _, name in shape.labels],
        "Not used": shape.unused,
    }
    return tuple(f"{what}: the columns {_told(each)}." for what, each in columns.items() if each)


def identity(metric: str, labels: Labels) -> tuple[str | None, str, Labels]:
    """Return service, metric and labels of a series that Prometheus or its like names."""
    known = dict(labels)
    named = next((name for name in SERVICE_LABELS if known.get(name)), None)
    rest = tuple(sorted(pair for pair in known.items() if pair[0] != named))
    return None if named is None else known[named], metric.strip() or NAMELESS, rest


class Found(NamedTuple):
    """A series of a table: where its value stands in a row, its names, and its key, if it has both names."""

    place: int
    service: str
    metric: str
    shown: str  # the metric with the labels
    series: tuple[SeriesKey, SampleKind] | None


class Rows:
    """Reads the rows of one table. ``owner`` is the service of a table that names none."""

    def __init__(self, shape: Shape, owner: str, complain: Complain, value: Number = number) -> None:
        self._shape = shape
        self._owner = owner
        self._complain = complain
        self._value = value
        self._series = GaugesAndCounters()
        named = () if shape.metrics else (shape.metric,)
        places = (shape.service, *named, *(place for place, _ in shape.labels))
        self._cells = _cells([place for place in places if place is not None])
        self._found: dict[object, Sequence[Found]] = {}  # by these cells: most rows are of series that were seen before

    def lines(self, row: Sequence[object], place: str) -> Iterator[Line]:
        """Yield what a row holds: of a wide table a line for each cell that is filled in."""
        shape = self._shape
        if len(row) != shape.width:
            self._complain(f"{place}: {len(row)} columns; expected {shape.width}")
            yield _text(row[shape.time]) if shape.time < len(row) else "", "", "", None
            return
        cells = self._cells(row)
        for found in self._found.get(cells) or self._find(cells, row):
            if not shape.metrics or not is_empty(row[found.place]):
                yield self._line(row, found, place)

    def _find(self, cells: object, row: Sequence[object]) -> Sequence[Found]:
        """Return the series of a row with such cells, and remember them."""
        shape = self._shape
        service = self._owner if shape.service is None else _text(row[shape.service])
        labels = tuple((name, str(row[at])) for at, name in shape.labels if not is_empty(row[at]))
        columns = shape.metrics or (Column(shape.value, None, _text(row[shape.metric])),)
        found = [
            self._named(each.place, each.service or service, each.metric, each.labels + labels) for each in columns
        ]
        if len(self._found) < REMEMBERED:
            self._found[cells] = found
        return found

    def _named(self, place: int, service: str, metric: str, labels: Labels) -> Found:
        if not service.strip() or not metric.strip():
            return Found(place, service, metric, metric, None)
        series = self._series.get((service, metric, labels)) or self._series.add(service, metric, labels)
        shown = str(series[0])[len(service) + 1 :] if labels else metric
        return Found(place, service, metric, shown, series)

    def _line(self, row: Sequence[object], found: Found, place: str) -> Line:
        ts = row[self._shape.time]
        try:
            if found.series is None:
                raise ValueError("the service or the metric has no name")  # noqa: TRY301 - told in one place
            when, value = seconds(ts), self._value(row[found.place])
        except (ValueError, OverflowError) as error:
            self._complain(f"{place}: {found.metric}: {error}")
            return _text(ts), found.service, found.metric, None
        key, kind = found.series
        return ts if isinstance(ts, str) else repr(when), found.service, found.shown, Sample(key, value, when, kind)


def _cells(places: Sequence[int]) -> Callable[[Sequence[object]], object]:
    """Return what takes such cells from a row; there may be none."""
    return itemgetter(*places) if places else lambda _: None


def _time(known: Sequence[str], kinds: Sequence[Kind], where: str) -> int:
    if (named := _place(TIME_NAMES, known)) is not None:
        return named
    times = [place for place, kind in enumerate(kinds) if kind is Kind.TIME]
    if len(times) != 1 and any(map(is_time, known)):
        raise BacktestError(f"{where}: the first line has values; put names above it, such as ts,service,metric,value")
    if len(times) != 1:
        raise BacktestError(f"{where}: no column for the time: call it ts, time or timestamp; there are {_told(known)}")
    return times[0]


def _place(wanted: Sequence[str], known: Sequence[str]) -> int | None:
    return next((known.index(name) for name in wanted if name in known), None)


def _column(place: int, name: str) -> Column:
    """Return a metric of a wide table; its name may be that of a series, as Grafana writes it."""
    found = _SERIES.fullmatch(name)
    if found is None:
        return Column(place, None, name)
    labels = tuple((key, re.sub(r"\\(.)", r"\1", value)) for key, value in _LABEL.findall(found["labels"]))
    return Column(place, *identity(found["name"], labels))


def _told(names: Sequence[str]) -> str:
    text = ", ".join(names)
    return repr(text if len(text) <= SHOWN else text[:SHOWN] + "…")


def _text(cell: object) -> str:
    return "" if cell is None else str(cell)

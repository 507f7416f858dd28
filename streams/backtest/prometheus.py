"""Telemetry that Prometheus or VictoriaMetrics gave as JSON: a series after the other, put in order of time.

An answer of ``/api/v1/query_range``, what ``promtool query range -o json`` prints, or lines of ``/api/v1/export``.
"""

import heapq
import json
import math
from array import array
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from domain.identity import SeriesKey
from domain.telemetry import Sample, SampleKind
from streams.backtest.cells import number, seconds
from streams.backtest.csv_file import UNREADABLE, open_text
from streams.backtest.json_lines import named
from streams.backtest.source import BacktestError, Complain, GaugesAndCounters, Line
from streams.backtest.table import identity

NAME: Final = "__name__"
REMEDY: Final = "expected the answer of /api/v1/query_range, or lines of /api/v1/export"


class Run(NamedTuple):
    """Some samples of one series in order of time."""

    key: SeriesKey
    kind: SampleKind
    times: Sequence[float]
    values: Sequence[float]


class PrometheusFile:
    """One document, or a line for each series. It is held in memory: 16 bytes for each sample.

    While a document is read, it is there as JSON too: some 260 bytes for each sample.
    """

    unit = "samples"
    remarks: Sequence[str] = ()

    def __init__(self, path: Path, *, by_line: bool) -> None:
        self.name = path.name
        self.done = 0
        self._path = path
        self._by_line = by_line
        self._runs: list[Run] | None = None
        self._bad: list[str] = []

    @property
    def size(self) -> int:
        """Samples of the file."""
        return sum(len(run.times) for run in self._read())

    def lines(self, complain: Complain) -> Iterator[Line]:
        """Yield every sample, the earliest first; a series that cannot be used is one bad line."""
        runs = self._read()
        self.done = 0
        for text in self._bad:
            complain(text)
            yield "", "", "", None
        for sample in heapq.merge(*map(_samples, runs), key=lambda sample: sample.observed_at):
            self.done += 1
            yield named(sample)

    def _read(self) -> list[Run]:
        if self._runs is None:
            series = GaugesAndCounters()
            self._runs, self._bad = [], []
            for place, each in self._series():
                try:
                    self._runs.append(_run(each, self.name.split(".")[0], series))
                except (ValueError, TypeError, KeyError, AttributeError) as error:
                    self._bad.append(f"{place}: not a series with values ({error!r}); {REMEDY}")
        return self._runs

    def _series(self) -> Iterator[tuple[str, Any]]:
        """Yield every series as it was read, with its place."""
        try:
            with self._path.open("rb") as raw, open_text(raw) as text:
                if not self._by_line:
                    for number_, each in enumerate(_matrix(json.load(text)), 1):
                        yield f"{self._path}: series {number_}", each
                    return
                for number_, line in enumerate(text, 1):
                    if line.strip():
                        yield f"{self._path}:{number_}", _json(line)
        except (*UNREADABLE, ValueError, RecursionError) as error:
            raise BacktestError(f"{self._path}: cannot be read any further: {error}") from None


def _json(line: str) -> Any:
    """Return what a line holds; None, which is no series, when it is not JSON."""
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def _matrix(answer: Any) -> list[Any]:
    """Return the series of an answer; raises ValueError when it has none."""
    if isinstance(answer, dict) and answer.get("status") == "error":
        raise ValueError(f"the answer is an error: {str(answer.get('error'))[:200]}")
    data = answer.get("data", answer) if isinstance(answer, dict) else answer
    found = data.get("result") if isinstance(data, dict) else data
    if not isinstance(found, list) or (isinstance(data, dict) and data.get("resultType", "matrix") != "matrix"):
        raise ValueError(REMEDY)
    return found


def _run(body: Any, owner: str, series: GaugesAndCounters) -> Run:
    labels = {str(name): str(value) for name, value in body["metric"].items()}
    service, metric, rest = identity(labels.pop(NAME, ""), tuple(labels.items()))
    names = service or owner, metric, rest
    values = body["values"]
    pairs = zip(body["timestamps"], values, strict=True) if "timestamps" in body else values
    found = sorted((seconds(at), math.nan if value is None else number(value)) for at, value in pairs)
    times, measured = (array("d", column) for column in zip(*found, strict=True))
    return Run(*(series.get(names) or series.add(*names)), times, measured)


def _samples(run: Run) -> Iterator[Sample]:
    for at, value in zip(run.times, run.values, strict=True):
        yield Sample(run.key, value, at, run.kind)

"""What the exporters said, in the order in which it arrived, and how it goes wrong on its way."""

import gzip
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any


def quantile(values: list[float], q: float) -> float:
    """Return the value at a share ``q`` of the ordered ones; 0 of none, as exporters have it."""
    if not values:
        return 0.0
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(q * len(ordered)))]


def written(value: float) -> str:
    """Return a number as an exporter writes it: whole ones whole, others with six digits."""
    return str(int(value)) if float(value).is_integer() and abs(value) < 1e15 else f"{value:.6g}"


Series = tuple[str, str, str]  # service, metric, labels


@dataclass(slots=True)
class DataFault:
    """One series, or all of a service (``metric`` is ``*``), lies for a while.

    ``details``: ``delay`` of late samples (from, to, in seconds), ``p`` of a copy, ``factor`` of another unit,
    ``to`` which name it was renamed, ``by`` how many seconds a clock is wrong. ``where``: what its labels have in them.
    """

    type: str
    service: str
    metric: str
    details: Mapping[str, Any] = field(default_factory=dict)
    where: str = ""
    frozen: dict[Series, str] = field(default_factory=dict)  # what stuck series go on saying

    def hits(self, service: str, metric: str, labels: str = "") -> bool:
        """Tell whether it is about this series."""
        return self.service == service and self.metric in {"*", metric} and self.where in labels


@dataclass(slots=True)
class Sent:
    """A sample on its way. ``text``: what is written instead of the value."""

    metric: str
    value: float
    stamp: float
    arrives_at: float
    copies: int = 1
    text: str | None = None


class Collector:
    """Takes samples from exporters, as CSV lines in the order of their arrival.

    ``columns``: the names of labels. ``delay_s``: how long what is read now is on its way.
    """

    def __init__(self, chance: Random, begins_at: float, columns: Sequence[str] = ()) -> None:
        self.chance = chance
        self.delay_s = 0.0
        self.stamp = 0.0  # of the scrape that is being read, in seconds of the engine
        self.faults: list[DataFault] = []
        self._begins_at = begins_at
        self._rows: list[tuple[float, int, str]] = []  # arrival, number, line
        self._last: dict[Series, str] = {}
        self._counted: dict[Series, tuple[float, float]] = {}  # stamp and value of what is no counter any more
        self._header = ",".join(("ts", "service", "metric", "value", *columns))

    def __len__(self) -> int:
        return len(self._rows)

    def emit(self, service: str, metric: str, value: float, labels: str = "") -> None:
        """Take a sample of the current scrape. ``labels``: their columns, each after a comma."""
        sample = Sent(metric, value, self.stamp, self.stamp + self.delay_s)
        for fault in self.faults:
            if fault.hits(service, metric, labels):
                self._spoil(fault, (service, metric, labels), sample)
        text = written(sample.value) if sample.text is None else sample.text
        if sample.copies:
            self._last[service, sample.metric, labels] = text
        line = f"{self._begins_at + sample.stamp:.3f},{service},{sample.metric},{text}{labels}\n"
        for _ in range(sample.copies):
            self._rows.append((sample.arrives_at, len(self._rows), line))

    def _spoil(self, fault: DataFault, series: Series, sample: Sent) -> None:
        match fault.type:
            case "silent":
                sample.copies = 0
            case "stuck":
                if series not in fault.frozen and series in self._last:
                    fault.frozen[series] = self._last[series]
                sample.text = fault.frozen.get(series)
            case "late":
                sample.arrives_at = self.stamp + self.chance.uniform(*fault.details["delay"])
            case "dup":
                sample.copies = 2 if self.chance.random() < fault.details["p"] else 1
            case "unit":
                sample.value *= fault.details["factor"]
            case "renamed":
                sample.metric = fault.details["to"]
            case "skew":
                sample.stamp += fault.details["by"]
            case "retyped":  # a counter says how much it has grown in a second
                before_at, before = self._counted.get(series, (0.0, sample.value))
                self._counted[series] = self.stamp, sample.value
                sample.value = max(0.0, sample.value - before) / max(1.0, self.stamp - before_at)
            case _:
                raise ValueError(f"no fault of telemetry is called {fault.type}")

    def write(self, path: Path) -> None:
        """Write everything, packed; the same samples give the same bytes."""
        self._rows.sort(key=lambda row: row[:2])
        with gzip.GzipFile(path, "wb", mtime=0) as file:
            file.write(f"{self._header}\n".encode())
            file.write("".join(line for _, _, line in self._rows).encode())

"""What the exporters said, in the order in which it arrived, and how it goes wrong on its way."""

import gzip
from collections.abc import Mapping
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


@dataclass(slots=True)
class DataFault:
    """One series, or all of a service (``metric`` is ``*``), lies for a while.

    ``details``: ``delay`` of late samples (from, to, in seconds), ``p`` of a copy, ``factor`` of another unit,
    ``to`` which name it was renamed.
    """

    type: str
    service: str
    metric: str
    details: Mapping[str, Any] = field(default_factory=dict)
    frozen: str | None = None  # what a stuck series goes on saying

    def hits(self, service: str, metric: str) -> bool:
        """Tell whether it is about this series."""
        return self.service == service and self.metric in {"*", metric}


@dataclass(slots=True)
class Sent:
    """A sample on its way. ``text``: what is written instead of the value."""

    metric: str
    value: float
    arrives_at: float
    copies: int = 1
    text: str | None = None


class Collector:
    """Takes samples from exporters, as CSV lines in the order of their arrival."""

    def __init__(self, chance: Random, begins_at: float) -> None:
        self.chance = chance
        self.stamp = 0.0  # of the scrape that is being read, in seconds of the engine
        self.faults: list[DataFault] = []
        self._begins_at = begins_at
        self._rows: list[tuple[float, int, str]] = []  # arrival, number, line
        self._last: dict[tuple[str, str], str] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def emit(self, service: str, metric: str, value: float) -> None:
        """Take a sample of the current scrape."""
        sample = Sent(metric, value, self.stamp)
        for fault in self.faults:
            if fault.hits(service, metric):
                self._spoil(fault, service, sample)
        text = written(sample.value) if sample.text is None else sample.text
        if sample.copies:
            self._last[service, sample.metric] = text
        line = f"{self._begins_at + self.stamp:.3f},{service},{sample.metric},{text}\n"
        for _ in range(sample.copies):
            self._rows.append((sample.arrives_at, len(self._rows), line))

    def _spoil(self, fault: DataFault, service: str, sample: Sent) -> None:
        match fault.type:
            case "silent":
                sample.copies = 0
            case "stuck":
                if fault.frozen is None:
                    fault.frozen = self._last.get((service, sample.metric))
                sample.text = fault.frozen
            case "late":
                sample.arrives_at = self.stamp + self.chance.uniform(*fault.details["delay"])
            case "dup":
                sample.copies = 2 if self.chance.random() < fault.details["p"] else 1
            case "unit":
                sample.value *= fault.details["factor"]
            case "renamed":
                sample.metric = fault.details["to"]
            case _:
                raise ValueError(f"no fault of telemetry is called {fault.type}")

    def write(self, path: Path) -> None:
        """Write everything, packed; the same samples give the same bytes."""
        self._rows.sort(key=lambda row: row[:2])
        with gzip.GzipFile(path, "wb", mtime=0) as file:
            file.write(b"ts,service,metric,value\n")
            file.write("".join(line for _, _, line in self._rows).encode())

"""What is known of an hour, and what the backtest never sees: faults, benign changes and what clients felt."""

import gzip
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from tests.hours.collector import Collector

Row = dict[str, Any]


class Span(NamedTuple):
    """A fault from its beginning until the clients are well again, in the engine's seconds; None: nobody felt it."""

    started: float
    removed: float
    resolved: float
    breach: float | None = None
    first_bad: float | None = None


class Labels:
    """Faults and changes of an hour, in the order in which they ended."""

    def __init__(self, name: str, begins_at: float) -> None:
        self.incidents: list[Row] = []
        self.events: list[Row] = []
        self._name = name
        self._begins_at = begins_at

    def fault(
        self,
        what: Mapping[str, Any],
        span: Span,
        journeys: Iterable[str],
        details: Mapping[str, Any],
        dependent: Sequence[str],
    ) -> Row:
        """Add a fault; ``what`` is its kind and where it is."""
        row = {
            "id": f"{self._name}-{len(self.incidents) + 1:02d}",
            **what,
            "fault_started_at": self._at(span.started),
            "first_bad_at": self._at(span.first_bad),
            "breach_at": self._at(span.breach),
            "fault_removed_at": self._at(span.removed),
            "resolved_at": self._at(span.resolved),
            "journeys": sorted(journeys),
            "params": dict(details),
            "dependent": list(dependent),
        }
        self.incidents.append(row)
        return row

    def killed(self, row: Row, at: float) -> None:
        """Say of a fault when the kernel killed the process."""
        row["oom_at"] = self._at(at)

    def change(self, kind: str, started: float, ended: float, details: Mapping[str, Any]) -> None:
        """Add a benign change."""
        times = {"started_at": self._at(started), "ended_at": self._at(ended)}
        self.events.append({"kind": kind, **times, **details})

    def _at(self, seconds: float | None) -> float | None:
        return None if seconds is None else round(self._begins_at + seconds, 3)


class Recording(NamedTuple):
    """A simulated hour, and all that is known of it."""

    begins_at: float  # epoch seconds of the engine's zero
    collector: Collector
    labels: Labels
    felt: Sequence[tuple[float, Row]]  # what the clients measured: seconds of the engine, a row for each kind

    def write(self, folder: Path) -> None:
        """Write the four files of a recording into a folder that is there when all of them are."""
        unfinished = folder.with_name(f"{folder.name}.unfinished")
        unfinished.mkdir(parents=True, exist_ok=True)
        self._write(unfinished)
        unfinished.rename(folder)

    def _write(self, folder: Path) -> None:
        self.collector.write(folder / "telemetry.csv.gz")
        for name, rows in (("incidents", self.labels.incidents), ("events", self.labels.events)):
            text = "".join(json.dumps(row) + "\n" for row in rows)
            (folder / f"{name}.jsonl").write_text(text, encoding="utf-8")
        with gzip.GzipFile(folder / "sli.jsonl.gz", "wb", mtime=0) as file:
            for at, row in self.felt:
                file.write((json.dumps({"ts": round(self.begins_at + at, 3), "k": row}) + "\n").encode())

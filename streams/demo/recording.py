"""A recording of a real system: what was measured, and what is known to have happened.

It is a folder with `telemetry.csv.gz` (`ts,service,metric,value`, in order of arrival) and, where known,
`incidents.jsonl` (what failed, and when clients felt it) and `events.jsonl` (changes that hurt nobody).
"""

import csv
import gzip
import json
import math
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TextIO

from domain.errors import ForeshockError
from domain.identity import JourneyId, ServiceId

HEADER = ("ts", "service", "metric", "value")
DAY_S = 86_400.0
DATA_FAULT = "data"  # the system is healthy, only its telemetry lies


class RecordingError(ForeshockError):
    """A recording cannot be read; the message names file and line."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One row of telemetry; ``arrived_at`` never runs backwards, ``at`` may when data come late."""

    at: float
    arrived_at: float
    service: ServiceId
    metric: str
    value: float


@dataclass(frozen=True, slots=True)
class Fault:
    """What was done to the system. ``breach_at`` is when clients felt it; None: they never did."""

    id: str
    kind: str
    affected: tuple[ServiceId, ...]
    started_at: float
    breach_at: float | None
    resolved_at: float
    journeys: tuple[JourneyId, ...] = ()
    detail: str = ""

    @property
    def is_data(self) -> bool:
        """Only the telemetry was wrong, not the system."""
        return self.kind == DATA_FAULT


@dataclass(frozen=True, slots=True)
class Change:
    """A change that hurt nobody: nobody should be warned of it. No service: it concerns all of them."""

    kind: str
    started_at: float
    ended_at: float
    service: ServiceId | None = None


@dataclass(frozen=True, slots=True)
class Recording:
    """What was measured, in order of arrival, and what is known to have happened."""

    rows: tuple[Measured, ...]
    faults: tuple[Fault, ...] = ()
    changes: tuple[Change, ...] = ()

    @property
    def first_at(self) -> float:
        """Arrival of the first row."""
        return self.rows[0].arrived_at

    @property
    def last_at(self) -> float:
        """Arrival of the last row."""
        return self.rows[-1].arrived_at

    def moved(self, by_s: float) -> "Recording":
        """Return the same, so much later."""
        return Recording(
            tuple(replace(row, at=row.at + by_s, arrived_at=row.arrived_at + by_s) for row in self.rows),
            tuple(
                replace(
                    fault,
                    started_at=fault.started_at + by_s,
                    breach_at=None if fault.breach_at is None else fault.breach_at + by_s,
                    resolved_at=fault.resolved_at + by_s,
                )
                for fault in self.faults
            ),
            tuple(
                replace(change, started_at=change.started_at + by_s, ended_at=change.ended_at + by_s)
                for change in self.changes
            ),
        )

    def of_late(self, now: float) -> "Recording":
        """Return the same at the same time of the latest day on which it could have happened: links in letters expire.

        It ends before ``now``.
        """
        return self.moved(DAY_S * math.floor((now - self.last_at) / DAY_S))

    def between(self, start: float, end: float) -> "Recording":
        """Return the part that arrived in [start, end), with what began and ended in it."""
        return Recording(
            tuple(row for row in self.rows if start <= row.arrived_at < end),
            tuple(fault for fault in self.faults if start <= fault.started_at and fault.resolved_at < end),
            tuple(change for change in self.changes if start <= change.started_at and change.ended_at < end),
        )


def load(path: Path) -> Recording:
    """Read a folder, or a telemetry file and what lies beside it; raises RecordingError."""
    telemetry = path / "telemetry.csv.gz" if path.is_dir() else path
    try:
        rows = tuple(_read_rows(telemetry))
    except OSError as error:
        raise RecordingError(f"{telemetry}: cannot be read: {error.strerror or error}") from error
    except (EOFError, UnicodeDecodeError, csv.Error, zlib.error) as error:
        raise RecordingError(f"{telemetry}: {error}") from error
    if not rows:
        raise RecordingError(f"{telemetry}: no rows")
    faults = tuple(_read_objects(telemetry.with_name("incidents.jsonl"), _fault))
    changes = tuple(_read_objects(telemetry.with_name("events.jsonl"), _change))
    return Recording(rows, faults, changes)


def _read_rows(path: Path) -> Iterator[Measured]:
    latest = -math.inf
    with _open_text(path) as lines:
        reader = csv.reader(lines)
        if tuple(next(reader, ())) != HEADER:
            raise RecordingError(f"{path}:1: the first line must be {','.join(HEADER)}")
        for row in reader:
            try:
                stamp, service, metric, value = row
                at, number = float(stamp), float(value)
                if not (math.isfinite(at) and math.isfinite(number)):
                    raise ValueError("not finite")  # noqa: TRY301 - told like every other bad row
            except ValueError as error:
                raise RecordingError(f"{path}:{reader.line_num}: not a row of {','.join(HEADER)}") from error
            latest = max(latest, at)
            yield Measured(at, latest, ServiceId(service), metric, number)


def _open_text(path: Path) -> TextIO:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8")
    return path.open(encoding="utf-8")


def _read_objects(path: Path, build: Callable[[dict[str, Any]], Any]) -> Iterator[Any]:
    if not path.exists():
        return
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise RecordingError(f"{path}: cannot be read: {error}") from error
    for number, line in enumerate(lines, 1):
        try:
            yield build(json.loads(line))
        except (ValueError, KeyError, TypeError) as error:
            raise RecordingError(f"{path}:{number}: {type(error).__name__} {error}") from error


def _fault(row: dict[str, Any]) -> Fault:
    return Fault(
        id=row["id"],
        kind=row["kind"],
        affected=tuple(ServiceId(name) for name in row["affected"]),
        started_at=float(row["fault_started_at"]),
        breach_at=None if row["breach_at"] is None else float(row["breach_at"]),
        resolved_at=float(row["resolved_at"]),
        journeys=tuple(JourneyId(name) for name in row["journeys"]),
        detail=row.get("type", ""),
    )


def _change(row: dict[str, Any]) -> Change:
    service = row.get("service")
    return Change(
        kind=row["kind"],
        started_at=float(row["started_at"]),
        ended_at=float(row["ended_at"]),
        service=None if service is None else ServiceId(service),
    )

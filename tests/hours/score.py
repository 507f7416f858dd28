"""Were the warnings worth it? Alerts of a backtest against what is known of the hour.

An alert belongs to a fault when it opened between the fault's beginning and a minute after its end on a service that
the fault hits. It *warns* when it is the first of these and came before the breach: the lead is the time between.
What opens in no fault's time is false: *benign* within a minute of a change, otherwise *calm*. Warnings *by chance* are
those that alerts would give that open as often as in calm time, at any time.
"""

import gzip
import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean
from typing import Any, Final

GRACE_S: Final = 60.0  # after the end of a fault or a change
NAMES: Final = {  # what says rightly how telemetry lies
    "silent": "silence",
    "stuck": "stuck",
    "unit": "unit",
    "renamed": "schema",
    "late": "schema",
    "dup": "schema",
    "skew": "schema",
    "retyped": "schema",
}


@dataclass(slots=True)
class Alert:
    """One alert, and everything it said: when and of which kind."""

    service: str
    opened_at: float
    ended_at: float = math.inf
    said: list[tuple[float, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault of the hour. ``until`` is a minute after everything was well again."""

    id: str
    group: str  # slow, sudden or data
    kind: str
    services: tuple[str, ...]
    started_at: float
    breach_at: float | None
    until: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one fault. ``delay_s``: from its beginning to the first alert; None: there was none."""

    fault: Fault
    delay_s: float | None
    named: bool  # an alert said rightly how telemetry lies
    chance: float  # to be warned of by alerts that open as in calm time

    @property
    def lead_s(self) -> float | None:
        """How long before the breach it was warned of; None: not before, or there was no breach."""
        if self.delay_s is None or self.fault.breach_at is None:
            return None
        lead_s = self.fault.breach_at - self.fault.started_at - self.delay_s
        return lead_s if lead_s > 0 else None

    @property
    def share(self) -> float | None:
        """The lead as a share of the time from the beginning to the breach."""
        if self.lead_s is None or self.fault.breach_at is None:
            return None
        return self.lead_s / (self.fault.breach_at - self.fault.started_at)


@dataclass(frozen=True, slots=True)
class Tally:
    """Everything that is counted in one hour; several add up."""

    outcomes: tuple[Outcome, ...] = ()
    alerts: int = 0
    true: int = 0  # alerts that were open during a fault that reaches their service
    calm_alerts: int = 0
    calm_s: float = 0.0
    changes: int = 0
    changes_alerted: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        """Return both together."""
        return Tally(
            self.outcomes + other.outcomes,
            self.alerts + other.alerts,
            self.true + other.true,
            self.calm_alerts + other.calm_alerts,
            self.calm_s + other.calm_s,
            self.changes + other.changes,
            self.changes_alerted + other.changes_alerted,
        )

    def of(self, group: str) -> list[Outcome]:
        """Return what became of the faults of one group."""
        return [outcome for outcome in self.outcomes if outcome.fault.group == group]

    @property
    def per_calm_hour(self) -> float:
        """Alerts for each calm hour."""
        return self.calm_alerts / self.calm_s * 3600 if self.calm_s > 0 else 0.0

    @property
    def precision(self) -> float:
        """Share of alerts that were open during a fault."""
        return self.true / self.alerts if self.alerts else 1.0


def median(values: Sequence[float]) -> float | None:
    """Return the middle one; of none, None."""
    ordered = sorted(values)
    half = len(ordered) // 2
    return None if not ordered else (ordered[half] + ordered[-half - 1]) / 2


def average(values: Sequence[float]) -> float | None:
    """Return the mean; of none, None."""
    return mean(values) if values else None


def tally(case: Path, run: Path) -> Tally:
    """Hold the alerts of a run against the labels of a case."""
    faults = [_fault(row) for row in _rows(case / "incidents.jsonl")]
    reach = [set(row["affected"]) | set(row["dependent"]) for row in _rows(case / "incidents.jsonl")]
    alerts = sorted(_alerts(run / "alerts.jsonl"), key=lambda alert: alert.opened_at)
    first, last = _span(case / "telemetry.csv.gz")
    busy = [(fault.started_at, min(fault.until, last)) for fault in faults]
    changes = [
        (row["started_at"], min((row["ended_at"] or row["started_at"]) + GRACE_S, last))
        for row in _rows(case / "events.jsonl")
    ]
    idle = [alert for alert in alerts if not _within(alert.opened_at, busy)]
    calm = [alert for alert in idle if not _within(alert.opened_at, changes)]
    calm_s = last - first - _length(busy + changes)
    return Tally(
        outcomes=tuple(_outcome(fault, alerts, calm, calm_s) for fault in faults),
        alerts=len(alerts),
        true=sum(
            any(_during(alert, fault) and alert.service in near for fault, near in zip(faults, reach, strict=True))
            for alert in alerts
        ),
        calm_alerts=len(calm),
        calm_s=calm_s,
        changes=len(changes),
        changes_alerted=sum(any(_within(alert.opened_at, [change]) for alert in idle) for change in changes),
    )


def _outcome(fault: Fault, alerts: Sequence[Alert], calm: Sequence[Alert], calm_s: float) -> Outcome:
    own = [a for a in alerts if a.service in fault.services and fault.started_at <= a.opened_at <= fault.until]
    named = any(
        kind == NAMES.get(fault.kind) and fault.started_at <= at <= fault.until
        for alert in alerts
        if alert.service in fault.services
        for at, kind in alert.said
    )
    rate = sum(alert.service in fault.services for alert in calm) / max(1.0, calm_s)
    ramp_s = 0.0 if fault.breach_at is None else fault.breach_at - fault.started_at
    return Outcome(fault, own[0].opened_at - fault.started_at if own else None, named, 1 - math.exp(-rate * ramp_s))


def _fault(row: dict[str, Any]) -> Fault:
    kind = row["kind"]
    group = "data" if kind == "data" else "sudden" if kind.startswith("sudden") else "slow"
    return Fault(
        id=row["id"],
        group=group,
        kind=row["type"] if group == "data" else kind,
        services=tuple(row["affected"]),
        started_at=row["fault_started_at"],
        breach_at=row["breach_at"],
        until=row["resolved_at"] + GRACE_S,
    )


def _alerts(path: Path) -> Iterator[Alert]:
    open_now: dict[str, Alert] = {}
    for row in _rows(path):
        name = row["alert"]
        if row["status"] == "open":
            open_now[name] = Alert(row["service"], row["at"])
            yield open_now[name]
        open_now[name].said.append((row["at"], row["kind"]))
        if row["status"] in {"resolved", "retracted"}:
            open_now.pop(name).ended_at = row["at"]


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _span(telemetry: Path) -> tuple[float, float]:
    with gzip.open(telemetry, "rt", encoding="utf-8") as file:
        next(file)
        times = [float(line.partition(",")[0]) for line in file]
    return min(times), max(times)


def _within(at: float, spans: Sequence[tuple[float, float]]) -> bool:
    return any(start <= at <= end for start, end in spans)


def _during(alert: Alert, fault: Fault) -> bool:
    return alert.opened_at <= fault.until and alert.ended_at >= fault.started_at


def _length(spans: Sequence[tuple[float, float]]) -> float:
    total, reached = 0.0, -math.inf
    for start, end in sorted(spans):
        total += max(0.0, end - max(start, reached))
        reached = max(reached, end)
    return total

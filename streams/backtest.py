"""The same detectors and decisions offline: recorded telemetry in, scores and alerts out, no Kafka.

Input rows are ``ts,service,metric,value`` (CSV, gzip if the name ends in .gz), file order being order of arrival; a
metric whose name ends in ``_total`` is a counter. Nothing is known of a row before it is read, and alerts that are open
at the end of the file stay open: the end of a file is not an event.
"""

import csv
import gzip
import heapq
import json
import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, TextIO

from alerts.decide import Decide
from detectors.detection import Detection
from domain.alert import AlertStatus, Transition
from domain.anomaly import Anomaly, Watermark
from domain.errors import ForeshockError
from domain.identity import SeriesKey, ServiceId
from domain.telemetry import EventKind, EventStatus, IncidentEvent, Sample, SampleKind

HEADER = ["ts", "service", "metric", "value"]
COUNTER_SUFFIX = "_total"
SHOWN = 5  # bad rows that are told one by one
CHANGES = {AlertStatus.OPEN: 1, AlertStatus.RESOLVED: -1, AlertStatus.RETRACTED: -1}
EVERY = 5000  # rows between two reports of progress


class BacktestError(ForeshockError):
    """The input of a backtest cannot be read at all; the message names the file and the line."""


@dataclass(slots=True)
class Summary:
    """What a backtest did."""

    rows: int = 0
    bad_rows: int = 0
    complaints: list[str] = field(default_factory=list)
    alerts: Counter[AlertStatus] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)
    notices: int = 0
    series: int = 0
    first_at: float = math.inf
    last_at: float = -math.inf

    def complain(self, text: str) -> None:
        """Count a bad row, and keep the first few."""
        self.bad_rows += 1
        if len(self.complaints) < SHOWN:
            self.complaints.append(text)


def read_events(path: Path) -> list[IncidentEvent]:
    """Return declared events in order of time; raises BacktestError naming file and line.

    A line has ``at``, ``kind`` and ``service`` (or ``services``); ``id``, ``status``, ``severity``, ``title`` if known.
    Kinds that Foreshock has no word for are changes, like a deployment.
    """
    events = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip():
            continue
        try:
            events.append(_event(json.loads(line), f"{path.name}:{number}"))
        except (ValueError, KeyError, TypeError) as error:
            raise BacktestError(f"{path}:{number}: not an event ({error}); needs at, kind and service") from None
    return sorted(events, key=lambda event: event.at)


def _event(row: Any, name: str) -> IncidentEvent:
    if not isinstance(row, dict):
        raise TypeError("not a JSON object")
    services = row.get("services") or ([row["service"]] if row.get("service") else [])
    kind = str(row["kind"])
    known = EventKind(kind) if kind in set(EventKind) else EventKind.DEPLOY
    return IncidentEvent(
        id=str(row.get("id") or name),
        kind=known,
        status=EventStatus(row.get("status") or "opened"),
        at=float(row["at"]),
        services=tuple(ServiceId(str(s)) for s in services),
        severity=str(row.get("severity") or ""),
        title=str(row.get("title") or kind),
    )


def alert_line(transition: Transition) -> str:
    """Return one line of alerts.jsonl. A suspended alert is still open: it is written as an update."""
    anomaly = transition.anomaly
    status = AlertStatus.UPDATE if transition.status is AlertStatus.SUSPENDED else transition.status
    metrics = list(dict.fromkeys(evidence.key.metric for evidence in anomaly.evidence))
    if anomaly.forecast is not None and anomaly.forecast.key.metric not in metrics:
        metrics.append(anomaly.forecast.key.metric)
    body = {
        "alert": transition.alert,
        "service": transition.service,
        "at": transition.at,
        "status": status.value,
        "severity": transition.severity.value,
        "kind": anomaly.kind.value,
        "predicted_impact_at": None if anomaly.forecast is None else anomaly.forecast.breach_at,
        "metrics": metrics,
        "reason": transition.reason,
    }
    return json.dumps(body, ensure_ascii=False) + "\n"


class Backtest:
    """One run over one file."""

    def __init__(self, detection: Detection, decide: Decide, events: Iterable[IncidentEvent] = ()) -> None:
        self._detection = detection
        self._decide = decide
        self._events = list(events)
        heapq.heapify(waiting := [(event.at, number) for number, event in enumerate(self._events)])
        self._waiting = waiting
        self._keys: dict[tuple[str, str], tuple[SeriesKey, SampleKind]] = {}
        self._told = -math.inf
        self._open = 0
        self.summary = Summary()

    def run(self, telemetry: Path, out: Path, progress: Callable[[int], None] = lambda _: None) -> Summary:
        """Read the file, write scores.csv and alerts.jsonl into ``out``; ``progress`` is told bytes read."""
        out.mkdir(parents=True, exist_ok=True)
        with ExitStack() as stack:
            raw = stack.enter_context(telemetry.open("rb"))
            text = stack.enter_context(open_text(raw, telemetry.name))
            scores = stack.enter_context((out / "scores.csv").open("w", encoding="utf-8", newline=""))
            alerts = stack.enter_context((out / "alerts.jsonl").open("w", encoding="utf-8"))
            rows = readable(csv.reader(text), telemetry)
            _check_header(next(rows, []), telemetry)
            self._rows(rows, telemetry, scores, alerts, lambda: progress(raw.tell()))
        self.summary.series = self._detection.series_count
        self.summary.refusals = Counter(self._detection.refusals)
        return self.summary

    def _rows(
        self, rows: Iterator[Sequence[str]], path: Path, scores: TextIO, alerts: TextIO, progress: Callable[[], None]
    ) -> None:
        write = csv.writer(scores, lineterminator="\n").writerow
        write(["ts", "service", "metric", "score"])
        summary, observe, keys = self.summary, self._detection.observe, self._keys
        for number, row in enumerate(rows, 2):
            score = 0.0
            try:
                at, service, metric, value = parse(row)
                key, kind = keys.get((service, metric)) or self._key(service, metric)
            except ValueError as error:
                summary.complain(f"{path}:{number}: {error}; expected ts,service,metric,value")
                row = (*row, "", "", "")  # noqa: PLW2901  # scores.csv has a row for every row
            else:
                if self._waiting and self._waiting[0][0] <= at:
                    self._declare(at, alerts)
                score, anomalies = observe(Sample(key, value, at, kind))
                if at > self._told:
                    self._pass_time(at, alerts)
                for anomaly in anomalies:
                    self._hear(anomaly, alerts)
            write((row[0], row[1], row[2], score))
            if number % EVERY == 0:
                progress()
            summary.rows += 1

    def _key(self, service: str, metric: str) -> tuple[SeriesKey, SampleKind]:
        kind = SampleKind.COUNTER if metric.endswith(COUNTER_SUFFIX) else SampleKind.GAUGE
        self._keys[service, metric] = found = SeriesKey.of(service, metric), kind
        return found

    def _declare(self, at: float, alerts: TextIO) -> None:
        while self._waiting and self._waiting[0][0] <= at:
            event = self._events[heapq.heappop(self._waiting)[1]]
            for anomaly in self._detection.event(event):
                self._hear(anomaly, alerts)
            self._hear(event, alerts)

    def _pass_time(self, at: float, alerts: TextIO) -> None:
        if self._told == -math.inf:
            self.summary.first_at = at
        self.summary.last_at = self._told = at
        if self._open > 0:  # time changes nothing for Decide but the alerts that are open
            self._hear(Watermark(0, at), alerts)

    def _hear(self, item: Anomaly | IncidentEvent | Watermark, alerts: TextIO) -> None:
        decided = self._decide.handle(item)
        self.summary.notices += len(decided.notices)
        for transition in decided.transitions:
            self.summary.alerts[transition.status] += 1
            self._open += CHANGES.get(transition.status, 0)
            alerts.write(alert_line(transition))


def parse(row: Sequence[str]) -> tuple[float, str, str, float]:
    """Return time, service, metric and value; raises ValueError when the row is not one. The value may be NaN."""
    ts, service, metric, text = row
    at, value = float(ts), float(text)
    if not -math.inf < at < math.inf:
        raise ValueError("the time is not finite")
    return at, service, metric, value


def open_text(raw: BinaryIO, name: str) -> TextIO:
    """Return the text of a file, unpacked if it is called .gz; bad bytes become marks, to be refused as bad rows."""
    if name.endswith(".gz"):
        return gzip.open(raw, "rt", encoding="utf-8", errors="replace", newline="")
    return open(raw.fileno(), encoding="utf-8", errors="replace", newline="", closefd=False)  # an open file


def readable(rows: Iterable[Sequence[str]], path: Path) -> Iterator[Sequence[str]]:
    """Yield rows; a file that is cut off or not gzip ends the run with a sentence instead of a traceback."""
    try:
        yield from rows
    except (OSError, EOFError, csv.Error) as error:
        raise BacktestError(f"{path}: cannot be read any further: {error}") from None


def _check_header(header: Sequence[str], path: Path) -> None:
    if list(header) != HEADER:
        raise BacktestError(f"{path}:1: the first line must be {','.join(HEADER)}, not {','.join(header)[:80]!r}")

"""One run of detection and decision over a source: scores and alerts out, nothing known of a line before it is read.

Alerts that are open at the end stay open: the end of a file is not an event.
"""

import csv
import heapq
import json
import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from io import StringIO
from itertools import islice
from pathlib import Path
from typing import TextIO

from alerts.decide import Decide, Decided
from detectors.detection import Detection
from domain.alert import AlertStatus, Transition
from domain.anomaly import Anomaly, Watermark
from domain.identity import ServiceId
from domain.telemetry import IncidentEvent
from streams.backtest.csv_file import CsvFile
from streams.backtest.source import Line, Source

SHOWN = 5  # bad lines that are told one by one
CHANGES = {AlertStatus.OPEN: 1, AlertStatus.RESOLVED: -1, AlertStatus.RETRACTED: -1}
AHEAD = 250  # lines that are read at once
EVERY = 20 * AHEAD  # lines between two reports of progress


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
    services: tuple[ServiceId, ...] = ()
    first_at: float = math.inf
    last_at: float = -math.inf
    behind_s: float = 0.0  # the most that a sample was seen to come after a later one; each 250th line is looked at

    @property
    def span_s(self) -> float:
        """Event time from the first sample to the last."""
        return max(0.0, self.last_at - self.first_at)

    @property
    def still_open(self) -> int:
        """Alerts that had not ended when the telemetry ended."""
        counts = self.alerts
        return counts[AlertStatus.OPEN] - counts[AlertStatus.RESOLVED] - counts[AlertStatus.RETRACTED]

    def complain(self, text: str) -> None:
        """Count a bad line, and keep the first few."""
        self.bad_rows += 1
        if len(self.complaints) < SHOWN:
            self.complaints.append(text)


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


def _row(*cells: str) -> str:
    """Return a line of CSV."""
    line = StringIO()
    csv.writer(line, lineterminator="\n").writerow(cells)
    return line.getvalue()


def _cells(service: str, metric: str) -> tuple[str, str]:
    """Return the names of a series as cells, in quotes where they need them; and with a score of 0 and the end."""
    cells = f",{_row(service, metric)[:-1]},"
    return cells, f"{cells}0.0\n"


def _ahead(lines: Iterator[Line]) -> Iterator[list[Line]]:
    """Yield some lines at a time: to read and judge each in turn costs a tenth more, as neither stays in the cache."""
    while some := list(islice(lines, AHEAD)):
        yield some


class Backtest:
    """One run over one source. ``listen`` is told everything that was decided."""

    def __init__(
        self,
        detection: Detection,
        decide: Decide,
        events: Iterable[IncidentEvent] = (),
        listen: Callable[[Decided], None] = lambda _: None,
    ) -> None:
        self._detection = detection
        self._decide = decide
        self._listen = listen
        self._events = list(events)
        heapq.heapify(waiting := [(event.at, number) for number, event in enumerate(self._events)])
        self._waiting = waiting
        self._open = 0
        self.summary = Summary()

    def run(self, telemetry: Path | Source, out: Path, progress: Callable[[int], None] = lambda _: None) -> Summary:
        """Read it all, write scores.csv and alerts.jsonl into ``out``; ``progress`` is told how much is read."""
        source = CsvFile(telemetry) if isinstance(telemetry, Path) else telemetry
        out.mkdir(parents=True, exist_ok=True)
        with (
            (out / "scores.csv").open("w", encoding="utf-8", newline="") as scores,
            (out / "alerts.jsonl").open("w", encoding="utf-8") as alerts,
        ):
            self._lines(source, scores, alerts, progress)
        self.summary.series = self._detection.series_count
        self.summary.services = tuple(sorted(self._detection.states_by_service()))
        self.summary.refusals = Counter(self._detection.refusals)
        return self.summary

    def _lines(self, source: Source, scores: TextIO, alerts: TextIO, progress: Callable[[int], None]) -> None:
        scores.write(_row("ts", "service", "metric", "score"))
        names: dict[tuple[str, str], tuple[str, str]] = {}  # of series, as cells; and the rest of a line of score 0
        for lines in _ahead(source.lines(self.summary.complain)):
            scores.writelines(self._judged(lines, names, alerts))
            self.summary.rows += len(lines)
            if (last := lines[-1][3]) is not None:
                self.summary.behind_s = max(self.summary.behind_s, self.summary.last_at - last.observed_at)
            if self.summary.rows % EVERY == 0:
                progress(source.done)

    def _judged(
        self, lines: Iterable[Line], names: dict[tuple[str, str], tuple[str, str]], alerts: TextIO
    ) -> list[str]:
        """Return a line of scores.csv for every line that was read."""
        waiting, observe, told = self._waiting, self._detection.observe, self.summary.last_at
        rows = []
        for ts, service, metric, sample in lines:
            if sample is None:
                rows.append(_row(ts, service, metric, "0.0"))
                continue
            at = sample.observed_at
            if waiting and waiting[0][0] <= at:
                self._declare(at, alerts)
            score, anomalies = observe(sample)
            if at > told:
                if told == -math.inf:
                    self.summary.first_at = at
                told = at
                if self._open > 0:  # time changes nothing for Decide but the alerts that are open
                    self._hear(Watermark(0, at), alerts)
            for anomaly in anomalies:
                self._hear(anomaly, alerts)
            if ts.isprintable():  # a fifth of the time that the csv module takes
                cells, calm = names.get((service, metric)) or names.setdefault(
                    (service, metric), _cells(service, metric)
                )
                rows.append(f"{ts}{cells}{score!r}\n" if score else ts + calm)
            else:
                rows.append(_row(ts, service, metric, repr(score)))
        self.summary.last_at = told
        return rows

    def _declare(self, at: float, alerts: TextIO) -> None:
        while self._waiting and self._waiting[0][0] <= at:
            event = self._events[heapq.heappop(self._waiting)[1]]
            for anomaly in self._detection.event(event):
                self._hear(anomaly, alerts)
            self._hear(event, alerts)

    def _hear(self, item: Anomaly | IncidentEvent | Watermark, alerts: TextIO) -> None:
        decided = self._decide.handle(item)
        self.summary.notices += len(decided.notices)
        for transition in decided.transitions:
            self.summary.alerts[transition.status] += 1
            self._open += CHANGES.get(transition.status, 0)
            alerts.write(alert_line(transition))
        if decided.transitions or decided.notices:
            self._listen(decided)

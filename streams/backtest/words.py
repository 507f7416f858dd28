"""The figures of a backtest as rows of text: the terminal and the page say the same."""

from collections.abc import Sequence
from typing import Any

from alerts.policy.wording import span
from domain.alert import AlertStatus
from streams.backtest.compare import Comparison, Counts
from streams.backtest.judge import Score, Verdict
from streams.backtest.run import Summary

NONE = "-"
JOURNEY_COLUMNS = (
    "journey",
    "incidents",
    "warned",
    "late",
    "missed",
    "median lead",
    "alerts",
    "precision",
    "false a day",
)
DETECTOR_COLUMNS = (
    "detector",
    "alerts led",
    "took part",
    "from it alone",
    "of these false",
    "incidents lost without it",
)
COMPARE_COLUMNS = ("reader", "warnings", "updates", "endings", "not told")


def figures(summary: Summary, verdict: Verdict | None) -> list[tuple[str, str]]:
    """Return what was done and, with incidents, what it was worth."""
    opened, ended = summary.alerts[AlertStatus.OPEN], summary.alerts[AlertStatus.RESOLVED]
    withdrawn = summary.alerts[AlertStatus.RETRACTED]
    rows = [
        ("samples", f"{summary.rows:,} of {summary.series:,} series over {span(summary.span_s)}"),
        (
            "alerts",
            f"{opened} opened, {ended} resolved, {withdrawn} withdrawn, {summary.still_open} still open at the end",
        ),
        ("notices decided", f"{summary.notices:,}"),
    ]
    if verdict is not None and verdict.whole.incidents:
        rows += _worth(verdict.whole)
    return rows


def _worth(score: Score) -> list[tuple[str, str]]:
    right = f"{score.true_alerts} of {score.alerts} alerts belong to an incident"
    return [
        (
            "incidents warned of",
            f"{score.warned} of {score.incidents} ({percent(score.recall)}); {score.late} late, {score.missed} missed",
        ),
        ("the same by chance", percent(score.by_chance)),
        ("median lead", lead(score)),
        ("precision", f"{percent(score.precision)}: {right}"),
        ("false alarms", f"{rate(score)} per service and day"),
    ]


def percent(share: float | None) -> str:
    """Return a share for a person."""
    return NONE if share is None else f"{share:.0%}"


def lead(score: Score) -> str:
    """Return the median lead."""
    return NONE if score.median_lead_s is None else span(score.median_lead_s)


def rate(score: Score) -> str:
    """Return the false alarms per service and day."""
    return NONE if score.false_per_service_day is None else f"{score.false_per_service_day:.2f}"


def journey_rows(scores: Sequence[Score]) -> list[tuple[str, ...]]:
    """Return a row for each journey."""
    return [
        (
            score.name,
            str(score.incidents),
            str(score.warned),
            str(score.late),
            str(score.missed),
            lead(score),
            str(score.alerts),
            percent(score.precision),
            rate(score),
        )
        for score in scores
    ]


def detector_rows(verdict: Verdict) -> list[tuple[str, ...]]:
    """Return a row for each detector that had a part in an alert."""
    judged = any(each.incident.felt_at is not None for each in verdict.judged)
    return [
        (
            each.detector,
            str(each.led),
            str(each.took_part),
            str(each.only),
            str(each.only_false) if judged else NONE,
            str(each.warned_only) if judged else NONE,
        )
        for each in verdict.detectors
    ]


def comparison_rows(comparison: Comparison) -> list[tuple[str, ...]]:
    """Return a row for each reader: both counts, or one where they are the same."""
    return [
        (
            f"{'client' if line.is_client else 'squad'} {line.reader}",
            *(_both(getattr(line.first, name), getattr(line.second, name)) for name in Counts.__dataclass_fields__),
        )
        for line in comparison.lines
    ]


def _both(first: int, second: int) -> str:
    return str(first) if first == second else f"{first} → {second}"


def score_json(score: Score) -> dict[str, Any]:
    """Return the figures of a scope as plain data."""
    return {
        "name": score.name,
        "incidents": score.incidents,
        "warned": score.warned,
        "late": score.late,
        "missed": score.missed,
        "recall": score.recall,
        "warned_by_chance": score.by_chance,
        "median_lead_s": score.median_lead_s,
        "alerts": score.alerts,
        "precision": score.precision,
        "false_alarms_per_service_day": score.false_per_service_day,
    }


def summary_json(summary: Summary, verdict: Verdict) -> dict[str, Any]:
    """Return everything that a program may want to know of a run."""
    return {
        "rows": summary.rows,
        "bad_rows": summary.bad_rows,
        "series": summary.series,
        "services": len(summary.services),
        "span_s": summary.span_s,
        "not_judged": dict(summary.refusals),
        "alerts": {str(status): summary.alerts[status] for status in AlertStatus} | {"still_open": summary.still_open},
        "notices": summary.notices,
        "worth": score_json(verdict.whole) if verdict.judged else None,
        "journeys": [score_json(score) for score in verdict.journeys] if verdict.judged else [],
        "incidents": [
            {
                "id": each.incident.id,
                "title": each.incident.title,
                "felt_at": each.incident.felt_at,
                "result": str(each.result),
                "lead_s": each.lead_s,
                "alerts": [episode.alert for episode in each.episodes],
            }
            for each in verdict.judged
        ],
        "detectors": [
            {
                "detector": each.detector,
                "led": each.led,
                "took_part": each.took_part,
                "only": each.only,
                "only_false": each.only_false if verdict.judged else None,
                "warned_only": each.warned_only if verdict.judged else None,
            }
            for each in verdict.detectors
        ],
    }


def comparison_json(comparison: Comparison) -> dict[str, Any]:
    """Return a comparison as plain data."""
    return {
        "configurations": list(comparison.names),
        "readers": [
            {
                "reader": line.reader,
                "kind": "client" if line.is_client else "squad",
                "first": {name: getattr(line.first, name) for name in Counts.__dataclass_fields__},
                "second": {name: getattr(line.second, name) for name in Counts.__dataclass_fields__},
            }
            for line in comparison.lines
        ],
        "differences": [
            {
                "at": each.at,
                "reader": each.reader,
                "kind": "client" if each.is_client else "squad",
                "service": each.service,
                "change": str(each.change),
                "by_s": each.by_s,
                "said": each.said,
                "why": each.why,
            }
            for each in comparison.differences
        ],
        "differences_not_listed": comparison.more,
    }

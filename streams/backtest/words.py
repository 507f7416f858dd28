"""The figures of a backtest as rows of text: the terminal and the page say the same."""

from collections.abc import Sequence
from typing import Any

from alerts.channels.text import clip
from alerts.policy.wording import span
from domain.alert import AlertStatus
from streams.backtest.compare import Comparison, Counts, Line, Received
from streams.backtest.history import Episode
from streams.backtest.judge import Score, Verdict
from streams.backtest.run import Summary
from streams.backtest.scenes import stamp

NONE = "-"
ALERT_RATE = "alerts per service and day"
WHY = 240  # characters: of a squad it may name every journey; notices.jsonl has it whole
ROWS, READ = 5000, 200  # alerts that are listed for all readers, and for each at the most
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


def figures(summary: Summary, verdict: Verdict) -> list[tuple[str, str]]:
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
    return rows + (_worth(verdict.whole) if verdict.whole.incidents else [(ALERT_RATE, rate(verdict.whole))])


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


def who(reader: str, *, is_client: bool) -> str:
    """Return a reader with what they are."""
    return f"{'client' if is_client else 'squad'} {reader}"


def line_words(line: Line) -> str:
    """Say in one line what one reader would have received."""
    count = line.first
    told = f"told of {count.warnings} of {count.warnings + count.not_sent} alerts that concerned them"
    return f"{who(line.reader, is_client=line.is_client)}: {told}; {count.updates} updates, {count.endings} endings"


def comparison_rows(comparison: Comparison) -> list[tuple[str, ...]]:
    """Return a row for each reader: both counts, or one where they are the same."""
    return [
        (
            who(line.reader, is_client=line.is_client),
            *(_both(getattr(line.first, name), getattr(line.second, name)) for name in Counts.__dataclass_fields__),
        )
        for line in comparison.lines
    ]


def reader_rows(every: Sequence[Received], readers: int = 1) -> list[tuple[str, str, str, str]]:
    """Return a row for each alert that concerned one of so many readers: when, what, what they were told, and why."""
    rows, most = [], min(READ, max(1, ROWS // readers))
    for each in every[:most]:
        told = "not told"
        if each.at is not None:
            after = span(each.at - each.opened_at)
            told = f"warned{f' after {after}' if each.at > each.opened_at else ' at once'}"
            told += f", {each.updates} {'update' if each.updates == 1 else 'updates'}" if each.updates else ""
            told += ", told the end" if each.ended else ""
        why = each.why if not each.kept else f"{each.kept}; then {each.why}" if each.why else each.kept
        rows.append((stamp(each.opened_at), each.said, told, clip(why, WHY)))
    if len(every) > most:
        rows.append(("...", f"{len(every) - most} more alerts are in notices.jsonl", "", ""))
    return rows


def worth_of(episode: Episode, verdict: Verdict) -> str:
    """Return what an alert was worth, in a few words; nothing without incidents."""
    if not verdict.judged:
        return ""
    for each in verdict.judged:
        felt_at = each.incident.felt_at
        if episode in each.warnings and felt_at is not None:
            return f"{span(felt_at - episode.opened_at)} before: {each.incident.title}"
        if episode in each.episodes:
            return f"belongs to: {each.incident.title}"
    return "false alarm"


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


def summary_json(summary: Summary, verdict: Verdict, notes: Sequence[str] = ()) -> dict[str, Any]:
    """Return everything that a program may want to know of a run."""
    return {
        "rows": summary.rows,
        "bad_rows": summary.bad_rows,
        "series": summary.series,
        "services": len(summary.services),
        "span_s": summary.span_s,
        "notes": list(notes),
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

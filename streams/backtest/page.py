"""The page that shows a backtest: one self-contained file, whatever came from outside escaped."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from alerts.policy.wording import forecast_words, metric, number, span, usual
from domain.anomaly import Evidence
from domain.identity import AlertId
from streams.backtest.compare import Comparison, Line
from streams.backtest.history import Episode
from streams.backtest.judge import Judged, Score, Verdict
from streams.backtest.overview import overview
from streams.backtest.run import Summary
from streams.backtest.scenes import Points, Scene, calendar, draw, stamp
from streams.backtest.words import (
    comparison_rows,
    detector_rows,
    figures,
    journey_rows,
    line_words,
    reader_rows,
    who,
    worth_of,
)

EVIDENCE = 3
STEPS = 8


@dataclass(frozen=True, slots=True)
class Page:
    """Everything that the report of one run shows."""

    source: str
    summary: Summary
    episodes: Sequence[Episode]
    verdict: Verdict
    scenes: Sequence[Scene]
    points: Points
    horizon_s: float
    notes: Sequence[str]
    lines: Sequence[Line]


def render(page: Page) -> str:
    """Return the report of one run."""
    verdict, summary = page.verdict, page.summary
    incidents = [each.incident for each in verdict.judged]
    pictures = {scene.episode.alert: scene for scene in page.scenes}
    shown = [scene.episode for scene in page.scenes]
    return _template("report.html.j2").render(
        source=page.source,
        span=f"{stamp(summary.first_at)} to {stamp(summary.last_at)} UTC" if summary.rows else "nothing was read",
        notes=page.notes,
        figures=figures(summary, verdict),
        whole=verdict.whole,
        horizon=span(page.horizon_s),
        overview=overview(page.episodes, incidents, verdict.true, (summary.first_at, summary.last_at)),
        unfelt=any(incident.felt_at is None for incident in incidents),
        incidents=[_incident(each) for each in verdict.judged],
        journeys=journey_rows(verdict.journeys),
        detectors=detector_rows(verdict),
        readers=[
            {"summary": line_words(line), "rows": reader_rows(line.told[0], len(page.lines))} for line in page.lines
        ],
        alerts=[_alert(episode, verdict, pictures, page.points) for episode in shown],
        left_out=len(page.episodes) - len(shown),
    )


def render_comparison(
    source: str, comparison: Comparison, scores: Sequence[Score], links: Sequence[str], notes: Sequence[str]
) -> str:
    """Return the page that sets two runs side by side."""
    return _template("compare.html.j2").render(
        source=source,
        names=comparison.names,
        scores=scores,
        span_of=span,
        links=links,
        notes=notes,
        rows=comparison_rows(comparison),
        readers=[
            {
                "name": who(line.reader, is_client=line.is_client),
                "first": reader_rows(line.told[0], 2 * len(comparison.lines)),
                "second": reader_rows(line.told[1], 2 * len(comparison.lines)),
            }
            for line in comparison.lines
        ],
        differences=[
            {
                "at": stamp(each.at),
                "who": who(each.reader, is_client=each.is_client),
                "change": f"{each.change} by {span(each.by_s)}" if each.by_s else str(each.change),
                "service": each.service,
                "said": each.said,
                "why": each.why,
            }
            for each in comparison.differences
        ],
        more=comparison.more,
    )


def evidence_words(evidence: Evidence) -> str:
    """Say what was found, as a squad reads it."""
    actual = "nothing" if evidence.actual is None else number(evidence.actual)
    words = f"{metric(evidence)} {actual}, {usual(evidence)}"
    words += f", since {calendar(evidence.since):%H:%M:%S} (score {evidence.score:.2f}, {evidence.detector})"
    return f"{words}: {evidence.detail}" if evidence.detail else words


def _template(name: str) -> Template:
    environment = Environment(loader=PackageLoader("streams.backtest"), autoescape=True, undefined=StrictUndefined)
    return environment.get_template(name)


def _incident(judged: Judged) -> dict[str, str]:
    incident = judged.incident
    return {
        "title": incident.title,
        "services": ", ".join(incident.services) or "all services",
        "felt": "never" if incident.felt_at is None else stamp(incident.felt_at),
        "result": str(judged.result),
        "lead": "" if judged.lead_s is None else f"{span(judged.lead_s)} before",
        "alerts": str(len(judged.episodes)),
    }


def _alert(episode: Episode, verdict: Verdict, pictures: Mapping[AlertId, Scene], points: Points) -> dict[str, object]:
    first = episode.transitions[0]
    forecast = first.anomaly.forecast
    evidence = [evidence_words(each) for each in first.anomaly.evidence[:EVIDENCE]]
    said = [] if forecast is None else [f"Forecast: {forecast_words(forecast, first.at)}"]
    scene = pictures[episode.alert]
    return {
        "id": episode.alert,
        "service": episode.service,
        "severity": episode.severity,
        "when": f"{stamp(episode.opened_at)} UTC, {_lasted(episode)}",
        "tone": _tone(episode, verdict),
        "verdict": worth_of(episode, verdict),
        "headline": first.reason,
        "said": [*said, *evidence],
        "impact": list(_impact(episode)),
        "later": [f"{calendar(s.at):%H:%M:%S} {s.status}: {s.reason}" for s in episode.transitions[1 : STEPS + 1]],
        "series": f"{scene.series}, in {scene.unit}" if scene.unit else str(scene.series),
        "picture": draw(scene, points.get(episode.alert, ()), verdict.judged),
    }


def _lasted(episode: Episode) -> str:
    if episode.ended_at is None:
        return "still open at the end"
    word = "withdrawn" if episode.withdrawn else "resolved"
    return f"{word} after {span(episode.ended_at - episode.opened_at)}"


def _tone(episode: Episode, verdict: Verdict) -> str:
    if not verdict.judged:
        return "plain"
    return "good" if episode.alert in verdict.true else "bad"


def _impact(episode: Episode) -> Iterable[str]:
    joined = next((step.joined for step in episode.transitions if step.joined is not None), None)
    if joined is not None:
        yield f"Told in the messages of alert {joined}: they probably have one cause"
    facts = episode.facts
    if facts is None:
        return
    if facts.journeys:
        yield "Journeys: " + ", ".join(dict.fromkeys(affected.title for affected in facts.journeys))
    told = dict.fromkeys(notice.squad for notice in episode.notices if notice.squad is not None)
    yield "Squads: " + ", ".join(map(str, told))
    yield from (f"Client: {line}" for line in facts.client_decisions)
    yield from (f"Clients of {line}" for line in facts.client_tally)
    if facts.runbook:
        yield f"Runbook: {facts.runbook}"

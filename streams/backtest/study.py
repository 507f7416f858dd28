"""A whole backtest: run, judge, and write the report; or two of them, and what differs."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from alerts.decide import Decide
from alerts.params import AlertParams
from config.settings import Settings
from detectors.detection import Detection
from detectors.params import DetectionParams
from domain.journeys import Landscape
from streams.backtest.compare import Comparison, client_names, compare, readers, received
from streams.backtest.declared import Known
from streams.backtest.history import Counted, Episode, History
from streams.backtest.judge import Scope, Verdict, judge
from streams.backtest.notes import notes, within
from streams.backtest.page import Page, render, render_comparison
from streams.backtest.run import Backtest, Summary
from streams.backtest.scenes import collect, scenes, worst
from streams.backtest.source import BacktestError, Source

REPORT, NOTICES, ALERTS = "report.html", "notices.jsonl", "alerts.jsonl"
Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """What to run over. ``horizon_s`` is how long before an incident a warning of it may come."""

    source: Source
    known: Known
    horizon_s: float
    report: bool


@dataclass(frozen=True, slots=True)
class Study:
    """One run and what it was worth."""

    summary: Summary
    episodes: tuple[Episode, ...]
    verdict: Verdict
    landscape: Landscape
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Pair:
    """Two runs over the same history."""

    studies: tuple[Study, Study]
    comparison: Comparison


def study(plan: Plan, settings: Settings | None, out: Path, progress: Progress) -> Study:
    """Run once, and write scores.csv, alerts.jsonl, notices.jsonl and perhaps the report into ``out``."""
    landscape = Landscape() if settings is None else settings.landscape()
    detection = Detection(DetectionParams() if settings is None else settings.detectors, landscape.services)
    decide = Decide(landscape, AlertParams() if settings is None else settings.alerts)
    source = Counted(plan.source) if plan.report else plan.source
    out.mkdir(parents=True, exist_ok=True)
    (out / REPORT).unlink(missing_ok=True)  # it would be that of another run
    with (out / NOTICES).open("w", encoding="utf-8") as notices:
        history = History(notices)
        summary = Backtest(detection, decide, plan.known.events, history.listen).run(source, out, progress)
    if not summary.series:
        raise BacktestError(
            "\n".join([f"{source.name}: there is no sample in it.", *source.remarks, *summary.complaints])
        )
    episodes, incidents = history.episodes(), plan.known.incidents
    scope = Scope(summary.services, summary.span_s, plan.horizon_s)
    verdict = judge(episodes, within(incidents, summary), landscape, scope)
    told = notes(summary, incidents, landscape, source.remarks)
    if isinstance(source, Counted):
        shown = scenes(worst(episodes), source.cadences, summary.last_at)
        points = collect(plan.source, shown, progress)
        lines = readers(received(episodes, client_names(landscape)))
        page = Page(source.name, summary, episodes, verdict, shown, points, plan.horizon_s, told, lines)
        (out / REPORT).write_text(render(page), encoding="utf-8")
    return Study(summary, episodes, verdict, landscape, told)


def study_two(
    plan: Plan, configurations: tuple[tuple[str, Settings], tuple[str, Settings]], out: Path, progress: Progress
) -> Pair:
    """Run both, each into a folder of its own in ``out``, and perhaps write the page that sets them side by side."""
    (first_name, first), (second_name, second) = configurations
    names = (first_name, second_name) if first_name != second_name else (f"{first_name} (1)", f"{second_name} (2)")
    (out / REPORT).unlink(missing_ok=True)
    studies = study(plan, first, out / "a", progress), study(plan, second, out / "b", progress)
    clients = client_names(*(each.landscape for each in studies))
    told = [received(each.episodes, clients) for each in studies]
    pair = Pair(studies, compare(names, told[0], told[1]))
    if plan.report:
        scores = [each.verdict.whole for each in studies]
        links = [f"{folder}/{REPORT}" for folder in ("a", "b")]
        said = tuple(dict.fromkeys(note for each in studies for note in each.notes))
        page = render_comparison(plan.source.name, pair.comparison, scores, links, said)
        (out / REPORT).write_text(page, encoding="utf-8")
    return pair

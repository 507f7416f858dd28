"""``foreshock backtest``: detectors and decisions over a recording or a stretch of a topic."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from config.loader import load_with_environment
from config.settings import Settings
from domain.durations import parse_duration
from domain.errors import ForeshockError
from streams.backtest.declared import Known, incidents_of, read_declared
from streams.backtest.open import moment, open_file
from streams.backtest.source import BacktestError, Source
from streams.backtest.study import Pair, Plan, Study, study, study_two
from streams.backtest.terminal import console, progress, tell
from streams.backtest.words import comparison_json, summary_json
from streams.cli import EXIT_STOPPED
from streams.refusal import refusal


def backtest(
    telemetry: Annotated[
        Path | None,
        typer.Argument(
            help="CSV or Parquet: columns ts, service, metric and value, or the time and a column for each metric; "
            "JSON lines of native messages; or JSON that Prometheus or VictoriaMetrics exported. Text may be packed "
            "by gzip.",
            exists=True,
            dir_okay=False,
        ),
    ] = None,
    *,
    out: Annotated[
        Path,
        typer.Option(help="Folder for scores.csv, alerts.jsonl and notices.jsonl; made if need be.", file_okay=False),
    ] = Path("backtest-result"),
    config: Annotated[
        Path | None, typer.Option(help="Configuration: services, objectives, detectors.", exists=True, dir_okay=False)
    ] = None,
    incidents: Annotated[
        Path | None,
        typer.Option(
            help="Declared events: JSON lines or CSV with at, kind, service, resolved_at.", exists=True, dir_okay=False
        ),
    ] = None,
    topic: Annotated[str | None, typer.Option(help="Read this Kafka topic instead of a file; needs --config.")] = None,
    since: Annotated[
        str | None, typer.Option("--from", help="The topic from this time on, such as 2026-11-21T22:00Z.")
    ] = None,
    until: Annotated[str | None, typer.Option("--to", help="The topic up to this time; its end if left out.")] = None,
    report: Annotated[
        bool, typer.Option("--report", help="Write report.html too: what was said, in pictures.")
    ] = False,
    compare: Annotated[
        tuple[Path, Path] | None,
        typer.Option(
            help="Two configurations: what each squad and client would have received.", metavar="A.yaml B.yaml"
        ),
    ] = None,
    horizon: Annotated[
        str, typer.Option(help="Of an incident whose beginning is not known: warnings count from so long before it.")
    ] = "1h",
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
) -> None:
    """Run detection and alerting over recorded telemetry and write what they would have said."""
    terminal = console()
    try:
        settings = None if config is None else load_with_environment(config)
        pair = None if compare is None else tuple((path.name, load_with_environment(path)) for path in compare)
        if pair is not None and settings is not None:
            raise BacktestError("give either --config or --compare: a comparison has two configurations of its own")
        place = settings if pair is None else pair[0][1]
        source, known = _inputs(telemetry, topic, (since, until), place, incidents)
        plan = Plan(source, known, _duration(horizon), report)
        readings = (1 if pair is None else 2) * (2 if report else 1)  # for the pictures it is read once more
        with progress(terminal, source, readings) as bar:
            done: Study | Pair = (
                study(plan, settings, out, bar) if pair is None else study_two(plan, (pair[0], pair[1]), out, bar)
            )
    except ForeshockError as error:
        raise refusal(error) from None
    except OSError as error:
        raise refusal(BacktestError(f"{error.filename or out}: {error.strerror}")) from None
    except KeyboardInterrupt:
        typer.echo(f"stopped; {out} holds what was said until then", err=True)
        raise typer.Exit(EXIT_STOPPED) from None
    if as_json:
        typer.echo(json.dumps(_plain(done), ensure_ascii=False, indent=2))
    tell(terminal, done, out, report=report)


def _inputs(
    telemetry: Path | None,
    topic: str | None,
    span: tuple[str | None, str | None],
    settings: Settings | None,
    incidents: Path | None,
) -> tuple[Source, Known]:
    if (telemetry is None) == (topic is None):
        raise BacktestError("give either a file of telemetry or --topic")
    known = Known() if incidents is None else read_declared(incidents)
    if telemetry is not None:
        if span != (None, None):
            raise BacktestError("--from and --to are for --topic; a file is read as a whole")
        return open_file(telemetry), known
    if settings is None or topic is None:
        raise BacktestError("--topic needs --config: it says where Kafka is")
    if span[0] is None:
        raise BacktestError("--topic needs --from")
    from streams.backtest.topic import KafkaTopic, Range, declared  # noqa: PLC0415 - slow to load

    since, until = moment(span[0]), moment(span[1]) if span[1] is not None else float(2**43)
    if not since < until:
        raise BacktestError("--from must be before --to")
    if incidents is None:
        events = declared(settings, since, until)
        known = Known(tuple(events), incidents_of(events))
    return KafkaTopic(settings, Range(topic, since, until)), known


def _duration(text: str) -> float:
    try:
        return parse_duration(text)
    except ValueError as error:
        raise BacktestError(f"--horizon: {error}") from None


def _plain(done: Study | Pair) -> dict[str, Any]:
    if isinstance(done, Study):
        return summary_json(done.summary, done.verdict, done.notes)
    runs = [summary_json(each.summary, each.verdict, each.notes) for each in done.studies]
    return {"runs": runs} | comparison_json(done.comparison)

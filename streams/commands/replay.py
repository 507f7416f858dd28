"""`foreshock replay`: a recording into Kafka, or dead letters back to where they came from."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from config.loader import load_with_environment
from config.settings import Settings
from domain.errors import ForeshockError
from domain.telemetry import DeadLetter
from streams.demo.recording import load
from streams.demo.replaying import outgoing
from streams.demo.replaying import replay as send_recording
from streams.refusal import EXIT_UNUSABLE, refusal
from streams.replay import Wanted, replay_dead_letters
from streams.sending import Sender
from streams.system import SystemClock


def replay(
    config: Annotated[Path, typer.Option("--config", "-c", help="The configuration file.", dir_okay=False)],
    file: Annotated[
        Path | None, typer.Argument(help="A recording: a folder, or its telemetry.csv or telemetry.csv.gz.")
    ] = None,
    dead_letters: Annotated[bool, typer.Option("--dead-letters", help="Send refused input again.")] = False,
    speed: Annotated[
        float, typer.Option(min=0, help="Of a recording: times real time; 0 for as fast as the broker takes it.")
    ] = 1.0,
    topic: Annotated[str | None, typer.Option(help="Only dead letters of this source topic.")] = None,
    reason: Annotated[str | None, typer.Option(help="Only dead letters with this reason.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the dead letters, send nothing.")] = False,
) -> None:
    """Send a recording to the source topics with its own event times, or refused input (dead letters) once more."""
    if (file is None) != dead_letters:
        typer.echo("give either a recording or --dead-letters", err=True)
        raise typer.Exit(EXIT_UNUSABLE)
    try:
        settings = load_with_environment(config)
        if file is None:
            _replay_dead_letters(settings, Wanted(topic, reason), dry_run=dry_run)
        else:
            asyncio.run(_replay_recording(settings, file, speed or None))
    except ForeshockError as error:
        raise refusal(error) from error


def _replay_dead_letters(settings: Settings, wanted: Wanted, *, dry_run: bool) -> None:
    def show(letter: DeadLetter) -> None:
        typer.echo(f"{letter.source}  {letter.reason}: {letter.detail}")

    done = replay_dead_letters(settings, wanted, dry_run=dry_run, report=show)
    verb = "would be replayed" if dry_run else "replayed"
    typer.echo(f"{done.sent} dead letters {verb}")
    if done.cut:
        typer.echo(
            f"{done.cut} cannot be: they were too large to be kept whole, and stand at the addresses above", err=True
        )


async def _replay_recording(settings: Settings, file: Path, speed: float | None) -> None:
    telemetry = [s.topic for s in settings.sources if s.kind == "telemetry" and s.format == "native"]
    incidents = [s.topic for s in settings.sources if s.kind == "incidents" and s.format == "native"]
    if not telemetry or not incidents:
        raise ForeshockError("sources needs a telemetry and an incidents topic in the native format to replay into")
    messages = list(outgoing(load(file), telemetry[0], incidents[0]))
    columns = (TextColumn("replaying"), BarColumn(), TextColumn("{task.completed:.0f} of {task.total:.0f} messages"))
    with Sender(settings.kafka) as sender, Progress(*columns, TimeRemainingColumn()) as progress:
        task = progress.add_task("replay", total=len(messages))

        def show(_: float, sent: int) -> None:
            progress.update(task, completed=sent)

        await send_recording(messages, sender, SystemClock(), speed, show)

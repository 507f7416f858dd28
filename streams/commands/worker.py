"""`foreshock worker`: read, detect, decide, deliver, until told to stop."""

import logging
import sys
from pathlib import Path
from typing import Annotated

import faust
import typer

from config.loader import load_with_environment
from domain.errors import ConfigError, ForeshockError
from streams import admin, logs
from streams.bootstrap import Worker
from streams.health import check_address
from streams.refusal import EXIT_NO_KAFKA, refusal
from streams.system import SystemClock

log = logging.getLogger("streams.worker")


def worker(
    config: Annotated[Path, typer.Option("--config", "-c", help="The configuration file.", dir_okay=False)],
) -> None:
    """Run a worker on Kafka. Start more of them with the same configuration to share the partitions."""
    try:
        settings = load_with_environment(config, require_sources=True)
        logs.set_up(settings.log.level, settings.log.format)
        if (problem := check_address(settings.server.host, settings.server.port)) is not None:
            raise ConfigError(problem)
        log.info("connecting to Kafka at %s", ", ".join(settings.kafka.brokers))
        if settings.kafka.create_topics:
            for name in admin.create_topics(settings):
                log.info("created topic %s", name)
        problems = admin.verify_topics(settings)
    except ForeshockError as error:
        raise refusal(error) from error
    if problems:
        typer.echo("\n".join(problems), err=True)
        raise typer.Exit(EXIT_NO_KAFKA)
    app = Worker(settings, SystemClock()).app
    process = faust.Worker(
        app, quiet=True, override_logging=False, redirect_stdouts=False, stdout=sys.stderr, stderr=sys.stderr
    )
    process.execute_from_commandline()

"""`foreshock answers`: take in what clients answer on the pages behind their links, and what squads press in Slack."""

import asyncio
import logging
import signal
from pathlib import Path
from typing import Annotated

import typer

from config.loader import load_with_environment
from config.settings import Settings
from domain.errors import ConfigError, ForeshockError
from streams import logs
from streams.health import HealthServer
from streams.metrics import ANSWERS_CATALOGUE, Metrics
from streams.pages.server import AnswersServer, FeedbackWriter
from streams.pages.slack import SlackOffice
from streams.refusal import refusal
from streams.system import SystemClock

log = logging.getLogger(__name__)


def answers(
    config: Annotated[Path, typer.Option("--config", "-c", help="The configuration file.", dir_okay=False)],
    metrics_port: Annotated[
        int | None,
        typer.Option(help="Serve /metrics, /healthz and /readyz here, not for the public.", min=0, max=65535),
    ] = None,
    metrics_host: Annotated[str, typer.Option(help="The address to serve them on.")] = "127.0.0.1",
) -> None:
    """Take in what people answer, until it is stopped: presses of buttons in Slack, and the pages behind links.

    It keeps nothing and needs one right: to write to the feedback topic.
    """
    try:
        settings = load_with_environment(config)
        slack = settings.channels.slack
        if settings.answers.url is None and (slack is None or not slack.buttons):
            raise ConfigError(
                "answers.url and answers.keys are not set, nor are channels.slack.signing_secret and "
                "channels.slack.app_token: there is no way in for an answer"
            )
        logs.set_up(settings.log.level, settings.log.format)
        asyncio.run(_serve(settings, metrics_host, metrics_port))
    except (ForeshockError, OSError) as error:
        raise refusal(error) from error


async def _serve(settings: Settings, metrics_host: str, metrics_port: int | None) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    clock, metrics, writer = SystemClock(), Metrics(ANSWERS_CATALOGUE), FeedbackWriter(settings)
    office = SlackOffice(settings, writer.write, clock, metrics)
    server = AnswersServer(settings, writer.write, clock, metrics, office.routes)
    internal = HealthServer(
        metrics_host,
        metrics_port or 0,
        metrics,
        stalls=list,
        unready=lambda: [*writer.unready(), *office.unready()],
        status=dict,
    )
    watching = asyncio.create_task(writer.watch(clock))
    try:
        await server.start()
        office.start()
        if metrics_port is not None:
            await internal.start()
            log.info("serving metrics on %s", internal.address)
        log.info("serving %s for %s", server.address, settings.answers.url or "Slack")
        await stop.wait()
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        await internal.stop()
        await server.stop()
        await office.stop()
        await writer.close()

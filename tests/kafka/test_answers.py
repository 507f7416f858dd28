"""What people answer by the command reaches a running worker: the decision changes, and so does the message."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaProducer
from typer.testing import CliRunner

from domain.anomaly import Anomaly, AnomalyKind, Watermark
from domain.notice import ChannelKind, Hold, Notice, Notify, Phase, Suppress
from streams.commands import app
from streams.records import encode
from tests.support import kills
from tests.support.builders import T0, a_forecast, an_anomaly
from tests.support.kafka import KafkaBroker, Names
from tests.support.processes import PATIENCE_S, wait_until
from tests.support.story import Story

CAREFUL = "ledger-client-0"
LOOK_S = 0.2  # each look reads all topics, on the machine on which the worker has to get on

pytestmark = pytest.mark.timeout(900)


def settings() -> dict[str, Any]:
    """As in the kill test; one client of the ledger wants a person to release what they are told."""
    wanted = kills.overrides()
    wanted["clients"][CAREFUL]["notices"] = {"approval": "required", "min_confidence": 0.5}
    return wanted


@pytest.fixture
async def story(kafka: KafkaBroker, names: Names, tmp_path: Path) -> AsyncIterator[Story]:
    async with Story(kafka, names, tmp_path, settings(), static=True) as ready:
        await ready.start_worker()
        yield ready


async def say(story: Story, *items: Anomaly | Watermark) -> None:
    def produce() -> None:
        producer = KafkaProducer(bootstrap_servers=story.broker.bootstrap, acks="all")
        for item in items:
            producer.send(story.own("anomalies"), key=b"answers", value=encode(item), partition=0)
        producer.flush()
        producer.close()

    await asyncio.to_thread(produce)


def trouble(service: str, at: float) -> Anomaly:
    forecast = a_forecast(breach_at=at + 600, at=at, service=service)
    return an_anomaly(service, at=at, kind=AnomalyKind.FORECAST, forecast=forecast)


async def notices(story: Story) -> list[Notice]:
    return (await story.outcome()).notices


async def until(story: Story, what: str, **wanted: object) -> Notice:
    """Wait for a notice with these attributes; ``decision`` is its type."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            for notice in await notices(story):
                seen = {name: getattr(notice, name) for name in wanted} | {"decision": type(notice.decision)}
                if all(seen[name] == value for name, value in wanted.items()):
                    return notice
            assert story.running, f"{what}: {story.logs()}"
            await asyncio.sleep(LOOK_S)


async def command(folder: Path, *arguments: str) -> None:
    call = [*arguments, "--config", str(folder / "worker-0.yaml")]
    done = await asyncio.to_thread(CliRunner().invoke, app, call, env={"SLACK_TOKEN": "xoxb-stand-in"})
    assert done.exit_code == 0, done.output


def shown(story: Story, channel: str) -> str:
    """What stands in a Slack channel now."""
    return json.dumps([message.blocks for message in story.slack.messages if message.channel_name == channel])


async def see(condition: Any, what: str) -> None:
    await asyncio.to_thread(wait_until, condition, what=what)


async def test_an_approval_by_the_command_releases_what_was_held(story: Story, tmp_path: Path) -> None:
    await say(story, trouble("ledger", T0), Watermark(0, T0))
    held = await until(story, "held", client=CAREFUL, decision=Hold)
    assert "nobody has approved" in held.decision.reason

    await command(tmp_path, "approve", held.alert, "--client", CAREFUL, "--for", "30m", "--by", "ben")

    sent = await until(story, "released", client=CAREFUL, decision=Notify)
    assert (sent.phase, sent.thread) == (Phase.WARNING, held.thread)
    assert "ben" in sent.decision.reason
    await see(lambda: sent.id in story.mail.notice_ids, "the mail that was released")


async def test_an_acknowledgement_by_the_command_is_shown_in_the_squads_message(story: Story, tmp_path: Path) -> None:
    await say(story, trouble("ledger", T0), Watermark(0, T0))
    told = await until(story, "told", channel=ChannelKind.SLACK, decision=Notify)
    channel = told.recipient.lstrip("#")
    await see(lambda: told.id in story.slack.notice_ids, "the warning on Slack")
    assert "anna" not in shown(story, channel)

    await command(tmp_path, "ack", told.alert, "--by", "anna")

    await see(lambda: "anna" in shown(story, channel), "the name of who looks after it")
    assert len([message for message in story.slack.messages if message.thread_ts is None]) == 1


async def test_a_silence_by_the_command_suppresses_with_its_author_and_nothing_arrives(
    story: Story, tmp_path: Path
) -> None:
    await command(tmp_path, "silence", "--service", "cards", "--for", "2h", "--by", "cleo", "--comment", "migration")
    await story.drained()

    await say(story, Watermark(0, T0), trouble("cards", T0 + 1), trouble("fx", T0 + 2), Watermark(0, T0 + 30))

    kept = await until(story, "kept back", client="cards-client-0", decision=Suppress)
    assert "cleo" in kept.decision.reason
    await until(story, "the other service", client="fx-client-0", decision=Notify)
    await story.drained()
    ours = {notice.id for notice in await notices(story) if notice.alert == kept.alert}
    assert ours
    assert not ours & {*story.slack.notice_ids, *story.mail.notice_ids}

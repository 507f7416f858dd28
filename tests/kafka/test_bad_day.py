"""A bad day on a real Kafka, told from the record of it.

40 services, 200 clients, six episodes at once, two of which come and go; Slack down for ten minutes, a mail server that
puts off every stranger, and two workers of which one is killed every 30 s. All of that in event time: the day is
played eight times as fast as it is told (tests/support/bad_day.py makes it up).
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Connection
from typer.testing import CliRunner

from config.loader import load
from domain.notice import Notify
from streams.commands import app
from streams.demo.mail_server import MailServer
from streams.record.database import open_record
from streams.record.explain import explain_notice
from streams.record.moment import explain_client
from streams.record.projector import project
from streams.record.questions import episodes
from streams.record.story import as_text
from streams.system import SystemClock
from tests.support import bad_day
from tests.support.kafka import KafkaBroker, Names
from tests.support.processes import PATIENCE_S
from tests.support.proof import confirmed_twice, deferrals, recorded
from tests.support.story import Outcome, Story
from tests.support.threads import out_of_order

SPEED = 8.0
TAIL_SPEED = 40.0
KILL_EVERY_S = 30.0
KILLS_FROM_S, KILLS_UNTIL_S = 60.0, 960.0
SLACK_DOWN_S, SLACK_UP_S = 200.0, 800.0
REFUSED_LEAST = 10
ASKED_AT_S = 560.0  # of the day: five of the six episodes are open

pytestmark = pytest.mark.timeout(1800)


@pytest.fixture
async def story(kafka: KafkaBroker, names: Names, tmp_path: Path) -> AsyncIterator[Story]:
    mail = MailServer(greylist=True)
    async with Story(kafka, names, tmp_path, bad_day.overrides(), mail=mail, static=True) as ready:
        yield ready


async def live_through(story: Story) -> int:
    """Play the day with everything that goes wrong in it; returns the number of kills."""
    workers = [await story.start_worker(), await story.start_worker()]
    await story.play(bad_day.learning(), None)
    kills = 0

    async def kill() -> None:
        nonlocal kills
        await asyncio.sleep(KILLS_FROM_S / SPEED)
        for number in range(int((KILLS_UNTIL_S - KILLS_FROM_S) / KILL_EVERY_S)):
            worker = workers[number % len(workers)]
            await asyncio.to_thread(worker.kill)
            worker.start()
            kills += 1
            await asyncio.sleep(KILL_EVERY_S / SPEED)

    async def outage() -> None:
        await asyncio.sleep(SLACK_DOWN_S / SPEED)
        story.slack.down, before = True, len(story.slack.calls)
        await asyncio.sleep((SLACK_UP_S - SLACK_DOWN_S) / SPEED)
        async with asyncio.timeout(PATIENCE_S):  # on a slow machine, until the workers have come to it
            while len(story.slack.calls) < before + REFUSED_LEAST:  # noqa: ASYNC110 - nothing tells
                await asyncio.sleep(0.1)
        story.slack.down = False

    async with asyncio.TaskGroup() as group:
        for each in (story.play(bad_day.day(), SPEED), kill(), outage()):
            group.create_task(each)
    for worker in workers:
        await story.ready(worker)
    await story.play(bad_day.tail(), TAIL_SPEED)
    await story.drained()
    return kills


def check(outcome: Outcome, story: Story) -> None:
    """Every promise that the record and the mailboxes can show."""
    ended = {t.alert for t in outcome.transitions if t.status in {"resolved", "retracted"}}
    assert {t.alert for t in outcome.transitions} == ended
    assert len({t.alert for t in outcome.transitions if t.joined is None}) >= 6
    assert any(t.status == "suspended" for t in outcome.transitions)
    assert outcome.undelivered == [], story.logs()
    assert outcome.not_told_the_end == []
    assert outcome.two_faced == []
    assert outcome.dead_letters == []
    assert outcome.repeats["slack"] == 0
    assert out_of_order(outcome.to_send, story.slack, story.mail) == []


def answers(connection: Connection, outcome: Outcome) -> None:
    """The record answers for each of the 200 clients, and says of each what was done."""
    at = bad_day.T0 + ASKED_AT_S
    open_then = {episode.alert for episode in episodes(connection) if episode.open_at(at)}
    of_then = [notice for notice in outcome.notices if notice.alert in open_then and notice.client is not None]
    told = {notice.client for notice in of_then if isinstance(notice.decision, Notify)}
    refused = {notice.client for notice in of_then} - told
    calm = set(bad_day.clients()) - told - refused
    for client in bad_day.clients():
        answer = explain_client(connection, client, at)
        text = as_text(answer)
        assert "alerts were open at that time" in answer.summary, text
        assert all(section.lines for section in answer.sections), text
        assert (f"to client {client} at" in text) is (client not in calm), text
        if client in told:
            assert "to be told" in text, text
        elif client in refused:
            assert "held" in text or "not to be told" in text, text
        else:
            assert "not affected" in text, text
    for kind in ("notify", "hold", "suppress"):
        notice = next(each for each in outcome.notices if each.decision.kind == kind and each.client is not None)
        known = explain_notice(connection, notice.id)
        assert known is not None
        assert notice.decision.reason in as_text(known)
        assert ("delivered (" in as_text(known)) is (kind == "notify")
    assert len(told) > 60
    assert len(refused) > 10
    assert len(calm) > 10


async def test_a_bad_day_ends_with_everybody_told_once_and_a_record_that_can_show_it(
    story: Story, tmp_path: Path, tell: Callable[[str], None]
) -> None:
    kills = await live_through(story)

    config, database = tmp_path / "worker-0.yaml", str(tmp_path / "record.sqlite")
    settings = load(config, {"SLACK_TOKEN": story.slack.token})
    entries = await asyncio.to_thread(project, settings, database, SystemClock())
    with closing(open_record(database)) as record, record.reading() as connection:
        outcome = recorded(connection, story.slack, story.mail)
        tell(
            f"a bad day: {kills} kills, {len({t.alert for t in outcome.transitions})} alerts, "
            f"{len(outcome.notices)} notices, {len(outcome.to_send)} to send, {entries} entries in the record"
        )
        tell(f"  put off {dict(deferrals(outcome))}; repeats {outcome.repeats}")
        tell(f"  of the repeats a receipt was written before: {dict(confirmed_twice(outcome))}")
        assert deferrals(outcome)["slack unavailable"] > 0
        assert deferrals(outcome)["email unavailable"] > 100
        check(outcome, story)
        answers(connection, outcome)

    done = await asyncio.to_thread(
        CliRunner().invoke,
        app,
        ["audit", "verify", "--config", str(config), "--database", database],
        env={"SLACK_TOKEN": story.slack.token},
    )
    assert done.exit_code == 0, done.output
    assert f"{entries} of them are covered by heads on Kafka." in done.output

"""SIGKILL at random instants between a decision and its receipt: nothing is lost, nobody is told twice.

``--kills`` says how many, ``--kills-seed`` repeats a run; `make kills` does 200.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from kafka import KafkaProducer

from domain.anomaly import Anomaly, Watermark
from streams.records import encode
from streams.system import SystemClock
from tests.support.kafka import KafkaBroker, Names
from tests.support.kills import Eye, SlowMail, SlowSlack, Tally, instants, last_steps, overrides, step
from tests.support.proof import confirmed_twice
from tests.support.story import Story
from tests.support.threads import out_of_order

KILLS = 20
DAY_S = 86400.0

pytestmark = pytest.mark.timeout(3600)


@pytest.fixture
def kills(request: pytest.FixtureRequest) -> int:
    return int(request.config.getoption("--kills", default=KILLS))


@pytest.fixture
def seed(request: pytest.FixtureRequest) -> int:
    given = request.config.getoption("--kills-seed", default=None)
    return int(SystemClock().now() // DAY_S) if given is None else int(given)


@pytest.fixture
async def story(kafka: KafkaBroker, names: Names, tmp_path: Path, seed: int) -> AsyncIterator[Story]:
    slack, mail = SlowSlack(random.Random(seed + 1)), SlowMail(random.Random(seed + 2))
    async with Story(kafka, names, tmp_path, overrides(), slack=slack, mail=mail, static=True) as ready:
        yield ready


async def test_a_worker_killed_between_decision_and_receipt_loses_nothing_and_tells_nobody_twice(
    story: Story, kills: int, seed: int, tell: Callable[[str], None]
) -> None:
    chance = random.Random(seed)
    worker = await story.start_worker()
    producer = await asyncio.to_thread(lambda: KafkaProducer(bootstrap_servers=story.broker.bootstrap, acks="all"))

    async def say(items: tuple[Anomaly | Watermark, ...]) -> None:
        for item in items:
            producer.send(story.own("anomalies"), key=b"kills", value=encode(item), partition=0)
        await asyncio.to_thread(producer.flush)

    eye = Eye()
    watching = asyncio.create_task(eye.watch(story.broker.bootstrap, story.own("notices"), story.own("receipts")))
    tally = Tally()
    try:
        for number in range(kills):
            instant = chance.choice(instants(eye, story.slack, story.mail))
            await instant.come(chance, lambda number=number: say(step(number)))  # type: ignore[misc]
            tally.note(instant.name, eye, story.slack, story.mail)
            worker.kill()
            worker.start()
        await story.ready(worker)
        for items in last_steps(kills):
            await say(items)
        await story.drained()
    finally:
        watching.cancel()
        await asyncio.to_thread(producer.close)

    outcome = await story.outcome()
    tell(f"{kills} kills, seed {seed}: {len(outcome.to_send)} notices to send, repeats {outcome.repeats}")
    tell(f"  of those a receipt was written before: {dict(confirmed_twice(outcome))}")
    for line in tally.lines():
        tell(f"  {line}")

    assert len(outcome.to_send) >= kills
    assert outcome.undelivered == [], story.logs()
    assert outcome.not_told_the_end == []
    assert outcome.two_faced == []
    assert outcome.dead_letters == []
    assert outcome.repeats["slack"] == 0
    assert out_of_order(outcome.to_send, story.slack, story.mail) == []
    assert different_bytes(story) == []


def different_bytes(story: Story) -> list[str]:
    """Return the Message-IDs under which two different mails arrived."""
    contents: dict[str, set[bytes]] = {}
    for taken in story.mail.messages:
        contents.setdefault(taken.notice, set()).add(taken.content)
    return [notice for notice, found in contents.items() if len(found) > 1]

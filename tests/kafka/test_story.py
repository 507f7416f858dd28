"""The main job on a real Apache Kafka: undisturbed, and with everything that a bad day brings."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from streams.demo.recording import Recording, load
from tests.support.kafka import KafkaBroker, Names
from tests.support.story import DEMO, Outcome, Story, compare

SECONDS = 640  # of the recording: two incidents and a harmless restart
SPEED = 40.0

pytestmark = pytest.mark.timeout(1200)

Tell = Callable[[str], None]

_undisturbed: list[Outcome] = []


@pytest.fixture(scope="module")
def recording() -> Recording:
    whole = load(DEMO / "data")
    return whole.between(whole.first_at, whole.first_at + SECONDS)


@pytest.fixture
async def story(kafka: KafkaBroker, names: Names, tmp_path: Path) -> AsyncIterator[Story]:
    async with Story(kafka, names, tmp_path) as ready:
        yield ready


async def run(story: Story, recording: Recording, disturb: Callable[[], Awaitable[object]] | None = None) -> Outcome:
    """Play the recording while something happens, wait until all is done, and read everything back."""
    playing = asyncio.create_task(story.play(recording, SPEED))
    if disturb is not None:
        await disturb()
    await playing
    await story.drained()
    return await story.outcome()


def check(outcome: Outcome, story: Story, produced: str) -> None:
    assert outcome.to_send, story.logs()
    assert outcome.undelivered == [], story.logs()
    assert outcome.not_told_the_end == []
    assert outcome.two_faced == []
    assert outcome.dead_letters == []
    assert outcome.repeats["slack"] == 0, produced


def differences(name: str, outcome: Outcome, recording: Recording) -> str:
    """Return how far a run differs from the undisturbed one: a figure to know, not one to hide."""
    sent = f"{name}: {len(outcome.to_send)} notices sent, repeats {outcome.repeats}"
    return f"{sent}\n{compare(_undisturbed[0], outcome, recording.last_at)}"


async def undisturbed(kafka: KafkaBroker, recording: Recording, folder: Path) -> None:
    if not _undisturbed:
        async with Story(kafka, Names("undisturbed"), folder) as story:
            await story.start_worker()
            outcome = await run(story, recording)
            check(outcome, story, "undisturbed")
            assert outcome.repeats == {"slack": 0, "mail": 0}
            _undisturbed.append(outcome)


@pytest.fixture(autouse=True)
async def _first_undisturbed(kafka: KafkaBroker, recording: Recording, tmp_path: Path) -> None:
    folder = tmp_path / "undisturbed"
    folder.mkdir()
    await undisturbed(kafka, recording, folder)


async def test_two_workers_join_and_leave(story: Story, recording: Recording, tell: Tell) -> None:
    first = await story.start_worker()

    async def disturb() -> None:
        await asyncio.sleep(3)
        await story.start_worker()
        await asyncio.sleep(3)
        assert await asyncio.to_thread(first.stop) == 0, first.log_tail()

    outcome = await run(story, recording, disturb)
    tell(differences("two workers, joining and leaving", outcome, recording))
    check(outcome, story, "joining and leaving")


async def test_a_worker_is_killed_in_mid_stream_and_started_again(
    story: Story, recording: Recording, tell: Tell
) -> None:
    worker = await story.start_worker()

    async def disturb() -> None:
        for _ in range(2):
            await asyncio.sleep(5)
            await asyncio.to_thread(worker.kill)
            worker.start()
        await story.ready(worker)

    outcome = await run(story, recording, disturb)
    tell(differences("a worker killed twice", outcome, recording))
    check(outcome, story, "killed")


async def test_the_broker_is_restarted(story: Story, recording: Recording, kafka: KafkaBroker, tell: Tell) -> None:
    await story.start_worker()

    async def disturb() -> None:
        await asyncio.sleep(6)
        await asyncio.to_thread(kafka.restart)

    outcome = await run(story, recording, disturb)
    tell(differences("the broker restarted", outcome, recording))
    check(outcome, story, "broker restarted")

"""When a replay counts as finished: the worker has said so again and again, and nothing was heard meanwhile."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import pytest

from config.loader import load
from domain.anomaly import Watermark
from domain.identity import ServiceId
from streams.commands.demo import HERE
from streams.demo.broker import Fetched
from streams.demo.listener import Listener
from streams.demo.performance import CALM, DRAIN_S, Performance
from streams.demo.process import Figure, Figures, ServerProcess
from streams.demo.recording import Measured, Recording
from streams.demo.view import Board, Line
from streams.records import encode
from streams.topics import Topic
from tests.support.builders import T0, an_anomaly
from tests.support.clock import SteppingClock

SECONDS = 6


class Worker(ServerProcess):
    """Says what a test wants: how much was handled and waits, or nothing for a while."""

    def __init__(self, clock: SteppingClock) -> None:
        super().__init__("the worker", (), Path(), "", clock)
        self.clock = clock
        self.sent = 0
        self.slow_until = 0.0  # handles nothing
        self.waiting_until = 0.0
        self.silent = (0.0, 0.0)  # does not answer from then to then
        self.asked = 0

    def check_alive(self) -> None:
        pass

    async def figures(self) -> Figures | None:
        if self.silent[0] <= self.clock.at < self.silent[1]:
            return None
        self.asked += 1
        handled = 0.0 if self.clock.at < self.slow_until else float(self.sent)
        waiting = 1.0 if self.clock.at < self.waiting_until else 0.0
        return Figures(
            (
                Figure("foreshock_messages_total", {"topic": "telemetry"}, handled),
                Figure("foreshock_notices_pending", {}, waiting),
            )
        )


@dataclass
class Stage:
    """A broker that hands every message to the worker, a topic that a test writes to, and a view that shows nothing."""

    worker: Worker
    news: list[Fetched] = field(default_factory=list)
    news_at: float = 0.0
    pulse: Fetched | None = None  # is there whenever somebody looks
    sent_at: list[float] = field(default_factory=list)

    def send(self, _topic: str, **_: object) -> None:
        self.worker.sent += 1
        self.sent_at.append(self.worker.clock.at)

    def flush(self) -> None:
        pass

    def read(self) -> tuple[Fetched, ...]:
        if self.pulse is not None:
            return (self.pulse,)
        if self.worker.clock.at < self.news_at:
            return ()
        news, self.news = tuple(self.news), []
        return news

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def say(self, line: Line) -> None:
        pass

    def show(self) -> None:
        pass


@pytest.fixture
def stage() -> Stage:
    return Stage(Worker(SteppingClock()))


async def play(stage: Stage) -> float:
    """Replay for some seconds, and return how long it took until it was finished."""
    listener = Listener(stage, {"anomalies": Topic.ANOMALIES})
    clock = stage.worker.clock
    settings = load(HERE / "payments.yaml", {})
    performance = Performance(settings, stage, listener, stage.worker, clock)  # type: ignore[arg-type]
    rows = tuple(Measured(T0 + at, T0 + at, ServiceId("cache"), "hit_ratio", 1.0) for at in range(SECONDS))
    began = clock.at
    await performance.play(Recording(rows), Board(T0, T0 + SECONDS, 1.0, ()), stage)
    return clock.at - began


async def test_it_is_finished_when_the_worker_has_said_so_several_times(stage: Stage) -> None:
    took = await play(stage)
    assert stage.worker.asked >= CALM
    assert took < SECONDS + 2 * CALM


async def test_a_worker_that_does_not_answer_has_not_finished(stage: Stage) -> None:
    stage.worker.silent = (5_000.0 + SECONDS + 2, 5_030.0)  # it had said before that nothing waits
    assert await play(stage) > 30


async def test_the_replay_waits_for_a_worker_that_is_slow(stage: Stage) -> None:
    stage.worker.slow_until = 5_020.0
    await play(stage)
    assert stage.sent_at[2] < 5_003
    assert stage.sent_at[-1] > 5_020


async def test_news_begin_the_wait_anew(stage: Stage) -> None:
    stage.news, stage.news_at = [Fetched("anomalies", 0, 0, encode(an_anomaly()))], 5_000.0 + SECONDS + 2
    assert await play(stage) > SECONDS + 2 + CALM - 1


async def test_event_time_that_passes_in_silence_is_no_news(stage: Stage) -> None:
    stage.pulse = Fetched("anomalies", 0, 0, encode(Watermark(0, T0)))
    assert await play(stage) < SECONDS + 2 * CALM


async def test_what_waits_is_waited_for_and_not_for_ever(stage: Stage) -> None:
    stage.worker.waiting_until = 5_020.0
    assert await play(stage) > 20 + CALM - 1
    stage.worker.waiting_until = 50_000.0
    assert await play(stage) == pytest.approx(SECONDS + DRAIN_S, abs=5)

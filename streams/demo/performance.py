"""One run on prepared servers: start the worker, replay, listen until the pipeline has finished, stop the worker."""

import asyncio
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass

from config.settings import Settings
from domain.anomaly import SeriesState
from domain.clock import Clock
from streams.demo.broker import EmbeddedBroker, Sender
from streams.demo.listener import HEARD, Listener
from streams.demo.process import Figures, WorkerProcess
from streams.demo.recording import Recording, Schedule, outgoing, replay
from streams.demo.report import Heard
from streams.demo.view import Board, View
from streams.topics import Topic

DRAIN_S = 45.0  # how long the pipeline may take to finish after the last message
QUIET_S = 4.0  # nothing new for so long, and nothing waiting: it has finished
DRAW_S = 0.2
FIGURES_S = 1.0


@dataclass(frozen=True, slots=True)
class Played:
    """What was seen of a run. ``worker_status`` None: it had to be killed."""

    heard: Heard
    produced: int
    handled: int
    dead_letters: tuple[str, ...]
    worker_status: int | None


class Performance:
    """A run; `play` does it once."""

    def __init__(self, recording: Recording, settings: Settings, board: Board, view: View, clock: Clock) -> None:
        self._recording = recording
        self._sources = {source.kind: source.topic for source in settings.sources}
        self._prefix = settings.kafka.topic_prefix
        self._board = board
        self._view = view
        self._clock = clock
        self._figures = Figures()
        self._asked_at = self._changed_at = clock.monotonic()

    async def play(self, broker: EmbeddedBroker, worker: WorkerProcess) -> Played:
        """Do the whole run; raises WorkerError when the worker does not start or ends on its own."""
        topics = {f"{self._prefix}{topic}": topic for topic in HEARD}
        with closing(broker.reader(topics)) as reader:
            listener = Listener(reader, topics, self._board, self._view)
            async with worker:
                self._begin("the worker starts")
                await worker.wait_ready()
                schedule = await self._replay(broker.sender(), worker, listener)
                self._begin("the worker stops")
                status = await worker.stop()
            listener.listen()
        heard = Heard(listener.transitions, listener.notices, listener.receipts, schedule.released_at)
        return Played(heard, self._board.sent, self._handled(), tuple(listener.dead_letters), status)

    async def _replay(self, sender: Sender, worker: WorkerProcess, listener: Listener) -> Schedule:
        """Replay, and wait until the pipeline has finished with it, or for as long as it may take."""
        self._begin("replaying")
        messages = outgoing(self._recording, self._sources["telemetry"], self._sources["incidents"])
        playing = asyncio.create_task(
            replay(messages, sender, self._clock, self._board.speed, self._progress, keep_times=True)
        )
        try:
            while not playing.done():
                await self._look(worker, listener)
            schedule = await playing
        finally:
            playing.cancel()
        self._begin("waiting for the last messages")
        deadline = self._clock.monotonic() + DRAIN_S
        while not self._finished() and self._clock.monotonic() < deadline:
            await self._look(worker, listener)
        return schedule

    async def _look(self, worker: WorkerProcess, listener: Listener) -> None:
        worker.check_alive()
        now = self._clock.monotonic()
        if listener.listen():
            self._changed_at = now
        if now - self._asked_at >= FIGURES_S:
            self._asked_at = now
            self._figures = await worker.figures() or self._figures
            self._copy_figures()
        for line in self._board.truth(self._recording.faults):
            self._view.say(line)
        self._view.show()
        await self._clock.sleep(DRAW_S)

    def _copy_figures(self) -> None:
        series: Mapping[str, float] = self._figures.by("foreshock_series", "state")
        self._board.handled = self._handled()
        self._board.samples = round(self._figures.total("foreshock_samples_total"))
        self._board.series = {state: round(series.get(state, 0.0)) for state in SeriesState}

    def _handled(self) -> int:
        """Messages of the sources that the worker has handled, by its own count."""
        topics = set(self._sources.values())
        return round(sum(self._figures.total("foreshock_messages_total", topic=topic) for topic in topics))

    def _finished(self) -> bool:
        waiting = self._figures.total("foreshock_notices_pending") + self._figures.total("foreshock_consumer_lag")
        quiet = self._clock.monotonic() - self._changed_at > QUIET_S
        return quiet and waiting == 0 and self._handled() >= self._board.sent

    def _progress(self, reached_at: float, sent: int) -> None:
        self._board.reached_at = reached_at
        self._board.sent = sent

    def _begin(self, step: str) -> None:
        self._board.step = step
        self._changed_at = self._clock.monotonic()
        self._view.show()


def own_topics(settings: Settings) -> tuple[str, ...]:
    """Return every topic that a run needs: the sources and Foreshock's own."""
    return (*(source.topic for source in settings.sources), *(f"{settings.kafka.topic_prefix}{t}" for t in Topic))

"""A replay into a pipeline that runs: listen until it has finished, and tell a view what is seen."""

import asyncio
from collections.abc import Callable, Mapping, Sequence

from config.settings import Settings
from domain.anomaly import SeriesState
from domain.clock import Clock
from domain.identity import AlertId, ServiceId
from streams.demo.broker import Sender
from streams.demo.listener import Listener
from streams.demo.pace import Pace
from streams.demo.process import Figures, ServerProcess
from streams.demo.recording import Fault, Recording
from streams.demo.replaying import Schedule, outgoing, replay
from streams.demo.view import Board, View
from streams.topics import Topic

DRAIN_S = 120.0  # how long the pipeline may take to finish after the last message
CALM = 4  # looks in turn, a second apart, at which the worker said that nothing waits and nothing was new: it is over
DRAW_S = 0.2
FIGURES_S = 1.0


class Performance:
    """Holds on to a pipeline; each `play` replays one recording into it."""

    def __init__(
        self, settings: Settings, sender: Sender, listener: Listener, worker: ServerProcess, clock: Clock
    ) -> None:
        self._sources = {source.kind: source.topic for source in settings.sources}
        self._sender = sender
        self._listener = listener
        self._worker = worker
        self._clock = clock
        self._board: Board
        self._view: View
        self._faults: Sequence[Fault] = ()
        self._figures = Figures()
        self._pace = Pace(clock)
        self._calm = 0
        self._sent = self._sent_before = 0  # in all, and before this replay
        self._asked_at = self._sent_at = clock.monotonic()

    @property
    def handled(self) -> int:
        """Messages of the sources that the worker has handled, by its own count."""
        topics = set(self._sources.values())
        return round(sum(self._figures.total("foreshock_messages_total", topic=topic) for topic in topics))

    @property
    def idle_s(self) -> float:
        """How long nothing has been replayed."""
        return self._clock.monotonic() - self._sent_at

    @property
    def alerts(self) -> dict[AlertId, ServiceId]:
        """Return the service of every alert that was heard of."""
        return self._board.services_of

    def heard_at(self) -> float:
        """Return how far the recording has been judged, in event time."""
        return self._board.heard_at

    async def ready(self, processes: Sequence[ServerProcess], board: Board, view: View) -> None:
        """Return when all are ready; raises ProcessError when one is not in time."""
        self._turn_to(board, view)
        self._begin("worker and answers start")
        for process in processes:
            await process.wait_ready()

    async def play(
        self, recording: Recording, board: Board, view: View, busy: Callable[[], bool] = lambda: False
    ) -> Schedule:
        """Replay, and wait until the pipeline has finished with it, or for as long as it may take.

        The replay waits for the pipeline where that is slow, and while somebody is ``busy``.
        """
        self._turn_to(board, view)
        self._faults = recording.faults
        self._sent_before = self._sent
        self._pace = Pace(self._clock, busy)
        self._begin("replaying")
        messages = outgoing(recording, self._sources["telemetry"], self._sources["incidents"])
        playing = asyncio.create_task(
            replay(messages, self._sender, self._pace, board.speed, self._progress, keep_times=True)
        )
        try:
            while not playing.done():
                await self._look()
            schedule = await playing
        finally:
            playing.cancel()
        self._begin("waiting for the last messages")
        deadline = self._clock.monotonic() + DRAIN_S
        while not self._finished() and self._clock.monotonic() < deadline:
            await self._look()
        return schedule

    async def linger(self, step: str) -> None:
        """Tell what happens until cancelled; raises ProcessError when the worker ends."""
        self._begin(step)
        while True:
            await self._look()

    async def _look(self) -> None:
        self._worker.check_alive()
        now = self._clock.monotonic()
        if self._listener.listen():
            self._calm = 0
        if now - self._asked_at >= FIGURES_S:
            self._asked_at = now
            figures = await self._worker.figures()
            if figures is not None:
                self._figures = figures
                self._take_figures()
        for line in self._board.truth(self._faults):
            self._view.say(line)
        self._view.show()
        await self._clock.sleep(DRAW_S)

    def _turn_to(self, board: Board, view: View) -> None:
        self._board, self._view = board, view
        self._listener.turn_to(board, view)

    def _take_figures(self) -> None:
        waiting = self._figures.total("foreshock_notices_pending") + self._figures.total("foreshock_consumer_lag")
        self._calm = self._calm + 1 if waiting == 0 and self.handled >= self._sent else 0
        self._pace.handled(self.handled - self._sent_before)
        series: Mapping[str, float] = self._figures.by("foreshock_series", "state")
        self._board.handled = self.handled
        self._board.samples = round(self._figures.total("foreshock_samples_total"))
        self._board.series = {state: round(series.get(state, 0.0)) for state in SeriesState}

    def _finished(self) -> bool:
        return self._calm >= CALM

    def _progress(self, reached_at: float, sent: int) -> None:
        self._board.reached_at = reached_at
        self._board.sent = sent
        self._sent = self._sent_before + sent
        self._pace.sent(sent)
        self._sent_at = self._clock.monotonic()

    def _begin(self, step: str) -> None:
        self._board.step = step
        self._calm = 0
        self._view.show()


def own_topics(settings: Settings) -> tuple[str, ...]:
    """Return every topic that a run needs: the sources and Foreshock's own."""
    return (*(source.topic for source in settings.sources), *(f"{settings.kafka.topic_prefix}{t}" for t in Topic))

"""Clocks that move only when a test says so, or as often as somebody sleeps."""

import asyncio
import heapq
from collections.abc import Callable
from itertools import count

SETTLE = 50  # turns of the event loop that let everything that can run, run


class ManualClock:
    """A `domain.clock.Clock`: sleepers wake in order of their time when it is advanced."""

    def __init__(self, now: float = 1_700_000_000.0) -> None:
        self._now = now
        self._start = now
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._numbers = count()

    def now(self) -> float:
        return self._now

    def monotonic(self) -> float:
        return self._now - self._start

    async def sleep(self, seconds: float) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._now + max(0.0, seconds), next(self._numbers), future))
        await future

    async def advance(self, seconds: float) -> None:
        """Let time pass, waking each sleeper at its own moment."""
        end = self._now + seconds
        await settle()
        while self._sleepers and self._sleepers[0][0] <= end:
            self._now, _, future = heapq.heappop(self._sleepers)
            if not future.done():
                future.set_result(None)
            await settle()
        self._now = end


class SteppingClock:
    """A clock on which sleeping takes no time but counts as time; ``meanwhile`` happens after each sleep."""

    def __init__(self) -> None:
        self.at = 5_000.0
        self.meanwhile: Callable[[], object] = lambda: None

    def now(self) -> float:
        return self.at

    def monotonic(self) -> float:
        return self.at

    async def sleep(self, seconds: float) -> None:
        self.at += seconds
        self.meanwhile()
        await asyncio.sleep(0)


async def settle() -> None:
    """Let everything that can run, run."""
    for _ in range(SETTLE):
        await asyncio.sleep(0)

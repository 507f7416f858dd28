"""A clock that moves only when a test says so."""

import asyncio
import heapq
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


async def settle() -> None:
    """Let everything that can run, run."""
    for _ in range(SETTLE):
        await asyncio.sleep(0)

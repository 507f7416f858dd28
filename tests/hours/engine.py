"""Virtual time: what happens next is taken from a heap, and nothing ever waits for a real clock.

A process is a generator that yields how many seconds it wants to wait, or None to wait until somebody wakes it.
Events of the same moment happen in the order in which they were asked for, so that a run depends on its seed alone.
"""

import heapq
from collections.abc import Generator
from typing import Any

Steps = Generator[float | None, Any, None]


class Parked:
    """A process that waits for whatever comes first, a wake-up or a time-out; the second one finds it gone."""

    __slots__ = ("gone", "steps")

    def __init__(self, steps: Steps) -> None:
        self.steps = steps
        self.gone = False


class Engine:
    """The clock and what is still to happen. ``now`` is in seconds since the hour was set up."""

    def __init__(self) -> None:
        self.now = 0.0
        self.running: Steps | None = None
        self._heap: list[tuple[float, int, Steps, Any, Parked | None]] = []
        self._asked = 0

    def spawn(self, steps: Steps, delay_s: float = 0.0) -> None:
        """Let a new process begin."""
        self.wake(steps, self.now + delay_s)

    def wake(self, steps: Steps, at: float, value: Any = None, parked: Parked | None = None) -> None:
        """Let a process go on at a time; its ``yield`` returns ``value``. Not if what is ``parked`` is gone by then."""
        self._asked += 1
        heapq.heappush(self._heap, (at, self._asked, steps, value, parked))

    def park(self, timeout_s: float, late: Any) -> Parked:
        """Let the running process wait; its ``yield`` returns ``late`` if nobody wakes it before the time-out."""
        assert self.running is not None, "only a running process can wait"
        parked = Parked(self.running)
        self.wake(parked.steps, self.now + timeout_s, late, parked)
        return parked

    def run(self, until: float) -> None:
        """Let everything happen that is to happen up to then."""
        heap = self._heap
        while heap and heap[0][0] <= until:
            at, _, steps, value, parked = heapq.heappop(heap)
            if parked is not None:
                if parked.gone:
                    continue
                parked.gone = True
            self.now, self.running = at, steps
            try:
                delay = steps.send(value)
            except StopIteration:
                continue
            if delay is not None:
                self.wake(steps, at + delay)

"""A replay's own time: it stands still while the pipeline is behind, or while somebody is at a button.

What is told when then follows from the recording, and not from how fast this machine is just now.
"""

from collections import deque
from collections.abc import Callable
from typing import Final

from domain.clock import Clock

AHEAD_S: Final = 2.0  # the oldest message that is not handled yet may be so old
LEAP_S: Final = 1.0  # no more passes at once: when the machine has stood still, the recording goes on where it was
LOOK_S: Final = 0.05
STUCK_S: Final = 45.0  # nothing was handled for so long: waiting does not help, and the account will say what is wrong


class Pace:
    """A `domain.clock.Clock` for `replay`. It is told how many messages were sent, and how many were handled."""

    def __init__(self, clock: Clock, busy: Callable[[], bool] = lambda: False) -> None:
        """``busy`` says whether there is a person to wait for."""
        self._clock = clock
        self._busy = busy
        self._passed_s = 0.0
        self._seen_at = self._moved_at = clock.monotonic()
        self._unhandled: deque[tuple[int, float]] = deque()  # up to which message was sent by when

    def now(self) -> float:
        """Return the wall clock's time."""
        return self._clock.now()

    def monotonic(self) -> float:
        """Return how much of the replay's own time has passed."""
        now = self._clock.monotonic()
        self._passed_s += min(now - self._seen_at, LEAP_S)
        self._seen_at = now
        return self._passed_s

    async def sleep(self, seconds: float) -> None:
        """Wait, and then for as long as there is somebody to wait for."""
        await self._clock.sleep(seconds)
        self.monotonic()
        while self._busy() or self._behind():
            await self._clock.sleep(LOOK_S)
            self._seen_at = self._clock.monotonic()

    def sent(self, count: int) -> None:
        """So many messages have been sent by now."""
        if not self._unhandled:
            self._moved_at = self._clock.monotonic()
        self._unhandled.append((count, self._passed_s))

    def handled(self, count: int) -> None:
        """So many of them have been handled."""
        while self._unhandled and self._unhandled[0][0] <= count:
            self._unhandled.popleft()
            self._moved_at = self._clock.monotonic()

    def _behind(self) -> bool:
        if not self._unhandled or self._clock.monotonic() - self._moved_at > STUCK_S:
            return False
        return self._passed_s - self._unhandled[0][1] > AHEAD_S

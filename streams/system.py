"""The real clock: the only place that asks the machine what time it is."""

import asyncio
import os
import time
from typing import NoReturn


class SystemClock:
    """The machine's clock, as a `domain.clock.Clock`."""

    def now(self) -> float:
        """Seconds since the epoch, UTC."""
        return time.time()

    def monotonic(self) -> float:
        """Seconds that never run backwards."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Let others run for that long."""
        await asyncio.sleep(seconds)


def pause(seconds: float) -> None:
    """Wait, in code that is not asynchronous."""
    time.sleep(seconds)


def end_process(status: int) -> NoReturn:
    """End at once, without clean-up: state on disk and in Kafka is always fit for a crash."""
    os._exit(status)

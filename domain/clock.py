"""Time as an argument."""

from typing import Protocol


class Clock(Protocol):
    """Where the rim gets its time from."""

    def now(self) -> float:
        """Seconds since the epoch, UTC."""

    def monotonic(self) -> float:
        """Seconds that never run backwards."""

    async def sleep(self, seconds: float) -> None:
        """Let others run for that long."""

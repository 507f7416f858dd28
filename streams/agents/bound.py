"""A bound on how fast refused input may drain a source into the dead-letter topic."""

import logging

from domain.clock import Clock
from streams.metrics import Metrics

log = logging.getLogger(__name__)


class DrainBound:
    """So many refused messages a minute for one source; beyond that the source is read only as fast as this.

    A deployment that breaks a producer's format would otherwise empty the whole topic into dead letters before anybody
    looks. Nothing is lost: what is not read stays in its topic.
    """

    def __init__(self, topic: str, per_minute: int, clock: Clock, metrics: Metrics) -> None:
        """Start with a full minute's allowance."""
        self._topic = topic
        self._rate_per_s = per_minute / 60
        self._capacity = float(per_minute)
        self._clock = clock
        self._metrics = metrics
        self._allowance = self._capacity
        self._at = clock.monotonic()
        self.held = False

    async def spend(self, count: int) -> None:
        """Use up allowance, waiting for more when there is none left."""
        now = self._clock.monotonic()
        self._allowance = min(self._capacity, self._allowance + (now - self._at) * self._rate_per_s) - count
        self._at = now
        if self._allowance >= 0:
            self._hold(held=False)
            return
        self._hold(held=True)
        await self._clock.sleep(-self._allowance / self._rate_per_s)

    def _hold(self, *, held: bool) -> None:
        if held and not self.held:
            log.warning("%s: more than %d refused messages in a minute: slowed down", self._topic, self._capacity)
        self.held = held
        self._metrics.set("sources_held", float(held), topic=self._topic)

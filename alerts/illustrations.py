"""The pictures that follow delivered notices: one at a time for each thread, never in the way of its next notice."""

import asyncio
import logging
from collections.abc import Mapping

from alerts.channels.base import Channel, Illustrated
from domain.notice import ChannelKind, Delivered, Notice, Outcome

log = logging.getLogger(__name__)


class Illustrations:
    """What is under way. Nothing of it is kept over a restart: a message without its picture says the same."""

    def __init__(self, channels: Mapping[ChannelKind, Channel]) -> None:
        self._channels = channels
        self._running: dict[str, asyncio.Task[None]] = {}  # by thread

    def follow(self, notice: Notice, outcome: Outcome) -> None:
        """Begin with the picture of a notice, if it was delivered by a channel that takes pictures."""
        channel = self._channels.get(notice.channel)
        if isinstance(outcome, Delivered) and isinstance(channel, Illustrated):
            work = self._illustrate(channel, notice, outcome.reference)
            task = asyncio.create_task(work, name=f"picture-{notice.thread}")
            self._running[notice.thread] = task
            task.add_done_callback(lambda done: self._over(notice.thread, done))

    async def stop(self, thread: str) -> None:
        """Give up the picture of a thread; after this nothing of it reaches the channel any more."""
        task = self._running.get(thread)
        if task is not None:
            task.cancel()
            await asyncio.wait({task})

    async def stop_all(self) -> None:
        """Give up every picture."""
        for thread in list(self._running):
            await self.stop(thread)

    def _over(self, thread: str, task: asyncio.Task[None]) -> None:
        if self._running.get(thread) is task:
            del self._running[thread]

    @staticmethod
    async def _illustrate(channel: Illustrated, notice: Notice, reference: str) -> None:
        try:
            await channel.illustrate(notice, reference)
        except Exception:  # a defect of a channel must not stop the others
            log.exception("the %s channel failed on the picture of notice %s", notice.channel, notice.id)

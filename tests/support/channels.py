"""A channel without a wire: remembers what arrived, and answers as it is told."""

from collections import deque
from collections.abc import Awaitable, Callable

from alerts.channels.base import Rendered
from domain.notice import ChannelKind, Delivered, Notice, Outcome


class FakeChannel:
    """Delivers everything, but for the outcomes that are queued; ``arrived`` are the notices in order of arrival."""

    def __init__(self, kind: ChannelKind = ChannelKind.SLACK, *, can_look: bool = True) -> None:
        self.kind = kind
        self.arrived: list[Notice] = []
        self.references: list[str | None] = []
        self.outcomes: deque[Outcome] = deque()
        self.found: deque[Outcome] = deque()  # answers of `find` before it really looks
        self.lost_answers = 0  # so many times the message arrives and the answer does not
        self.lost_answer: Outcome | None = None
        self.lookups: list[Notice] = []
        self.before_send: Callable[[Notice], Awaitable[None]] | None = None
        self._can_look = can_look

    def render(self, notice: Notice) -> Rendered:
        return Rendered(self.kind, notice.id, notice.id, notice.id.encode())

    async def send(self, notice: Notice, reference: str | None) -> Outcome:
        if self.before_send is not None:
            await self.before_send(notice)
        if self.outcomes:
            return self.outcomes.popleft()
        self.arrived.append(notice)
        self.references.append(reference)
        if self.lost_answers and self.lost_answer is not None:
            self.lost_answers -= 1
            return self.lost_answer
        return Delivered(reference or f"C1:{len(self.arrived)}")

    async def find(self, notice: Notice, reference: str | None) -> Outcome | None:
        self.lookups.append(notice)
        if self.found:
            return self.found.popleft()
        if not self._can_look or all(other.id != notice.id for other in self.arrived):
            return None
        return Delivered(reference or "C1:found")

    async def close(self) -> None:
        """Nothing to close."""

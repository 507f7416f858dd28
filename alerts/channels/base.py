"""What every channel is to the outbox."""

import hashlib
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from domain.notice import ChannelKind, Failure, Notice, Outcome


@dataclass(frozen=True, slots=True)
class Rendered:
    """A notice as its channel will carry it.

    ``content`` is exactly what is sent (JSON or RFC 5322 bytes): the same notice gives the same bytes, always.
    """

    channel: ChannelKind
    title: str
    text: str  # for a reader without a screen that shows more
    content: bytes = field(repr=False)
    html: str = field(default="", repr=False)

    @property
    def digest(self) -> str:
        """Return the SHA-256 of the content: what the record keeps of what was said."""
        return hashlib.sha256(self.content).hexdigest()


class Channel(Protocol):
    """A way to reach people. Whatever the other side does, an outcome comes back: no exception leaves a channel.

    A ``reference`` is the channel's own name for the first message of a thread. Operators' mistakes (a revoked token, a
    wrong password) are deferred, so that no warning is lost to them; a recipient that does not exist and a message
    that will never be taken are rejected.
    """

    @property
    def kind(self) -> ChannelKind:
        """Return which notices this channel carries."""

    def render(self, notice: Notice) -> Rendered:
        """Return the notice as it will be sent. Pure."""

    async def send(self, notice: Notice, reference: str | None) -> Outcome:
        """Send once. ``reference`` is that of the thread's first message, None for the first."""

    async def find(self, notice: Notice, reference: str | None) -> Outcome | None:
        """Look whether this very notice has arrived before: Delivered, or None if it has not or nobody can tell.

        Deferred when the channel could not be asked now.
        """

    async def close(self) -> None:
        """Let go of connections."""


@runtime_checkable
class Illustrated(Protocol):
    """A channel that can add a picture to a message that has arrived."""

    async def illustrate(self, notice: Notice, reference: str) -> None:
        """Add it, once and as well as it goes. Never raises; may be cancelled, and has then left no edit under way."""


# The outcomes after which the message may have arrived all the same.
AMBIGUOUS = frozenset({Failure.TIMEOUT, Failure.UNAVAILABLE})

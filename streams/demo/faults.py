"""What can go wrong with the stand-ins, once each: tests and rehearsals queue it."""

import asyncio
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong with the next call of Slack's API (of ``method``, if one is named)."""

    kind: str
    value: Any = None
    method: str | None = None

    @classmethod
    def rate_limited(cls, retry_after_s: float | str = 1, method: str | None = None) -> "Fault":
        """HTTP 429 with Retry-After."""
        return cls("rate_limited", retry_after_s, method)

    @classmethod
    def server_error(cls, status: int = 500, method: str | None = None) -> "Fault":
        """An HTML page with a status, as a gateway writes it."""
        return cls("server_error", status, method)

    @classmethod
    def refused(cls, error: str, method: str | None = None) -> "Fault":
        """``ok: false`` with Slack's word for the error."""
        return cls("refused", error, method)

    @classmethod
    def hang(cls, method: str | None = None) -> "Fault":
        """No answer until the server stops."""
        return cls("hang", None, method)

    @classmethod
    def held(cls, until: asyncio.Event, method: str | None = None) -> "Fault":
        """The call takes effect, and is answered, only when the event is set."""
        return cls("held", until, method)

    @classmethod
    def dropped(cls, method: str | None = None, *, accepted: bool = False) -> "Fault":
        """The connection breaks: before the call takes effect, or after, so that only the answer is lost."""
        return cls("dropped_after" if accepted else "dropped", None, method)

"""The messages of the stand-in for Slack, with what they said before each edit."""

from dataclasses import dataclass, field
from typing import Any, TypeAlias

Json: TypeAlias = dict[str, Any]

BOT = {"user": "U00FORESHOCK", "bot_id": "B00FORESHOCK", "app_id": "A00FORESHOCK", "team": "T00DEMO"}


@dataclass(slots=True)
class Posted:
    """A message, with what it said before each edit."""

    channel: str
    channel_name: str
    ts: str
    text: str
    blocks: list[Json]
    metadata: Json | None
    thread_ts: str | None = None
    broadcast: bool = False
    edited_ts: str | None = None
    edits: list[Json] = field(default_factory=list)

    @property
    def notice(self) -> str | None:
        """Return the id of the notice that the message carries."""
        payload = (self.metadata or {}).get("event_payload") or {}
        return payload.get("notice")

    def shown(self, *, metadata: bool) -> Json:
        """Return the message as Slack's API shows it."""
        message: Json = {"type": "message", **BOT, "text": self.text, "ts": self.ts, "blocks": self.blocks}
        if self.thread_ts is not None:
            message["thread_ts"] = self.thread_ts
        if self.edited_ts is not None:
            message["edited"] = {"user": BOT["user"], "ts": self.edited_ts}
        if metadata and self.metadata is not None:
            message["metadata"] = self.metadata
        return message

"""Saved state is plain data, so that a snapshot read from a topic can never be code."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, TypeAlias

Plain: TypeAlias = bool | int | float | str | bytes | Sequence[Any] | Mapping[str, Any] | None


class Stateful(Protocol):
    """Something that continues exactly where its snapshot left off."""

    def snapshot(self) -> Plain:
        """Return the whole state as plain data, with its version inside."""

    def restore(self, state: Plain) -> None:
        """Take over a snapshot; raises StateError when it is damaged or of an unknown version."""

"""Saved state is plain data, so that a snapshot read from a topic can never be code."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

Plain: TypeAlias = bool | int | float | str | bytes | Sequence[Any] | Mapping[str, Any] | None

"""Spans of event time for which an incident or a maintenance was declared: nothing is learnt meanwhile.

Kept as spans, not as "until": events travel on a topic of their own and may be read long before or after the telemetry
of the same time, above all when a worker catches up.
"""

import math
from collections.abc import Sequence

from domain.errors import StateError
from domain.state import Plain
from domain.telemetry import EventStatus, IncidentEvent

MOST = 100  # of one service: the oldest are forgotten


class Spans:
    """The declared spans of one service."""

    __slots__ = ("_first", "_last", "_spans")

    def __init__(self) -> None:
        """Start with none."""
        self._spans: dict[str, tuple[float, float]] = {}
        self._first = math.inf
        self._last = -math.inf

    def declare(self, event: IncidentEvent, timeout_s: float) -> None:
        """Begin, prolong or end a span; one without an end lasts for ``timeout_s`` from what was last heard of it."""
        known = self._spans.pop(event.id, None)
        begin = event.at if known is None else min(known[0], event.at)
        if event.status is not EventStatus.CLOSED:
            self._spans[event.id] = (begin, event.at + timeout_s)
        elif known is not None:
            self._spans[event.id] = (begin, event.at)
        while len(self._spans) > MOST:
            del self._spans[next(iter(self._spans))]
        self._measure()

    def cover(self, at: float) -> bool:
        """Return whether this moment lies in a span; the beginning does, the end does not."""
        if not self._first <= at < self._last:
            return False
        return any(begin <= at < end for begin, end in self._spans.values())

    def snapshot(self) -> Sequence[Plain]:
        """Return the whole state as plain data."""
        return [[name, begin, end] for name, (begin, end) in self._spans.items()]

    @classmethod
    def of(cls, state: Plain) -> "Spans | None":
        """Return the spans of a snapshot, None if there were none."""
        if state is None:
            return None
        spans = cls()
        match state:
            case [*rows]:
                spans._spans = {name: (float(begin), float(end)) for name, begin, end in rows}
                spans._measure()
            case _:
                raise StateError("the saved incidents of a service are damaged")
        return spans

    def _measure(self) -> None:
        self._first = min((begin for begin, _ in self._spans.values()), default=math.inf)
        self._last = max((end for _, end in self._spans.values()), default=-math.inf)

"""When each service of a partition may be silent as a whole, the soonest first.

A service is looked at when its own time comes, not whenever that of any other does: a sample costs no more where there
are thousands of them.
"""

import math
from array import array
from bisect import bisect_right
from collections.abc import Mapping, Sequence

from detectors.arrival.silence import Silence
from domain.errors import StateError
from domain.identity import ServiceId
from domain.state import Plain


class Patience:
    """See the module. What every sample asks is an attribute: ``ends``, up to which no service is due."""

    __slots__ = ("_times", "_waiting", "ends")

    def __init__(self) -> None:
        self._times = array("d")  # two columns, in order: a heap of pairs takes five times as much of each service
        self._waiting: list[Silence] = []
        self.ends = math.inf

    def wait(self, silence: Silence, until: float) -> None:
        """Look at a service that does not wait yet once the watermark has passed this time."""
        if until < math.inf:
            place = bisect_right(self._times, until)
            self._times.insert(place, until)
            self._waiting.insert(place, silence)
            self.ends = self._times[0]

    def sooner(self, silence: Silence, until: float) -> None:
        """Look at a service at this time at the latest. It is looked for among all: not for one that cannot wait."""
        try:
            place = self._waiting.index(silence)
        except ValueError:
            self.wait(silence, until)
            return
        if until < self._times[place]:
            del self._times[place], self._waiting[place]
            self.wait(silence, until)

    def drop(self) -> None:
        """Forget the services that have no series any more of which anything is known."""
        waiting = [(silence, until) for silence, until in zip(self._waiting, self._times, strict=True) if silence.waits]
        del self._times[:], self._waiting[:]
        self.ends = math.inf
        for silence, until in waiting:
            self.wait(silence, until)

    @property
    def first(self) -> Silence:
        """The service that is due first; there must be one."""
        return self._waiting[0]

    def postpone(self, until: float) -> None:
        """Look at the service that is due first at this time instead; not at all, if that is infinite."""
        times, waiting = self._times, self._waiting
        if len(times) > 1 or until == math.inf:
            del times[0]
            silence = waiting.pop(0)
            self.ends = times[0] if times else math.inf
            self.wait(silence, until)
        else:
            times[0] = self.ends = until

    def snapshot(self) -> Plain:
        """Return the whole state as plain data."""
        return [[silence.service, until] for silence, until in zip(self._waiting, self._times, strict=True)]

    def restore(self, state: Plain, silences: Mapping[ServiceId, Silence], now: float) -> None:
        """Take over a snapshot. Who would wait by the parameters of today is next, who would not waits no more."""
        if not isinstance(state, Sequence) or isinstance(state, str | bytes):
            raise StateError("the saved patience of a partition is damaged")
        del self._times[:], self._waiting[:]
        self.ends = math.inf
        others = dict(silences)
        for row in state:
            match row:
                case [str() as name, float() | int() as until]:
                    silence = others.pop(ServiceId(name))
                    self.wait(silence, float(until) if silence.waits else math.inf)
                case _:
                    raise StateError("the saved patience of a partition is damaged")
        for silence in others.values():
            if silence.waits:
                self.wait(silence, now)

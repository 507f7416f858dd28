"""How often a series speaks, learnt from the gaps between its samples, and how long it may be quiet."""

import math

from pydantic import BaseModel, ConfigDict, Field

from domain.errors import StateError
from domain.state import Plain

SHARE = 0.05  # of the newest gap in the usual one
KNOWN = 20  # samples, from where on that share holds; a plain mean before
FADE = 0.999  # of the longest gap, per sample: one long gap is not an excuse for ever


class SilenceParams(BaseModel):
    """When missing samples are a finding."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    warm_up: int = Field(20, ge=3, description="Samples of a series before its silence means anything.")
    missing: float = Field(5.0, gt=1, description="Usual gaps without a sample before a series counts as silent.")
    beyond: float = Field(1.5, ge=1, description="How many times longer than the longest gap of late.")
    stale: float = Field(60.0, gt=1, description="Usual gaps without a sample after which a series is stale.")
    gone: float = Field(
        1000.0, gt=1, description="Usual gaps without a sample after which nobody waits for it any more."
    )


class Cadence:
    """The usual and the longest gap of one series, in seconds of event time."""

    __slots__ = ("_params", "count", "last_at", "longest_s", "usual_s")

    def __init__(self, params: SilenceParams) -> None:
        self._params = params
        self.count = 0
        self.last_at = -math.inf
        self.usual_s = 0.0
        self.longest_s = 0.0

    def observe(self, at: float) -> None:
        """Take in the time of an accepted sample; times only grow."""
        if self.count:
            gap = at - self.last_at
            if self.count == 1:
                self.usual_s = gap
            else:  # a gap that was a finding is learnt as a long one, not as a usual one
                usual = self.usual_s
                learnt = gap if gap < 3.0 * usual else 3.0 * usual  # noqa: FURB136 - min() costs more, per sample
                self.usual_s = usual + (SHARE if self.count >= KNOWN else 1.0 / self.count) * (learnt - usual)
            longest = self.longest_s * FADE
            self.longest_s = gap if gap > longest else longest  # noqa: FURB136 - as above
        self.count += 1
        self.last_at = at

    @property
    def allowed_s(self) -> float:
        """How long this series may be quiet."""
        usual, longest = self._params.missing * self.usual_s, self._params.beyond * self.longest_s
        return usual if usual > longest else longest  # noqa: FURB136 - max() costs more, per series of a service

    @property
    def known(self) -> bool:
        """Whether the usual gap is known well enough to judge."""
        return self.count >= self._params.warm_up

    def stale(self, now: float) -> bool:
        """Whether the series has been quiet for so long that it may be gone."""
        return now - self.last_at > max(self._params.stale * self.usual_s, self.allowed_s)

    def gone(self, now: float) -> bool:
        """Whether nobody waits for this series any more."""
        return now - self.last_at > max(self._params.gone * self.usual_s, self.allowed_s)

    def snapshot(self) -> Plain:
        """Return the whole state as plain data."""
        return [self.count, self.last_at if self.count else None, self.usual_s, self.longest_s]

    def restore(self, state: Plain) -> None:
        """Take over a snapshot."""
        match state:
            case [
                int() as count,
                float() | int() | None as last_at,
                float() | int() as usual_s,
                float() | int() as longest_s,
            ]:
                self.count, self.last_at = count, -math.inf if last_at is None else float(last_at)
                self.usual_s, self.longest_s = float(usual_s), float(longest_s)
            case _:
                raise StateError("the saved cadence of a series is damaged")

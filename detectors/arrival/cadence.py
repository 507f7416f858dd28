"""How often a series speaks, learnt from the gaps between its samples, and how long it may be quiet."""

import math
from struct import Struct
from typing import Any, NamedTuple, Self, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

SHARE = 0.05  # of the newest gap in the usual one
KNOWN = 20  # samples, from where on that share holds; a plain mean before
FADE = 0.999  # of the longest gap, per sample: one long gap is not an excuse for ever
RECORD = Struct("@3dI")  # the beginning of a record: when the series spoke last, usual and longest gap; samples
FRESH = RECORD.pack(-math.inf, 0.0, 0.0, 0)
LAST_AT, SAMPLES = 0, 3  # of these
Numbers: TypeAlias = tuple[Any, ...]  # what ``read`` gives: the fields of a Cadence, without the cost of making one
read, _write = RECORD.unpack_from, RECORD.pack_into


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


class Cadence(NamedTuple):
    """The usual and the longest gap of one series, in seconds of event time."""

    last_at: float
    usual_s: float
    longest_s: float
    samples: int

    @classmethod
    def of(cls, record: bytearray) -> Self:
        """Return the cadence of the series with this record."""
        return cls(*read(record))

    def allowed_s(self, params: SilenceParams) -> float:
        """How long this series may be quiet."""
        return allowed_s(self, params)

    def known(self, params: SilenceParams) -> bool:
        """Whether the usual gap is known well enough to judge."""
        return self.samples >= params.warm_up

    def stale(self, now: float, params: SilenceParams) -> bool:
        """Whether the series has been quiet for so long that it may be gone."""
        return now - self.last_at > max(params.stale * self.usual_s, self.allowed_s(params))

    def gone(self, now: float, params: SilenceParams) -> bool:
        """Whether nobody waits for this series any more."""
        return now - self.last_at > max(params.gone * self.usual_s, self.allowed_s(params))


def allowed_s(numbers: Numbers, params: SilenceParams) -> float:
    """How long the series may be quiet whose numbers these are."""
    _, usual_s, longest_s, _ = numbers
    usual: float = params.missing * usual_s
    longest: float = params.beyond * longest_s
    return usual if usual > longest else longest  # noqa: FURB136 - max() costs more, per sample


def spoke(record: bytearray, before: Numbers, at: float) -> None:
    """Take in the time of an accepted sample, beside what was read of the record before it; times only grow."""
    last_at, usual, longest, count = before
    gap = at - last_at
    if count > 1:  # a gap that was a finding is learnt as a long one, not as a usual one
        learnt = gap if gap < 3.0 * usual else 3.0 * usual  # noqa: FURB136 - min() costs more, per sample
        usual += (SHARE if count >= KNOWN else 1.0 / count) * (learnt - usual)
    elif count == 1:
        usual = gap
    else:
        gap = 0.0  # there is none yet
    longest *= FADE
    if gap > longest:  # noqa: PLR1730 - max() costs more, per sample
        longest = gap
    _write(record, 0, at, usual, longest, count + 1)

"""Which metrics a squad would promise something of, and which limit to begin with: by their names and what they were.

Names are all that there is to go by, so this proposes, and people decide. Pure.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final, NamedTuple


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# The less of it the better, whatever else the name says.
_BAD: Final = _words(
    "latency duration delay wait waiting response timeout timeouts slow p90 p95 p99 p999 quantile "
    "error errors failed failure failures rejected refused dropped lost unavailable unhealthy exceptions 5xx"
)
# The more of it the better: what clients feel, and what runs out before they do.
_GOOD: Final = _words("success successes successful succeeded availability healthy")
_SCARCE: Final = _words("free available avail ready remaining left headroom alive online idle up")
# It fills or piles up before clients feel it.
_FILLS: Final = _words(
    "lag queue queued depth backlog age oldest pending behind used usage utilization utilisation saturation busy"
)
_TURNED: Final = _words("not no non lag age limit")  # beside a good word it is no good one
_ENDS: Final = _words("up left")  # good words at the end of a name: not "warm_up_jobs"
_DURATIONS: Final = _words("seconds ms millis milliseconds")  # at the end of a name,
_MOMENTS: Final = _words("timestamp start created")  # unless it has one of these
_SHARES: Final = _words("ratio share percent percentage pct rate availability utilization utilisation")
_WHOLE: Final = frozenset({1.0, 100.0})  # the highest that a share can be
_WORD: Final = re.compile(r"\d+xx|[A-Z]+(?![a-z])|[A-Z]?[a-z]+\d*")


@dataclass(slots=True)
class Range:
    """The smallest and the largest value of a metric, of a counter those of its rate; None before the first one."""

    counts: bool
    low: float | None = None
    high: float | None = None

    def take(self, value: float) -> None:
        """Take in a value."""
        self.low = value if self.low is None or value < self.low else self.low
        self.high = value if self.high is None or value > self.high else self.high


class Rank(IntEnum):
    """How soon clients feel what a metric measures."""

    FELT = 0
    SOON_FELT = 1
    OTHER = 2
    CONSTANT = 3  # and neither of the first two


class Proposal(NamedTuple):
    """An objective to begin with."""

    rank: Rank
    above: bool
    limit: float


def proposed(name: str, seen: Range) -> Proposal:
    """Return what could be promised of a metric: to be no worse than it ever was.

    Where it was as bad as it can be, no limit there can be passed; then it is half of the way.
    """
    words = [word.casefold() for word in _WORD.findall(name)]
    above, rank = not _is_good(words), _rank(words, counts=seen.counts)
    if seen.low is None or seen.high is None:
        return Proposal(rank, above, 1.0)
    if rank is Rank.OTHER and seen.low == seen.high:
        rank = Rank.CONSTANT
    worst = seen.high if above else seen.low
    full = above and worst in _WHOLE and not _SHARES.isdisjoint(words)
    empty = not above and worst == 0
    return Proposal(rank, above, seen.low / 2 + seen.high / 2 if full or empty else worst)


def _rank(words: Sequence[str], *, counts: bool) -> Rank:
    known = set(words)
    if known & (_BAD | _GOOD) or (_is_duration(words) and not counts):
        return Rank.FELT
    return Rank.SOON_FELT if known & _FILLS or _is_good(words) else Rank.OTHER


def _is_good(words: Sequence[str]) -> bool:
    """Whether too little of it is harm."""
    known, last = set(words), words[-1] if words else ""
    if "budget" in known:
        return not known.isdisjoint(_SCARCE)
    good = known & (_GOOD | _SCARCE - _ENDS) or last in _ENDS or ("hit" in known and known & _SHARES)
    return bool(good) and not known & (_BAD | _TURNED) and not _is_duration(words)


def _is_duration(words: Sequence[str]) -> bool:
    return words[-1:] != [] and words[-1] in _DURATIONS and _MOMENTS.isdisjoint(words)

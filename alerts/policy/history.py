"""Past episodes of a service: what is kept of each, and which of them were like this one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from alerts.policy import wording
from alerts.policy.episode import Episode
from domain.alert import Severity, Transition
from domain.anomaly import AnomalyKind
from domain.identity import AlertId

KEPT: Final = 20  # past episodes of a service
SHOWN: Final = 3
ALIKE: Final = 0.5  # least likeness of an episode that is worth a line
_REASON_SHOWN: Final = 120  # characters


@dataclass(frozen=True, slots=True)
class Past:
    """An alert that has ended. ``moves`` are what led it, such as ``pool_in_use rose``."""

    alert: AlertId
    opened_at: float
    ended_at: float
    severity: Severity
    kinds: tuple[AnomalyKind, ...]
    moves: tuple[str, ...]
    ending: str  # how it ended, in words
    incident: str | None = None
    incident_after_s: float | None = None
    useful: int = 0  # people who called it so
    not_useful: int = 0
    judges: tuple[tuple[str, bool], ...] = ()  # who they are, told apart without a name, and what they said last


def past(episode: Episode, ended: Transition) -> Past:
    """Return what is kept of an alert that ends."""
    after_s = None if episode.linked_at is None else max(episode.linked_at - episode.opened_at, 0.0)
    reason = ended.reason if len(ended.reason) <= _REASON_SHOWN else ended.reason[: _REASON_SHOWN - 1] + "…"
    return Past(
        alert=episode.alert,
        opened_at=episode.opened_at,
        ended_at=ended.at,
        severity=episode.severity,
        kinds=episode.kinds,
        moves=episode.moves,
        ending=reason,
        incident=episode.incident,
        incident_after_s=after_s,
        useful=episode.useful,
        not_useful=episode.not_useful,
        judges=episode.judges,
    )


def likeness(episode: Episode, known: Past) -> float:
    """Return how alike two episodes are, 0 to 1: mostly what moved and which way, a little what sort of finding led."""
    moves = _share(episode.moves, known.moves)
    return 0.0 if moves == 0.0 else 0.75 * moves + 0.25 * _share(episode.kinds, known.kinds)


def similar(episode: Episode, known: Sequence[Past]) -> tuple[str, ...]:
    """Return a line for each of the few past episodes that were most like this one, the most alike first."""
    alike = [(likeness(episode, each), each.opened_at, each) for each in known if each.alert != episode.alert]
    found = sorted((each for each in alike if each[0] >= ALIKE), key=lambda each: each[:2], reverse=True)
    return tuple(line(episode, each) for _, _, each in found[:SHOWN])


def line(episode: Episode, known: Past) -> str:
    """Say when an episode was like this one, and how it ended."""
    shared = [move for move in episode.moves if move in known.moves]
    parts = [f"{' and '.join(shared[:2])} too"]
    if known.incident is not None:
        after = "" if known.incident_after_s is None else f" after {wording.span(known.incident_after_s)}"
        parts.append(f"incident {known.incident}{after}")
    parts.append(known.ending)
    if known.useful != known.not_useful:
        parts.append("called useful" if known.useful > known.not_useful else "called not useful")
    return f"{wording.day_and_time(known.opened_at)}: {'; '.join(parts)}"


def _share(some: Sequence[str], others: Sequence[str]) -> float:
    both = {*some} & {*others}
    return len(both) / len({*some, *others}) if both else 0.0

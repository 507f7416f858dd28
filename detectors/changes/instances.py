"""Instances that ended and were not replaced: an autoscaler takes a process away each evening, and all is well.

A value of a label is an *instance* where values of that label come and go: some began long after the first ones did. It
has ended when no series that carries it speaks any more while its siblings go on: series of the same metric and label
names with another value. That is no silence, and nobody waits for it. When more than half of the instances end at once
it is one: a node was lost, or who watches them. So it is where there were always the same, as with the nodes of a
database, or where all of them have ended.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import TypeAlias

from detectors.arrival.rhythms import MISSED
from detectors.changes.schema import NEAR, SOON, Life
from detectors.series.bank import Series
from domain.identity import SeriesKey

LATER = 0.1  # of the time since the first of its kind began, by which another began later: gaps alone do not make that
Kind: TypeAlias = tuple[str, tuple[str, ...]]  # metric and names of labels


def ended(stopped: Collection[SeriesKey], every: Sequence[Series], now: float) -> frozenset[SeriesKey]:
    """Return the series, of those that stopped, of instances that ended while their siblings went on."""
    lives = [Life.of(series) for series in every if series.key.attributes]
    living = {pair for life in lives if _speaks(life, now) for pair in life.key.attributes}
    dead = [life for life in lives if life.key in stopped and not living.issuperset(life.key.attributes)]
    siblings: dict[Kind, list[Life]] = {_kind(life): [] for life in dead}
    for life in lives:
        if (kind := _kind(life)) in siblings:
            siblings[kind].append(life)
    return frozenset(life.key for life in dead if _fewer(life, siblings[_kind(life)], living, now))


def _fewer(old: Life, siblings: Sequence[Life], living: Collection[tuple[str, str]], now: float) -> bool:
    """Whether one of the labels of a series that stopped names an instance, most of whose kind go on."""
    return any(
        _come_and_go(name, siblings, now) and _most_go_on(name, old, siblings, now)
        for name, value in old.key.attributes
        if (name, value) not in living
    )


def _come_and_go(name: str, siblings: Sequence[Life], now: float) -> bool:
    """Whether some values of a label began long after the first. What paused for long only seems to have."""
    first_at = min(life.began_at for life in siblings)
    share_s = LATER * (now - first_at)
    first = [life for life in siblings if life.began_at - first_at <= max(NEAR * life.usual_s, share_s)]
    steady = (life for life in siblings if life.series.cadence.longest_s <= NEAR * life.usual_s)
    later = (life for life in steady if life.began_at - first_at > max(NEAR * life.usual_s, share_s))
    return not set(_values(name, first)).issuperset(_values(name, later))


def _most_go_on(name: str, old: Life, siblings: Sequence[Life], now: float) -> bool:
    """Whether as many values speak as have stopped together with a series: others, or those that came instead."""
    at_once = SOON * old.usual_s
    still = set(_values(name, (life for life in siblings if _speaks(life, now))))
    with_it = (life for life in siblings if abs(life.last_at - old.last_at) <= at_once)
    return len(still) >= len(set(_values(name, with_it)) - still) > 0


def _values(name: str, lives: Iterable[Life]) -> Iterator[str]:
    return (value for life in lives for label, value in life.key.attributes if label == name)


def _kind(life: Life) -> Kind:
    return life.key.metric, tuple(name for name, _ in life.key.attributes)


def _speaks(life: Life, now: float) -> bool:
    """Whether a series has missed no more than one sample."""
    return now - life.last_at <= MISSED * life.usual_s or life.series.cadence.samples == 1

"""Series that stopped when others began: a metric was renamed, its labels changed, or an instance was replaced.

A series that has fallen silent is matched with those of its service that began at about that time:

- the same metric with the same labels, of which one has a value that nothing living carries any more, and for it one
  that only new series carry: an instance was *replaced*. That happens all day, so it is neither silence nor news;
- the same metric with other labels: it was *relabelled*, many to one and one to many;
- another metric whose name shares half of its words: it was *renamed*; or whose name shares nothing, if as many stopped
  as began and their values are alike. One to one, the likest names first, then the likest values.

When what began stops in turn and the first one speaks again, that was taken back, and is told so.

Relabelled and renamed series of a service are one finding, however many they are: people have changed something, and
whatever looks at the old names no longer sees anything. Nobody waits for the old series any more.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from statistics import median
from typing import Any, NamedTuple

from pydantic import TypeAdapter, ValidationError

from detectors.calibration import score_of
from detectors.series.bank import Series
from domain.anomaly import Evidence
from domain.errors import StateError
from domain.identity import SeriesKey
from domain.state import Plain

NAME = "schema"
NEAR = 60.0  # usual gaps between a stop and the beginning of what follows, either way
SOON = 3.0  # usual gaps by which what is renamed may begin before the stop
HEARD = 3  # samples of a new series, from where on its values say something
WORDS = 0.5  # share of the words of two names that must be the same
ALIKE = math.log(1.5)  # distance of the medians of like values
NINES = 6.0  # of a drift
BLIND = 12.0  # of one that an objective has lost its series by
TOLD = 60.0  # usual gaps for which it is told
LISTED = 3  # pairs
KEPT = 256  # pairs that are remembered
_WORD = re.compile(r"[a-z]+|[0-9]+")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


class How(StrEnum):
    """What became of a series that stopped."""

    REPLACED = "replaced"
    RELABELLED = "relabelled"
    RENAMED = "renamed"


@dataclass(frozen=True, slots=True)
class Match:
    """A series that stopped, and the one that began for it."""

    old: SeriesKey
    new: SeriesKey
    how: How
    back: bool = False  # what had become of the one that began again


@dataclass(frozen=True, slots=True)
class Drift:
    """What is being told."""

    key: SeriesKey  # of the finding
    since: float
    until: float
    matches: tuple[Match, ...]
    blind: tuple[str, ...] = ()  # objectives that no longer see anything


class Life(NamedTuple):
    """When a series began, as far as its cadence tells, and when it spoke last."""

    series: Series
    began_at: float
    last_at: float
    usual_s: float

    @classmethod
    def of(cls, series: Series) -> "Life":
        """Return the life of a series."""
        last_at, usual_s, _, samples = series.cadence
        return cls(series, last_at - (samples - 1) * usual_s, last_at, usual_s)

    @property
    def key(self) -> SeriesKey:
        """Whose life it is."""
        return self.series.key

    def follows(self, old: "Life", sooner: float) -> bool:
        """Whether it began when the other one stopped, and went on."""
        after = self.began_at - old.last_at
        return self.last_at > old.last_at and -sooner * old.usual_s <= after <= NEAR * old.usual_s


class Schema:
    """The series of one service that became others."""

    __slots__ = ("_again", "_drift", "_heirs")

    def __init__(self) -> None:
        self._heirs: dict[SeriesKey, SeriesKey] = {}  # series that followed others, and those, the latest last
        self._again: dict[SeriesKey, float] = {}  # since when those speak again, if they do
        self._drift: Drift | None = None

    def explain(self, stopped: Iterable[Series], every: Sequence[Series]) -> tuple[Match, ...]:
        """Return what became of the series that stopped, where that can be told; each of the new ones is used once."""
        lives = [Life.of(series) for series in every]
        gone = [Life.of(series) for series in stopped]
        keys = {old.key for old in gone}
        young = [new for new in lives if new.key not in keys and any(new.follows(old, NEAR) for old in gone)]
        free = [new for new in young if new.key not in self._heirs]
        found: dict[SeriesKey, Match] = {}
        _take(found, self._taken_back(gone, lives))
        _take(found, _replaced(gone, free, lives))
        _take(found, _relabelled([old for old in gone if old.key not in found], young))
        _take(found, _renamed([old for old in gone if old.key not in found], free))
        _take(found, _alike(gone, free, found))
        for match in found.values():
            self._heirs[match.new] = match.old
        _bound(self._heirs)
        return tuple(found[old.key] for old in gone if old.key in found)

    def speaks_again(self, key: SeriesKey, at: float) -> bool:
        """Take note that a series is no longer silent; return whether another one had followed it."""
        if key not in self._heirs.values():
            return False
        self._again[key] = at
        _bound(self._again)
        return True

    def _taken_back(self, gone: Sequence[Life], lives: Sequence[Life]) -> Iterator[Match]:
        """Yield series that had followed others, which speak again."""
        begun = {life.key: life._replace(began_at=self._again[life.key]) for life in lives if life.key in self._again}
        for old in gone:
            new = begun.get(self._heirs[old.key]) if old.key in self._heirs else None
            if new is not None and new.follows(old, NEAR):
                how = How.RENAMED if new.key.metric != old.key.metric else How.RELABELLED
                same = how is How.RELABELLED and _names(new.key) == _names(old.key)
                yield Match(old.key, new.key, How.REPLACED if same else how, back=True)

    def tell(self, matches: Sequence[Match], every: Sequence[Series], at: float) -> Evidence:
        """Return the finding about series that have drifted, with those of the same drift before."""
        known = {series.key: series for series in every}
        gone = [Life.of(known[match.old]) for match in matches]
        since, until = min(old.last_at for old in gone), at + TOLD * max(old.usual_s for old in gone)
        drift = self._drift or Drift(matches[0].old, since, until, ())
        undone = {(match.new, match.old) for match in matches}
        every_match = (*(match for match in drift.matches if (match.old, match.new) not in undone), *matches)[:KEPT]
        blind = [text for m in every_match if m.old in known for text in _blind(Life.of(known[m.old]), every)]
        self._drift = drift = replace(
            drift,
            since=min(since, drift.since),
            until=until,
            matches=every_match,
            blind=tuple(dict.fromkeys(blind)),
        )
        values = sorted(value for _, value in known[drift.key].points) if drift.key in known else []
        low, mid, high = (values[0], median(values), values[-1]) if values else (0.0, 0.0, 0.0)
        score = score_of(BLIND if drift.blind else NINES)
        return Evidence(NAME, drift.key, at, None, mid, low, high, score, drift.since, _words(drift))

    def over(self, at: float) -> SeriesKey | None:
        """Return the key of the finding once it has been told for long enough."""
        if self._drift is None or at <= self._drift.until:
            return None
        key, self._drift = self._drift.key, None
        return key

    def snapshot(self) -> Plain:
        """Return the whole state as plain data."""
        return _SAVED.dump_python(_Saved(list(self._heirs.items()), list(self._again.items()), self._drift))  # type: ignore[no-any-return] # pydantic types the dump of anything as Any

    def restore(self, state: Plain) -> None:
        """Take over a snapshot."""
        try:
            saved = _SAVED.validate_python(state)
        except ValidationError as error:
            raise StateError(f"the saved schema of a service is damaged: {error.error_count()} errors") from None
        self._heirs, self._again, self._drift = dict(saved.heirs), dict(saved.again), saved.drift


@dataclass(slots=True)
class _Saved:
    """The form of a snapshot."""

    heirs: list[tuple[SeriesKey, SeriesKey]]
    again: list[tuple[SeriesKey, float]]
    drift: Drift | None


_SAVED = TypeAdapter(_Saved)


def _bound(known: dict[SeriesKey, Any]) -> None:
    """Forget the oldest of too many."""
    while len(known) > KEPT:
        del known[next(iter(known))]


def _take(found: dict[SeriesKey, Match], matches: Iterable[Match]) -> None:
    """Add to what was found: one match for each series that stopped, and, but for labels, for each that began."""
    used = {match.new for match in found.values()}
    for match in tuple(matches):
        if match.old not in found and (match.how is How.RELABELLED or match.new not in used):
            found[match.old] = match
            used.add(match.new)


def _names(key: SeriesKey) -> tuple[str, ...]:
    return tuple(name for name, _ in key.attributes)


def _replaced(gone: Sequence[Life], young: Sequence[Life], lives: Sequence[Life]) -> Iterator[Match]:
    """Yield series of the same metric and labels: an instance took the place of another."""
    fresh = Counter(pair for life in young for pair in life.key.attributes)
    alike: dict[tuple[str, tuple[str, ...]], list[Life]] = {}
    for life in young:
        alike.setdefault((life.key.metric, _names(life.key)), []).append(life)
    for old in gone:
        same = [new for new in alike.get((old.key.metric, _names(old.key)), ()) if new.follows(old, NEAR)]
        if not same:
            continue
        living = Counter(
            pair for life in lives if life.last_at > old.last_at + old.usual_s for pair in life.key.attributes
        )
        for new in same:
            dead, born = (
                set(old.key.attributes) - set(new.key.attributes),
                set(new.key.attributes) - set(old.key.attributes),
            )
            if any(not living[pair] for pair in dead) and any(living[pair] <= fresh[pair] for pair in born):
                yield Match(old.key, new.key, How.REPLACED)


def _relabelled(gone: Sequence[Life], young: Sequence[Life]) -> Iterator[Match]:
    """Yield series of the same metric with other labels, the most like first."""
    for old in gone:
        others = [new for new in young if new.key.metric == old.key.metric and _names(new.key) != _names(old.key)]
        others.sort(key=lambda new: -len(set(new.key.attributes) & set(old.key.attributes)))
        for new in others:
            if new.follows(old, NEAR):
                yield Match(old.key, new.key, How.RELABELLED)


def _renamed(gone: Sequence[Life], young: Sequence[Life]) -> Iterator[Match]:
    """Yield series of other metrics with like names, the likest first."""
    pairs = []
    words = {life.key.metric: _split(life.key.metric) for life in (*gone, *young)}
    for old in gone:
        for new in young:
            likeness = _share(words[old.key.metric], words[new.key.metric])
            if new.key.metric != old.key.metric and likeness >= WORDS and new.follows(old, SOON):
                same = len(set(old.key.attributes) ^ set(new.key.attributes))
                pairs.append((-likeness, same, _distance(old, new), str(old.key), str(new.key), old.key, new.key))
    for *_, key, other in sorted(pairs):
        yield Match(key, other, How.RENAMED)


def _alike(gone: Sequence[Life], young: Sequence[Life], found: dict[SeriesKey, Match]) -> Iterator[Match]:
    """Yield series with nothing in common but labels, time and values, if as many began as stopped."""
    used = {match.new for match in found.values()}
    olds = [old for old in gone if old.key not in found]
    news = [new for new in young if new.key not in used]
    if len(olds) != len(news) or any(new.series.cadence.samples < HEARD for new in news):
        return
    for old in olds:
        near = [new for new in news if new.key.attributes == old.key.attributes and new.follows(old, SOON)]
        new = min(near, key=lambda new: (_distance(old, new), new.key), default=None)
        if new is not None and _distance(old, new) <= ALIKE:
            news.remove(new)
            yield Match(old.key, new.key, How.RENAMED)


def _split(name: str) -> frozenset[str]:
    return frozenset(_WORD.findall(_CAMEL.sub(" ", name).lower()))


def _share(one: frozenset[str], other: frozenset[str]) -> float:
    return len(one & other) / max(1, len(one | other))


def _distance(old: Life, new: Life) -> float:
    """Return how far apart the values of two series are: the logarithm of the ratio of their medians."""
    one, other = (
        median(value for _, value in life.series.points) if life.series.points else 0.0 for life in (old, new)
    )
    if one == other:
        return 0.0
    return abs(math.log(one / other)) if one * other > 0 else math.inf


def _blind(old: Life, every: Sequence[Series]) -> Iterator[str]:
    """Yield the objectives of a metric of which no series speaks any more."""
    if any(s.key.metric == old.key.metric and s.cadence.last_at > old.last_at + old.usual_s for s in every):
        return
    for breach, _ in old.series.objectives:
        goal = breach.objective
        yield f"{goal.metric} {'above' if goal.above else 'below'} {goal.limit:g}"


def _words(drift: Drift) -> str:
    """Say what has become what."""
    pairs = list(dict.fromkeys(_pair(match) for match in drift.matches))
    if len(pairs) == 1:
        old, new, how = pairs[0]
        again, back = (" again", " back") if drift.matches[0].back else ("", "")
        text = f"{old} has stopped and {new} has begun{again}: {how}{back}?"
    else:
        olds, news = len(drift.matches), len({match.new for match in drift.matches})
        listed = ", ".join(f"{old} (now {new}?)" for old, new, _ in pairs[:LISTED])
        more = f" and {len(pairs) - LISTED} more" if len(pairs) > LISTED else ""
        text = f"{olds} series have stopped and {news} others have begun: {listed}{more}"
    if drift.blind:
        text += f"; nothing watches the objective {', '.join(drift.blind[:LISTED])} any more"
    return text


def _pair(match: Match) -> tuple[str, str, How]:
    if match.how is How.RENAMED:
        return match.old.metric, match.new.metric, match.how
    return _labelled(match.old), f"the same with {' and '.join(_names(match.new)) or 'no labels'}", match.how


def _labelled(key: SeriesKey) -> str:
    return f"{key.metric} by {' and '.join(_names(key))}" if key.attributes else key.metric

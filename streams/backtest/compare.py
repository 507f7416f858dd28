"""Two configurations over the same history: what each squad and client would have received, and what differs. Pure.

An episode of a reader is the time between the first notice about a service that was sent to them and its end. Episodes
of the two runs that overlap, or open within the tolerance of each other, are the same one, told differently perhaps;
on different services, only those that open within the tolerance and have no other. Of several, those that open closest.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from domain.identity import ClientId, ServiceId
from domain.journeys import Landscape
from domain.notice import Hold, Notice, Notify, Phase
from streams.backtest.history import Episode

TOLERANCE_S = 60.0
LISTED = 200  # differences
SOONER_S = 0.001
OPENING = frozenset({Phase.WARNING, Phase.UPDATE})


@dataclass(frozen=True, slots=True)
class Received:
    """What one reader was told of one alert. ``at`` None: nothing was sent; ``kept`` says why not, or not before."""

    reader: str
    is_client: bool
    service: ServiceId
    opened_at: float
    at: float | None
    ended_at: float | None
    said: str
    why: str
    kept: str
    updates: int
    ended: bool


@dataclass(frozen=True, slots=True)
class Counts:
    """What one reader received in one run."""

    warnings: int = 0
    updates: int = 0
    endings: int = 0
    not_sent: int = 0  # alerts that concerned them and of which they were told nothing


class Change(StrEnum):
    """How the second run differs from the first."""

    GONE = "no longer told"
    NEW = "newly told"
    SOONER = "told sooner"
    LATER = "told later"
    OTHERWISE = "told otherwise"


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that a reader would have received otherwise."""

    at: float
    reader: str
    is_client: bool
    service: ServiceId
    change: Change
    by_s: float  # 0 for what is new or gone
    said: str
    why: str  # in which run they were not told, or told later, and why


@dataclass(frozen=True, slots=True)
class Line:
    """One reader with both counts, and what they stand for."""

    reader: str
    is_client: bool
    first: Counts
    second: Counts
    told: tuple[tuple[Received, ...], tuple[Received, ...]]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two runs side by side. ``more`` differences are not listed."""

    names: tuple[str, str]
    lines: tuple[Line, ...]
    differences: tuple[Difference, ...]
    more: int


def client_names(*landscapes: Landscape) -> dict[ClientId, str]:
    """Return what each client is called, in all runs the same; of those with one name, the id with it."""
    names = {client.id: client.name for landscape in reversed(landscapes) for client in landscape.clients}
    called = Counter(names.values())
    return {client: name if called[name] == 1 else f"{name} ({client})" for client, name in names.items()}


def received(episodes: Iterable[Episode], names: Mapping[ClientId, str]) -> list[Received]:
    """Return for each alert and each reader what was decided for them."""
    found = []
    for episode in episodes:
        for is_client, reader, notices in _by_reader(episode, names):
            sent = [notice for notice in notices if isinstance(notice.decision, Notify)]
            opening = next((n for n in sent if n.phase in OPENING), None)
            endings = [n for n in sent if n.phase not in OPENING]
            later = {n.sequence for n in sent if n.phase is Phase.UPDATE}  # a client may have several contacts
            found.append(
                Received(
                    reader=reader,
                    is_client=is_client,
                    service=episode.service,
                    opened_at=episode.opened_at,
                    at=None if opening is None else opening.decided_at,
                    ended_at=episode.ended_at,
                    said=episode.transitions[0].reason,
                    why="" if opening is None else opening.decision.reason,
                    kept=_kept(notices, opening),
                    updates=len(later - {None if opening is None else opening.sequence}),
                    ended=bool(endings),
                )
            )
    return found


def _kept(notices: Sequence[Notice], opening: Notice | None) -> str:
    """Say why nothing was sent before the first that was, if there was one."""
    before = notices if opening is None else notices[: notices.index(opening)]
    last = next(
        (n.decision for n in reversed(before) if n.phase in OPENING and not isinstance(n.decision, Notify)), None
    )
    if last is None:
        return ""
    return f"{'held' if isinstance(last, Hold) else 'not sent'}: {last.reason}"


def readers(first: Sequence[Received], second: Sequence[Received] = ()) -> tuple[Line, ...]:
    """Return a line for each reader of one run, or of two."""
    lines = []
    for client, name in sorted({(each.is_client, each.reader) for each in (*first, *second)}):
        left, right = (tuple(r for r in run if (r.is_client, r.reader) == (client, name)) for run in (first, second))
        lines.append(Line(name, client, _counts(left), _counts(right), (left, right)))
    return tuple(lines)


def compare(
    names: tuple[str, str], first: Sequence[Received], second: Sequence[Received], tolerance_s: float = TOLERANCE_S
) -> Comparison:
    """Set two runs side by side."""
    found = sorted(
        _differences(names, first, second, tolerance_s), key=lambda each: (each.at, each.reader, each.service)
    )
    return Comparison(names, readers(first, second), tuple(found[:LISTED]), max(0, len(found) - LISTED))


def _by_reader(episode: Episode, names: Mapping[ClientId, str]) -> Iterator[tuple[bool, str, list[Notice]]]:
    groups: dict[tuple[bool, str], list[Notice]] = defaultdict(list)
    for notice in episode.notices:
        name = str(notice.squad) if notice.client is None else names.get(notice.client, str(notice.client))
        groups[notice.client is not None, name].append(notice)
    for (is_client, name), notices in groups.items():
        yield is_client, name, notices


def _counts(own: Iterable[Received]) -> Counts:
    own = list(own)
    return Counts(
        warnings=sum(each.at is not None for each in own),
        updates=sum(each.updates for each in own),
        endings=sum(each.ended for each in own),
        not_sent=sum(each.at is None for each in own),
    )


def _differences(
    names: tuple[str, str], first: Sequence[Received], second: Sequence[Received], tolerance_s: float
) -> Iterator[Difference]:
    left, right = _told(first), _told(second)
    for reader in sorted({*left, *right}):
        here, there = left.get(reader, []), right.get(reader, [])
        for one, other in _taken_together(here, there, tolerance_s):
            yield from _otherwise(names, one, other)
        for one in here:
            yield _difference(one, Change.GONE, 0.0, f"{names[1]}: {_why(one, second, tolerance_s)}")
        for other in there:
            yield _difference(other, Change.NEW, 0.0, f"{names[0]}: {_why(other, first, tolerance_s)}")


def _taken_together(
    here: list[Received], there: list[Received], tolerance_s: float
) -> Iterator[tuple[Received, Received]]:
    """Take out and yield what a reader was told of the same trouble in both runs.

    It is the same on the same service; or on another, when nothing else was told of either: a cause shows in several
    services, and the first to show it may be another in each run.
    """
    for alike in (_same, _at_once):
        pairs = sorted(
            (abs(one.opened_at - other.opened_at), i, j)
            for i, one in enumerate(here)
            for j, other in enumerate(there)
            if alike(one, other, tolerance_s)
        )
        left, right = dict(enumerate(here)), dict(enumerate(there))
        for _, i, j in pairs:
            if i in left and j in right:
                yield left.pop(i), right.pop(j)
        here[:], there[:] = left.values(), right.values()


def _otherwise(names: tuple[str, str], one: Received, other: Received) -> Iterator[Difference]:
    by_s = (other.at or 0.0) - (one.at or 0.0)
    if abs(by_s) <= SOONER_S and one.service == other.service:
        return
    name, late = (names[1], other) if by_s > 0 else (names[0], one)
    why = [f"{name}: until then {late.kept}"] if late.kept and abs(by_s) > SOONER_S else []
    why += [f"{names[0]}: {one.said}"] if one.service != other.service else []
    change = Change.OTHERWISE if abs(by_s) <= SOONER_S else Change.SOONER if by_s < 0 else Change.LATER
    yield _difference(other, change, abs(by_s), "; ".join(why))


_Reader = tuple[bool, str]


def _reader(each: Received) -> _Reader:
    return each.is_client, each.reader


def _told(every: Iterable[Received]) -> dict[_Reader, list[Received]]:
    groups: dict[_Reader, list[Received]] = defaultdict(list)
    for each in every:
        if each.at is not None:
            groups[_reader(each)].append(each)
    return groups


def _at_once(one: Received, other: Received, tolerance_s: float) -> bool:
    return abs(one.opened_at - other.opened_at) <= tolerance_s


def _same(one: Received, other: Received, tolerance_s: float) -> bool:
    if one.service != other.service:
        return False
    if _at_once(one, other, tolerance_s):
        return True
    return _before_end(one.opened_at, other) and _before_end(other.opened_at, one)


def _before_end(at: float, each: Received) -> bool:
    return each.ended_at is None or at <= each.ended_at


def _why(one: Received, others: Iterable[Received], tolerance_s: float) -> str:
    """Say why the other run did not tell of it."""
    same = (
        each for each in others if _reader(each) == _reader(one) and each.at is None and _same(one, each, tolerance_s)
    )
    return next((each.kept for each in same if each.kept), "no alert")


def _difference(one: Received, change: Change, by_s: float, why: str) -> Difference:
    at = one.opened_at if one.at is None else one.at
    return Difference(at, one.reader, one.is_client, one.service, change, by_s, one.said, why)

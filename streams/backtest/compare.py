"""Two configurations over the same history: what each squad and client would have received, and what differs. Pure.

An episode of a reader is the time between the first notice about a service that was sent to them and its end. Episodes
of the two runs that overlap, or open within the tolerance of each other, are the same one, told differently perhaps.
"""

from collections import defaultdict
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


@dataclass(frozen=True, slots=True)
class Received:
    """What one reader was told of one alert. ``at`` None: nothing was sent; ``reason`` says why."""

    reader: str
    is_client: bool
    service: ServiceId
    opened_at: float
    at: float | None
    ended_at: float | None
    said: str
    reason: str
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
    why: str  # why the other run did not tell them


@dataclass(frozen=True, slots=True)
class Line:
    """One reader with both counts."""

    reader: str
    is_client: bool
    first: Counts
    second: Counts


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two runs side by side. ``more`` differences are not listed."""

    names: tuple[str, str]
    lines: tuple[Line, ...]
    differences: tuple[Difference, ...]
    more: int


def received(episodes: Iterable[Episode], landscape: Landscape) -> list[Received]:
    """Return for each alert and each reader what was decided for them."""
    names = {client.id: client.name for client in landscape.clients}
    found = []
    for episode in episodes:
        for is_client, reader, notices in _by_reader(episode, names):
            sent = [notice for notice in notices if isinstance(notice.decision, Notify)]
            opening = next((n for n in sent if n.phase in {Phase.WARNING, Phase.UPDATE}), None)
            endings = [n for n in sent if n.phase in {Phase.ALL_CLEAR, Phase.RETRACTION}]
            later = {n.sequence for n in sent if n.phase is Phase.UPDATE}  # a client may have several contacts
            last = notices[-1].decision
            kept = (
                "" if isinstance(last, Notify) else f"{'held' if isinstance(last, Hold) else 'not sent'}: {last.reason}"
            )
            found.append(
                Received(
                    reader=reader,
                    is_client=is_client,
                    service=episode.service,
                    opened_at=episode.opened_at,
                    at=None if opening is None else opening.decided_at,
                    ended_at=episode.ended_at,
                    said=episode.transitions[0].reason,
                    reason=kept,
                    updates=len(later - {None if opening is None else opening.sequence}),
                    ended=bool(endings),
                )
            )
    return found


def compare(
    names: tuple[str, str], first: Sequence[Received], second: Sequence[Received], tolerance_s: float = TOLERANCE_S
) -> Comparison:
    """Set two runs side by side."""
    readers = sorted({(each.is_client, each.reader) for each in (*first, *second)})
    lines = tuple(
        Line(name, client, _counts(first, client, name), _counts(second, client, name)) for client, name in readers
    )
    found = sorted(_differences(first, second, tolerance_s), key=lambda each: (each.at, each.reader, each.service))
    return Comparison(names, lines, tuple(found[:LISTED]), max(0, len(found) - LISTED))


def _by_reader(episode: Episode, names: Mapping[ClientId, str]) -> Iterator[tuple[bool, str, list[Notice]]]:
    groups: dict[tuple[bool, str], list[Notice]] = defaultdict(list)
    for notice in episode.notices:
        name = str(notice.squad) if notice.client is None else names.get(notice.client, str(notice.client))
        groups[notice.client is not None, name].append(notice)
    for (is_client, name), notices in groups.items():
        yield is_client, name, notices


def _counts(every: Iterable[Received], is_client: bool, reader: str) -> Counts:
    own = [each for each in every if (each.is_client, each.reader) == (is_client, reader)]
    return Counts(
        warnings=sum(each.at is not None for each in own),
        updates=sum(each.updates for each in own),
        endings=sum(each.ended for each in own),
        not_sent=sum(each.at is None for each in own),
    )


def _differences(first: Sequence[Received], second: Sequence[Received], tolerance_s: float) -> Iterator[Difference]:
    left, right = _told(first), _told(second)
    kept = {key: [each for each in second if _key(each) == key and each.at is None] for key in left}
    kept_before = {key: [each for each in first if _key(each) == key and each.at is None] for key in right}
    for key in sorted({*left, *right}):
        here, there = list(left.get(key, ())), list(right.get(key, ()))
        for one in here:
            other = next((o for o in there if _same(one, o, tolerance_s)), None)
            if other is None:
                yield _difference(one, Change.GONE, 0.0, _why(one, kept.get(key, ()), tolerance_s))
                continue
            there.remove(other)
            by_s = (other.at or 0.0) - (one.at or 0.0)
            if abs(by_s) > SOONER_S:
                yield _difference(other, Change.SOONER if by_s < 0 else Change.LATER, abs(by_s), "")
        for other in there:
            yield _difference(other, Change.NEW, 0.0, _why(other, kept_before.get(key, ()), tolerance_s))


_Key = tuple[bool, str, ServiceId]


def _key(each: Received) -> _Key:
    return each.is_client, each.reader, each.service


def _told(every: Iterable[Received]) -> dict[_Key, list[Received]]:
    groups: dict[_Key, list[Received]] = defaultdict(list)
    for each in every:
        if each.at is not None:
            groups[_key(each)].append(each)
    return groups


def _same(one: Received, other: Received, tolerance_s: float) -> bool:
    if abs(one.opened_at - other.opened_at) <= tolerance_s:
        return True
    return _before_end(one.opened_at, other) and _before_end(other.opened_at, one)


def _before_end(at: float, each: Received) -> bool:
    return each.ended_at is None or at <= each.ended_at


def _why(one: Received, kept: Iterable[Received], tolerance_s: float) -> str:
    return next((each.reason for each in kept if _same(one, each, tolerance_s)), "no alert")


def _difference(one: Received, change: Change, by_s: float, why: str) -> Difference:
    at = one.opened_at if one.at is None else one.at
    return Difference(at, one.reader, one.is_client, one.service, change, by_s, one.said, why)

"""What a run was worth: each incident, who was told when, whether the end was told, and what was said without need.

Pure: everything comes in as an argument. The time at which somebody was told is the event time of the decision plus the
wall-clock time that the pipeline took, from producing the message that caused the decision to delivery.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from statistics import median
from typing import TypeVar

from domain.alert import ENDED, Transition
from domain.identity import AlertId, NoticeId, ServiceId
from domain.journeys import Client, Landscape
from domain.notice import ENDINGS, Delivered, Notice, Notify, Phase, Receipt
from streams.demo.recording import Change, Fault
from streams.record.explain import decision_words

FRESH_S = 120.0  # an alert that changed so shortly before the end may well be open then
AFTERMATH_S = 60.0  # an alert that opens this soon after an incident belongs to it, though it warned of nothing
Key = TypeVar("Key")


class Result(StrEnum):
    """How an incident went for those who should have known."""

    WARNED = "warned"  # before clients felt it
    LATE = "late"  # told, but after
    MISSED = "missed"
    HARMLESS = "harmless"  # nothing was felt: there was nothing to warn of


@dataclass(frozen=True, slots=True)
class Episode:
    """One alert from open to end. ``ended_at`` None: still open when the recording ended."""

    alert: AlertId
    service: ServiceId
    opened_at: float
    ended_at: float | None
    transitions: tuple[Transition, ...]


@dataclass(frozen=True, slots=True)
class Told:
    """What one squad or one client learnt of an incident. ``at`` None: nothing; then ``reason`` says why.

    ``lead_s`` is negative when they were told after the impact; ``ended_at`` None: not told the end (yet).
    """

    who: str
    is_client: bool
    at: float | None
    lead_s: float | None
    ended_at: float | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One incident."""

    fault: Fault
    result: Result
    squads: tuple[Told, ...]
    clients: tuple[Told, ...]  # those whose journeys were hit, told or not
    needless: tuple[Told, ...]  # clients told though none of their journeys was hit
    episodes: tuple[Episode, ...]


@dataclass(frozen=True, slots=True)
class Stray:
    """An alert that no incident explains."""

    episode: Episode
    during: str  # the kind of the incident or the harmless change at that time; empty: calm
    beside: bool  # during an incident, on a service that it does not reach
    clients: tuple[str, ...] = ()  # clients who were told


@dataclass(frozen=True, slots=True)
class Report:
    """The whole run."""

    rows: tuple[Row, ...]
    false_alarms: tuple[Stray, ...]  # in calm time, or during a harmless change
    beside: tuple[Stray, ...]  # during an incident, on a service that it does not reach
    owed: tuple[str, ...]  # who was warned and not told the end: "recipient: alert"
    still_open: int  # alerts that were moving when the recording ended: their end is not owed yet
    undelivered: tuple[Notice, ...]  # decided to be sent, and no channel has taken them
    afterwards: int = 0  # alerts that opened when the recording was over and everything had fallen silent

    @property
    def hurtful(self) -> tuple[Row, ...]:
        """The incidents that clients felt."""
        return tuple(row for row in self.rows if row.fault.breach_at is not None)

    @property
    def warned(self) -> int:
        """Incidents of which a squad knew before clients felt them."""
        return sum(row.result is Result.WARNED for row in self.rows)

    @property
    def fully_warned(self) -> int:
        """Incidents of which a squad and at least one hit client knew before, and both were told the end."""
        return sum(_in_time(row.squads) and _in_time(row.clients) for row in self.hurtful)

    @property
    def median_lead_s(self) -> float | None:
        """Median over the incidents that squads were warned of; None when there were none."""
        leads = [max(_leads(row.squads)) for row in self.hurtful if row.result is Result.WARNED]
        return median(leads) if leads else None


@dataclass(frozen=True, slots=True)
class Heard:
    """Everything that the pipeline said, as read from its topics, and the scheme by which it was produced."""

    transitions: Sequence[Transition]
    notices: Sequence[Notice]
    receipts: Sequence[Receipt]
    released_at: Callable[[float], float | None]


def report(
    heard: Heard, faults: Iterable[Fault], changes: Iterable[Change], landscape: Landscape, until: float = math.inf
) -> Report:
    """Compare what was said with what happened up to ``until``.

    Alerts that opened later are counted apart: they truly say that telemetry has stopped, as it does after a replay.
    """
    opened = episodes(heard.transitions)
    past = tuple(episode for episode in opened if episode.opened_at <= until)
    late = {episode.alert for episode in opened} - {episode.alert for episode in past}
    ledger = _Ledger(heard, landscape, late)
    known = tuple(faults)
    above = _dependents(landscape)
    owners = {episode.alert: _owner(episode, known, above) for episode in past}
    rows = tuple(
        _row(fault, [e for e in past if owners[e.alert] == fault.id], ledger, landscape.clients) for fault in known
    )
    changed = tuple(changes)
    strays = [(_stray(e, known, changed), ledger.clients_told(e)) for e in past if owners[e.alert] is None]
    fresh = {e.alert for e in past if e.ended_at is None and e.transitions[-1].at > until - FRESH_S}
    return Report(
        rows=rows,
        false_alarms=tuple(replace(s, clients=told) for s, told in strays if not s.beside),
        beside=tuple(replace(s, clients=told) for s, told in strays if s.beside),
        owed=ledger.owed(fresh),
        still_open=len(fresh),
        undelivered=ledger.undelivered(),
        afterwards=len(late),
    )


def episodes(transitions: Iterable[Transition]) -> tuple[Episode, ...]:
    """Return the alerts in the order in which they opened; repeated transitions count once."""
    by_alert: dict[AlertId, dict[int, Transition]] = defaultdict(dict)
    for transition in transitions:
        by_alert[transition.alert].setdefault(transition.sequence, transition)
    found = []
    for alert, known in by_alert.items():
        steps = tuple(known[number] for number in sorted(known))
        ended_at = steps[-1].at if steps[-1].status in ENDED else None
        found.append(Episode(alert, steps[0].service, steps[0].at, ended_at, steps))
    return tuple(sorted(found, key=lambda episode: (episode.opened_at, episode.alert)))


class _Ledger:
    """Who was told what: notices joined with the receipts that prove them."""

    def __init__(self, heard: Heard, landscape: Landscape, without: Collection[AlertId]) -> None:
        self._names = {client.id: client.name for client in landscape.clients}
        self._notices = tuple({n.id: n for n in heard.notices if n.alert not in without}.values())
        self._receipts: dict[NoticeId, Receipt] = {}
        for receipt in heard.receipts:
            if isinstance(receipt.outcome, Delivered):
                self._receipts.setdefault(receipt.notice, receipt)
        self._released_at = heard.released_at

    def told_at(self, notice: Notice) -> float | None:
        """Return event time of the decision plus the pipeline's own time; None when nothing was delivered."""
        receipt = self._receipts.get(notice.id)
        if receipt is None or not isinstance(notice.decision, Notify):
            return None
        released_at = self._released_at(notice.decided_at)
        latency_s = 0.0 if released_at is None else max(0.0, receipt.at - released_at)
        return notice.decided_at + latency_s

    def told(self, episodes: Iterable[Episode], breach_at: float | None) -> tuple[Told, ...]:
        """Return one entry for each squad and client that these alerts speak to.

        An alert that joined another is told in the other's threads: what was written there since then counts.
        """
        known = tuple(episodes)
        own = {episode.alert for episode in known}
        joined = {joined: e.opened_at for e in reversed(known) if (joined := e.transitions[0].joined) is not None}
        since = {**joined, **dict.fromkeys(own, -math.inf)}
        heard = (n for n in self._notices if n.decided_at >= since.get(n.alert, math.inf))
        groups = _group((self._who(n), n if n.alert in own else _as_warning(n)) for n in heard)
        return tuple(self._entry(who, group, breach_at) for who, group in sorted(groups.items()))

    def clients_told(self, episode: Episode) -> tuple[str, ...]:
        """Return the names of the clients whom this alert reached."""
        return tuple(told.who for told in self.told([episode], None) if told.is_client and told.at is not None)

    def owed(self, still_open: Collection[AlertId]) -> tuple[str, ...]:
        """Return every thread that brought a warning and no ending, but for alerts that are still open."""
        told = (n for n in self._notices if n.alert not in still_open and self.told_at(n) is not None)
        threads = _group((notice.thread, notice) for notice in told)
        return tuple(
            f"{group[0].recipient}: {group[0].alert}"
            for group in threads.values()
            if any(n.phase is Phase.WARNING for n in group) and not any(n.phase in ENDINGS for n in group)
        )

    def undelivered(self) -> tuple[Notice, ...]:
        """Return the notices that were to be sent and that no channel has taken."""
        return tuple(n for n in self._notices if isinstance(n.decision, Notify) and n.id not in self._receipts)

    def _who(self, notice: Notice) -> tuple[bool, str]:
        if notice.client is not None:
            return True, self._names.get(notice.client, str(notice.client))
        return False, str(notice.squad)

    def _entry(self, who: tuple[bool, str], group: Sequence[Notice], breach_at: float | None) -> Told:
        times = [(notice, self.told_at(notice)) for notice in group]
        warnings = [at for notice, at in times if notice.phase is Phase.WARNING and at is not None]
        endings = [at for notice, at in times if notice.phase in ENDINGS and at is not None]
        is_client, name = who
        if not warnings:
            return Told(name, is_client, None, None, None, reason=_last_reason(group))
        at = min(warnings)
        lead_s = None if breach_at is None else breach_at - at
        return Told(name, is_client, at, lead_s, max(endings, default=None))


def _row(fault: Fault, past: Sequence[Episode], ledger: _Ledger, clients: Sequence[Client]) -> Row:
    told = ledger.told(past, fault.breach_at)
    hit = {client.name: client for client in clients if set(client.journeys) & set(fault.journeys)}
    known = {entry.who: entry for entry in told if entry.is_client}
    squads = tuple(entry for entry in told if not entry.is_client)
    concerned = tuple(
        known.get(name) or Told(name, True, None, None, None, reason="nothing was decided") for name in hit
    )
    needless = tuple(entry for name, entry in known.items() if name not in hit and entry.at is not None)
    return Row(fault, _result(fault, squads), squads, concerned, needless, tuple(past))


def _result(fault: Fault, squads: Sequence[Told]) -> Result:
    if fault.breach_at is None:
        return Result.HARMLESS
    leads = _leads(squads)
    if not leads:
        return Result.MISSED
    return Result.WARNED if max(leads) > 0 else Result.LATE


def _leads(told: Iterable[Told]) -> list[float]:
    return [entry.lead_s for entry in told if entry.lead_s is not None]


def _in_time(told: Iterable[Told]) -> bool:
    return any(e.lead_s is not None and e.lead_s > 0 and e.ended_at is not None for e in told)


def _owner(episode: Episode, faults: Sequence[Fault], above: Mapping[ServiceId, frozenset[ServiceId]]) -> str | None:
    """Return the fault that explains an alert: it opened during it or soon after, on a service that the fault reaches.

    Where several could, one that is still going on comes before one that is over, and a later one before an earlier.
    """
    known = sorted(faults, key=lambda fault: fault.started_at, reverse=True)
    for after_s in (0.0, AFTERMATH_S):
        for fault in known:
            reach = set(fault.affected).union(*(above.get(service, frozenset()) for service in fault.affected))
            if fault.started_at <= episode.opened_at <= fault.resolved_at + after_s and episode.service in reach:
                return fault.id
    return None


def _stray(episode: Episode, faults: Sequence[Fault], changes: Sequence[Change]) -> Stray:
    """Say at which moment an alert came that no incident explains. A telemetry fault is calm: the system was well."""
    for change in changes:
        if change.started_at <= episode.opened_at <= change.ended_at + AFTERMATH_S:
            return Stray(episode, change.kind, beside=False)
    for fault in faults:
        if not fault.is_data and fault.started_at <= episode.opened_at <= fault.resolved_at + AFTERMATH_S:
            return Stray(episode, fault.kind, beside=True)
    return Stray(episode, "", beside=False)


def _dependents(landscape: Landscape) -> dict[ServiceId, frozenset[ServiceId]]:
    """Return for each service all that need it, directly or through others."""
    direct: dict[ServiceId, set[ServiceId]] = defaultdict(set)
    for service in landscape.services:
        for needed in service.depends_on:
            direct[needed].add(service.id)

    return {service.id: _climb(service.id, direct) for service in landscape.services}


def _climb(start: ServiceId, direct: Mapping[ServiceId, set[ServiceId]]) -> frozenset[ServiceId]:
    found: set[ServiceId] = set()
    waiting = [start]
    while waiting:
        fresh = direct.get(waiting.pop(), set()) - found
        found |= fresh
        waiting.extend(fresh)
    return frozenset(found)


def _as_warning(notice: Notice) -> Notice:
    """An update about an alert that has joined is the first that its readers learn of it."""
    return replace(notice, phase=Phase.WARNING) if notice.phase is Phase.UPDATE else notice


def _group(pairs: Iterable[tuple[Key, Notice]]) -> dict[Key, list[Notice]]:
    groups: dict[Key, list[Notice]] = defaultdict(list)
    for key, notice in pairs:
        groups[key].append(notice)
    return groups


def _last_reason(group: Sequence[Notice]) -> str:
    last = max(group, key=lambda notice: notice.sequence)
    if isinstance(last.decision, Notify):
        return "not delivered"
    return decision_words(last.decision)

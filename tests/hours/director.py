"""Lets what was drawn happen, one after the other, and writes down when; and what happened to the clients."""

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, NamedTuple, Protocol, Self, assert_never

from tests.hours.breaches import Breaches, Felt
from tests.hours.collector import Collector
from tests.hours.engine import Engine, Steps
from tests.hours.items import Change, DataItem, Item, SlowFault, SuddenFault
from tests.hours.labels import Labels, Span

Range = tuple[float, float]


class Hit(NamedTuple):
    """What a fault is called, the services that it hits, and those that depend on them or share something."""

    kind: str
    affected: Sequence[str]
    dependent: Sequence[str]

    @classmethod
    def of(cls, fault: SlowFault | SuddenFault, hits: Mapping[str, Sequence[str]], services: Sequence[str]) -> Self:
        """Look a fault up where clients have one way in: every other service is behind it too, and depends."""
        name, kind = (fault.kind,) * 2 if isinstance(fault, SlowFault) else (fault.what, f"sudden_{fault.what}")
        return cls(kind, hits[name], [service for service in services if service not in hits[name]])


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast things go in a system. All in seconds; pairs are drawn between."""

    warm_up_s: float  # before anything is recorded
    lasts_s: float  # what is recorded, at least
    no_fault_after_s: float
    nothing_after_s: float
    first_s: Range  # calm before the first
    calm_s: Range  # calm between two
    long_calm_s: Range  # once, on top of that
    tick_s: float
    operator_s: Range  # from the breach until somebody has taken a slow fault away
    repair_s: Range  # the same of a sudden one
    unnoticed_s: float  # a sudden fault that nobody feels
    well_s: float  # good for so long: resolved
    patience_s: float  # the longest recovery


class Stage(Protocol):
    """A system, as the director sees it."""

    @property
    def engine(self) -> Engine:
        """Its clock."""
        ...

    @property
    def clients(self) -> Breaches:
        """What its clients feel."""
        ...

    def hit(self, fault: SlowFault | SuddenFault) -> Hit:
        """Return what a fault hits."""
        ...

    def begin(self, fault: SlowFault) -> None:
        """Make ready for a slow fault."""
        ...

    def move(self, fault: SlowFault, level: float) -> None:
        """Move the resource of a slow fault to a level."""
        ...

    def mend(self, fault: SlowFault) -> None:
        """Take a slow fault away, and what it broke."""
        ...

    def killed_at(self) -> float | None:
        """Return when the slow fault had something killed."""
        ...

    def strike(self, fault: SuddenFault) -> None:
        """Begin a sudden fault."""
        ...

    def repair(self, fault: SuddenFault) -> None:
        """End a sudden fault."""
        ...

    def change(self, change: Change) -> Steps:
        """Do what hurts nobody."""
        ...


class Director:
    """Faults never overlap, and between them it is calm for a while."""

    def __init__(
        self,
        stage: Stage,
        pace: Pace,
        chance: Random,
        collector: Collector,
        labels: Labels,
        items: Sequence[Item],
    ) -> None:
        self.finished = False
        self._stage, self._pace, self._chance, self._items = stage, pace, chance, items
        self._collector, self._labels = collector, labels

    @property
    def _now(self) -> float:
        return self._stage.engine.now

    def run(self) -> None:
        """Let virtual time go on until everything has happened."""
        engine, pace = self._stage.engine, self._pace
        engine.spawn(self._direct(), pace.warm_up_s)
        while not self.finished:
            engine.run(engine.now + 60 * pace.tick_s)

    def _direct(self) -> Steps:
        chance, pace = self._chance, self._pace
        yield chance.uniform(*pace.first_s)
        long_calm_after = chance.randrange(len(self._items))
        for number, item in enumerate(self._items):
            faulty = isinstance(item, SlowFault | SuddenFault)
            if self._now - pace.warm_up_s > (pace.no_fault_after_s if faulty else pace.nothing_after_s):
                continue
            yield from self._item(item)
            yield chance.uniform(*pace.calm_s) + (chance.uniform(*pace.long_calm_s) if number == long_calm_after else 0)
        while self._now - pace.warm_up_s < pace.lasts_s:
            yield 10 * pace.tick_s
        self.finished = True

    def _item(self, item: Item) -> Steps:
        match item:
            case SlowFault():
                return self._slow(item)
            case SuddenFault():
                return self._sudden(item)
            case DataItem():
                return self._data(item)
            case Change():
                return self._change(item)
        assert_never(item)

    def _slow(self, fault: SlowFault) -> Steps:
        stage = self._stage
        started = self._now
        stage.begin(fault)
        felt = yield from self._grow(fault)
        if felt is not None:
            until = self._now + self._chance.uniform(*self._pace.operator_s)
            while self._now < until:
                stage.move(fault, fault.level(self._now - started))
                now = stage.clients.breach()
                felt.journeys.extend(kind for kind in (now.journeys if now else ()) if kind not in felt.journeys)
                yield self._pace.tick_s
        stage.mend(fault)
        yield from self._write(fault, started, felt, fault.details)
        if (killed_at := stage.killed_at()) is not None:
            self._labels.killed(self._labels.incidents[-1], killed_at)

    def _grow(self, fault: SlowFault) -> Generator[float, Any, Felt | None]:
        """Let a fault grow until clients feel it; None: it ended before."""
        started = self._now
        while self._now - started < fault.lasts_s:
            self._stage.move(fault, fault.level(self._now - started))
            yield self._pace.tick_s
            if (felt := self._stage.clients.breach()) is not None:
                return felt
            if fault.abort and self._now - started > fault.abort * fault.length_s:
                break
        return None

    def _sudden(self, fault: SuddenFault) -> Steps:
        started, felt = self._now, None
        self._stage.strike(fault)
        while self._now - started < self._pace.unnoticed_s and felt is None:
            yield self._pace.tick_s
            felt = self._stage.clients.breach()
        yield self._chance.uniform(*self._pace.repair_s)
        self._stage.repair(fault)
        yield from self._write(fault, started, felt, {"what": fault.what, **fault.strength})

    def _write(
        self, fault: SlowFault | SuddenFault, started: float, felt: Felt | None, details: dict[str, Any]
    ) -> Steps:
        """Wait until every journey has been good for a while, and write down what it was."""
        removed, pace, clients = self._now, self._pace, self._stage.clients
        while self._now - max(clients.good_since, removed) < pace.well_s and self._now - removed < pace.patience_s:
            yield pace.tick_s
        hit = self._stage.hit(fault)
        span = Span(started, removed, self._now, felt and felt.at, felt and felt.first_bad)
        params = {name: round(value, 4) if isinstance(value, float) else value for name, value in details.items()}
        what = {"kind": hit.kind, "affected": list(hit.affected)}
        self._labels.fault(what, span, felt.journeys if felt else [], params, hit.dependent)

    def _data(self, item: DataItem) -> Steps:
        started, fault = self._now, item.fault
        self._collector.faults.append(fault)
        yield item.lasts_s
        if not item.stays:
            self._collector.faults.remove(fault)
        what = {"kind": "data", "type": fault.type, "affected": [fault.service], "metric": fault.metric}
        details = {"kind": "data", "type": fault.type, "len": round(item.lasts_s, 3)}
        details |= {"service": fault.service, "metric": fault.metric, **fault.details}
        self._labels.fault(what, Span(started, self._now, self._now), [], details, [])

    def _change(self, change: Change) -> Steps:
        started = self._now
        yield from self._stage.change(change)
        self._labels.change(change.kind, started, self._now, change.details)

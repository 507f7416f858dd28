"""Prometheus as it reads the system: each target every 30 s at its own moment, some of them in vain."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Final, NamedTuple

from tests.hours.collector import Collector
from tests.hours.mobile.calls import Step
from tests.hours.mobile.character import NODES, SCRAPE_S, STEP_S
from tests.hours.mobile.processes import PROCESSES, Say
from tests.hours.mobile.single import SINGLE, Single
from tests.hours.mobile.system import Mobile

COLUMNS: Final = ("pod", "node", "code", "quantile", "partition", "object")
MISSED: Final = 1 / 5000  # share of scrapes that a target does not answer, or two in a row


class Target(NamedTuple):
    """What is read at once. ``answer`` None: it is down."""

    service: str
    place: str  # pod or node
    offset_s: float
    answer: Callable[[Say], None] | None


class Scrapes:
    """Reads all that is due, step by step."""

    def __init__(self, system: Mobile, collector: Collector) -> None:
        self._system, self._collector = system, collector
        self._single = Single(system, collector.chance)
        self._offsets = [collector.chance.uniform(0, SCRAPE_S) for _ in range(len(SINGLE) + NODES)]
        self._missing: dict[str, int] = {}  # how many more scrapes get no answer

    def see(self, step: Step) -> None:
        """Take part in what happened in a step, and read what is due."""
        self._single.see(step)
        now = self._system.engine.now
        third = round(now / STEP_S) % round(SCRAPE_S / STEP_S)
        for target in self._targets():
            if int(target.offset_s // STEP_S) == third:
                self._read(target, now + target.offset_s % STEP_S)

    def _targets(self) -> Iterator[Target]:
        system, now = self._system, self._system.engine.now
        offsets = iter(self._offsets)
        for service in SINGLE:
            offset_s = next(offsets)
            if service != "statements" or system.database.batch(now):
                yield Target(service, "", offset_s, partial(SINGLE[service], self._single))
        for node in range(NODES):
            answer = None if node in system.nodes_down else partial(self._single.node, node)
            yield Target("node", f"node-{node + 1}", next(offsets), answer)
        for deployment in system.deployments:
            how = PROCESSES[deployment.name]
            for pod in deployment.pods:
                answers = now >= pod.ready_at and pod.node not in system.nodes_down
                answer = partial(how, system, pod, self._collector.chance) if answers else None
                yield Target(deployment.name, pod.name, pod.offset_s, answer)

    def _read(self, target: Target, at: float) -> None:
        collector, chance = self._collector, self._collector.chance
        collector.stamp = at + abs(chance.gauss(0, 0.3 if chance.random() < 0.02 else 0.004))
        collector.delay_s = self._single.delay_s(at) if target.service == "core-gateway" else 0.0
        name = f"{target.service}/{target.place}"
        if chance.random() < MISSED:
            self._missing[name] = chance.randint(1, 2)
        place = {} if not target.place else {"node" if target.service == "node" else "pod": target.place}
        missing = self._missing.pop(name, 0)
        if missing > 1:
            self._missing[name] = missing - 1
        if target.answer is None or missing:
            collector.emit(target.service, "up", 0, _columns(place))
            return
        target.answer(partial(self._say, target.service, place))
        collector.emit(target.service, "up", 1, _columns(place))

    def _say(self, service: str, place: dict[str, str], metric: str, value: float, **labels: str) -> None:
        self._collector.emit(service, metric, value, _columns(place | labels))


def _columns(labels: dict[str, str]) -> str:
    return "".join(f",{labels.get(name, '')}" for name in COLUMNS)

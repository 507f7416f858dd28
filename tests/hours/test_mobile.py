"""The simulated mobile bank: the same days for the same seed, and faults that hurt by their mechanism."""

import hashlib
import json
from collections import defaultdict
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from config.loader import load_with_environment
from tests.hours.collector import Collector, DataFault
from tests.hours.daily import DAY_S, HOUR_S
from tests.hours.director import Director
from tests.hours.engine import Steps
from tests.hours.items import Change, DataItem, SuddenFault
from tests.hours.labels import Labels, Recording
from tests.hours.mobile.character import HEAP, POOL
from tests.hours.mobile.clients import Clients
from tests.hours.mobile.days import simulate
from tests.hours.mobile.load import KICK_OFF_H, Load
from tests.hours.mobile.pods import Pod
from tests.hours.mobile.scrapes import COLUMNS
from tests.hours.mobile.stage import MobileStage, pace
from tests.hours.mobile.system import Mobile
from tests.hours.systems import SYSTEMS

Row = tuple[float, str, str, float, dict[str, str]]  # time, service, metric, value, labels


@pytest.fixture(scope="module")
def days() -> Recording:
    return simulate(1, "mobile-1", days=2)


@pytest.fixture(scope="module")
def rows(days: Recording) -> list[Row]:
    """What was sent, in order of arrival."""
    sent = []
    for _, _, line in sorted(days.collector._rows):
        ts, service, metric, value, *labels = line.strip("\n").split(",")
        named = {name: label for name, label in zip(COLUMNS, labels, strict=True) if label}
        sent.append((float(ts), service, metric, float(value), named))
    return sent


def at_eight(minutes: float = 10, **faults: Any) -> Mobile:
    """The system on a usual weekday evening, so long after faults that struck at eight."""
    system = Mobile(Random(5))
    system.character = replace(system.character, first_day=0, payday=3, football=3)
    system.load = Load(system.chance, system.character)
    system.engine.now = 19.5 * HOUR_S
    go_on(system, 30)
    system.faults = replace(system.faults, **faults)
    go_on(system, minutes)
    return system


def go_on(system: Mobile, minutes: float) -> None:
    def steps() -> Steps:
        for _ in range(round(minutes * 6)):
            system.step()
            yield 10.0

    system.engine.spawn(steps())
    system.engine.run(system.engine.now + minutes * 60)


def share_failed(system: Mobile) -> float:
    return system.last.failed / system.last.requests


def unpaid(system: Mobile) -> float:
    return system.last.transfers_failed / system.last.transfers


def test_a_seed_is_still_the_days_of_the_published_figures(days: Recording) -> None:
    """Their beginning. Sine and logarithm may differ in the last digit elsewhere: it is not about every byte."""
    labels = json.dumps([days.labels.incidents, days.labels.events]).encode()

    assert hashlib.sha256(labels).hexdigest() == "27d0a26641901a5eb2ec5d62807a8ff154bbb6db73141e9f314b29ce36d36f42"


def test_nobody_suffers_outside_of_faults_and_changes(days: Recording) -> None:
    incidents = days.labels.incidents
    spans = [(row["fault_started_at"] - days.begins_at, row["resolved_at"] - days.begins_at + 60) for row in incidents]
    bad = [at for at, row in days.felt if any(measured[3] for measured in row.values())]

    assert bad != []
    assert [at for at in bad if not any(start <= at <= end for start, end in spans)] == []


def test_every_service_that_a_label_or_the_configuration_names_sends_telemetry(
    days: Recording, rows: list[Row]
) -> None:
    sent = {service for _, service, *_ in rows}
    incidents = days.labels.incidents
    named = {service for row in incidents for service in [*row["affected"], *row["dependent"]]}
    settings = load_with_environment(SYSTEMS["mobile"].config)

    assert named <= sent
    assert {str(service.id) for service in settings.landscape().services} == sent


def test_objectives_are_of_metrics_that_are_sent(rows: list[Row]) -> None:
    sent = {(service, metric) for _, service, metric, *_ in rows}
    services = load_with_environment(SYSTEMS["mobile"].config).landscape().services
    promised = {(str(service.id), objective.metric) for service in services for objective in service.objectives}

    assert promised <= sent


def test_labels_are_columns_of_text_that_are_filled_from_the_beginning(rows: list[Row]) -> None:
    """A reader of tables takes a column for numbers if its first rows hold one, or nothing."""
    seen = {name for *_, labels in rows[:1000] for name in labels}

    assert seen == set(COLUMNS)
    assert not any(label.replace(".", "").isdigit() for *_, labels in rows for label in labels.values())


def test_counters_never_fall_but_with_a_restart_or_a_lie(days: Recording, rows: list[Row]) -> None:
    lies = {(row["affected"][0], row["metric"]) for row in days.labels.incidents if row["kind"] == "data"}
    last: dict[object, float] = defaultdict(float)
    fell = []
    for _, service, metric, value, labels in sorted(rows, key=lambda row: row[0]):
        if metric.endswith("_total") and service != "statements" and not lies & {(service, metric), (service, "*")}:
            key = service, metric, *sorted(labels.items())
            fell += [key] * (value < last[key])
            last[key] = value

    assert fell == []


def test_the_batch_speaks_for_a_while_at_night_and_the_core_bank_is_late(rows: list[Row]) -> None:
    written = [at for at, service, *_ in rows if service == "statements"]
    arrived = 0.0
    late = []
    for at, service, *_ in rows:
        if service == "core-gateway":
            late.append(arrived - at)
        arrived = max(arrived, at)

    assert all(19 * 60 < max(night) - min(night) < 20 * 60 for night in nights(written))
    assert len(nights(written)) == 2
    assert 15 < min(late[1:]) < max(late) < 100


def nights(times: list[float]) -> list[list[float]]:
    by_day: dict[int, list[float]] = defaultdict(list)
    for at in times:
        by_day[int(at // DAY_S)].append(at)
    return list(by_day.values())


def test_the_load_follows_the_day_the_week_payday_and_football() -> None:
    system = at_eight(0)
    system.load._character = replace(system.character, payday=1, football=2)
    usual = system.load.usual
    half_time = KICK_OFF_H * HOUR_S + 50 * 60

    assert usual(20.3 * HOUR_S) > 1.2 * usual(12.5 * HOUR_S) > 5 * usual(3 * HOUR_S)
    assert usual(20.3 * HOUR_S + 6 * DAY_S) < usual(20.3 * HOUR_S)
    assert usual(8 * HOUR_S + DAY_S) > 1.25 * usual(8 * HOUR_S)
    assert usual(half_time + 2 * DAY_S) == pytest.approx(1.35 * usual(half_time))
    midnights = [usual(day * DAY_S) / usual(day * DAY_S - 1) for day in range(1, 15)]
    assert midnights == [pytest.approx(1, abs=0.05)] * 14


def test_more_load_has_more_processes_and_less_has_fewer_after_a_while() -> None:
    system = at_eight(0)
    system.character = replace(system.character, peak_rate=300)
    system.load = Load(system.chance, system.character)
    go_on(system, 10)
    many = len(system.front.pods)
    busy = sum(pod.station.busy for pod in system.front.pods)
    system.load.burst = 0.2
    go_on(system, 2)
    assert len(system.front.pods) >= many - 1
    go_on(system, 10)

    assert many > 4 > len(system.front.pods) == 3
    assert many < busy / 0.5 + 2  # not more than needed, though new ones are not ready at once


def test_a_slow_core_bank_holds_threads_and_a_very_slow_one_takes_all_of_them() -> None:
    calm, slow, very = at_eight(), at_eight(core_s=0.8), at_eight(core_s=4.5)

    assert unpaid(calm) < 0.01
    assert sum(slow.threads_used.values()) > 1.8 * sum(calm.threads_used.values())
    assert unpaid(very) > 0.2
    assert very.last.failed - very.last.transfers_failed < 0.01 * very.last.requests  # balances are well


def test_those_who_try_again_make_it_worse() -> None:
    assert at_eight(core_s=4.5, eager=0.5).last.requests > 1.1 * at_eight(core_s=4.5).last.requests


def test_a_neighbour_slows_the_processes_of_its_nodes_alone() -> None:
    system = at_eight(stolen=0.97)
    ready = system.front.ready(system.engine.now)[: len(system.last.front)]  # one may have come since
    failed = {pod.node < 2: took.failed for pod, took in zip(ready, system.last.front, strict=True)}

    assert failed[True] > 0.1
    assert failed[False] < 0.01


def test_a_heap_that_leaks_costs_time_and_then_the_process_restarts_and_counts_from_nothing() -> None:
    pod = Pod(Random(1), "a", 0, 0.0, 0.0)
    pod.done = 1000.0

    assert not pod.fill(100, 10, 0.2)
    calm = pod.collecting
    assert pod.fill(100, 10, 1.3)
    assert pod.collecting > 10 * calm
    pod.restart(100.0, 1.3)
    assert (pod.done, pod.restarts, pod.ready(101.0)) == (0.0, 1, False)
    assert not pod.fill(100, 10, 1.4)
    assert pod.heap < 0.8 * HEAP


def test_connections_that_nobody_gives_back_are_missed() -> None:
    system = at_eight(unreturned=1.2)

    assert max(system.pool_used.values()) == POOL
    assert share_failed(system) > 0.05 > share_failed(at_eight(unreturned=0.4))


def test_without_its_cache_the_database_is_too_slow() -> None:
    system = at_eight(eroded=0.9)

    assert system.database.cores.wait_s > 20 * at_eight().database.cores.wait_s


def test_a_full_volume_takes_no_transfers_and_shows_balances() -> None:
    system = at_eight(0)
    system.database.filled = 200 * 2**30
    go_on(system, 1)

    assert unpaid(system) == 1.0
    assert share_failed(system) < 0.1


def test_a_stuck_partition_is_late_and_the_others_are_not() -> None:
    system = at_eight(0)
    system.notifications.slow = 1.0
    go_on(system, 15)
    ages = sorted(line.oldest_s(system.engine.now) for line in system.notifications.lines)

    assert ages[-1] > 800
    assert ages[-2] < 60


def test_a_slow_replica_shows_old_balances() -> None:
    system = at_eight(0)
    system.database.slow_replica = 0.95
    go_on(system, 15)

    assert system.database.behind_s > 120
    assert at_eight(15).database.behind_s < 10


@pytest.mark.parametrize(
    "change",
    [
        Change("rollout", {"service": "accounts-api"}),
        Change("drain", {"node": 1}),
        Change("more_replicas", {"service": "mobile-bff"}),
        Change("campaign", {"factor": 1.6, "lasts_s": 1800.0}),
    ],
)
def test_a_change_replaces_processes_or_adds_some_and_hurts_nobody(change: Change) -> None:
    system = at_eight(0)
    before = {pod.name for deployment in system.deployments for pod in deployment.pods}
    stage = MobileStage(system, Clients(system, Random(1)), Random(2))
    system.engine.spawn(stage.change(change))
    failed = []
    for _ in range(20):
        go_on(system, 1)
        failed.append(share_failed(system))

    assert max(failed) < 0.01
    assert {pod.name for deployment in system.deployments for pod in deployment.pods} != before


@pytest.mark.parametrize("stays", [True, False])
def test_what_a_new_exporter_says_stays_or_is_taken_back(stays: bool) -> None:
    system = at_eight(0)
    collector = Collector(Random(1), 0.0)
    stage = MobileStage(system, Clients(system, Random(1)), Random(2))
    item = DataItem(DataFault("unit", "ingress", "request_p99_seconds", {"factor": 1000}), 600.0, stays)
    brief = replace(pace(0.1), warm_up_s=0, first_s=(60, 60), calm_s=(60, 60), long_calm_s=(0, 0))
    brief = replace(brief, lasts_s=HOUR_S, no_fault_after_s=21 * HOUR_S, nothing_after_s=21 * HOUR_S)
    Director(stage, brief, Random(3), collector, Labels("x", 0.0), [item]).run()

    assert collector.faults == [item.fault] * stays


def test_a_lost_node_fails_calls_until_that_is_noticed() -> None:
    system = at_eight(0)
    stage = MobileStage(system, Clients(system, Random(1)), Random(2))
    fault = SuddenFault("node_lost", {"node": 0.0})
    stage.strike(fault)
    go_on(system, 0.5)
    at_once = share_failed(system)
    go_on(system, 1.5)
    noticed = share_failed(system)
    go_on(system, 8)

    assert at_once > 0.15
    assert noticed < 0.01
    assert all(pod.node != 0 for deployment in system.deployments for pod in deployment.pods)
    stage.repair(fault)
    assert not system.nodes_down


def test_a_bad_version_fails_more_with_every_process_until_it_is_rolled_back() -> None:
    system = at_eight(0)
    stage = MobileStage(system, Clients(system, Random(1)), Random(2))
    fault = SuddenFault("bad_version", {"share": 0.4})
    stage.strike(fault)
    go_on(system, 15)

    assert share_failed(system) == pytest.approx(0.4, abs=0.05)
    stage.repair(fault)
    go_on(system, 1)
    assert share_failed(system) < 0.01

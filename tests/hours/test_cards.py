"""The simulated card system: the same days for the same seed, and faults that hurt by their mechanism."""

import hashlib
import json
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from config.loader import load_with_environment
from tests.hours.cards.days import simulate
from tests.hours.cards.load import Load
from tests.hours.cards.stations import Line, Station
from tests.hours.cards.system import Cards
from tests.hours.daily import DAY_S, HOUR_S
from tests.hours.labels import Recording
from tests.hours.systems import SYSTEMS


@pytest.fixture(scope="module")
def days() -> Recording:
    return simulate(1, "cards-1", days=2.5)


def at_noon(minutes: float, **faults: Any) -> Cards:
    """The system on a weekday, so long after faults that struck at noon."""
    system = Cards(Random(5))
    system.character = replace(system.character, first_day=0)
    system.load = Load(system.chance, system.character)
    system.engine.now = 12 * HOUR_S
    system.faults = replace(system.faults, **faults)
    for _ in range(round(minutes * 12)):
        system.step()
        system.engine.now += 5.0
    return system


def share_failed(system: Cards) -> float:
    return system.last.failed / system.last.done


def test_a_seed_is_still_the_days_of_the_published_figures(days: Recording) -> None:
    """Their beginning. Sine and logarithm may differ in the last digit elsewhere: it is not about every byte."""
    labels = json.dumps([days.labels.incidents, days.labels.events]).encode()

    assert hashlib.sha256(labels).hexdigest() == "f6bdf2d79f8150d124f8f1b853d8a5032fd554b2a46892b421149f5be23f4266"


def test_nobody_suffers_outside_of_faults_and_changes(days: Recording) -> None:
    rows = days.labels.incidents
    spans = [(row["fault_started_at"] - days.begins_at, row["resolved_at"] - days.begins_at + 60) for row in rows]
    bad = [at for at, row in days.felt if any(measured[3] for measured in row.values())]

    assert bad != []
    assert [at for at in bad if not any(start <= at <= end for start, end in spans)] == []


def test_every_service_that_a_label_or_the_configuration_names_sends_telemetry(days: Recording) -> None:
    sent = {line.split(",")[1] for _, _, line in days.collector._rows}
    rows = days.labels.incidents
    named = {service for row in rows for service in [*row["affected"], *row["dependent"]]}
    settings = load_with_environment(SYSTEMS["cards"].config)

    assert named <= sent
    assert {str(service.id) for service in settings.landscape().services} == sent


def test_objectives_are_of_metrics_that_are_sent(days: Recording) -> None:
    sent = {tuple(line.split(",")[1:3]) for _, _, line in days.collector._rows}
    services = load_with_environment(SYSTEMS["cards"].config).landscape().services
    promised = {(str(service.id), objective.metric) for service in services for objective in service.objectives}

    assert promised <= sent


def test_the_load_follows_the_day_and_the_week() -> None:
    system = at_noon(0)
    usual = system.load.usual

    assert usual(18.3 * HOUR_S) > 1.1 * usual(12.7 * HOUR_S) > 4 * usual(4 * HOUR_S)
    assert usual(18.3 * HOUR_S + 5 * DAY_S) == pytest.approx(usual(18.3 * HOUR_S) * system.character.weekend, rel=0.01)


def test_a_slow_issuer_holds_threads_and_a_very_slow_one_takes_all_of_them() -> None:
    calm, slow, very = at_noon(10), at_noon(10, issuer_s=0.5), at_noon(10, issuer_s=3.5)

    assert share_failed(calm) < 0.01 > share_failed(slow)
    assert slow.threads.busy > 1.4 * calm.threads.busy
    assert very.threads.busy > 155
    assert share_failed(very) > 0.9


def test_those_who_try_again_make_it_worse() -> None:
    assert at_noon(10, issuer_s=2.5, eager=0.6).last.purchases > 1.2 * at_noon(10, issuer_s=2.5).last.purchases


def test_a_full_disk_declines_everything() -> None:
    assert share_failed(at_noon(1, fill_gb=500)) == 1.0


def test_slow_clearing_leaves_records_waiting_and_purchases_alone() -> None:
    system = at_noon(60, slow_clearing=10)

    assert system.clearing.oldest_s(system.engine.now) > 1800
    assert share_failed(system) < 0.01


def test_a_heap_that_leaks_costs_time_before_the_node_restarts() -> None:
    system = at_noon(0)
    node = system.nodes[0]
    before = node.pause_s
    node.leaked_mb = 2800

    assert node.pause_s > before + 0.1
    node.leaked_mb = 4000
    node.work(system.engine.now, 100)
    assert not node.up(system.engine.now)
    assert node.up(system.engine.now + HOUR_S)


def test_a_station_in_balance_has_no_backlog_and_an_overloaded_one_grows() -> None:
    station = Station(room=100)

    assert station.serve(50, 5, servers=10, service_s=0.5) == (50, 0)
    assert station.backlog == 0
    assert station.serve(150, 5, servers=10, service_s=0.5) == (100, 0)
    assert (station.backlog, station.busy) == (50, 10)
    assert station.serve(200, 5, servers=10, service_s=0.5) == (100, 50)  # no room for more than a hundred


def test_a_line_works_off_the_oldest_first() -> None:
    line = Line()
    line.add(0, 10)
    line.add(60, 10)

    assert line.take(15) == 15
    assert line.oldest_s(100) == 40
    assert line.take(15) == 5
    assert line.oldest_s(100) == 0

"""How many anomalies one owner of decisions can take. Prints; asserts no time."""

from time import perf_counter

import pytest

from alerts.decide import Decide
from alerts.params import AlertParams
from domain.anomaly import AnomalyPhase
from streams.agents.decide import DecideStage
from streams.metrics import Metrics
from streams.records import encode
from tests.support.builders import T0, a_client, a_landscape, a_service, a_watermark, an_anomaly
from tests.support.stages import a_record

SERVICES = 40
CLIENTS = 200
ROUNDS = 20


@pytest.mark.benchmark
def test_what_a_record_of_the_decide_log_costs() -> None:
    services = [a_service("payments-api"), *(a_service(f"service-{n}", depends_on=["payments-api"]) for n in range(39))]
    clients = [a_client(f"bank-{number}") for number in range(CLIENTS)]
    landscape = a_landscape(services=services, clients=clients)
    stage = DecideStage(Decide(landscape, AlertParams()), 4, Metrics())
    records, at = [], T0
    for _ in range(ROUNDS):
        for phase in (AnomalyPhase.OPENED, AnomalyPhase.ENDED):
            for service in services:
                opened = at if phase is AnomalyPhase.OPENED else at - 60
                records.append(encode(an_anomaly(service.id, phase, at, opened)))
            at += 60
        at += 600
        records.append(encode(a_watermark(at)))
    started = perf_counter()
    outputs = sum(len(stage.process(a_record(number, value))) for number, value in enumerate(records))
    spent = perf_counter() - started
    each, rate = spent / len(records) * 1e6, len(records) / spent
    print(f"\n{SERVICES} services, {CLIENTS} clients: {each:.0f} us a record, {rate:.0f} a second, {outputs} outputs")

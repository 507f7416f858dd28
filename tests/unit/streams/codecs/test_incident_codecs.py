import json
from typing import Any

import pytest

from domain.errors import DecodeError
from domain.identity import ServiceId
from domain.telemetry import EventKind, EventStatus, IncidentEvent
from streams.codecs.base import Reason
from streams.codecs.cloudevents import MEANINGS, CloudEventsIncident
from streams.codecs.incident_native import NativeIncident

NOW = 1_795_301_265.0
PAY = ServiceId("payments-api")


def native(**changes: Any) -> IncidentEvent:
    message = {"v": 1, "id": "INC-7", "kind": "incident", "status": "opened", "at": NOW} | changes
    (event,) = NativeIncident().decode(json.dumps(message).encode(), NOW)
    return event


def cloud(data: Any = None, **changes: Any) -> IncidentEvent:
    message = {"specversion": "1.0", "id": "e-1", "source": "/desk", "type": "com.example.incident.opened"} | changes
    message |= {"data": {"id": "INC-7"} if data is None else data}
    (event,) = CloudEventsIncident().decode(json.dumps(message).encode(), NOW)
    return event


def test_a_native_event_is_read_whole() -> None:
    event = native(services=["payments-api", "cache", "cache"], severity="Critical", title="Pool\nexhausted")
    assert event == IncidentEvent(
        "INC-7",
        EventKind.INCIDENT,
        EventStatus.OPENED,
        NOW,
        (PAY, ServiceId("cache")),
        "critical",
        "Pool exhausted",
    )


def test_an_event_that_names_no_service_concerns_all_of_them() -> None:
    assert native().services == ()
    assert native(service="payments-api").services == (PAY,)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"services": []}, Reason.EMPTY),
        ({"services": ["a"], "service": "a"}, Reason.WRONG_TYPE),
        ({"services": "a"}, Reason.WRONG_TYPE),
        ({"services": [1]}, Reason.WRONG_TYPE),
        ({"services": ["a"] * 10_001}, Reason.TOO_MANY),
        ({"services": [""]}, Reason.BAD_NAME),
        ({"id": 7}, Reason.WRONG_TYPE),
        ({"id": None}, Reason.MISSING_FIELD),
        ({"kind": "outage"}, Reason.UNSUPPORTED),
        ({"status": "resolved"}, Reason.UNSUPPORTED),
        ({"at": "1795301265"}, Reason.BAD_TIME),
        ({"at": None}, Reason.MISSING_FIELD),
        ({"severity": "x" * 201}, Reason.BAD_NAME),
        ({"title": 5}, Reason.WRONG_TYPE),
        ({"v": None}, Reason.MISSING_FIELD),
    ],
)
def test_a_native_event_that_is_wrong_is_refused(changes: dict[str, Any], reason: Reason) -> None:
    with pytest.raises(DecodeError) as caught:
        native(**changes)
    assert caught.value.reason == reason


def test_an_incident_is_not_refused_for_its_title() -> None:
    title = native(title="word\x00 " * 10_000).title
    assert len(title) == 500
    assert title.startswith("word word ")
    assert title.endswith("\N{HORIZONTAL ELLIPSIS}")


@pytest.mark.parametrize(
    ("name", "kind", "status"),
    [
        ("com.example.incident.opened", EventKind.INCIDENT, EventStatus.OPENED),
        ("incident.resolved", EventKind.INCIDENT, EventStatus.CLOSED),
        ("Com.Example.Incident.Acknowledged", EventKind.INCIDENT, EventStatus.UPDATED),
        ("x.maintenance.started.v1", EventKind.MAINTENANCE, EventStatus.OPENED),
        ("x.deployment.finished", EventKind.DEPLOY, EventStatus.CLOSED),
        ("dev.cdevents.service.deployed.0.2.0", EventKind.DEPLOY, EventStatus.CLOSED),
        ("dev.cdevents.incident.detected.0.3.0", EventKind.INCIDENT, EventStatus.OPENED),
    ],
)
def test_the_last_words_of_a_cloud_event_say_what_happened(name: str, kind: EventKind, status: EventStatus) -> None:
    event = cloud(type=name)
    assert (event.kind, event.status) == (kind, status)


@pytest.mark.parametrize("name", ["incident", "opened", "a.incident.opened.now", "incident-opened", "service.created"])
def test_a_cloud_event_of_another_type_is_refused(name: str) -> None:
    with pytest.raises(DecodeError, match="unsupported: type"):
        cloud(type=name)


def test_every_kind_can_open_and_close() -> None:
    assert {(kind, status) for kind, status in MEANINGS.values()} >= {
        (kind, status) for kind in EventKind for status in (EventStatus.OPENED, EventStatus.CLOSED)
    }


def test_the_subject_is_the_service_when_the_data_has_the_id() -> None:
    event = cloud({"id": "INC-7"}, subject="payments-api")
    assert (event.id, event.services) == ("INC-7", (PAY,))


def test_the_subject_is_the_id_when_the_data_has_the_services() -> None:
    event = cloud({"service": "payments-api"}, subject="INC-7")
    assert (event.id, event.services) == ("INC-7", (PAY,))


def test_the_services_of_the_data_go_before_the_subject() -> None:
    event = cloud({"id": "INC-7", "services": ["payments-api"]}, subject="something else")
    assert (event.id, event.services) == ("INC-7", (PAY,))


def test_an_incident_that_no_end_could_be_matched_with_is_refused() -> None:
    with pytest.raises(DecodeError, match=r"missing_field: data\.id"):
        cloud({}, subject="payments-api")


def test_a_deployment_without_an_id_gets_one_that_a_repeat_has_too() -> None:
    first = cloud({}, type="deploy.finished", subject="payments-api")
    assert first == cloud({}, type="deploy.finished", subject="payments-api")
    assert first.id != cloud({}, type="deploy.finished", subject="payments-api", id="e-2").id
    assert first.services == (PAY,)


def test_a_cloud_event_without_a_time_happened_when_it_arrived() -> None:
    assert cloud().at == NOW
    assert cloud(time="2026-03-01T08:30:00Z").at == 1_772_353_800.0


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"specversion": None}, Reason.MISSING_FIELD),
        ({"specversion": "2.0"}, Reason.UNKNOWN_VERSION),
        ({"source": None}, Reason.MISSING_FIELD),
        ({"id": None}, Reason.MISSING_FIELD),
        ({"type": None}, Reason.MISSING_FIELD),
        ({"time": "today"}, Reason.BAD_TIME),
        ({"data_base64": "aGk="}, Reason.UNSUPPORTED),
        ({"subject": 7}, Reason.WRONG_TYPE),
    ],
)
def test_a_cloud_event_that_is_wrong_is_refused(changes: dict[str, Any], reason: Reason) -> None:
    with pytest.raises(DecodeError) as caught:
        cloud(**changes)
    assert caught.value.reason == reason


@pytest.mark.parametrize("data", ["text", [1], 5])
def test_the_data_of_a_cloud_event_is_an_object(data: object) -> None:
    with pytest.raises(DecodeError, match="wrong_type: data"):
        cloud(data)

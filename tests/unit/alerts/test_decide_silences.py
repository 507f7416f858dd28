"""Silences of many services: how long they last, and that it is seen how many they are."""

from dataclasses import replace

import pytest

from alerts.decide import Decide
from alerts.policy.mutes import EVERYTHING_S, names_everything
from domain.feedback import FeedbackKind
from domain.telemetry import EventKind
from streams.agents.decide import DecideStage
from streams.agents.feedback import FeedbackStage
from streams.metrics import Metrics
from streams.records import encode
from streams.topics import Topic
from tests.support.builders import T0, a_feedback, a_landscape, a_service, a_watermark, an_anomaly, an_incident
from tests.support.decide import PARAMS, Item, facts_of, feed, sent
from tests.support.stages import a_record

SILENCE = FeedbackKind.SILENCE
SERVICES = ("payments-api", "payments-db", "ledger-db")


def a_decide(silence_lasts: float = 3600.0) -> Decide:
    services = [a_service(name, "payments") for name in SERVICES]
    return Decide(
        a_landscape(services=services),
        PARAMS.model_copy(update={"silence_lasts": silence_lasts, "stale_after": 86_400.0}),
    )


@pytest.mark.parametrize(("pattern", "everything"), [("*", True), ("**", True), ("p*", False), ("p", False)])
def test_a_pattern_without_a_literal_part_names_everything(pattern: str, *, everything: bool) -> None:
    assert names_everything(pattern) is everything


def test_nobody_silences_every_service_for_longer_than_four_hours_whatever_the_settings_say() -> None:
    decide = a_decide(silence_lasts=86_400.0)
    feed(decide, a_watermark(T0), a_feedback(SILENCE, None, T0, service="*"))

    quiet = decide.handle(an_anomaly(at=T0 + 10))
    after = decide.handle(a_watermark(T0 + EVERYTHING_S))

    assert sent(quiet) == []
    assert [recipient for recipient, _ in sent(after)] == ["#squad-payments", "ops@bank-042.example"]


@pytest.mark.parametrize(
    ("service", "lasts_s", "is_taken"),
    [("*", EVERYTHING_S, True), ("*", None, True), ("*", EVERYTHING_S + 1, False), ("p*", EVERYTHING_S + 1, True)],
)
def test_an_answer_that_silences_everything_for_longer_is_a_dead_letter(
    service: str, lasts_s: float | None, *, is_taken: bool
) -> None:
    value = encode(a_feedback(SILENCE, None, T0, service=service, lasts_s=lasts_s))

    (output,) = FeedbackStage(Metrics()).process(a_record(0, value, "feedback"))

    assert output.topic is (Topic.ANOMALIES if is_taken else Topic.DEAD_LETTERS)
    assert is_taken or b"at most 4h" in output.value


@pytest.mark.parametrize("everywhere", ["payments-*", "*"])
def test_a_squad_reads_how_many_services_a_silence_keeps_quiet(everywhere: str) -> None:
    decide = a_decide()
    feed(decide, a_watermark(T0), an_anomaly(at=T0))
    alert = decide.open_alerts[0].alert

    said = decide.handle(a_feedback(SILENCE, alert, T0, service=everywhere))
    later = feed(decide, a_watermark(T0 + 1), a_watermark(T0 + 3600 - 600))

    count = 2 if everywhere == "payments-*" else 3
    assert "silenced by" in said.transitions[0].reason
    notes = facts_of(later[-1])[-1].notes
    assert any(note.endswith(f"; {count} services are silenced by it") for note in notes)


def test_how_many_services_are_silenced_is_a_metric() -> None:
    metrics = Metrics()
    stage = DecideStage(a_decide(), 4, metrics)

    def silenced(number: int, item: Item) -> bytes:
        stage.process(a_record(number, encode(item)))
        shown = metrics.exposition()
        return next(line for line in shown.splitlines() if line.startswith(b"foreshock_services_silenced")).split()[1]

    maintenance = an_incident("CHG-1", "ledger-db", at=T0, kind=EventKind.MAINTENANCE)
    one_metric = replace(a_feedback(SILENCE, None, T0 + 1, service="ledger-db"), metric="pool")
    assert silenced(0, a_watermark(T0)) == b"0.0"
    assert silenced(1, one_metric) == b"0.0"
    assert silenced(2, a_feedback(SILENCE, None, T0 + 2, service="payments-*")) == b"2.0"
    assert silenced(3, maintenance) == b"3.0"
    assert silenced(4, a_watermark(T0 + 3700)) == b"1.0"

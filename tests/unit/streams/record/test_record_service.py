"""What the recorder shows of itself while it follows the topics."""

import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from streams.metrics import RECORD_CATALOGUE, Metrics
from streams.record import verify
from streams.record.database import Record, RecordError, open_record
from streams.record.gauges import Gauges
from streams.record.pages import STALL_S, Pages, Pulse
from streams.record.projector import Chore, Projector
from tests.support.clock import ManualClock
from tests.support.processes import PATIENCE_S
from tests.support.record import TOPICS, Log, MemoryAnchors, MemorySource, an_episode, tamper

ENTRIES = 17
MESSAGES = {"foreshock.notices": 6, "foreshock.receipts": 5, "foreshock.alerts": 2}


class Ticker(ManualClock):
    """A clock for what does not wait on it."""

    def tick(self, seconds: float) -> None:
        self._now += seconds


class Service:
    """A recorder in memory, with everything that it shows."""

    def __init__(self, file: str) -> None:
        self.log = Log()
        an_episode(self.log)
        self.clock = Ticker()
        self.metrics = Metrics(RECORD_CATALOGUE)
        self.record: Record = open_record(file, create=True)
        source, anchors = MemorySource(self.log), MemoryAnchors()
        self.projector = Projector(self.record, source, TOPICS, anchors, self.clock)
        self.gauges = Gauges(self.record, source, anchors, self.projector, self.clock, self.metrics)

    def shown(self) -> dict[str, float]:
        families = text_string_to_metric_families(self.metrics.exposition().decode())
        samples = [sample for family in families for sample in family.samples]
        return {",".join([sample.name, *sample.labels.values()]): sample.value for sample in samples}


@pytest.fixture
def file(tmp_path: Path) -> str:
    return str(tmp_path / "record.sqlite")


@pytest.fixture
def service(file: str) -> Iterator[Service]:
    service = Service(file)
    yield service
    service.record.close()


def test_before_it_has_read_anything_all_messages_are_behind(service: Service) -> None:
    service.gauges.measure()

    shown = service.shown()
    assert {name: shown[f"foreshock_record_lag,{name}"] for name in MESSAGES} == MESSAGES
    assert shown["foreshock_record_entries"] == 0


def test_after_catching_up_nothing_is_behind_and_heads_cover_every_entry(service: Service) -> None:
    service.projector.catch_up()
    service.gauges.measure()

    shown = service.shown()
    assert {name: shown[f"foreshock_record_lag,{name}"] for name in MESSAGES} == dict.fromkeys(MESSAGES, 0)
    assert shown["foreshock_record_entries"] == ENTRIES
    assert shown["foreshock_record_uncovered"] == 0
    assert shown["foreshock_record_heads_at_seconds"] == service.clock.now()


def test_entries_that_came_after_the_last_heads_are_counted(service: Service) -> None:
    service.projector.catch_up()
    before = len(service.log.messages)
    an_episode(service.log)
    service.record.append(service.log.messages[before:], TOPICS)

    service.gauges.measure()

    assert service.shown()["foreshock_record_uncovered"] == ENTRIES


def test_a_sound_record_has_no_findings_and_says_when_it_was_verified(service: Service) -> None:
    service.projector.catch_up()

    service.gauges.verify()

    shown = service.shown()
    assert shown["foreshock_record_findings"] == 0
    assert shown["foreshock_record_verified_at_seconds"] == service.clock.now()


@pytest.mark.parametrize(
    "statement",
    ["UPDATE entries SET written_ms = 1 WHERE kind = 'notice'", "DELETE FROM entries WHERE kind = 'receipt'"],
)
def test_a_record_that_was_changed_has_findings_and_they_are_logged(
    service: Service, file: str, statement: str, caplog: pytest.LogCaptureFixture
) -> None:
    service.projector.catch_up()
    tamper(file, [statement])

    service.gauges.verify()

    assert service.shown()["foreshock_record_findings"] > 0
    assert "the record is not what was written" in caplog.text


def test_findings_that_are_too_many_to_tell_are_counted_all_the_same(
    service: Service, file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verify, "MOST", 1)
    service.projector.catch_up()
    tamper(file, ["UPDATE entries SET written_ms = 1 WHERE kind = 'notice'"])

    service.gauges.verify()

    assert service.shown()["foreshock_record_findings"] == MESSAGES["foreshock.notices"]


def test_a_database_that_is_not_the_one_of_the_newest_heads_has_findings(service: Service, tmp_path: Path) -> None:
    service.projector.catch_up()
    other = Service(str(tmp_path / "other.sqlite"))
    other.log.messages[:] = [m for m in other.log.messages if b'"hold"' not in (m.value or b"")]
    other.record.append(other.log.messages, TOPICS)
    swapped = Gauges(
        other.record, MemorySource(other.log), service.projector._anchors, service.projector, service.clock,
        service.metrics,
    )  # fmt: skip

    swapped.verify()

    assert service.shown()["foreshock_record_findings"] > 0
    other.record.close()


def test_chores_are_done_at_once_and_then_when_they_are_due(service: Service) -> None:
    done: list[float] = []
    rounds = iter(range(100))

    def stopped() -> bool:
        service.clock.tick(1.0)
        return next(rounds) == 10

    service.projector.follow(stopped, [Chore(4.0, lambda: done.append(service.clock.monotonic()))])

    assert [at - done[0] for at in done] == [0.0, 4.0, 8.0]


def read(address: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(address, timeout=PATIENCE_S) as answer:  # noqa: S310 - our own address
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_the_pages_tell_metrics_readiness_and_health() -> None:
    clock, metrics = Ticker(), Metrics(RECORD_CATALOGUE)
    metrics.set("record_entries", 17)
    pulse = Pulse(clock)
    with Pages("127.0.0.1", 0, metrics, pulse) as pages:
        assert "foreshock_record_entries 17.0" in read(f"{pages.address}/metrics")[1]
        assert read(f"{pages.address}/readyz") == (503, "still catching up\n")
        assert read(f"{pages.address}/healthz") == (200, "ok\n")
        pulse.beat()
        assert read(f"{pages.address}/readyz") == (200, "ok\n")
        clock.tick(STALL_S + 1)
        assert read(f"{pages.address}/healthz") == (503, f"nothing was done for {STALL_S + 1:.0f} s\n")
        assert read(f"{pages.address}/record.sqlite")[0] == 404


def test_a_port_that_is_taken_is_told_with_the_remedy() -> None:
    clock, metrics = Ticker(), Metrics(RECORD_CATALOGUE)
    with Pages("127.0.0.1", 0, metrics, Pulse(clock)) as pages:
        port = int(pages.address.rpartition(":")[2])
        with pytest.raises(RecordError, match="choose another --port"):
            Pages("127.0.0.1", port, metrics, Pulse(clock))

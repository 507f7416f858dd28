"""The recording: read with its errors named, replayed in order, on time, with its event times kept."""

import gzip
import json
from pathlib import Path

import pytest

from domain.telemetry import EventKind, EventStatus, SampleKind
from streams.codecs.incident_native import NativeIncident
from streams.codecs.native import NativeTelemetry
from streams.demo.recording import DAY_S, Recording, RecordingError, load
from streams.demo.replaying import Outgoing, Schedule, declared, outgoing, replay
from tests.support.clock import SteppingClock

EXCERPT = Path("streams/demo/data")
T0 = 1_700_000_000.0
FAULT = {
    "id": "f1",
    "kind": "disk_fill",
    "affected": ["db"],
    "fault_started_at": T0,
    "breach_at": T0 + 2,
    "resolved_at": T0 + 4,
    "journeys": ["payment"],
}


class Broker:
    """Keeps what it is sent, and when."""

    def __init__(self, clock: SteppingClock) -> None:
        self.clock = clock
        self.got: list[tuple[float, str, bytes, bytes, int | None]] = []
        self.flushed = False

    def send(self, topic: str, *, key: bytes, value: bytes, timestamp_ms: int | None) -> None:
        self.got.append((self.clock.at, topic, key, value, timestamp_ms))

    def flush(self) -> None:
        self.flushed = True


def write(folder: Path, rows: list[str], faults: list[object] = [], changes: list[object] = []) -> Path:  # noqa: B006 - read only
    text = "\n".join(["ts,service,metric,value", *rows]) + "\n"
    (folder / "telemetry.csv.gz").write_bytes(gzip.compress(text.encode()))
    (folder / "incidents.jsonl").write_text("\n".join(json.dumps(fault) for fault in faults))
    (folder / "events.jsonl").write_text("\n".join(json.dumps(change) for change in changes))
    return folder


def messages(*due: float) -> list[Outgoing]:
    return [Outgoing(T0 + at, "telemetry", b"k", str(at).encode()) for at in due]


def test_rows_of_one_service_and_scrape_travel_in_one_message(tmp_path: Path) -> None:
    rows = [f"{T0},api,a,1", f"{T0},api,b_total,2", f"{T0},db,c,3", f"{T0 + 1},api,a,4"]
    sent = list(outgoing(load(write(tmp_path, rows)), "telemetry", "incidents"))
    decoded = [NativeTelemetry().decode(message.value, message.due_at).samples for message in sent]
    assert [[(s.key.metric, s.value) for s in samples] for samples in decoded] == [
        [("a", 1.0), ("b_total", 2.0)],
        [("c", 3.0)],
        [("a", 4.0)],
    ]
    assert [message.key for message in sent] == [b"api", b"db", b"api"]


def test_only_metrics_that_end_in_total_are_counters(tmp_path: Path) -> None:
    rows = [f"{T0},api,a,1", f"{T0},api,b_total,2"]
    (message,) = outgoing(load(write(tmp_path, rows)), "telemetry", "incidents")
    samples = NativeTelemetry().decode(message.value, T0).samples
    assert [sample.kind for sample in samples] == [SampleKind.GAUGE, SampleKind.COUNTER]


def test_late_data_keep_their_old_time_and_their_place_in_the_order_of_arrival(tmp_path: Path) -> None:
    rows = [f"{T0 + 5},api,a,1", f"{T0},api,a,2", f"{T0 + 6},api,a,3"]
    sent = list(outgoing(load(write(tmp_path, rows)), "telemetry", "incidents"))
    observed = [NativeTelemetry().decode(m.value, m.due_at).samples[0].observed_at for m in sent]
    assert observed == [T0 + 5, T0, T0 + 6]
    assert [message.due_at for message in sent] == [T0 + 5, T0 + 5, T0 + 6]


def test_an_incident_is_declared_when_clients_feel_it_and_not_before(tmp_path: Path) -> None:
    recording = load(write(tmp_path, [f"{T0},db,a,1", f"{T0 + 9},db,a,1"], [FAULT]))
    events = declared(recording)
    assert [(e.kind, e.status, e.at) for e in events] == [
        (EventKind.INCIDENT, EventStatus.OPENED, T0 + 2),
        (EventKind.INCIDENT, EventStatus.CLOSED, T0 + 4),
    ]
    assert not any("disk" in event.title for event in events), "an operator does not know the cause yet"


def test_a_fault_that_nobody_felt_is_not_declared(tmp_path: Path) -> None:
    recording = load(write(tmp_path, [f"{T0},db,a,1"], [FAULT | {"breach_at": None}]))
    assert declared(recording) == ()


def test_operators_announce_their_own_changes_but_no_burst_of_load(tmp_path: Path) -> None:
    changes: list[object] = [
        {"kind": "deploy_restart", "started_at": T0, "ended_at": T0 + 1, "service": "api"},
        {"kind": "load_burst", "started_at": T0, "ended_at": T0 + 1, "factor": 1.8},
    ]
    events = declared(load(write(tmp_path, [f"{T0},db,a,1"], [], changes)))
    assert [(event.kind, event.services) for event in events] == [(EventKind.DEPLOY, ("api",))] * 2


def test_declared_events_are_messages_that_the_codec_reads(tmp_path: Path) -> None:
    recording = load(write(tmp_path, [f"{T0},db,a,1", f"{T0 + 9},db,a,1"], [FAULT]))
    sent = [m for m in outgoing(recording, "telemetry", "incidents") if m.topic == "incidents"]
    assert [NativeIncident().decode(m.value, m.due_at)[0] for m in sent] == list(declared(recording))


@pytest.mark.parametrize("row", ["1,api,a", "x,api,a,1", "1,api,a,much", "1,api,a,nan", "inf,api,a,1", ""])
def test_a_bad_row_is_named_with_file_and_line(tmp_path: Path, row: str) -> None:
    with pytest.raises(RecordingError, match=r"telemetry\.csv\.gz:3: not a row"):
        load(write(tmp_path, [f"{T0},db,a,1", row, f"{T0},db,a,1"]))


def test_a_file_without_the_header_is_refused(tmp_path: Path) -> None:
    (tmp_path / "telemetry.csv").write_text("time,name\n1,2\n")
    with pytest.raises(RecordingError, match=r"telemetry\.csv:1: the first line"):
        load(tmp_path / "telemetry.csv")


def test_a_recording_without_rows_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="no rows"):
        load(write(tmp_path, []))


def test_a_missing_recording_is_an_error_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="nowhere"):
        load(tmp_path / "nowhere")


def test_a_bad_incident_is_named_with_file_and_line(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match=r"incidents\.jsonl:2"):
        load(write(tmp_path, [f"{T0},db,a,1"], [FAULT, {"id": "f2"}]))


@pytest.mark.parametrize("content", [b"\x1f\x8b\x08\x00 and no more of it", b"ts,\xff\n", b""])
def test_a_file_that_cannot_be_unpacked_or_read_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "telemetry.csv.gz").write_bytes(content)
    with pytest.raises(RecordingError, match=r"telemetry\.csv\.gz"):
        load(tmp_path)


def test_incidents_that_are_no_text_are_named(tmp_path: Path) -> None:
    folder = write(tmp_path, [f"{T0},db,a,1"])
    (folder / "incidents.jsonl").write_bytes(b"\xff")
    with pytest.raises(RecordingError, match=r"incidents\.jsonl: cannot be read"):
        load(folder)


async def test_messages_go_out_in_the_rhythm_of_the_recording_divided_by_the_speed() -> None:
    clock = SteppingClock()
    broker = Broker(clock)
    await replay(messages(0, 10, 30), broker, clock, speed=10)
    assert [at - 5_000 for at, *_ in broker.got] == pytest.approx([0.0, 1.0, 3.0])
    assert broker.flushed


async def test_without_a_speed_nothing_waits() -> None:
    clock = SteppingClock()
    broker = Broker(clock)
    await replay(messages(*range(2000)), broker, clock, speed=None)
    assert clock.at == 5_000.0
    assert len(broker.got) == 2000


async def test_records_carry_the_time_of_the_recording_only_when_asked_to() -> None:
    clock = SteppingClock()
    kept, left = Broker(clock), Broker(clock)
    await replay(messages(0, 1.5), kept, clock, speed=None, keep_times=True)
    await replay(messages(0, 1.5), left, clock, speed=None)
    assert [stamp for *_, stamp in kept.got] == [1_700_000_000_000, 1_700_000_001_500]
    assert [stamp for *_, stamp in left.got] == [None, None]


async def test_progress_says_how_far_the_recording_has_come() -> None:
    clock = SteppingClock()
    told: list[tuple[float, int]] = []
    await replay(messages(0, 10, 20), Broker(clock), clock, 10, lambda at, sent: told.append((at - T0, sent)))
    assert told == [(0, 1), (10, 2), (20, 3)]


async def test_the_schedule_tells_when_a_time_of_the_recording_was_released() -> None:
    clock = SteppingClock()
    schedule = await replay(messages(0, 10, 30), Broker(clock), clock, speed=10)
    assert schedule.released_at(T0) == pytest.approx(5_000.0)
    assert schedule.released_at(T0 + 10) == pytest.approx(5_001.0)
    assert schedule.released_at(T0 + 10.1) == pytest.approx(5_003.0)
    assert schedule.released_at(T0 + 31) is None


def test_an_empty_schedule_has_released_nothing() -> None:
    assert Schedule().released_at(T0) is None


@pytest.fixture(scope="module")
def excerpt() -> Recording:
    return load(EXCERPT)


def test_the_shipped_excerpt_is_small_and_has_what_the_demo_promises(excerpt: Recording) -> None:
    assert sum(file.stat().st_size for file in EXCERPT.iterdir()) < 2_000_000
    assert 600 <= excerpt.last_at - excerpt.first_at <= 1_500
    assert sum(fault.breach_at is not None for fault in excerpt.faults) >= 3
    assert any(fault.is_data for fault in excerpt.faults)
    assert excerpt.changes
    assert min(fault.started_at for fault in excerpt.faults) - excerpt.first_at >= 180, "time to learn what is normal"
    assert excerpt.last_at - max(fault.resolved_at for fault in excerpt.faults) >= 30, "time to say that it is over"


def test_every_row_of_the_excerpt_is_sent_once(excerpt: Recording) -> None:
    codec = NativeTelemetry()
    sent = [m for m in outgoing(excerpt, "telemetry", "incidents") if m.topic == "telemetry"]
    assert sum(len(codec.decode(m.value, m.due_at).samples) for m in sent) == len(excerpt.rows)


def test_a_part_of_a_recording_has_only_what_began_and_ended_in_it(excerpt: Recording) -> None:
    first = excerpt.faults[0]
    part = excerpt.between(excerpt.first_at, first.resolved_at + 1)
    assert part.faults == (first,)
    assert part.last_at < first.resolved_at + 1
    assert excerpt.between(excerpt.first_at, first.resolved_at).faults == ()


def test_a_recording_that_is_moved_is_the_same_later(excerpt: Recording) -> None:
    later = excerpt.moved(3600.0)
    assert later.moved(-3600.0) == excerpt
    assert later.first_at == excerpt.first_at + 3600.0
    assert [fault.started_at for fault in later.faults] == [fault.started_at + 3600.0 for fault in excerpt.faults]
    assert len(list(outgoing(later, "t", "i"))) == len(list(outgoing(excerpt, "t", "i")))


@pytest.mark.parametrize("days", [-400.5, -0.5, 0.0, 0.5, 1.0, 77.7])
def test_a_recording_of_late_is_of_the_same_time_of_the_last_day_that_is_over(excerpt: Recording, days: float) -> None:
    now = excerpt.last_at + days * DAY_S
    of_late = excerpt.of_late(now)
    assert 0 <= now - of_late.last_at < DAY_S
    assert (of_late.first_at - excerpt.first_at) % DAY_S == 0

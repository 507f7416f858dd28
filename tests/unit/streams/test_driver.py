import asyncio
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.agents import driver as module
from streams.agents.bound import DrainBound
from streams.agents.driver import Driver
from streams.metrics import Metrics
from streams.records import decode_dead_letter
from streams.snapshots import Snapshot
from streams.topics import Topic
from tests.support.clock import ManualClock, settle
from tests.support.stages import MemoryBroker, MemorySnapshots, SumStage, a_record, acks_into

PLACES = [("telemetry", 0), ("telemetry", 1), ("other", 0)]


def a_driver(
    store: MemorySnapshots, broker: MemoryBroker, clock: ManualClock | None = None, metrics: Metrics | None = None
) -> Driver:
    driver = Driver(
        "sum",
        lambda _: SumStage(),
        send=broker.send,
        store=store,
        clock=clock or ManualClock(),
        metrics=metrics or Metrics(),
        snapshot_every_s=0.0,
    )
    driver.assign(PLACES)
    return driver


async def test_outputs_are_with_the_broker_before_the_snapshot_and_the_snapshot_before_the_acknowledgement() -> None:
    events: list[str] = []
    driver = a_driver(MemorySnapshots(events), MemoryBroker(events))
    record = a_record(7)
    await driver.handle(record, acks_into(events, record))
    await driver.tick()
    assert events == ["taken 1", "saved {'telemetry': 8}", "acked 7"]
    assert driver.handled == 1


async def test_records_that_the_snapshot_covers_are_skipped_and_acknowledged() -> None:
    store, first, second = MemorySnapshots(), MemoryBroker(), MemoryBroker()
    before = a_driver(store, first)
    for offset in range(3):
        await before.handle(a_record(offset), lambda: None)
    await before.tick()

    events: list[str] = []
    after = a_driver(store, second)
    for offset in range(4):
        await after.handle(a_record(offset), acks_into(events, a_record(offset)))
    await after.tick()
    assert [output.value for output in second.taken] == [b"4"]
    assert events == ["acked 0", "acked 1", "acked 2", "acked 3"]


@given(crashes=st.lists(st.integers(0, 12), max_size=4), saves=st.sets(st.integers(0, 12)))
def test_a_crash_at_any_point_changes_no_output_and_no_state(crashes: list[int], saves: set[int]) -> None:
    values = [str(value).encode() for value in range(10)]

    async def run() -> None:
        store, broker, acked = MemorySnapshots(), MemoryBroker(), [-1]
        for stop in [*sorted(crashes), len(values)]:
            driver = a_driver(store, broker)
            for offset in range(max(acked) + 1, min(stop, len(values))):
                await driver.handle(a_record(offset, values[offset]), partial(acked.append, offset))
                if offset in saves:
                    await driver.tick()
        said = {(output.key, output.value) for output in broker.taken}
        sums = [sum(range(end + 1)) for end in range(10)]
        assert said == {(str(offset).encode(), str(total).encode()) for offset, total in enumerate(sums)}

    asyncio.run(run())


async def test_a_record_that_cannot_be_processed_becomes_a_dead_letter_and_the_next_is_processed() -> None:
    broker, metrics = MemoryBroker(), Metrics()
    driver = a_driver(MemorySnapshots(), broker, metrics=metrics)
    await driver.handle(a_record(0, b"poison"), lambda: None)
    await driver.handle(a_record(1, b"5"), lambda: None)
    letter = decode_dead_letter(broker.taken[0].value)
    assert (broker.taken[0].topic, letter.reason, letter.payload) == (Topic.DEAD_LETTERS, "internal_error", b"poison")
    assert str(letter.source) == "telemetry/0@0"
    assert broker.taken[1].value == b"5"
    assert b'foreshock_internal_errors_total{stage="sum"} 1.0' in metrics.exposition()


async def test_a_record_of_a_partition_that_is_not_ours_is_left_for_its_owner() -> None:
    store, broker, acked = MemorySnapshots(), MemoryBroker(), list[str]()
    driver = a_driver(store, broker)
    driver.assign([("telemetry", 1)])
    await driver.handle(a_record(0), acks_into(acked, a_record(0)))
    await driver.tick()
    assert (broker.taken, store.kept, acked) == ([], {}, [])


async def test_what_the_broker_did_not_take_is_sent_again_in_order_before_the_snapshot() -> None:
    events: list[str] = []
    broker = MemoryBroker(events, failures=2)
    clock = ManualClock()
    driver = a_driver(MemorySnapshots(events), broker, clock)
    for offset in range(3):
        await driver.handle(a_record(offset), lambda: None)
    saving = asyncio.create_task(driver.tick())
    for _ in range(10):
        await clock.advance(module.STALL_S)
    await saving
    await driver.tick()
    # 3 was taken at once; 1 and 2 came later, and from the first that failed everything is sent again.
    assert events[:5] == ["taken 3", "taken 1", "taken 2", "taken 3", "saved {'telemetry': 3}"]


class Watched(SumStage):
    """Notes how long it was idle."""

    def __init__(self) -> None:
        super().__init__()
        self.idle: list[float] = []

    def tick(self, idle_s: float) -> tuple[()]:
        self.idle.append(idle_s)
        return ()


async def test_no_time_passes_while_kafka_does_not_answer_and_silence_counts_from_its_return() -> None:
    broker, clock, stage = MemoryBroker(silent=True), ManualClock(), Watched()
    driver = Driver(
        "sum", lambda _: stage, send=broker.send, store=MemorySnapshots(), clock=clock, metrics=Metrics(),
        snapshot_every_s=1000.0,
    )  # fmt: skip
    driver.assign([("telemetry", 0)])
    await driver.handle(a_record(0), lambda: None)
    for _ in range(4):
        await driver.tick()
        await clock.advance(module.OUTAGE_S)
    assert stage.idle == []
    broker.return_from_outage()
    await driver.tick()
    await clock.advance(3)
    await driver.tick()
    assert stage.idle == [1.0, 4.0]


async def test_release_saves_and_forgets_and_closes() -> None:
    store, broker = MemorySnapshots(), MemoryBroker()
    driver = a_driver(store, broker)
    await driver.handle(a_record(0), lambda: None)
    stage = driver.stages["sum/0"]
    await driver.release()
    assert isinstance(stage, SumStage)
    assert stage.closed
    assert (driver.stages, store.events) == ({}, ["saved {'telemetry': 1}"])


async def test_state_is_loaded_without_waiting_for_a_record_since_an_outbox_has_work_of_its_own() -> None:
    store = MemorySnapshots()
    before = a_driver(store, MemoryBroker())
    await before.handle(a_record(0, b"7"), lambda: None)
    await before.release()
    after = a_driver(store, MemoryBroker())
    after.assign([("telemetry", 0)])
    await after.tick()
    (stage,) = after.stages.values()
    assert isinstance(stage, SumStage)
    assert stage.total == 7


async def test_state_that_was_loaded_under_an_earlier_assignment_is_not_ours() -> None:
    class Slow(MemorySnapshots):
        async def load(self, name: str) -> Snapshot | None:
            await clock.sleep(1)
            return await super().load(name)

    clock, broker = ManualClock(), MemoryBroker()
    driver = a_driver(Slow(), broker, clock)
    handling = asyncio.create_task(driver.handle(a_record(0), lambda: None))
    await settle()
    await driver.release()
    await clock.advance(2)
    await handling
    assert (driver.stages, broker.taken) == ({}, [])


async def test_release_does_not_wait_for_storage_that_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RELEASE_S", 0.01)
    acked: list[str] = []
    driver = a_driver(MemorySnapshots(hang=True), MemoryBroker())
    await driver.handle(a_record(0), acks_into(acked, a_record(0)))
    await driver.release()
    assert (driver.stages, acked) == ({}, [])


async def test_a_damaged_snapshot_means_fresh_state_and_a_counted_error() -> None:
    metrics = Metrics()
    store, broker = MemorySnapshots(kept={"sum/0": b"FS1 rubbish"}), MemoryBroker()
    driver = a_driver(store, broker, metrics=metrics)
    await driver.handle(a_record(41), lambda: None)
    assert broker.taken[0].value == b"1"
    assert b'foreshock_internal_errors_total{stage="sum"} 1.0' in metrics.exposition()


async def test_messages_between_the_snapshot_and_the_first_one_read_are_counted() -> None:
    metrics, store, broker = Metrics(), MemorySnapshots(), MemoryBroker()
    before = a_driver(store, broker)
    await before.handle(a_record(0), lambda: None)
    await before.release()
    after = a_driver(store, broker, metrics=metrics)
    await after.handle(a_record(5), lambda: None)
    assert b'foreshock_snapshot_gap_messages_total{stage="sum"} 4.0' in metrics.exposition()


async def test_a_source_that_sends_too_much_rubbish_is_slowed_down_and_says_so() -> None:
    clock, metrics = ManualClock(), Metrics()
    bound = DrainBound("telemetry", 60, clock, metrics)
    for _ in range(60):
        await bound.spend(1)
    assert not bound.held
    waiting = asyncio.create_task(bound.spend(2))
    await asyncio.sleep(0)
    assert bound.held
    assert not waiting.done()
    await clock.advance(2.0)
    await waiting
    await clock.advance(60.0)
    await bound.spend(1)
    assert not bound.held

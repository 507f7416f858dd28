import aiohttp
import pytest

from streams.health import COMMIT_STALL_S, STALL_S, HealthServer, Progress, check_address
from streams.metrics import Metrics
from tests.support.clock import ManualClock


async def test_a_worker_that_handles_what_comes_is_alive_however_long_nothing_comes() -> None:
    clock = ManualClock()
    progress = Progress(clock)
    for _ in range(10):
        progress.observe(handled=5, waiting=0)
        await clock.advance(STALL_S)
    progress.observe(handled=5, waiting=0)
    assert progress.stalls() == []


async def test_messages_that_wait_while_none_is_handled_mean_that_it_is_not_alive() -> None:
    clock = ManualClock()
    progress = Progress(clock)
    progress.observe(handled=5, waiting=3)
    await clock.advance(STALL_S + 1)
    progress.observe(handled=5, waiting=3)
    assert progress.stalls() == ["messages wait and none was handled for 121 s"]
    progress.observe(handled=6, waiting=2)
    assert progress.stalls() == []


async def test_a_consumer_that_no_longer_commits_is_not_alive() -> None:
    clock = ManualClock()
    committed_at = clock.monotonic()
    progress = Progress(clock, commit_completed_at=lambda: committed_at)
    await clock.advance(COMMIT_STALL_S + 5)
    progress.observe(handled=1, waiting=0)
    assert progress.stalls() == ["no commit cycle was completed for 305 s"]


@pytest.mark.parametrize(
    ("stalls", "unready", "healthz", "readyz", "said"),
    [
        ([], [], 200, 200, "ok\n"),
        ([], ["no partitions yet"], 200, 503, "no partitions yet\n"),
        (["stalled"], ["no partitions yet"], 503, 503, "stalled\nno partitions yet\n"),
    ],
)
async def test_the_pages_say_what_is_wrong(
    stalls: list[str], unready: list[str], healthz: int, readyz: int, said: str
) -> None:
    server = HealthServer(
        "127.0.0.1", 0, Metrics(), stalls=lambda: stalls, unready=lambda: unready, status=lambda: {"version": "1"}
    )
    await server.start()
    try:
        async with aiohttp.ClientSession(server.address) as session:
            async with session.get("/healthz") as answer:
                assert answer.status == healthz
            async with session.get("/readyz") as answer:
                assert (answer.status, await answer.text()) == (readyz, said)
            async with session.get("/metrics") as answer:
                assert b"# TYPE foreshock_alerts_open gauge" in await answer.read()
            async with session.get("/status") as answer:
                assert await answer.json() == {"version": "1"}
    finally:
        await server.stop()


async def test_an_address_that_is_taken_is_told_with_the_remedy() -> None:
    server = HealthServer("127.0.0.1", 0, Metrics(), stalls=list, unready=list, status=lambda: None)
    await server.start()
    try:
        port = int(server.address.rpartition(":")[2])
        problem = check_address("127.0.0.1", port)
        assert problem is not None
        assert problem.startswith(f"cannot listen on 127.0.0.1:{port} (Address already in use): set server.host")
        assert check_address("127.0.0.1", 0) is None
    finally:
        await server.stop()

"""The demo's broker and its hold on a worker process, each for real."""

import sys
from pathlib import Path

import pytest

from streams.demo.broker import PARTITIONS, EmbeddedBroker, EmbeddedBrokerError, Fetched, Reader
from streams.demo.process import Figures, ProcessError, ServerProcess, parse_figures
from streams.system import SystemClock
from tests.support.processes import free_port, wait_until

pytestmark = pytest.mark.integration

SERVER = """
import http.server, signal, sys
class Pages(http.server.BaseHTTPRequestHandler):
    asked = 0
    def do_GET(self):
        Pages.asked += 1
        ready = self.path != "/readyz" or Pages.asked > 2
        self.send_response(200 if ready else 503)
        self.end_headers()
        self.wfile.write(b'foreshock_messages_total{topic="telemetry"} 7.0')
signal.signal(signal.SIGTERM, lambda *_: sys.exit(STATUS))
http.server.HTTPServer(("127.0.0.1", PORT), Pages).serve_forever()
"""


def read_all(reader: Reader, count: int) -> list[Fetched]:
    found: list[Fetched] = []

    def enough() -> bool:
        found.extend(reader.read())
        return len(found) >= count

    wait_until(enough, what=f"{count} messages")
    return found


def test_what_is_sent_to_the_embedded_broker_is_read_from_it_in_order_and_by_key() -> None:
    with EmbeddedBroker() as broker:
        broker.create_topics(["telemetry", "incidents"])
        sender = broker.sender()
        for number in range(100):
            sender.send("telemetry", key=b"k%d" % (number % 8), value=b"%d" % number, timestamp_ms=1_700_000_000_000)
        sender.flush()
        reader = broker.reader(["telemetry", "incidents"])
        found = read_all(reader, 100)
        reader.close()
    assert sorted(int(message.value) for message in found) == list(range(100))
    by_partition = [[int(m.value) for m in found if m.partition == part] for part in range(PARTITIONS)]
    assert all(part == sorted(part) for part in by_partition)
    places = {int(message.value) % 8: message.partition for message in found}
    assert all(places[int(message.value) % 8] == message.partition for message in found)


def test_a_message_that_is_too_large_is_an_error() -> None:
    with EmbeddedBroker() as broker:
        sender = broker.sender()
        with pytest.raises(EmbeddedBrokerError, match="too large"):
            sender.send("telemetry", key=b"k", value=b"v" * 2_000_000)


async def test_a_worker_is_waited_for_asked_and_stopped(tmp_path: Path) -> None:
    async with a_worker(tmp_path, SERVER) as worker:
        await worker.wait_ready()
        figures = await worker.figures()
        assert figures is not None
        assert figures.total("foreshock_messages_total", topic="telemetry") == 7.0
        worker.check_alive()
        assert await worker.stop() == 3
        assert await worker.figures() is None


async def test_a_worker_that_ends_on_its_own_is_an_error_with_its_last_words(tmp_path: Path) -> None:
    async with a_worker(tmp_path, "raise SystemExit('the last words')") as worker:
        with pytest.raises(ProcessError, match="the last words"):
            await worker.wait_ready()


async def test_a_worker_does_not_outlive_a_demo_that_fails(tmp_path: Path) -> None:
    worker = a_worker(tmp_path, SERVER)
    with pytest.raises(KeyError):
        await fail_beside(worker)
    with pytest.raises(ProcessError, match="status -9"):
        worker.check_alive()


async def fail_beside(worker: ServerProcess) -> None:
    async with worker:
        await worker.wait_ready()
        raise KeyError


def a_worker(folder: Path, script: str) -> ServerProcess:
    port = free_port()
    source = script.replace("PORT", str(port)).replace("STATUS", "3")
    command = (sys.executable, "-c", source)
    return ServerProcess("the worker", command, folder / "worker.log", f"http://127.0.0.1:{port}", SystemClock())


def test_a_metrics_page_is_read_by_name_and_label() -> None:
    page = """# HELP foreshock_series Series known.
# TYPE foreshock_series gauge
foreshock_series{state="live"} 60.0
foreshock_series{state="warming"} 4.0
foreshock_consumer_lag{partition="0",topic="a \\"b\\""} 1e+03
foreshock_alerts_open 2.0
nonsense
"""
    figures = parse_figures(page)
    assert figures.total("foreshock_series") == 64.0
    assert figures.by("foreshock_series", "state") == {"live": 60.0, "warming": 4.0}
    assert figures.total("foreshock_consumer_lag", partition="0") == 1000.0
    assert figures.total("foreshock_alerts_open") == 2.0
    assert figures.total("foreshock_absent") == 0.0
    assert Figures().by("foreshock_series", "state") == {}

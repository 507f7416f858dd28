"""The real Prometheus, with the configuration and the rules that are shipped, reads what a worker shows."""

import asyncio
import contextlib
import json
import shutil
import subprocess
import urllib.parse
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import yaml

from streams.codecs.native import Row, encode_native
from streams.demo.broker import EmbeddedBroker
from streams.health import HealthServer
from streams.metrics import CATALOGUE, Metrics
from streams.topics import Topic
from tests.support.processes import Child, free_port, page, program, serves, wait_until
from tests.support.tree import BIN

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = ROOT / "ops" / "prometheus"

pytestmark = pytest.mark.integration


def promtool(*arguments: str | Path, text: bytes = b"") -> tuple[int, str]:
    command = [program("promtool", "prometheus"), *map(str, arguments)]
    done = subprocess.run(command, input=text, capture_output=True, check=False)  # noqa: S603 - promtool itself
    return done.returncode, (done.stdout + done.stderr).decode()


def full() -> Metrics:
    """Metrics of which every family of the catalogue has been used."""
    metrics = Metrics()
    for spec in CATALOGUE:
        labels = dict.fromkeys(spec.labels, "x")
        match spec.kind:
            case "counter":
                metrics.count(spec.name, 2, **labels)
            case "gauge":
                metrics.set(spec.name, 3.5, **labels)
            case "histogram":
                metrics.observe(spec.name, 0.02, **labels)
    return metrics


def dashboard_expressions() -> list[str]:
    shown = json.loads((ROOT / "ops" / "grafana" / "dashboards" / "foreshock.json").read_text())
    asked = [target["expr"] for panel in shown["panels"] for target in panel["targets"]]
    return [expr.replace("$__rate_interval", "1m").replace("$__range", "15m") for expr in asked]


class Prometheus:
    """Prometheus as a child process, with the shipped configuration pointed at one address and made quicker."""

    def __init__(self, folder: Path, target: str) -> None:
        self.port = free_port()
        config: dict[str, Any] = yaml.safe_load((SHIPPED / "prometheus.yml").read_text())
        config["global"] = {"scrape_interval": "500ms", "evaluation_interval": "500ms"}
        job = next(job for job in config["scrape_configs"] if job["job_name"] == "foreshock")
        config["scrape_configs"] = [job]
        del job["dns_sd_configs"]
        job["static_configs"] = [{"targets": [target]}]
        (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
        shutil.copy(SHIPPED / "rules.yml", folder)
        command = [
            program("prometheus", "prometheus"),
            f"--config.file={folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={folder / 'tsdb'}",
            f"--web.listen-address=127.0.0.1:{self.port}",
        ]
        self.child = Child("prometheus", command, folder / "prometheus.log")

    def ask(self, path: str, **parameters: str) -> Any:
        """Ask the HTTP interface; raises OSError while it does not answer or when it refuses the query."""
        query = urllib.parse.urlencode(parameters)
        return json.loads(page(f"http://127.0.0.1:{self.port}/api/v1/{path}?{query}"))["data"]

    def has(self, query: str) -> bool:
        """Whether a query has a result now."""
        try:
            return bool(self.ask("query", query=query)["result"])
        except OSError:
            return False

    def rules(self) -> dict[str, str]:
        """Every rule with the state of its last evaluation."""
        groups = self.ask("rules")["groups"]
        return {rule["name"]: rule["health"] for group in groups for rule in group["rules"]}


CONFIGURATION = """
kafka: {{brokers: ["{bootstrap}"], create_topics: false}}
state: {{store: directory, directory: {folder}/state}}
sources: [{{topic: telemetry}}]
services: {{payments-api: {{}}}}
server: {{port: {port}}}
"""


@dataclass(frozen=True, slots=True)
class RunningWorker:
    """A real worker on the embedded broker."""

    address: str
    child: Child
    broker: EmbeddedBroker


@pytest.fixture
def worker(tmp_path: Path) -> Iterator[RunningWorker]:
    port = free_port()
    with EmbeddedBroker() as broker:
        broker.create_topics(["telemetry", *(f"foreshock.{topic}" for topic in Topic)])
        config = tmp_path / "worker.yaml"
        config.write_text(CONFIGURATION.format(bootstrap=broker.bootstrap, folder=tmp_path, port=port))
        command: list[str | Path] = [BIN / "foreshock", "worker", "--config", config]
        with Child("worker", command, tmp_path / "worker.log", cwd=tmp_path) as child:
            child.wait_ready(lambda: serves(f"http://127.0.0.1:{port}/readyz"), what="it to be ready")
            yield RunningWorker(f"127.0.0.1:{port}", child, broker)


@pytest.fixture
async def pages_in_full_use() -> AsyncIterator[str]:
    """The worker's pages alone, with every metric in use; gives host:port."""
    server = HealthServer("127.0.0.1", 0, full(), stalls=list, unready=list, status=dict)
    await server.start()
    try:
        yield server.address.removeprefix("http://")
    finally:
        await server.stop()


@pytest.fixture
def prometheus(tmp_path: Path, pages_in_full_use: str) -> Iterator[Prometheus]:
    running = Prometheus(tmp_path, pages_in_full_use)
    with running.child:
        yield running


def test_promtool_has_no_complaint_about_the_metrics() -> None:
    status, said = promtool("check", "metrics", text=full().exposition())

    assert (status, said) == (0, "")


def test_promtool_would_complain_about_a_bad_name() -> None:
    status, _ = promtool("check", "metrics", text=b"# HELP bad_total x\n# TYPE bad_total gauge\nbad_total 1\n")

    assert status != 0


def test_the_shipped_configuration_and_rules_are_valid() -> None:
    status, said = promtool("check", "config", SHIPPED / "prometheus.yml")

    assert status == 0, said


def test_every_rule_fires_and_stays_quiet_as_its_cases_say() -> None:
    status, said = promtool("test", "rules", SHIPPED / "rules_test.yml")

    assert status == 0, said


async def test_prometheus_finds_every_metric_and_evaluates_every_rule(prometheus: Prometheus) -> None:
    def scraped() -> bool:
        return prometheus.has('up{job="foreshock"} == 1') and set(prometheus.rules().values()) == {"ok"}

    await asyncio.to_thread(wait_until, scraped, what="a first scrape and every rule evaluated")

    unseen = [f"{spec.exposed}_count" if spec.kind == "histogram" else spec.exposed for spec in CATALOGUE]

    def seen() -> bool:  # each at some time: after a scrape that failed there is nothing for a moment
        unseen[:] = [name for name in unseen if not prometheus.has(name)]
        return not unseen

    with contextlib.suppress(TimeoutError):
        await asyncio.to_thread(wait_until, seen, what="every metric")
    assert unseen == []


async def test_prometheus_understands_every_question_of_the_dashboard(prometheus: Prometheus) -> None:
    await asyncio.to_thread(wait_until, lambda: prometheus.has("up == 1"), what="a first scrape")

    for expression in dashboard_expressions():
        await asyncio.to_thread(prometheus.ask, "query", query=expression)  # a bad one is refused with status 400


def test_prometheus_scrapes_a_real_worker_and_sees_it_work(tmp_path: Path, worker: RunningWorker) -> None:
    sender = worker.broker.sender()
    for second in range(20):
        message = encode_native("payments-api", 1_700_000_000.0 + second, [Row("latency_p95_ms", 100.0 + second % 3)])
        sender.send("telemetry", key=b"payments-api", value=message)
    sender.flush()
    prometheus = Prometheus(tmp_path, worker.address)

    with prometheus.child:
        for query in (
            "foreshock_samples_total == 20",
            f'foreshock_build_info{{version="{version("foreshock")}"}} == 1',
            'foreshock_messages_total{stage="detect", topic="telemetry"} == 20',
        ):
            wait_until(partial(prometheus.has, query), what=query)

    assert promtool("check", "metrics", text=page(f"http://{worker.address}/metrics").encode()) == (0, "")
    assert worker.child.stop() == 0

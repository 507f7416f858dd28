"""One broker for the whole run, or for each process of it; names of their own for each test."""

import hashlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.support.kafka import KafkaBroker, Names

HERE = Path(__file__).parent
SAID = "said"  # a property of a report: it comes back from whichever process ran the test


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let `make kills` ask for more than a sample."""
    parser.addoption("--kills", type=int, default=20, help="how often test_kills.py kills the worker")
    parser.addoption("--kills-seed", type=int, default=None, help="the seed of its instants; by default the day")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test of this folder, so that none runs where there is no Java."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.kafka)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Show what was measured even when everything passed."""
    reports = (report for each in ("passed", "failed") for report in terminalreporter.getreports(each))
    ended = (report for report in reports if report.when == "call")
    lines = [line for report in ended for name, line in report.user_properties if name == SAID]
    if lines:
        terminalreporter.section("measured on Kafka")
        for line in lines:
            terminalreporter.write_line(line)


@pytest.fixture
def tell(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Say a figure at the end of the run: one to know, not one to assert."""
    return partial(record_property, SAID)


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaBroker]:
    """Run one broker for all tests; a test that takes it down brings it back."""
    broker = KafkaBroker(tmp_path_factory.mktemp("kafka"))
    broker.start()
    try:
        yield broker
    finally:
        broker.stop()


@pytest.fixture
def names(request: pytest.FixtureRequest) -> Names:
    """Name topics and groups after the test."""
    return Names("t" + hashlib.sha256(request.node.nodeid.encode()).hexdigest()[:10])

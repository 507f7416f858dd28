"""One broker for the whole run; names of their own for each test."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.kafka import KafkaBroker, Names

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test of this folder, so that none runs where there is no Java."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.kafka)


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

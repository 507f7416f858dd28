"""Options and fixtures that every level shares."""

from collections.abc import Callable
from pathlib import Path

import pytest

GOLDEN = Path(__file__).parent / "golden"
Golden = Callable[[str, str | bytes], None]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="rewrite the golden files instead of comparing")
    parser.addoption("--cases", type=Path, help="folder of labelled series for tests/benchmarks/test_ablation.py")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    """Compare with ``tests/golden/NAME``, byte by byte; with --update-golden write it instead."""
    update = bool(request.config.getoption("--update-golden"))

    def compare(name: str, actual: str | bytes) -> None:
        path = GOLDEN / name
        content = actual.encode() if isinstance(actual, str) else actual
        if update:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            return
        assert path.exists(), f"{path} is missing: run once with --update-golden, and read what it wrote"
        expected = path.read_bytes()
        # Text, where it is text: the difference is then readable.
        assert content.decode("utf-8", "replace") == expected.decode("utf-8", "replace")
        assert content == expected

    return compare

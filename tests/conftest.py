"""Options and fixtures that every level shares."""

import logging
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

GOLDEN = Path(__file__).parent / "golden"
Golden = Callable[[str, str | bytes], None]
LOG_TAIL = 4000  # characters

# Everywhere, not only where the library sees that it is CI: a slow machine is no defect.
settings.register_profile("patient", deadline=None, suppress_health_check=(HealthCheck.too_slow,))
settings.load_profile("patient")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="rewrite the golden files instead of comparing")
    parser.addoption("--cases", type=Path, help="folder of labelled series, recordings or hours for a benchmark")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what may take long: so no process is left alone with it at the end. Within that, order is random."""
    items.sort(key=_may_take_s, reverse=True)


def _may_take_s(item: pytest.Item) -> float:
    mark = item.get_closest_marker("timeout")
    if mark is not None:
        return float(mark.args[0])
    return 1.0 if item.get_closest_marker("integration") else 0.0


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the ends of the logs in the folder of a failed test: where CI ran, nothing else stays."""
    report = yield
    folder = getattr(item, "funcargs", {}).get("tmp_path")
    if report.failed and isinstance(folder, Path):
        for log in sorted(folder.rglob("*.log")):
            report.sections.append((f"end of {log.relative_to(folder)}", log.read_text(errors="replace")[-LOG_TAIL:]))
    return report


@pytest.fixture(autouse=True)
def _no_log_outlives_its_test() -> Iterator[None]:
    """Take away what a command has set up that ran in this process: its stream is closed with the test."""
    root = logging.getLogger()
    before = list(root.handlers)
    yield
    for handler in list(root.handlers):
        if type(handler) is logging.StreamHandler and handler not in before:  # pytest's own are of other types
            root.removeHandler(handler)


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

"""No test may fail because a machine is slow: whatever waits has the patience that all share."""

import ast
from collections.abc import Iterator

import pytest

from tests.support.processes import PATIENCE_S
from tests.support.tree import ROOT, project

HURRIED = {"timeout", "timeout_s", "within_s", "consumer_timeout_ms", "max_block_ms"}  # keywords
WAITING = {"timeout": 0, "wait_for": 1}  # of asyncio: the position of the seconds
ASKED_AGAIN = ROOT / "tests" / "support" / "processes.py"


def limits(tree: ast.AST) -> Iterator[tuple[int, float]]:
    """Yield (line, seconds) of every call that ends by itself after a time that is written there."""
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        given = [keyword.value for keyword in call.keywords if keyword.arg in HURRIED]
        name = call.func.attr if isinstance(call.func, ast.Attribute) else ""
        if name in WAITING and len(call.args) > WAITING[name]:
            given.append(call.args[WAITING[name]])
        for value in given:
            if isinstance(value, ast.Constant) and isinstance(value.value, int | float):
                yield call.lineno, float(value.value)


def hurried(source: str) -> list[int]:
    """Return the lines that are in more of a hurry than the patience that all share."""
    return [line for line, seconds in limits(ast.parse(source)) if 0 < seconds < PATIENCE_S]


def test_every_test_waits_with_the_patience_that_all_share() -> None:
    files = [file for file in (ROOT / "tests").rglob("*.py") if file != ASKED_AGAIN]
    found = {str(file.relative_to(ROOT)): lines for file in files if (lines := hurried(file.read_text()))}
    assert found == {}


@pytest.mark.parametrize(
    "code",
    [
        "asyncio.timeout(10)",
        "asyncio.wait_for(x, 0.5)",
        "urlopen(address, timeout=5)",
        "wait_until(ready, what='x', timeout_s=30.0)",
        "pytest.mark.timeout(60)",
    ],
)
def test_a_hurried_test_is_found(code: str) -> None:
    assert hurried(code) == [1]


def test_a_test_may_take_longer_than_what_it_waits_for() -> None:
    assert project()["tool"]["pytest"]["ini_options"]["timeout"] > 4 * PATIENCE_S

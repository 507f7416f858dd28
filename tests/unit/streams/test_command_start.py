"""What a start does not wait for, and how it ends when somebody does not want to wait."""

import subprocess
import sys
from typing import Final

import pytest
from typer.testing import CliRunner

from streams.cli import EXIT_STOPPED
from streams.commands import COMMANDS, app, load

HEAVY: Final = {"kafka", "faust", "aiohttp", "sqlalchemy", "slack_sdk"}
LOADED: Final = f"""
import sys
from typer.testing import CliRunner
from streams.commands import app
CliRunner().invoke(app, sys.argv[1:])
print(*sorted({HEAVY} & set(sys.modules)), *(name for name in sys.modules if name.startswith("streams.commands.")))
"""
# Presses Ctrl-C at the moment at which a module is looked for.
STOPPED: Final = """
import os, signal, sys
class Impatient:
    def find_spec(name, path=None, target=None):
        if name == waits_for:
            os.kill(os.getpid(), signal.SIGINT)
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell that starts tests in the background has it ignored
waits_for, sys.argv = sys.argv[1], ["foreshock", *sys.argv[2:]]
sys.meta_path.insert(0, Impatient)
from streams.cli import main
main()
"""


def python(text: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", text, *arguments], check=False, capture_output=True, text=True)  # noqa: S603 - our own text


@pytest.mark.parametrize(
    ("arguments", "loaded"),
    [
        (("--help",), []),
        (("check", "gone.yaml"), ["streams.commands.check"]),
        (("backtest", "--help"), ["streams.commands.backtest"]),
    ],
)
def test_a_command_loads_itself_alone_and_nothing_that_it_does_not_need(
    arguments: tuple[str, ...], loaded: list[str]
) -> None:
    assert python(LOADED, *arguments).stdout.split() == loaded


@pytest.mark.parametrize("module", ["typer", "streams.commands.alerts", "sqlalchemy", "kafka"])
def test_ctrl_c_while_a_command_is_loaded_ends_it_without_a_word(module: str) -> None:
    ended = python(STOPPED, module, "alerts", "--database", "gone.sqlite")

    assert (ended.returncode, ended.stdout, ended.stderr) == (EXIT_STOPPED, "", "")


def test_every_command_of_the_table_can_be_loaded_and_has_its_own_help() -> None:
    names = [name for lines in COMMANDS.values() for name in lines]

    assert [load(name).name for name in names] == names
    assert "--dead-letters" in CliRunner().invoke(app, ["replay", "--help"]).output


def test_the_command_is_a_module_too() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "streams.cli", "--version"], check=False, capture_output=True, text=True
    )

    assert (ended.returncode, ended.stdout.split()[0]) == (0, "foreshock")


def test_a_misspelt_command_is_answered_with_the_one_that_was_probably_meant() -> None:
    result = CliRunner().invoke(app, ["bactest"])

    assert result.exit_code == 2
    assert "Did you mean 'backtest'?" in result.output

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from config.reference import FULL_EXAMPLE
from config.schema import schema_text
from streams.commands.check import check
from streams.commands.config import config_app
from tests.support.config_files import EXAMPLE_ENVIRONMENT, write
from tests.support.dkim import ED25519_RECORD

MINIMAL = FULL_EXAMPLE.parent / "minimal.yaml"
app = typer.Typer(pretty_exceptions_enable=False)
app.command()(check)
app.add_typer(config_app, name="config")
runner = CliRunner()


def test_a_valid_configuration_is_summed_up_and_ends_with_0() -> None:
    result = runner.invoke(app, ["check", str(FULL_EXAMPLE)], env=EXAMPLE_ENVIRONMENT)

    assert result.exit_code == 0
    assert result.stdout == (
        f"{FULL_EXAMPLE} is valid: 2 telemetry topics, 1 incident topic; 3 services with 3 objectives, 1 journey, "
        "2 squads, 1 client. Notices leave by Slack and e-mail. No warnings.\n"
        "Letters are signed with DKIM, for which this has to be in DNS:\n"
        f'  foreshock._domainkey.example.com. IN TXT "{ED25519_RECORD}"\n'
    )
    assert result.stderr == ""


def test_warnings_follow_the_summary_and_do_not_fail() -> None:
    result = runner.invoke(app, ["check", str(MINIMAL)])

    assert result.exit_code == 0
    assert "2 warnings:\n" in result.stdout
    assert f"\n  {MINIMAL}:" in result.stdout


def test_a_wrong_configuration_ends_with_2_and_every_error_on_standard_error(tmp_path: Path) -> None:
    path = write(tmp_path, "log: {level: loud}\nserver: {port: many}\n")

    result = runner.invoke(app, ["check", str(path)])

    assert result.exit_code == 2
    assert result.stdout == ""
    assert [line.removeprefix(f"{path}:").partition(":")[0] for line in result.stderr.splitlines()] == ["1", "1", "2"]


@pytest.mark.parametrize("command", [["check"], ["config", "show"]])
def test_a_file_may_be_named_as_other_commands_take_it(command: list[str]) -> None:
    plainly, by_option = (
        runner.invoke(app, [*command, *named]) for named in ([str(MINIMAL)], ["--config", str(MINIMAL)])
    )

    assert plainly.exit_code == by_option.exit_code == 0
    assert plainly.stdout == by_option.stdout


@pytest.mark.parametrize("named", [[], [str(MINIMAL), "--config", str(MINIMAL)]], ids=["none", "two"])
@pytest.mark.parametrize("command", [["check"], ["config", "show"]])
def test_a_command_about_a_file_wants_one(command: list[str], named: list[str]) -> None:
    result = runner.invoke(app, [*command, *named])

    assert (result.exit_code, result.stdout, result.stderr) == (2, "", "name one configuration file\n")


def test_a_configuration_for_backtests_needs_no_sources(tmp_path: Path) -> None:
    path = write(tmp_path, "services: {api: {}}\n")

    assert runner.invoke(app, ["check", str(path)]).exit_code == 2
    assert runner.invoke(app, ["check", "--offline", str(path)]).exit_code == 0


def test_the_schema_is_printed_as_it_is_in_its_file() -> None:
    result = runner.invoke(app, ["config", "schema"])

    assert result.exit_code == 0
    assert result.stdout == schema_text()


def test_the_effective_configuration_is_shown_as_text_or_json() -> None:
    text = runner.invoke(app, ["config", "show", str(MINIMAL)])
    rows = runner.invoke(app, ["config", "show", str(MINIMAL), "--json"])

    assert text.exit_code == rows.exit_code == 0
    assert "  group: foreshock" in text.stdout
    assert {"path": "kafka.group", "value": "foreshock", "origin": "default"} in json.loads(rows.stdout)


@pytest.mark.parametrize("arguments", [["check"], ["config", "show"]])
def test_a_file_that_is_not_there_ends_with_2(arguments: list[str], tmp_path: Path) -> None:
    result = runner.invoke(app, [*arguments, str(tmp_path / "none.yaml")])

    assert result.exit_code == 2
    assert "No such file" in result.stderr

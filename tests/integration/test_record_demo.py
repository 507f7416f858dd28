"""The record that the demo leaves, tried as its readers would."""

import json
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from streams.cli import app
from tests.support.processes import run_to_its_end
from tests.support.record import tamper

pytestmark = pytest.mark.integration

MAIN = "from streams.cli import main; main()"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


def test_the_demo_leaves_a_record_that_can_be_verified_and_asked(tmp_path: Path) -> None:
    out, file = tmp_path / "out", str(tmp_path / "out" / "record.sqlite")
    done = run_to_its_end([sys.executable, "-c", MAIN, "demo", "--out", out, "--last", "480", "--speed", "40"])
    assert done.returncode == 0, done.stdout + done.stderr
    assert "foreshock audit verify --database" in done.stdout

    verified = run("audit", "verify", "--database", file)
    assert verified.exit_code == 0, verified.output

    listed = [json.loads(line) for line in run("alerts", "--json", "--database", file).stdout.splitlines()]
    assert listed
    (told,) = [each for each in listed if "harbour-pay" in each["clients"]][-1:]
    story = run("explain", told["alert"], "--database", file).stdout
    assert "Who was told, and why" in story
    assert "delivered (<notice-" in story
    asked = run("explain", "--client", "kiso-credit", "--at", str(told["changed_at"]), "--database", file).stdout
    assert "the client is never written to" in asked

    tamper(file, ["UPDATE entries SET value = value || x'20' WHERE kind = 'receipt' AND position = 1"])
    assert run("audit", "verify", "--database", file).exit_code == 1

"""`foreshock bounce`, as an operator runs it."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from streams.commands import app
from tests.support.dsn import NOTICE, RECIPIENT, a_dsn


@pytest.mark.parametrize(
    ("status", "action", "fate"),
    [
        ("5.1.1", "failed", "will never arrive: no such mailbox"),
        ("5.7.1", "failed", "the address is not to blame"),
        ("4.4.7", "failed", "given up after many attempts"),
        ("4.4.1", "delayed", "still being tried"),
    ],
)
def test_it_says_what_came_back_and_what_to_do(tmp_path: Path, status: str, action: str, fate: str) -> None:
    file = tmp_path / "returned.eml"
    file.write_bytes(a_dsn(RECIPIENT.replace("5.1.1", status, 1).replace("failed", action)))
    done = CliRunner().invoke(app, ["bounce", str(file)])
    assert done.exit_code == 0, done.output
    assert done.output.startswith(f"{NOTICE} to ops@bank.example: {status}, ")
    assert fate in done.output


def test_it_reads_standard_input_and_writes_json() -> None:
    done = CliRunner().invoke(app, ["bounce", "-", "--json"], input=a_dsn())
    assert done.exit_code == 0, done.output
    said = json.loads(done.output)
    assert (said["notice"], said["gives_up_address"], said["failure"]) == (NOTICE, True, "unknown_recipient")


def test_everybody_reached_is_said() -> None:
    message = a_dsn(RECIPIENT.replace("failed", "delivered"))
    assert CliRunner().invoke(app, ["bounce", "-"], input=message).output == "everybody was reached\n"


@pytest.mark.parametrize("message", [b"", b"From: a\n\nhello", b"x" * 2_000_000], ids=len)
def test_anything_else_is_refused_with_its_reason_and_without_its_content(message: bytes) -> None:
    done = CliRunner().invoke(app, ["bounce", "-"], input=message)
    assert done.exit_code == 2
    assert "hello" not in done.output
    assert len(done.output) < 200


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["bounce", str(tmp_path / "none.eml")])
    assert done.exit_code == 2
    assert done.output.endswith("none.eml: cannot be read: No such file or directory\n")

"""`foreshock demo` as a stranger runs it, on the first eight minutes of its recording and faster."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from functools import partial
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from alerts.channels.slack.modal import TEXT
from streams.commands import app
from streams.demo.cast import PARTS
from streams.demo.folder import own_folder
from tests.support.processes import PATIENCE_S, Child, port_answers, run_to_its_end, serves, wait_until
from tests.support.record import tamper

pytestmark = pytest.mark.integration

MAIN = "from streams.cli import main; main()"


def demo(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return run_to_its_end([sys.executable, "-c", MAIN, "demo", *arguments])


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """What a whole demo said, and the folder that it left."""
    out = tmp_path_factory.mktemp("demo") / "out"
    done = demo("--out", out, "--last", "480", "--speed", "30")
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout, out


def test_an_incident_is_warned_of_before_it_hurts_and_everyone_is_told_the_end(finished: tuple[str, Path]) -> None:
    said, out = finished
    assert "connection leak" in said
    assert "warned" in said
    assert "CLIENTS FEEL IT" in said
    assert "anna (Slack U0ANNA) acknowledges the alert on payments-api" in said
    assert "ben (Slack U0BEN) approves the notice to alpine-trust" in said
    assert "yes what people pressed in Slack stands in its messages (2 of 2 presses)" in said
    assert "Squads were warned of 1 of 1 incidents" in said
    posted = [json.loads(file.read_text()) for file in (out / "slack").glob("*.json")]
    assert {message["channel_name"] for message in posted} >= {"squad-payments"}
    letters = [message_from_bytes(file.read_bytes(), policy=default) for file in (out / "mail").glob("*.eml")]
    assert {"status@harbourpay.example", "service-desk@alpinetrust.example"} <= {letter["To"] for letter in letters}
    assert any(PARTS[1].fields[TEXT] in str(body_of(letter)) for letter in letters)
    assert all("List-Unsubscribe" in letter for letter in letters if letter["To"] == "status@harbourpay.example")
    page = (out / "index.html").read_text()
    assert "Connection leak in payments-api" in page
    assert "<svg" in page
    assert (out / "slack.html").exists()
    assert "Traceback" not in (out / "worker.log").read_text() + (out / "answers.log").read_text()


def test_it_leaves_a_record_that_can_be_verified_and_asked(finished: tuple[str, Path], tmp_path: Path) -> None:
    said, out = finished
    assert "foreshock audit verify --database" in said
    file = str(shutil.copy(out / "record.sqlite", tmp_path))

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


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


def body_of(letter: EmailMessage) -> str:
    body = letter.get_body(("plain",))
    assert body is not None
    return " ".join(str(body.get_content()).split())


def test_whoever_stays_can_press_and_follow_links_until_they_end_it(tmp_path: Path) -> None:
    out, log = tmp_path / "out", tmp_path / "demo.log"
    command: list[str | Path] = [
        sys.executable,
        "-c",
        MAIN,
        "demo",
        "--out",
        out,
        "--last",
        "60",
        "--speed",
        "60",
        "--stay",
    ]
    child = Child("demo", command, log)
    with child:
        child.wait_ready(
            lambda: "Ctrl-C ends it" in child.log_text(), what="the replay to be over", timeout_s=4 * PATIENCE_S
        )
        (site,) = re.findall(r"(http://\S+) is the squads' Slack", child.log_text())
        (answers,) = re.findall(r"serving (http://\S+) for", (out / "answers.log").read_text())
        for address in (site, site + "letters", answers + "/healthz"):
            wait_until(partial(serves, address), what=address)
        os.kill(child.pid, signal.SIGINT)
        wait_until(lambda: child.exit_status is not None, what="the demo to end")
    assert child.exit_status == 1, "there was nothing to warn of"
    assert "yes every process ended well when it was asked to (2 processes)" in child.log_text()
    assert "Traceback" not in child.log_text()


def test_nothing_outlives_a_demo_that_is_killed(tmp_path: Path) -> None:
    out, log = tmp_path / "out", tmp_path / "demo.log"
    child = Child("demo", [sys.executable, "-c", MAIN, "demo", "--out", out, "--last", "400"], log)
    with child:
        child.wait_ready(lambda: "replaying" in child.log_text(), what="the processes to be ready")
        ports = [int(port) for port in re.findall(r"port: (\d+)", (out / "foreshock.yaml").read_text())]
        served = [port for port in ports if port_answers(port)]
        assert len(served) >= 3, "mail, worker and answers"
        os.kill(child.pid, signal.SIGKILL)
        wait_until(lambda: not any(map(port_answers, served)), what="everything to end")


def test_a_demo_leaves_alone_the_folder_that_another_is_using(tmp_path: Path) -> None:
    with own_folder(tmp_path / "out"):
        done = demo("--out", tmp_path / "out", "--last", "5")
    assert done.returncode == 2
    assert "another demo is using" in done.stderr


def test_a_port_that_is_taken_is_said_so() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = demo("slack-server", "--port", str(taken.getsockname()[1]))
    assert done.returncode == 2
    assert "address already in use" in done.stderr
    assert "Traceback" not in done.stderr


def test_calm_is_not_success_since_there_was_nothing_to_warn_of(tmp_path: Path) -> None:
    done = demo("--out", tmp_path / "out", "--last", "100", "--speed", "100")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "NO  at least one incident" in done.stdout


def test_a_folder_with_other_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("keep me")
    done = demo("--out", tmp_path)
    assert done.returncode == 2
    assert "name another folder with --out" in done.stderr
    assert (tmp_path / "mine.txt").read_text() == "keep me"


def test_a_recording_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    done = demo("--out", tmp_path / "out", "--recording", tmp_path / "nowhere")
    assert done.returncode == 2
    assert "nowhere" in done.stderr


def test_a_part_without_rows_is_said_so(tmp_path: Path) -> None:
    done = demo("--out", tmp_path / "out", "--first", "90000")
    assert done.returncode == 2
    assert "nothing was recorded" in done.stderr

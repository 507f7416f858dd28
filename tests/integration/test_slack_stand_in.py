"""The Slack stand-in of the compose file, as a process: what was posted can be looked at."""

import json
import urllib.request
from pathlib import Path

import pytest

from tests.support.processes import PATIENCE_S, Child, free_port, page, port_answers
from tests.support.tree import BIN

pytestmark = pytest.mark.integration


def test_what_was_posted_is_shown_at_the_root_and_the_server_ends_when_asked(tmp_path: Path) -> None:
    port = free_port()
    command: list[str | Path] = [BIN / "foreshock", "demo", "slack-server", "--port", str(port)]
    server = Child("slack", command, tmp_path / "slack.log", env={"SLACK_TOKEN": "xoxb-mine"}, cwd=tmp_path)
    message = json.dumps({"channel": "#squad-payments", "text": "payments-api is slow"}).encode()
    headers = {"Authorization": "Bearer xoxb-mine", "Content-Type": "application/json; charset=utf-8"}
    with server:
        server.wait_ready(lambda: port_answers(port), what="it to listen")
        post = urllib.request.Request(f"http://127.0.0.1:{port}/api/chat.postMessage", message, headers)
        with urllib.request.urlopen(post, timeout=PATIENCE_S) as answer:  # noqa: S310 - loopback
            assert json.load(answer)["ok"] is True
        shown = page(f"http://127.0.0.1:{port}/")
        assert server.stop() == 0

    assert "payments-api is slow" in shown
    assert "squad-payments" in shown

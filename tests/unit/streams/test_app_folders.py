"""The application leaves nothing in the folder that it was started in."""

import tempfile
from pathlib import Path

import pytest

from streams.app import CommitSensor, Connection, Gateway, create_app
from tests.support.clock import ManualClock


def test_the_folder_that_faust_insists_on_is_among_the_temporary_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    gateway = Gateway(lambda output: output.topic)
    app = create_app(Connection(("localhost:9092",), "t1.workers"), [], gateway, CommitSensor(ManualClock()), {})

    app.conf.datadir.mkdir(exist_ok=True)

    assert app.conf.datadir == Path(tempfile.gettempdir()) / "foreshock"
    assert list(tmp_path.iterdir()) == []

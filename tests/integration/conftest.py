"""Slack wants some answers within seconds. On a slow machine no test may fail by that but those of that."""

import pytest

from alerts.channels.slack import desk, files
from streams.pages import slack
from tests.support.processes import PATIENCE_S


@pytest.fixture(autouse=True)
def _without_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    for module, name in ((desk, "ANSWER_S"), (slack, "READ_S"), (files, "EDIT_S"), (files, "BUDGET_S")):
        monkeypatch.setattr(module, name, PATIENCE_S)

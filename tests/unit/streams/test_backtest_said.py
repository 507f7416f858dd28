"""What a backtest says of alerts and incidents, to the letter."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from domain.identity import ServiceId
from domain.journeys import Landscape
from streams.backtest.declared import Incident
from streams.backtest.history import Episode
from streams.backtest.judge import Scope, judge
from streams.backtest.page import Page, render
from streams.backtest.run import Summary
from streams.backtest.study import Study
from streams.backtest.terminal import LISTED, tell
from tests.support.backtest import an_alert
from tests.support.builders import T0

SUMMARY = Summary(first_at=T0, last_at=T0 + 3600, services=(ServiceId("api"), ServiceId("db")))


def a_study(alerts: int, *incidents: Incident) -> Study:
    episodes = tuple(
        Episode(an_alert("api", opened=60.0 * number, ended=60.0 * number + 30)) for number in range(alerts)
    )
    verdict = judge(episodes, incidents, Landscape(), Scope(SUMMARY.services, 3600.0, 1800.0))
    return Study(SUMMARY, episodes, verdict, Landscape(), ())


@pytest.mark.parametrize(
    ("alerts", "title"),
    [(LISTED, "Alerts (UTC):"), (LISTED + 1, "The worst alerts; 1 more are in alerts.jsonl (UTC):")],
)
def test_alerts_are_called_the_worst_where_others_are_left_out(alerts: int, title: str) -> None:
    console = Console(file=io.StringIO(), width=200)
    tell(console, a_study(alerts), Path(), report=False)
    assert isinstance(console.file, io.StringIO)
    assert title in console.file.getvalue().splitlines()


@pytest.mark.parametrize(("services", "told"), [(("api", "db"), "api, db"), ((), "all services")])
def test_an_incident_is_shown_with_the_services_that_it_hit(services: tuple[str, ...], told: str) -> None:
    incident = Incident("i", "slow", T0 + 600, services=tuple(map(ServiceId, services)))
    done = a_study(1, incident)
    page = render(Page("t.csv", SUMMARY, done.episodes, done.verdict, (), {}, 1800.0, (), ()))
    assert f"<td>{told}</td>" in page.partition("<h2>Incidents</h2>")[2]

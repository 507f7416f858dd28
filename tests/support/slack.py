"""A squad at the stand-in for Slack, the app that hears their presses, and what it wrote down."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from alerts.channels.slack.channel import SlackChannel
from config.loader import read
from config.settings import Settings
from domain.clock import Clock
from domain.feedback import Feedback
from domain.notice import Notice
from streams.demo.slack_messages import Posted
from streams.demo.slack_people import APP_TOKEN, SIGNING_SECRET
from streams.demo.slack_server import SlackServer
from streams.demo.slack_site import SlackSite
from streams.metrics import ANSWERS_CATALOGUE, Metrics
from streams.pages.server import AnswersServer
from streams.pages.slack import PATH, SlackOffice
from tests.support.config_files import write
from tests.support.processes import PATIENCE_S

CONFIG = """
services: {{payments-api: {{squad: payments}}}}
journeys:
  pay: {{squad: payments, stages: [{{name: submit, touchpoints: [{{name: POST /pay, service: payments-api}}]}}]}}
squads: {{payments: {{slack: "#squad-payments", escalate_to: "#incidents"}}}}
clients:
  bank-042: {{name: Example Bank, journeys: [pay], contacts: [{{email: ops@bank.example}}]}}
  fintech-7: {{name: Fintech Seven, journeys: [pay], contacts: [{{email: ops@fintech.example}}]}}
channels:
  slack: {{token: "${{TOKEN}}", base_url: "{url}", pictures: false, {more}}}
  email: {{host: mail.example, sender: status@hub.example}}
answers: {{port: 0}}
"""
HTTP = 'signing_secret: "${SIGNING}"'
SOCKET = 'app_token: "${APP}"'
SECRETS = {"TOKEN": "xoxb-stand-in", "SIGNING": SIGNING_SECRET, "APP": APP_TOKEN}


@dataclass(slots=True)
class Squad:
    """What a test touches: the workspace, the app's settings, and what the app wrote. ``fails`` as a broker would."""

    slack: SlackServer
    settings: Settings
    metrics: Metrics
    office: SlackOffice
    written: list[Feedback] = field(default_factory=list)
    fails: Exception | None = None
    hangs: asyncio.Event | None = None
    begun: asyncio.Event = field(default_factory=asyncio.Event)  # something is to be written

    async def write(self, feedback: Feedback) -> None:
        if self.fails is not None:
            raise self.fails
        self.begun.set()
        if self.hangs is not None:
            await self.hangs.wait()
        self.written.append(feedback)

    async def told(self, notice: Notice) -> Posted:
        """Post a notice as the worker would, and return the message."""
        assert self.settings.channels.slack is not None
        channel = SlackChannel(self.settings.channels.slack)
        outcome = await channel.send(notice, None)
        await channel.close()
        assert self.slack.messages, outcome
        return self.slack.messages[-1]

    async def heard(self, count: int = 1) -> list[str]:
        """What people were told beside the messages, once there is so much of it."""
        async with asyncio.timeout(PATIENCE_S):
            await self.slack.people.told(count)
        return [said.text for said in self.slack.people.heard]

    def counted(self, what: str, way: str = "http") -> float:
        """How many presses came to this."""
        return self.metrics.registry.get_sample_value("foreshock_presses_total", {"way": way, "what": what}) or 0.0


@asynccontextmanager
async def a_squad(folder: Path, more: str, clock: Clock, **wanted: Any) -> AsyncIterator[Squad]:
    """Start the workspace and the app; ``more`` is what stands in ``channels.slack``."""
    slack = SlackServer(clock=clock, channels=["#squad-payments", "#other"], **wanted)
    slack.people.patience_s = PATIENCE_S
    slack.serve(SlackSite(slack).routes)
    async with slack:
        settings = read(write(folder, CONFIG.format(url=slack.url, more=more)), SECRETS).settings
        metrics = Metrics(ANSWERS_CATALOGUE)
        squads: list[Squad] = []

        async def writing(feedback: Feedback) -> None:
            await squads[0].write(feedback)

        office = SlackOffice(settings, writing, clock, metrics)
        squads.append(squad := Squad(slack, settings, metrics, office))
        server = AnswersServer(settings, writing, clock, metrics, office.routes)
        await server.start()
        office.start()
        slack.people.request_url = server.address + PATH
        try:
            if office.socket is not None:
                async with asyncio.timeout(PATIENCE_S):
                    await slack.people.connected()
            yield squad
        finally:
            await office.stop()
            await server.stop()

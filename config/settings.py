"""The root of the configuration: it composes the sections and the parameters of the components."""

from pydantic import BaseModel, Field

from alerts.channels.email.params import EmailParams
from alerts.channels.slack.params import SlackParams
from alerts.params import AlertParams, DeliveryParams
from config.answers import AnswersSettings
from config.fields import Name, Section
from config.intake import KafkaSettings, LogSettings, ServerSettings, SourceSettings, StateSettings
from config.people import Clients, Journeys, Services, Squads
from detectors.params import DetectionParams
from domain.identity import SquadId
from domain.journeys import Landscape
from domain.notice import ChannelKind


class ChannelSettings(Section):
    """How notices leave."""

    slack: SlackParams | None = Field(default=None, description="The Slack app that squads are told by.")
    email: EmailParams | None = Field(default=None, description="The mail server that clients are told by.")

    def by_kind(self) -> dict[ChannelKind, BaseModel]:
        """Return the parameters of the channels that are set up: the name of a kind is that of its key here."""
        found = ((kind, getattr(self, kind)) for kind in ChannelKind)
        return {kind: params for kind, params in found if params is not None}


class Settings(Section):
    """Everything that Foreshock is told. Names that refer to each other have been checked by `config.checks`."""

    kafka: KafkaSettings = Field(default=KafkaSettings(), description="The brokers, and our own topics on them.")
    state: StateSettings = Field(default=StateSettings(), description="Where the state survives a restart.")
    sources: tuple[SourceSettings, ...] = Field(default=(), description="The topics to read.")
    services: Services = Field(default={}, description="The services that we run, by the name in their telemetry.")
    journeys: Journeys = Field(default={}, description="What clients do with us, by an id of your choice.")
    squads: Squads = Field(default={}, description="Our teams, by an id of your choice.")
    fallback_squad: Name | None = Field(default=None, description="The squad that is told of services of no squad.")
    clients: Clients = Field(default={}, description="The organisations that depend on us, by an id of your choice.")
    channels: ChannelSettings = Field(default=ChannelSettings(), description="How notices leave.")
    detectors: DetectionParams = Field(default=DetectionParams(), description="How anomalies are found.")
    alerts: AlertParams = Field(default=AlertParams(), description="What an episode is, and who hears of a change.")
    delivery: DeliveryParams = Field(default=DeliveryParams(), description="How often a notice is tried.")
    answers: AnswersSettings = Field(default=AnswersSettings(), description="Where people's answers come in.")
    server: ServerSettings = Field(default=ServerSettings(), description="The worker's own HTTP server.")
    log: LogSettings = Field(default=LogSettings(), description="What the worker writes to its standard error.")

    def landscape(self) -> Landscape:
        """Return who depends on what, as routing knows it."""
        return Landscape(
            services=tuple(service.to_domain(id_) for id_, service in self.services.items()),
            journeys=tuple(journey.to_domain(id_) for id_, journey in self.journeys.items()),
            squads=tuple(squad.to_domain(id_) for id_, squad in self.squads.items()),
            clients=tuple(client.to_domain(id_, self.journeys) for id_, client in self.clients.items()),
            fallback_squad=None if self.fallback_squad is None else SquadId(self.fallback_squad),
        )

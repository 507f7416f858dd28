"""Sections about who depends on what: services, journeys, squads and clients; and the landscape made of them."""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from config.fields import Duration, EmailAddress, Name, Section, SlackChannel, TimeZone
from domain.identity import ClientId, JourneyId, ServiceId, SquadId
from domain.journeys import Client, Journey, NoticePolicy, Objective, Service, Squad, Stage, Touchpoint

LOCALES: Final = ("en",)


def _locale(text: str) -> str:
    if text not in LOCALES:
        raise ValueError(f"there are no notices in {text!r} yet; write one of: {', '.join(LOCALES)}")
    return text


def _unquoted_hash(value: Any) -> Any:
    if value is None:
        raise ValueError('empty: in YAML a bare # starts a comment; write it in quotes: slack: "#squad-name"')
    return value


class ObjectiveSettings(Section):
    """A service-level objective: breached when the metric stays beyond the limit."""

    metric: Name = Field(description="The metric's name, as it is in the telemetry.")
    above: float | None = Field(default=None, allow_inf_nan=False, description="A value above this is a breach.")
    below: float | None = Field(default=None, allow_inf_nan=False, description="A value below this is a breach.")
    for_s: Duration = Field(
        default=0.0, ge=0, alias="for", description="How long without a break before it counts; 0s: at once."
    )

    @model_validator(mode="after")
    def _one_limit(self) -> "ObjectiveSettings":
        if (self.above is None) == (self.below is None):
            told = "no limit" if self.above is None else "two limits"
            raise ValueError(f"the objective has {told}; give exactly one of above and below")
        return self

    def to_domain(self) -> Objective:
        """Return the objective."""
        if self.above is not None:
            return Objective(self.metric, self.above, above=True, for_s=self.for_s)
        assert self.below is not None  # noqa: S101 -- the validator above has seen to it
        return Objective(self.metric, self.below, above=False, for_s=self.for_s)


class ServiceSettings(Section):
    """A service that we run."""

    squad: Name | None = Field(default=None, description="The squad that answers for it; null: the fallback squad.")
    depends_on: tuple[Name, ...] = Field(default=(), description="The services that it needs to work.")
    objectives: tuple[ObjectiveSettings, ...] = Field(
        default=(), description="Its service-level objectives: what Foreshock forecasts the breach of."
    )
    runbook: str = Field(default="", description="Where its squad finds help: shown in warnings.")

    def to_domain(self, id_: str) -> Service:
        """Return the service of that id."""
        return Service(
            id=ServiceId(id_),
            squad=None if self.squad is None else SquadId(self.squad),
            depends_on=tuple(ServiceId(needed) for needed in self.depends_on),
            objectives=tuple(objective.to_domain() for objective in self.objectives),
            runbook=self.runbook,
        )


class TouchpointSettings(Section):
    """The point where a step of a journey meets a service."""

    name: Name = Field(description='What is touched, such as "POST /payments".')
    service: Name = Field(description="The service that answers there.")


class StageSettings(Section):
    """A step of a journey."""

    name: Name = Field(description="The step's name: clients may read it.")
    touchpoints: tuple[TouchpointSettings, ...] = Field(min_length=1, description="Where the step meets services.")

    def to_domain(self) -> Stage:
        """Return the stage."""
        points = tuple(Touchpoint(point.name, ServiceId(point.service)) for point in self.touchpoints)
        return Stage(self.name, points)


class JourneySettings(Section):
    """What a client does with us."""

    title: str | None = Field(
        default=None, min_length=1, description="The name that clients read; null: the id made readable."
    )
    squad: Name = Field(description="The squad that answers for the journey.")
    important_business_service: bool = Field(
        default=False, description="Whether a regulator would call it an important business service."
    )
    impact_tolerance_s: Duration | None = Field(
        default=None, gt=0, alias="impact_tolerance", description="The longest disruption that can be tolerated."
    )
    stages: tuple[StageSettings, ...] = Field(min_length=1, description="The journey's steps in their order.")

    def to_domain(self, id_: str) -> Journey:
        """Return the journey of that id."""
        return Journey(
            id=JourneyId(id_),
            title=readable(id_) if self.title is None else self.title,
            squad=SquadId(self.squad),
            stages=tuple(stage.to_domain() for stage in self.stages),
            important_business_service=self.important_business_service,
            impact_tolerance_s=self.impact_tolerance_s,
        )


class SquadSettings(Section):
    """An internal team."""

    slack: Annotated[SlackChannel, BeforeValidator(_unquoted_hash)] = Field(
        description='Where the squad reads warnings: "#name" in quotes, or the channel\'s id.'
    )

    def to_domain(self, id_: str) -> Squad:
        """Return the squad of that id."""
        return Squad(SquadId(id_), self.slack)


class ContactSettings(Section):
    """A person or a desk at a client."""

    email: EmailAddress = Field(description="The address that notices go to.")


class NoticeSettings(Section):
    """What a client has agreed to be told."""

    approval: Literal["automatic", "required", "never"] = Field(
        default="required",
        description="Whether a warning goes out by itself, needs a person's approval, or is never sent.",
    )
    min_confidence: float = Field(
        default=0.8, ge=0, le=1, description="The least confidence of a warning that this client is told of."
    )


class ClientSettings(Section):
    """An outside organisation that depends on us."""

    name: Name = Field(description="The organisation's name, as it is written in notices.")
    journeys: tuple[Name, ...] = Field(default=(), description="The journeys that it uses.")
    contacts: tuple[ContactSettings, ...] = Field(default=(), description="Who is told.")
    locale: Annotated[str, AfterValidator(_locale)] = Field(
        default="en", description=f"The language of its notices: {', '.join(LOCALES)}."
    )
    timezone: TimeZone = Field(default="UTC", description="The time zone of its notices, an IANA name.")
    notices: NoticeSettings = Field(default=NoticeSettings(), description="What it has agreed to be told.")

    def to_domain(self, id_: str) -> Client:
        """Return the client of that id."""
        return Client(
            id=ClientId(id_),
            name=self.name,
            journeys=tuple(JourneyId(journey) for journey in self.journeys),
            emails=tuple(contact.email for contact in self.contacts),
            locale=self.locale,
            timezone=self.timezone,
            policy=NoticePolicy(self.notices.approval, self.notices.min_confidence),
        )


Services = Mapping[Name, ServiceSettings]
Journeys = Mapping[Name, JourneySettings]
Squads = Mapping[Name, SquadSettings]
Clients = Mapping[Name, ClientSettings]


def readable(id_: str) -> str:
    """Return an id as a person would write it: ``payment-initiation`` becomes ``Payment initiation``."""
    words = id_.replace("-", " ").replace("_", " ").strip()
    return words[:1].upper() + words[1:]

"""Sections about who depends on what: services, journeys, squads and clients; and the landscape made of them."""

import re
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from alerts.channels.email.words.tongues import CODES
from config.fields import Duration, EmailAddress, Name, Section, SlackChannel, SlackChannelOrNone, TimeZone
from domain import units
from domain.identity import ClientId, JourneyId, ServiceId, SquadId
from domain.journeys import Client, Journey, NoticePolicy, Objective, Service, Squad, Stage, Touchpoint


def _locale(text: str) -> str:
    if text not in CODES:
        raise ValueError(f"there are no notices in {text!r} yet; write one of: {', '.join(CODES)}")
    return text


def _unit(text: str) -> str:
    if units.known(text):
        return text
    near = get_close_matches(text, units.usual(), n=1)
    hint = f"; did you mean {near[0]}?" if near else "; write it as UCUM does, such as ms, By, KiBy/s, 1 or %"
    raise ValueError(f"{text!r} is not a unit that can be converted{hint}")


Locale = Annotated[str, AfterValidator(_locale)]
Unit = Annotated[str, AfterValidator(_unit)]
Translations = Mapping[Locale, Name | None]  # of a name; where there is none, clients read the name as it is

_HOURS: Final = re.compile(r"([01]\d|2[0-3]):([0-5]\d) ?- ?([01]\d|2[0-3]):([0-5]\d)")


def _unquoted_hash(value: Any) -> Any:
    if value is None:
        raise ValueError('empty: in YAML a bare # starts a comment; write it in quotes: slack: "#squad-name"')
    return value


class ObjectiveSettings(Section):
    """A service-level objective: breached when the metric stays beyond the limit."""

    metric: Name = Field(description="The metric's name, as it is in the telemetry.")
    above: float | None = Field(default=None, allow_inf_nan=False, description="A value above this is a breach.")
    below: float | None = Field(default=None, allow_inf_nan=False, description="A value below this is a breach.")
    unit: Unit | None = Field(
        default=None,
        description="The unit of the limit, such as ms, By or %: values that come in another one are converted. "
        "null: the first unit in which the metric comes.",
    )
    for_s: Duration = Field(
        default=0.0,
        ge=0,
        alias="for",
        description="How long it must have been beyond the limit, with less time inside than beyond; 0s: at once.",
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
            return Objective(self.metric, self.above, above=True, for_s=self.for_s, unit=self.unit or "")
        assert self.below is not None  # noqa: S101 -- the validator above has seen to it
        return Objective(self.metric, self.below, above=False, for_s=self.for_s, unit=self.unit or "")


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
    names: Translations = Field(
        default={}, description=f"The step's name in the languages of clients: {', '.join(CODES)}."
    )
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
    titles: Translations = Field(default={}, description=f"The title in the languages of clients: {', '.join(CODES)}.")
    squad: Name = Field(description="The squad that answers for the journey.")
    important_business_service: bool = Field(
        default=False, description="Whether a regulator would call it an important business service."
    )
    impact_tolerance_s: Duration | None = Field(
        default=None, gt=0, alias="impact_tolerance", description="The longest disruption that can be tolerated."
    )
    stages: tuple[StageSettings, ...] = Field(min_length=1, description="The journey's steps in their order.")

    def translated(self, id_: str, locale: str) -> tuple[tuple[str, str], ...]:
        """Return what the journey and its steps are called in a language, by their own names."""
        title = readable(id_) if self.title is None else self.title
        named = ((title, self.titles), *((stage.name, stage.names) for stage in self.stages))
        return tuple((name, found) for name, names in named if (found := names.get(locale)) is not None)

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
    escalate_to: Annotated[SlackChannelOrNone, BeforeValidator(_unquoted_hash)] = Field(
        default="",
        description="The channel that hears of severe alerts which nobody here acknowledges within "
        'alerts.escalate_after; "" for none.',
    )

    def to_domain(self, id_: str) -> Squad:
        """Return the squad of that id."""
        return Squad(SquadId(id_), self.slack, self.escalate_to or None)


class ContactSettings(Section):
    """A person or a desk at a client."""

    email: EmailAddress = Field(description="The address that notices go to.")


def _minutes(text: str) -> tuple[int, int] | None:
    """Return the minutes of the day from and to, such as (1320, 360) for "22:00-06:00"; None for anything else."""
    match = _HOURS.fullmatch(text)
    return None if match is None else (int(match[1]) * 60 + int(match[2]), int(match[3]) * 60 + int(match[4]))


def _quiet_hours(text: str) -> str:
    minutes = _minutes(text)
    if minutes is None:
        raise ValueError(f'{text!r} are no quiet hours; write from and to on a clock of 24 hours: "22:00-06:00"')
    if minutes[0] == minutes[1]:
        raise ValueError(f"{text!r} has no length; write when the hours begin and end, or set approval to never")
    return text


QuietHours = Annotated[str, AfterValidator(_quiet_hours)]


class NoticeSettings(Section):
    """What a client has agreed to be told."""

    approval: Literal["automatic", "required", "never"] = Field(
        default="required",
        description="Whether a warning goes out by itself, needs a person's approval, or is never sent.",
    )
    min_confidence: float = Field(
        default=0.8, ge=0, le=1, description="The least confidence of a warning that this client is told of."
    )
    min_evidence: int = Field(
        default=1,
        ge=1,
        le=3,
        description="How many signs must agree before this client is warned. A series that is unusual, expected beyond "
        "its limit, or beyond it, is one sign; so are all series of a service together, earlier incidents that began "
        "like this, and a declared incident.",
    )
    quiet_hours: QuietHours | None = Field(
        default=None,
        description='Hours of the client\'s own day, such as "22:00-06:00", in which nothing but endings is sent; what '
        "still holds is sent when they end, what is over by then never.",
    )
    quiet_override: bool = Field(default=True, description="Whether a critical alert is told in quiet hours too.")
    max_per_day: int | None = Field(
        default=None,
        ge=1,
        description="The most warnings and updates in one of the client's days; the rest waits for the next day. "
        "Endings are always sent and do not count.",
    )
    ahead: Duration = Field(
        default=21_600.0,
        gt=0,
        description="How long before it is due a forecast is told at the earliest: a disk that is full in two days is "
        "no news for a client yet.",
    )

    def to_domain(self) -> NoticePolicy:
        """Return the notice policy."""
        return NoticePolicy(
            self.approval,
            self.min_confidence,
            self.min_evidence,
            None if self.quiet_hours is None else _minutes(self.quiet_hours),
            self.quiet_override,
            self.max_per_day,
            self.ahead,
        )


class ClientSettings(Section):
    """An outside organisation that depends on us."""

    name: Name = Field(description="The organisation's name, as it is written in notices.")
    journeys: tuple[Name, ...] = Field(default=(), description="The journeys that it uses.")
    contacts: tuple[ContactSettings, ...] = Field(default=(), description="Who is told.")
    locale: Locale = Field(default="en", description=f"The language of its notices: {', '.join(CODES)}.")
    tone: Literal["formal", "plain"] = Field(
        default="formal", description="How its notices speak: formal as in a letter, or plain and short."
    )
    timezone: TimeZone = Field(default="UTC", description="The time zone of its notices, an IANA name.")
    optional_notices: bool = Field(
        default=False,
        description="Whether notices are a courtesy that it may unsubscribe from, rather than part of a contract.",
    )
    notices: NoticeSettings = Field(default=NoticeSettings(), description="What it has agreed to be told.")

    def to_domain(self, id_: str, journeys: Mapping[str, JourneySettings]) -> Client:
        """Return the client of that id, who reads the names of ``journeys`` in the client's language."""
        used = ((name, journeys[name]) for name in self.journeys if name in journeys)
        return Client(
            id=ClientId(id_),
            name=self.name,
            journeys=tuple(JourneyId(journey) for journey in self.journeys),
            emails=tuple(contact.email for contact in self.contacts),
            locale=self.locale,
            timezone=self.timezone,
            policy=self.notices.to_domain(),
            tone=self.tone,
            optional_notices=self.optional_notices,
            names=tuple(pair for name, journey in used for pair in journey.translated(name, self.locale)),
        )


Services = Mapping[Name, ServiceSettings]
Journeys = Mapping[Name, JourneySettings]
Squads = Mapping[Name, SquadSettings]
Clients = Mapping[Name, ClientSettings]


def readable(id_: str) -> str:
    """Return an id as a person would write it: ``payment-initiation`` becomes ``Payment initiation``."""
    words = id_.replace("-", " ").replace("_", " ").strip()
    return words[:1].upper() + words[1:]

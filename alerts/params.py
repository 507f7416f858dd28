"""The settings of alerting: what an episode is, and how its notices are delivered."""

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from domain.alert import Severity
from domain.durations import parse_duration

Duration = Annotated[float, BeforeValidator(parse_duration, json_schema_input_type=str)]
"""Seconds, written as text such as "30s"."""


class AlertParams(BaseModel):
    """When an alert opens, changes and ends, how severe it is, and who hears of a change. All times are event time."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    resolve_hold: Duration = Field(
        default=60.0,
        ge=0,
        description="How long the service must stay calm before the end is told; trouble that returns sooner continues "
        "the same alert, and nobody gets an all-clear that does not last.",
    )
    correlate_within: Duration = Field(
        default=300.0,
        ge=0,
        description="Trouble on a service joins the open alert of a service that it needs or that needs it when the "
        "two began no further apart than this; both are then told in one thread, as they probably have one cause.",
    )
    group_wait: Duration = Field(
        default=10.0,
        ge=0,
        le=300.0,
        description="How long a client's letter waits for what belongs to it, so that one names it all; not when that "
        "is critical, breached, declared or approved, or when a breach or the client's quiet hours may be nearer than "
        "20 times this. Squads are warned at once; further services are told to them this long after their last "
        "message, or after squad_update_gap if that is less. 0s: nobody waits.",
    )
    flap_after: int = Field(
        default=5,
        ge=2,
        description="An alert whose trouble has come so many times within flap_window is suspended: squads see that, "
        "and hear of nothing but a higher severity until it is steady. The first time that another metric leads it "
        "does not count.",
    )
    flap_window: Duration = Field(default=600.0, gt=0, description="The time over which comings are counted.")
    flap_hold: Duration = Field(
        default=300.0,
        gt=0,
        description="How long a suspended alert must stay calm before its end is told, or stay in trouble before it "
        "is told of as usual again.",
    )
    approval_lasts: Duration = Field(
        default=1800.0,
        gt=0,
        description="How long a person's approval of client notices stands when they name no time.",
    )
    silence_lasts: Duration = Field(
        default=3600.0,
        gt=0,
        description="How long a silence lasts when its author names no time.",
    )
    silence_reminder: Duration = Field(
        default=600.0,
        ge=0,
        description="How long before a silence ends its squads hear of it if the trouble goes on; 0s: never. A silence "
        "of less than twice this ends without a word.",
    )
    escalate_after: Duration = Field(
        default=600.0,
        gt=0,
        description="An alert that nobody has acknowledged for so long after its squad was warned is told to the "
        "squad's escalate_to, once.",
    )
    escalate_severity: Severity = Field(default=Severity.CRITICAL, description="The least severity that is escalated.")
    repeat_every: Duration = Field(
        default=3600.0,
        ge=0,
        description="When nothing was said for so long of an alert that goes on and that nobody has acknowledged, its "
        "squads hear that it does. Each further wait is twice as long, up to a day; 0s: never.",
    )
    incident_quiets: Duration = Field(
        default=14400.0,
        ge=0,
        description="A declared incident keeps squads from new alerts on services that need the incident's, for no "
        "longer than this; critical ones are told all the same. 0s: never.",
    )
    maintenance_most: Duration = Field(
        default=28800.0,
        gt=0,
        description="An announced maintenance keeps alerts quiet for no longer than this, even if nobody closes it.",
    )
    stale_after: Duration = Field(
        default=21600.0,
        gt=0,
        description="An alert of which nothing has been heard for so long is resolved, with that as its reason. "
        "A fallback for findings whose end was lost; an outage that lasts without a change is not heard of either, "
        "so keep it longer than your longest. Of a forecast, it counts from when that is due.",
    )
    partition_idle_after: Duration = Field(
        default=7200.0,
        gt=0,
        description="What waits for a telemetry partition (an end for its own, staleness for the slowest) does not "
        "wait for one that is this far behind the fastest.",
    )
    squad_update_gap: Duration = Field(
        default=30.0,
        ge=0,
        description="Least time between two updates to a squad. A change that matters (severity, breach, incident, "
        "first forecast) does not wait; one more service waits for group_wait; any other is told when the gap is over.",
    )
    client_forecast_shift: float = Field(
        default=0.5,
        gt=0,
        description="A client is told a new expected time when it moved by more than this share of the time left.",
    )
    client_forecast_shift_least: Duration = Field(
        default=60.0,
        ge=0,
        description="No move of the expected time that is smaller than this is told to a client.",
    )
    client_forecast_updates: int = Field(
        default=1,
        ge=0,
        description="How often the expected time is corrected for one client in one alert.",
    )
    critical_confidence: float = Field(
        default=0.8,
        ge=0,
        le=1,
        description="Least confidence for a severity of critical before an objective is breached.",
    )
    critical_ahead: Duration = Field(
        default=21_600.0,
        gt=0,
        description="A forecast of what is due later than this is not critical, however sure it is; the alert becomes "
        "critical once it is due within this.",
    )
    critical_clients: int = Field(
        default=10,
        ge=1,
        description="An alert that reaches so many clients counts as one that reaches an important business service.",
    )
    critical_tolerance: Duration = Field(
        default=3600.0,
        ge=0,
        description="So does one that reaches a journey whose impact tolerance is at most this.",
    )
    remember: Duration = Field(
        default=604800.0,
        gt=0,
        description="How long the ids of past findings and incidents are kept, to recognise repeats.",
    )
    remember_most: int = Field(
        default=100_000,
        ge=1,
        description="How many such ids are kept of each sort; the one that was heard of longest ago goes first.",
    )
    remember_services: int = Field(
        default=300,
        ge=1,
        description="Of how many services the last 20 alerts are kept, to show how one like it ended.",
    )


class DeliveryParams(BaseModel):
    """How often and how fast a notice is tried, and when it is given up. All times are wall-clock time."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    backoff_base: Duration = Field(default=1.0, gt=0, description="Wait before the second attempt.")
    backoff_factor: float = Field(default=2.0, ge=1, description="By how much each further wait is longer.")
    backoff_cap: Duration = Field(default=300.0, gt=0, description="Longest wait between two attempts.")
    give_up_after: Duration = Field(
        default=86400.0,
        gt=0,
        description="A notice that could not be delivered for so long is given up, with a receipt that says so.",
    )
    remember: Duration = Field(
        default=604800.0,
        gt=0,
        description="How long the ids of delivered notices are kept, so that a repeat is not sent again.",
    )
    slack_interval: Duration = Field(
        default=1.0,
        ge=0,
        description="Least time between two messages to one Slack channel; Slack allows about one per second.",
    )

"""The whole configuration of detection. One default for everything."""

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from detectors.anomalies.agreement import AgreementParams
from detectors.anomalies.fusion import FusionParams
from detectors.arrival.cadence import SilenceParams
from detectors.forecast.heading import ForecastParams
from detectors.incidents.precursor import PrecursorParams
from detectors.values.level import LevelParams
from detectors.values.stuck import StuckParams
from domain.durations import parse_duration

Duration = Annotated[float, BeforeValidator(parse_duration)]
DetectorName = Literal["level", "stuck", "silence", "integrity", "unit", "schema", "agreement", "objective", "forecast"]


class DetectionParams(BaseModel):
    """How anomalies are found. The defaults are meant for every series."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_series: int = Field(
        100_000,
        ge=1,
        description="Series per partition; further ones take the place of those that nobody waits for any more. While "
        "there are none, their samples are refused and counted.",
    )
    freeze_timeout: Duration = Field(
        14_400.0,
        description="Learning resumes so long after an incident was declared, or a limit was passed, even if it is "
        "not over.",
    )
    without: tuple[DetectorName, ...] = Field(
        (), description="Detectors that find nothing, for telemetry to which they do not apply."
    )
    level: LevelParams = Field(LevelParams(), description="Jumps and spikes.")
    stuck: StuckParams = Field(StuckParams(), description="Values that no longer move.")
    silence: SilenceParams = Field(SilenceParams(), description="Samples that no longer come.")
    forecast: ForecastParams = Field(ForecastParams(), description="Trends towards the limit of an objective.")
    agreement: AgreementParams = Field(AgreementParams(), description="Series that are unusual together.")
    precursor: PrecursorParams = Field(
        PrecursorParams(), description="Patterns of findings that came before incidents."
    )
    fusion: FusionParams = Field(FusionParams(), description="From findings to anomalies of a service.")

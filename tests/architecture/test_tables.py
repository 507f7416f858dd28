"""Every detector, codec, channel and command is in its table, and every line of a table is one of them."""

import importlib
import inspect
from collections.abc import Iterator
from typing import Any

import typer.main
from pydantic import BaseModel

from alerts.channels.registry import CHANNELS
from config.settings import ChannelSettings
from detectors.forecast.heading import Heading
from detectors.forecast.trend import TrendForecaster
from detectors.params import DetectionParams
from detectors.registry import DETECTORS
from detectors.values.objective import ObjectiveDetector
from domain.notice import ChannelKind
from streams import metrics
from streams.codecs.registry import INCIDENTS, TELEMETRY
from streams.commands import app
from tests.support.tree import ROOT, modules, project

FOR_AN_OBJECTIVE = {ObjectiveDetector, TrendForecaster, Heading}  # made where an objective asks for them


def classes(folder: str) -> Iterator[type]:
    """Every class that a module below ``folder`` defines, but for protocols."""
    for path in modules():
        if path.is_relative_to(folder) and path.name != "__init__.py":
            module = importlib.import_module(".".join(path.with_suffix("").parts))
            for _, found in inspect.getmembers(module, inspect.isclass):
                if found.__module__ == module.__name__ and not getattr(found, "_is_protocol", False):
                    yield found


def takes(method: object, *names: str) -> bool:
    """Whether a method has parameters of these names."""
    return callable(method) and set(names) <= set(inspect.signature(method).parameters)


def test_every_detector_is_in_its_table_and_nothing_else_is() -> None:
    in_table = {type(entry.make(DetectionParams(), 0)) for entry in DETECTORS}

    written = {
        found for found in classes("detectors") if takes(getattr(found, "observe", None), "at", "value", "learn")
    }

    assert written - FOR_AN_OBJECTIVE == in_table
    assert len({entry.name for entry in DETECTORS}) == len(DETECTORS)


def test_every_codec_is_in_its_table_and_nothing_else_is() -> None:
    in_table = {type(codec) for codec in (*TELEMETRY.values(), *INCIDENTS.values())}

    written = {found for found in classes("streams/codecs") if takes(getattr(found, "decode", None), "payload")}

    assert written == in_table


def test_every_codec_of_the_tables_is_kept_from_the_others_by_contract() -> None:
    used = {type(codec).__module__ for codec in (*TELEMETRY.values(), *INCIDENTS.values())}
    contracts: list[dict[str, Any]] = project()["tool"]["importlinter"]["contracts"]
    (independent,) = (contract["modules"] for contract in contracts if contract["type"] == "independence")

    assert used <= set(independent)


def test_every_channel_is_in_its_table_and_nothing_else_is() -> None:
    in_table = set(CHANNELS.values())

    written = {
        found for found in classes("alerts/channels") if takes(getattr(found, "send", None), "notice", "reference")
    }

    assert written == in_table
    assert set(CHANNELS) == set(ChannelKind) == set(ChannelSettings.model_fields)


def test_every_parameter_of_every_component_says_what_it_is_for() -> None:
    models = [found for folder in ("detectors", "alerts") for found in classes(folder) if issubclass(found, BaseModel)]
    silent = [
        f"{model.__name__}.{name}"
        for model in models
        if model.__name__.endswith("Params")
        for name, field in model.model_fields.items()
        if not field.description
    ]

    assert len(models) > 4
    assert silent == []


def test_every_metric_of_the_catalogues_is_measured_somewhere() -> None:
    code = "".join((ROOT / path).read_text() for path in modules() if path.name != "metrics.py")
    catalogues = (*metrics.CATALOGUE, *metrics.RECORD_CATALOGUE, *metrics.ANSWERS_CATALOGUE)

    never = [spec.name for spec in catalogues if f'("{spec.name}"' not in code]

    assert never == []


def test_every_file_of_commands_is_a_command() -> None:
    paths = (ROOT / "streams" / "commands").glob("[a-z]*.py")
    files = {path.stem.replace("_", "-") for path in paths}
    group: Any = typer.main.get_command(app)

    assert set(group.commands) == files

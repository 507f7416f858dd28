import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from config.reference import FULL_EXAMPLE, rows
from config.schema import schema, schema_text
from config.shape import ANY_KEY

MISTAKES = Path(__file__).parent / "mistakes"
VALIDATOR = jsonschema.Draft202012Validator(schema())


def _data(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def test_the_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(schema())
    assert json.loads(schema_text()) == schema()


@pytest.mark.parametrize("name", ["minimal.yaml", "full.yaml"])
def test_the_examples_fit_the_schema(name: str) -> None:
    VALIDATOR.validate(_data(FULL_EXAMPLE.parent / name))


@pytest.mark.parametrize(
    "name",
    [
        "unknown_section",
        "unknown_key",
        "misspelt_choice",
        "number_without_unit",
        "duration_in_words",
        "limit_is_text",
        "journey_without_squad",
        "client_without_name",
        "confidence_in_percent",
        "slack_channel_unquoted",
        "sources_is_no_list",
        "port_too_large",
        "partitions_with_fraction",
        "secret_missing",
        "file_key_of_no_secret",
    ],
)
def test_an_editor_shows_mistakes_that_one_place_gives_away(name: str) -> None:
    assert not VALIDATOR.is_valid(_data(MISTAKES / f"{name}.yaml"))


@pytest.mark.parametrize(
    "text",
    [
        "kafka: {partitions: '${N}', create_topics: '${C:-true}', security: '${S}'}",
        "state: {snapshot_every: '${EVERY:-5s}'}",
        "services:\nsources:\nkafka:\n",
        "kafka: {brokers: 'one:9092,two:9092'}",
        "services: {api: }",
        "channels: {slack: {token_file: secrets/token}}",
        "channels: {slack: null}",
        "alerts: {stale_after: 1h30m}",
    ],
)
def test_what_the_loader_adds_to_the_models_is_in_the_schema(text: str) -> None:
    VALIDATOR.validate(yaml.safe_load(text))


def test_every_key_is_described() -> None:
    for row in rows():
        place = schema()
        for part in row.path:
            if part == ANY_KEY:
                place = place["items"] if "items" in place else place["additionalProperties"]
                continue
            options = [place, *place.get("anyOf", [])]
            place = next(option["properties"][part] for option in options if "properties" in option)
        assert place["description"] == row.description
        assert row.description.endswith(".")

from pathlib import Path
from typing import Any

import pytest
import yaml

from config.loader import read
from config.reference import FULL_EXAMPLE, GENERATED_SECTIONS, SCHEMA, generated_files, markdown_table, rows
from config.settings import Settings
from config.shape import ANY_KEY
from tests.support.config_files import EXAMPLE_ENVIRONMENT

MINIMAL = FULL_EXAMPLE.parent / "minimal.yaml"


def _all_keys(data: Any, path: tuple[Any, ...] = ()) -> set[tuple[Any, ...]]:
    """Every path of a document, and each with names and indices replaced by the mark for any."""
    found = {path}
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, below in items:
        found |= _all_keys(below, (*path, key)) | _all_keys(below, (*path, ANY_KEY))
    return found


def test_the_full_example_has_every_key() -> None:
    written = _all_keys(yaml.safe_load(FULL_EXAMPLE.read_text(encoding="utf-8")))

    assert [row.key for row in rows() if row.path not in written] == []


def test_the_full_example_is_valid_and_nothing_in_it_deserves_a_warning() -> None:
    assert read(FULL_EXAMPLE, EXAMPLE_ENVIRONMENT, require_sources=True).warnings == ()


@pytest.mark.parametrize("path", [FULL_EXAMPLE, SCHEMA], ids=lambda path: path.name)
def test_what_is_made_from_the_models_is_current(path: Path) -> None:
    assert path.read_text(encoding="utf-8") == generated_files()[path], "run `make docs`"


def test_the_full_example_leaves_the_components_at_their_defaults() -> None:
    settings = read(FULL_EXAMPLE, EXAMPLE_ENVIRONMENT).settings

    for name in GENERATED_SECTIONS:
        assert getattr(settings, name) == getattr(Settings(), name)


def test_the_minimal_example_needs_no_environment() -> None:
    settings = read(MINIMAL, {}, require_sources=True).settings

    assert settings.services["payments-api"].objectives[0].above == 800


def test_the_reference_has_a_line_for_every_key() -> None:
    lines = markdown_table().splitlines()

    assert len(lines) == len(rows()) + 2
    assert "| `state.snapshot_every` | duration | `5s` | How often state is saved and offsets are committed. |" in lines
    assert any(line.startswith("| `sources[].topic` | text |  |") for line in lines)
    assert any(line.startswith("| `services.NAME.objectives[].for` | duration | `0s` |") for line in lines)
    assert any(line.startswith("| `log.level` | debug, info, warning, error | `info` |") for line in lines)

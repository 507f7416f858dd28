"""The configuration described from its models: a table for the documentation, and the commented example's last part."""

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Final

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from config.explain import as_written, flow_text
from config.origins import Path
from config.schema import schema_text
from config.shape import ANY_KEY, Kind, Shape, key_of, shape_of_field, walk
from config.validation import ROOT

GENERATED_MARK: Final = (
    "# ---- from here on made from the models by `make docs`: the defaults, which suit every series ----"
)
GENERATED_SECTIONS: Final = ("detectors", "alerts", "delivery")
FULL_EXAMPLE: Final = FilePath(__file__).parent / "examples" / "full.yaml"
SCHEMA: Final = FilePath(__file__).parent / "schema.json"
WIDTH: Final = 110
_KINDS: Final = {
    Kind.SECTION: "section",
    Kind.MAPPING: "names with sections",
    Kind.LIST: "list",
    Kind.SECRET: "secret",
    Kind.PATH: "path",
    Kind.DURATION: "duration",
}
_TYPES: Final[dict[type, str]] = {str: "text", int: "whole number", float: "number", bool: "true or false"}


@dataclass(frozen=True, slots=True)
class Row:
    """One key: where it is, what belongs there, what it is without being written, and what it is for."""

    path: Path
    kind: str
    default: str
    description: str

    @property
    def key(self) -> str:
        """The path as people write it, with NAME for any name and [] for any item."""
        return path_text(self.path)


def rows() -> tuple[Row, ...]:
    """Return every key of the configuration in the order of the models."""
    found = []
    for path, shape, info in walk(ROOT):
        if info is not None:
            found.append(Row(path, _kind(shape), default_text(info, shape), info.description or ""))
    return tuple(found)


def markdown_table() -> str:
    """Return the rows as a Markdown table."""
    lines = ["| key | what | default | meaning |", "|---|---|---|---|"]
    for row in rows():
        cells = (f"`{row.key}`", row.kind, f"`{row.default}`" if row.default else "", row.description)
        lines.append("| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def path_text(path: Path) -> str:
    """Return a path of `walk` for people: ``sources[].topic``, ``services.NAME.squad``."""
    text = ""
    shape: Shape | None = ROOT
    for part in path:
        if part == ANY_KEY and shape is not None:
            text += "[]" if shape.kind is Kind.LIST else ".NAME"
            shape = shape.item
        else:
            text += f".{part}" if text else str(part)
            shape = None if shape is None else shape.at(part)
    return text


def default_text(info: FieldInfo, shape: Shape) -> str:
    """Return a default as it would be written; empty when the key is required or its default depends on others."""
    value = info.default
    if value is PydanticUndefined or isinstance(value, BaseModel):
        return ""
    return flow_text(as_written(value, shape))


def generated_files() -> dict[FilePath, str]:
    """Return what the files made from the models have to hold: the commented example and the schema for editors."""
    example = FULL_EXAMPLE.read_text(encoding="utf-8")
    return {FULL_EXAMPLE: refreshed(example), SCHEMA: schema_text()}


def refreshed(example: str) -> str:
    """Return the commented example with its generated part made anew."""
    written = example.partition(GENERATED_MARK)[0]
    return written + GENERATED_MARK + "\n" + "\n".join(_sections()) + "\n"


def _sections() -> Iterator[str]:
    for key in GENERATED_SECTIONS:
        info = ROOT.fields()[key]
        yield from ("", f"# {info.description}", f"{key}:")
        yield from _keys(info.default, "  ")


def _keys(section: BaseModel, indent: str) -> Iterator[str]:
    for name, info in type(section).model_fields.items():
        key, below, value = key_of(name, info), shape_of_field(info), getattr(section, name)
        comment = f"{indent}# "
        yield from textwrap.wrap(info.description or "", WIDTH, initial_indent=comment, subsequent_indent=comment)
        if isinstance(value, BaseModel):
            yield f"{indent}{key}:"
            yield from _keys(value, indent + "  ")
        else:
            yield f"{indent}{key}: {flow_text(as_written(value, below))}"


def _kind(shape: Shape) -> str:
    if shape.choices:
        return ", ".join(shape.choices)
    words = _KINDS.get(shape.kind) or " or ".join(_TYPES.get(kind, kind.__name__) for kind in shape.types)
    if shape.kind is Kind.MAPPING and shape.item is not None and shape.item.kind is Kind.SCALAR:
        words = "names with texts"
    if shape.kind is Kind.LIST and shape.item is not None:
        words = f"list of {_kind(shape.item)}s" if shape.item.kind is not Kind.SCALAR else "list"
    return f"{words} or null" if shape.nullable else words

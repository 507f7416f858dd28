"""The JSON Schema of the configuration file, for editors: made from the models, with what the loader adds to them."""

import json
from typing import Any, Final

import annotated_types
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from config.shape import FILE_SUFFIX, Kind, Shape, key_of, shape_of_field
from config.validation import ROOT
from domain.durations import format_duration

DURATION_PATTERN: Final = r"^(?:\$\{.*|(?:\d+(?:\.\d+)?(?:ms|[smhdw]))+)$"
_REFERENCE: Final = {"type": "string", "pattern": r"^\$\{"}
_NULL: Final = {"type": "null"}
_TYPES: Final[dict[type, str]] = {str: "string", int: "integer", float: "number", bool: "boolean"}
_LIMITS: Final = (
    (annotated_types.Ge, "ge", "minimum"),
    (annotated_types.Gt, "gt", "exclusiveMinimum"),
    (annotated_types.Le, "le", "maximum"),
    (annotated_types.Lt, "lt", "exclusiveMaximum"),
)


def schema() -> dict[str, Any]:
    """Return the schema."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Foreshock",
        "description": "The one configuration file of Foreshock.",
        **_section(ROOT),
    }


def schema_text() -> str:
    """Return the schema as the text of its file."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


def _of(shape: Shape, info: FieldInfo | None = None) -> dict[str, Any]:
    match shape.kind:
        case Kind.SECTION:
            return {**_section(shape), "type": ["object", "null"]}
        case Kind.MAPPING:
            return {"type": ["object", "null"], "additionalProperties": _item(shape)}
        case Kind.LIST:
            return {"type": ["array", *(["string"] if shape.split else []), "null"], "items": _item(shape)}
        case Kind.DURATION:
            wanted: dict[str, Any] = {"type": "string", "pattern": DURATION_PATTERN}
        case Kind.SECRET | Kind.PATH:
            wanted = {"type": "string"}
        case Kind.SCALAR:
            wanted = _scalar(shape, info)
    return {"anyOf": [*wanted.get("anyOf", [wanted]), _NULL]} if shape.nullable else wanted


def _item(shape: Shape) -> dict[str, Any]:
    return {} if shape.item is None else _of(shape.item)


def _section(shape: Shape) -> dict[str, Any]:
    properties: dict[str, Any] = {}
    required: list[str] = []
    either: list[dict[str, Any]] = []
    for model in shape.models:
        for name, info in model.model_fields.items():
            key, below = key_of(name, info), shape_of_field(info)
            properties[key] = {"description": info.description, **_of(below, info), **_default(info, below)}
            file = f"{key}{FILE_SUFFIX}"
            if below.kind is Kind.SECRET:
                properties[file] = {"description": f"The file that holds {key}, in its place.", "type": "string"}
            if info.is_required() and below.kind is Kind.SECRET:
                either.append({"anyOf": [{"required": [key]}, {"required": [file]}]})
            elif info.is_required():
                required.append(key)
    rules: dict[str, Any] = {"type": "object", "properties": properties, "additionalProperties": False}
    return rules | ({"required": required} if required else {}) | ({"allOf": either} if either else {})


def _scalar(shape: Shape, info: FieldInfo | None) -> dict[str, Any]:
    """Return the rule of a scalar; where it is not text anyway, a reference to the environment is as good."""
    if shape.choices:
        return {"anyOf": [{"enum": list(shape.choices)}, _REFERENCE]}
    names = [_TYPES[kind] for kind in shape.types if kind in _TYPES]
    if not names or names == ["string"]:
        return {"type": "string"} if names else {}
    limits = {word: getattr(entry, name) for entry in (info.metadata if info is not None else ())
              for kind, name, word in _LIMITS if isinstance(entry, kind)}  # fmt: skip
    return {"anyOf": [{"type": names[0] if len(names) == 1 else names, **limits}, _REFERENCE]}


def _default(info: FieldInfo, shape: Shape) -> dict[str, Any]:
    """Return the default where there is one and it is short enough to help."""
    value = info.default
    if value is PydanticUndefined or shape.kind is Kind.SECTION:
        return {}
    if shape.kind is Kind.DURATION and value is not None:
        return {"default": format_duration(value)}
    if isinstance(value, tuple):
        plain = [format_duration(item) if shape.item == Shape(Kind.DURATION) else item for item in value]
        return {"default": plain}
    return {"default": value} if value is None or isinstance(value, bool | int | float | str | dict) else {}

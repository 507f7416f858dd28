"""The effective configuration as text: every value with where it came from, secrets never."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic import BaseModel

from config.document import parse_value
from config.draft import is_present
from config.loader import Loaded
from config.origins import Environment, Origin, Path, SecretFile, Written, dotted, leaves, origin_of
from config.shape import Kind, Shape, key_of
from config.validation import ROOT
from domain.durations import format_duration

REDACTED: Final = "(secret)"
REPLACED_LENGTH: Final = 8  # a secret this long is also hidden where it was put into another value
COMMENT_COLUMN: Final = 60
_PLAIN = re.compile(r"[A-Za-z0-9/$(][A-Za-z0-9 ._/@+()${}-]*")


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the effective configuration. ``path`` is None on lines that only open a section."""

    text: str
    path: Path | None = None
    value: Any = None
    origin: str = ""


def show_text(loaded: Loaded) -> str:
    """Return the effective configuration as YAML, the origin of each value in a comment."""
    lines = list(_Explanation(loaded).lines())
    widths = [len(line.text) for line in lines if line.origin and len(line.text) <= COMMENT_COLUMN]
    column = max(widths, default=0)
    rows = [f"{line.text:<{column}}  # {line.origin}" if line.origin else line.text for line in lines]
    return "\n".join([f"# effective configuration of {loaded.file}; at the right, where each value comes from", *rows])


def show_json(loaded: Loaded) -> str:
    """Return the effective configuration as a JSON list of path, value and origin."""
    rows = [
        {"path": dotted(line.path), "value": line.value, "origin": line.origin}
        for line in _Explanation(loaded).lines()
        if line.path is not None
    ]
    return json.dumps(rows, indent=2, ensure_ascii=False)


class _Explanation:
    """One walk over the settings with everything that it needs."""

    def __init__(self, loaded: Loaded) -> None:
        self._loaded = loaded
        self._secrets = sorted(
            (
                str(value)
                for path, value in leaves(loaded.data)
                if _is_secret(path) and value is not None and len(str(value)) >= REPLACED_LENGTH
            ),
            key=len,
            reverse=True,
        )

    def lines(self) -> Iterator[Line]:
        return self._section(self._loaded.settings, ROOT, (), "")

    def _section(self, section: BaseModel, shape: Shape, path: Path, indent: str) -> Iterator[Line]:
        for name, info in type(section).model_fields.items():
            key = key_of(name, info)
            below = shape.at(key) or Shape(Kind.SCALAR)
            yield from self._entry(key, getattr(section, name), below, (*path, key), indent)

    def _entry(self, key: str, value: Any, shape: Shape, path: Path, indent: str) -> Iterator[Line]:
        label = f"{indent}{_scalar(key)}:"
        if isinstance(value, BaseModel):
            yield Line(label)
            yield from self._section(value, shape, path, indent + "  ")
        elif isinstance(value, Mapping) and value:
            yield Line(label)
            for name, below in value.items():
                yield from self._entry(name, below, shape.at(name) or shape, (*path, name), indent + "  ")
        elif isinstance(value, tuple) and any(isinstance(item, BaseModel) for item in value):
            yield Line(label)
            for index, item in enumerate(value):
                yield from self._item(item, shape.at(index) or shape, (*path, index), indent + "  ")
        else:
            shown = as_written(value, shape, self._discreet)
            yield Line(f"{label} {flow_text(shown)}", path, shown, self._origin(path))

    def _item(self, item: BaseModel, shape: Shape, path: Path, indent: str) -> Iterator[Line]:
        first, *rest = self._section(item, shape, path, indent + "  ")
        yield Line(f"{indent}- {first.text.lstrip()}", first.path, first.value, first.origin)
        yield from rest

    def _discreet(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, REDACTED)
        return text

    def _origin(self, path: Path) -> str:
        if not is_present(self._loaded.data, path):
            return "default"
        origins = self._loaded.origins
        inside = [origin for place, origin in origins.items() if place[: len(path)] == path and len(place) > len(path)]
        own = origin_of(path, origins)
        found = [own] if own is not None else []
        found += [
            origin for origin in inside if not isinstance(origin, Written) or origin.variables or origin.fallbacks
        ]
        return "; ".join(dict.fromkeys(origin_text(origin) for origin in found))


def as_written(value: Any, shape: Shape, discreet: Callable[[str], str] = str) -> Any:
    """Return a value as plain data in the form that the file has it in; secrets are redacted."""
    match value:
        case None | bool():
            return value
        case _ if shape.kind is Kind.SECRET:
            return REDACTED
        case int() | float():
            return format_duration(value) if shape.kind is Kind.DURATION else value
        case tuple() | list():
            return [as_written(item, shape.item or Shape(Kind.SCALAR), discreet) for item in value]
        case Mapping():
            return {key: as_written(item, shape.item or Shape(Kind.SCALAR), discreet) for key, item in value.items()}
        case _:
            return discreet(str(value))


def origin_text(origin: Origin) -> str:
    """Return an origin as people read it."""
    match origin:
        case Environment(name):
            return f"${name}"
        case SecretFile(file, named_by):
            return f"file {file}, named by {origin_text(named_by)}"
        case Written(line, _, variables, fallbacks):
            used = [f"${{{name}}}" for name in variables] + [f"default of ${{{name}}}" for name in fallbacks]
            return ", ".join([f"line {line}", *used])


def _is_secret(path: Path) -> bool:
    shape = ROOT.follow(path)
    return shape is not None and shape.kind is Kind.SECRET


def flow_text(value: Any) -> str:
    """Return a value on one line of YAML; it reads back as the same value."""
    if isinstance(value, list):
        return f"[{', '.join(_scalar(item, inside=True) for item in value)}]"
    return "{}" if isinstance(value, Mapping) else _scalar(value)


def _scalar(value: Any, *, inside: bool = False) -> str:
    """Return a scalar as YAML that reads back as the same value."""
    if not isinstance(value, str):
        return json.dumps(value)
    braces = inside and set("{}[],") & set(value)
    if _PLAIN.fullmatch(value) and not braces and value == value.strip() and parse_value(value) == value:
        return value
    return json.dumps(value, ensure_ascii=False)

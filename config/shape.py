"""The shape of the configuration, read off the models: which keys there are, which hold secrets, paths or durations."""

import types
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path as FilePath
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

from pydantic import BaseModel, BeforeValidator, SecretStr
from pydantic.fields import FieldInfo

from config.origins import Path
from domain.durations import parse_duration

FILE_SUFFIX: Final = "_file"
ANY_KEY: Final = "*"  # stands for every key of a mapping and every item of a list


class Kind(StrEnum):
    """What sort of value belongs at a place."""

    SECTION = "section"
    MAPPING = "mapping"
    LIST = "list"
    SECRET = "secret"  # noqa: S105 -- a word, not a secret
    PATH = "path"
    DURATION = "duration"
    SCALAR = "scalar"


@dataclass(frozen=True, slots=True)
class Shape:
    """What belongs at a place: ``models`` for a section, ``item`` for a mapping or list, ``choices`` for a literal."""

    kind: Kind
    nullable: bool = False
    models: tuple[type[BaseModel], ...] = ()
    item: "Shape | None" = None
    choices: tuple[str, ...] = ()
    types: tuple[type, ...] = ()
    split: bool = False  # a list that may be written as one text, too

    def fields(self) -> dict[str, FieldInfo]:
        """Return the fields of a section by the key that people write."""
        return {key_of(name, info): info for model in self.models for name, info in model.model_fields.items()}

    def at(self, key: str | int) -> "Shape | None":
        """Return the shape of what is under a key, None if there is no such key."""
        if self.kind is Kind.SECTION:
            info = self.fields().get(str(key))
            return None if info is None else shape_of_field(info)
        if self.kind is Kind.MAPPING or (self.kind is Kind.LIST and isinstance(key, int)):
            return self.item
        return None

    def secret_file(self, key: str | int) -> str | None:
        """Return the secret's key when this one names the file of a secret: ``token`` for ``token_file``."""
        if not isinstance(key, str) or not key.endswith(FILE_SUFFIX) or self.at(key) is not None:
            return None
        base = key.removesuffix(FILE_SUFFIX)
        below = self.at(base)
        return base if below is not None and below.kind is Kind.SECRET else None

    def follow(self, path: Path) -> "Shape | None":
        """Return the shape at a path, None if there is no such place."""
        shape: Shape | None = self
        for key in path:
            shape = None if shape is None else shape.at(key)
        return shape


def key_of(name: str, info: FieldInfo) -> str:
    """Return the key of a field as it is written in the file."""
    return name if info.alias is None else info.alias


def shape_of_field(info: FieldInfo) -> Shape:
    """Return the shape of a field's values."""
    return shape_of(info.annotation, tuple(info.metadata))


def shape_of(annotation: Any, metadata: tuple[Any, ...] = ()) -> Shape:
    """Return the shape of values with this annotation."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return shape_of(arguments[0], (*metadata, *arguments[1:]))
    if origin in {Union, types.UnionType}:
        return _union([shape_of(part, metadata) for part in arguments if part is not types.NoneType], arguments)
    if origin is Literal:
        return Shape(Kind.SCALAR, choices=tuple(str(choice) for choice in arguments), types=(str,))
    if origin is not None and issubclass(origin, Mapping):
        return Shape(Kind.MAPPING, item=shape_of(arguments[1]))
    if origin is not None and issubclass(origin, Sequence | set | frozenset):
        split = any(isinstance(entry, BeforeValidator) for entry in metadata)
        return Shape(Kind.LIST, item=shape_of(arguments[0]), split=split)
    return _simple(annotation, metadata)


def walk(shape: Shape, path: Path = ()) -> Iterator[tuple[Path, Shape, FieldInfo | None]]:
    """Yield every place of the configuration once, with ``*`` for any name or index, and its field where it has one."""
    if shape.kind is Kind.SECTION:
        for key, info in shape.fields().items():
            below = shape_of_field(info)
            yield (*path, key), below, info
            yield from walk(below, (*path, key))
    elif shape.item is not None:
        yield from walk(shape.item, (*path, ANY_KEY))


def _simple(annotation: Any, metadata: tuple[Any, ...]) -> Shape:
    if any(isinstance(entry, BeforeValidator) and entry.func is parse_duration for entry in metadata):
        return Shape(Kind.DURATION)
    if not isinstance(annotation, type):
        return Shape(Kind.SCALAR)
    if issubclass(annotation, BaseModel):
        return Shape(Kind.SECTION, models=(annotation,))
    if issubclass(annotation, StrEnum):
        return Shape(Kind.SCALAR, choices=tuple(choice.value for choice in annotation), types=(str,))
    special = {SecretStr: Kind.SECRET, FilePath: Kind.PATH}
    return Shape(special.get(annotation, Kind.SCALAR), types=(annotation,))


def _union(shapes: list[Shape], arguments: tuple[Any, ...]) -> Shape:
    """Join the shapes of a union; one of several kinds has the first one's."""
    first = shapes[0]
    return Shape(
        kind=first.kind,
        nullable=types.NoneType in arguments or any(shape.nullable for shape in shapes),
        models=tuple(model for shape in shapes for model in shape.models),
        item=first.item,
        choices=tuple(dict.fromkeys(choice for shape in shapes for choice in shape.choices)),
        types=tuple(dict.fromkeys(kind for shape in shapes for kind in shape.types)),
    )

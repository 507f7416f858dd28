"""From the draft to the models: every error of pydantic becomes a sentence with a place and a remedy."""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, Final

from pydantic import ValidationError

from config.draft import Draft, is_present, value_at
from config.origins import Path
from config.settings import Settings
from config.shape import Kind, Shape, shape_of
from domain.durations import format_duration

ROOT: Final = shape_of(Settings)
ROUNDS: Final = 12  # each round cuts away what the one before found wrong; what hides behind it shows in the next
_WANTED: Final = {
    Kind.SECTION: "keys with values",
    Kind.MAPPING: "names with what belongs to them",
    Kind.LIST: "a list: [one, two], or lines that begin with a dash",
    Kind.SECRET: "text",
    Kind.PATH: "a path",
    Kind.DURATION: 'a duration such as "30s"',
}
_EMPTY: Final = {
    "too_short": "empty; give at least one",
    "string_too_short": "empty; write a text, or remove the key",
}
_LIMITS: Final = {
    "less_than": "less than",
    "less_than_equal": "at most",
    "greater_than": "more than",
    "greater_than_equal": "at least",
}
_WANTED_TYPES: Final[dict[type, str]] = {str: "text", int: "a whole number", float: "a number", bool: "true or false"}


def validate(draft: Draft) -> Settings | None:
    """Return the settings without the parts that are wrong, and complain of each; None when nothing could be made."""
    data: Any = draft.data
    for _ in range(ROUNDS):
        try:
            return Settings.model_validate(data)
        except ValidationError as error:
            found = error.errors(include_url=False, include_context=True, include_input=False)
        cuts: list[Path] = []
        for entry in found:
            if entry["type"] == "default_factory_not_called":
                continue  # follows from another error of the same section
            path = _path(entry["loc"], data)
            cuts.append(_cut(path, entry["type"]))
            if not draft.spoiled(path):
                draft.complain(path, _sentence(entry, path, data))
        for cut in cuts:
            data = _without(data, cut)
    return None


def _path(location: tuple[str | int, ...], data: Any) -> Path:
    """Return the place in the data; pydantic's location also names union members and ``[key]``."""
    path: Path = ()
    for part in location:
        if is_present(data, (*path, part)):
            path = (*path, part)
    last = location[-1] if location else ""
    holder = ROOT.follow(path)
    missing = holder is not None and holder.kind is Kind.SECTION and last in holder.fields() and path[-1:] != (last,)
    return (*path, last) if missing else path


def _cut(path: Path, kind: str) -> Path:
    """Return what has to go so that the rest can be looked at: whole lists, so that no index moves."""
    if kind == "missing":
        path = path[:-1]
    for length, key in enumerate(path):
        if isinstance(key, int):
            return path[:length]
    return path


def _without(data: Any, path: Path) -> Any:
    """Return a copy without what is at the path."""
    if not path:
        return {}
    if not isinstance(data, Mapping) or path[0] not in data:
        return data
    if len(path) == 1:
        return {key: value for key, value in data.items() if key != path[0]}
    return {**data, path[0]: _without(data[path[0]], path[1:])}


def _sentence(entry: Any, path: Path, data: Any) -> str:
    """Return what is wrong and what to do."""
    kind = str(entry["type"])
    shape = ROOT.follow(path)
    holder = ROOT.follow(path[:-1])
    if kind == "extra_forbidden":
        told = _unknown(str(path[-1]), holder)
    elif kind == "missing":
        told = f"missing; write {path[-1]}: {_description(holder, str(path[-1]))}"
    elif kind in {"literal_error", "enum"}:
        told = _choice(value_at(data, path), shape)
    elif kind == "value_error":
        told = "not valid here" if shape is not None and shape.kind is Kind.SECRET else str(entry["ctx"]["error"])
    elif shape is not None and kind.endswith(("_type", "_parsing", "_from_float")):
        told = f"must be {_wanted(shape)}, not {_told(value_at(data, path))}"
    elif kind in _LIMITS and shape is not None:
        told = _limit(_LIMITS[kind], next(iter(entry["ctx"].values())), value_at(data, path), shape)
    else:
        told = _EMPTY.get(kind) or _own(str(entry["msg"]))
    return told


def _unknown(key: str, holder: Shape | None) -> str:
    keys = [] if holder is None else list(holder.fields())
    near = get_close_matches(key, keys, n=1, cutoff=0.6)
    hint = f"did you mean {near[0]}?" if near else f"the keys here are {', '.join(keys)}"
    return f"unknown key; {hint}"


def _description(holder: Shape | None, key: str) -> str:
    info = None if holder is None else holder.fields().get(key)
    text = "" if info is None or info.description is None else info.description
    first = text[:1].lower() if text[1:2].islower() else text[:1]
    return first + text[1:].rstrip(".")


def _choice(value: Any, shape: Shape | None) -> str:
    choices = () if shape is None else shape.choices
    near = get_close_matches(str(value), choices, n=1)
    hint = f"did you mean {near[0]}? The choices are " if near else "write one of "
    return f"{value!r} is not a choice; {hint}{', '.join(choices)}"


def _wanted(shape: Shape) -> str:
    wanted = _WANTED.get(shape.kind)
    if wanted is None:
        wanted = " or ".join(_WANTED_TYPES.get(kind, kind.__name__) for kind in shape.types) or "something else"
    return f"{wanted} or null" if shape.nullable else wanted


def _told(value: Any) -> str:
    """Return how a value would be named in a sentence; texts are quoted, for they may be misspelt numbers."""
    match value:
        case None:
            return "empty"
        case bool():
            return str(value).lower()
        case int() | float():
            return f"the number {value}"
        case str():
            return f"the text {value!r}"
        case list():
            return "a list"
        case _:
            return "keys with values"


def _limit(word: str, limit: float, value: Any, shape: Shape) -> str:
    if shape.kind is Kind.DURATION:
        return f"must be {word} {format_duration(limit)}, not {value}"
    return f"must be {word} {limit:.15g}, not {_told(value)}"


def _own(message: str) -> str:
    """Return pydantic's own sentence in our form."""
    text = message.removeprefix("Input should be ").removeprefix("Value error, ")
    return f"must be {text}" if text != message and message.startswith("Input") else text

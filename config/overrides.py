"""Environment variables that override the file: ``FORESHOCK__SERVER__PORT`` sets ``server.port``."""

import re
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, Final

from config.document import parse_value
from config.draft import Draft, is_present, value_at
from config.origins import Environment, Path, Problem
from config.shape import FILE_SUFFIX, Kind, Shape

PREFIX: Final = "FORESHOCK__"
SEPARATOR: Final = "__"
_NESTED = {Kind.SECTION, Kind.MAPPING, Kind.LIST}


def apply_overrides(draft: Draft, environ: Mapping[str, str], root: Shape) -> None:
    """Set every value that a variable names; a variable that names nothing is a mistake, not ignored."""
    for name in sorted(name for name in environ if name.startswith(PREFIX)):
        found = _find(name, draft.data, root)
        if isinstance(found, str):
            draft.problems.append(Problem(f"environment variable {name}", None, (), found))
            continue
        path, shape = found
        _give_way(draft, path, root)
        try:
            value = _value(environ[name], shape)
        except ValueError as error:
            draft.problems.append(Problem(f"environment variable {name}", None, path, str(error)))
            continue
        draft.put(path, value, Environment(name))
        draft.foreign[path] = (environ[name], f"${name}")


def _find(name: str, data: Any, root: Shape) -> tuple[Path, Shape] | str:
    """Return the place that a variable names, or what is wrong with its name."""
    path: Path = ()
    shape: Shape = root
    told = PREFIX.removesuffix(SEPARATOR)
    for part in name.removeprefix(PREFIX).split(SEPARATOR):
        keys = _keys(shape, value_at(data, path))
        if part not in keys:
            near = get_close_matches(part, keys, n=1)
            there = f"did you mean {told}{SEPARATOR}{near[0]}?" if near else f"there is {', '.join(keys) or 'nothing'}"
            return f"sets nothing: no {part} in {told}; {there}"
        path = (*path, keys[part])
        told += SEPARATOR + part
        below = shape.at(keys[part])
        shape = Shape(Kind.PATH) if below is None else below  # none: the file of a secret
    return path, shape


def _keys(shape: Shape, value: Any) -> dict[str, str | int]:
    """Return the keys that a variable can name here: those of the models, or those that the file has."""
    match shape.kind:
        case Kind.SECTION:
            keys: list[str | int] = list(shape.fields())
            keys += [f"{key}{FILE_SUFFIX}" for key in shape.fields() if shape.secret_file(f"{key}{FILE_SUFFIX}")]
        case Kind.MAPPING:
            keys = list(value) if isinstance(value, Mapping) else []
        case Kind.LIST:
            keys = list(range(len(value))) if isinstance(value, list) else []
        case _:
            keys = []
    return {re.sub(r"[^A-Z0-9]", "_", str(key).upper()): key for key in keys}


def _value(text: str, shape: Shape) -> Any:
    """Return the value of a variable: YAML for what is nested, the text itself for everything else."""
    if shape.nullable and text == "null":
        return None
    if shape.kind in _NESTED and text.lstrip()[:1] in {"[", "{", ""}:
        return parse_value(text)
    return text


def _give_way(draft: Draft, path: Path, root: Shape) -> None:
    """Let a secret from the environment replace the file's, whether it is given itself or by the name of its file."""
    holder = root.follow(path[:-1]) or root
    key = str(path[-1])
    base = holder.secret_file(key)
    rival: Path = (*path[:-1], f"{key}{FILE_SUFFIX}" if base is None else base)
    if is_present(draft.data, rival) and not isinstance(draft.origins.get(rival), Environment):
        draft.drop(rival)

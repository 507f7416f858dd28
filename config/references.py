"""References to the environment inside the file's texts: ``${NAME}`` and ``${NAME:-default}``."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import Any

from config.draft import Draft
from config.origins import Path, Written, leaves
from config.shape import FILE_SUFFIX, Kind, Shape

_REFERENCE = re.compile(r"\$(?P<escape>\$)?\{(?P<inside>[^{}]*)(?P<end>\}?)")
_INSIDE = re.compile(r"(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?P<fallback>:-(?P<default>.*))?", re.DOTALL)


@dataclass(slots=True)
class _Filling:
    """What became of the references of one text."""

    environ: Mapping[str, str]
    secret: str | None  # the key, when its value is a secret
    variables: list[str] = field(default_factory=list)
    fallbacks: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def replace(self, match: re.Match[str]) -> str:
        if match["escape"]:
            return match[0][1:]
        inside = _INSIDE.fullmatch(match["inside"])
        if inside is None or not match["end"]:
            self.complaints.append("not a reference; write ${NAME} or ${NAME:-default}, and $${ for the characters ${")
            return ""
        name = inside["name"]
        value = self.environ.get(name)
        if value or (value is not None and inside["fallback"] is None):
            self.variables.append(name)
            return value
        if inside["fallback"] is None:
            self.complaints.append(self.unset(name))
            return ""
        self.fallbacks.append(name)
        return str(inside["default"])

    def unset(self, name: str) -> str:
        near = get_close_matches(name, self.environ, n=1, cutoff=0.8)
        hint = f" (there is {near[0]})" if near else ""
        instead = f"write {self.secret}{FILE_SUFFIX}: PATH" if self.secret else f"write a default: ${{{name}:-...}}"
        return f"the environment variable {name} is not set{hint}; set it, or {instead}"


def fill_references(draft: Draft, environ: Mapping[str, str], root: Shape) -> None:
    """Put the environment's values into the texts of the draft, and remember which."""
    for path, value in list(leaves(draft.data)):
        if isinstance(value, str) and "${" in value:
            shape = root.follow(path)
            secret = shape is not None and shape.kind is Kind.SECRET
            _fill(draft, path, value, _Filling(environ, str(path[-1]) if secret else None))


def _fill(draft: Draft, path: Path, text: str, filling: _Filling) -> None:
    filled = _REFERENCE.sub(filling.replace, text)
    mark = draft.origins.get(path)
    if isinstance(mark, Written):
        mark = replace(mark, variables=tuple(filling.variables), fallbacks=tuple(filling.fallbacks))
        _set(draft.data, path, filled)
        draft.origins[path] = mark
    for complaint in filling.complaints:
        draft.complain(path, complaint)
    if filling.variables:
        draft.foreign[path] = (filled, text)


def _set(data: Any, path: Path, value: str) -> None:
    for key in path[:-1]:
        data = data[key]
    data[path[-1]] = value

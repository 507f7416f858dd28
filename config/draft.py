"""A configuration on its way from the file to the models: plain data, origins, and what is wrong so far."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from config.document import Document
from config.origins import Origin, Path, Problem, origin_of, overlap, problem_at

SHORTEST_SECRET: Final = 4  # shorter texts occur in innocent words; they are hidden only at their own place


@dataclass(slots=True)
class Draft:
    """Mutable on purpose: the loader's steps take turns at it. ``foreign`` texts came from outside the file."""

    file: str
    data: dict[str, Any]
    origins: dict[Path, Origin]
    problems: list[Problem]
    warnings: list[Problem] = field(default_factory=list)
    foreign: dict[Path, tuple[str, str]] = field(default_factory=dict)  # path -> (text, what to show instead)
    secrets: dict[Path, str] = field(default_factory=dict)

    @classmethod
    def of(cls, document: Document, file: str) -> "Draft":
        """Begin with what the file says."""
        return cls(file, document.data, dict(document.marks), list(document.problems))

    def complain(self, path: Path, message: str, cause: Path = ()) -> None:
        """Add a problem at the place where its value was written, or where the need for one arose."""
        place = path if origin_of(path, self.origins) is not None else cause
        problem = problem_at(self.file, place, self.discreet(path, message), self.origins)
        self.problems.append(replace(problem, path=path))

    def warn(self, path: Path, message: str) -> None:
        """Add something that is allowed, but hardly meant."""
        self.warnings.append(problem_at(self.file, path, self.discreet(path, message), self.origins))

    def spoiled(self, path: Path) -> bool:
        """Tell whether something here or below is known to be wrong, so that what follows from it is not told too."""
        return any(problem.path[: len(path)] == path for problem in self.problems)

    def discreet(self, path: Path, message: str) -> str:
        """Return the message without any secret, and without texts from outside the file that belong to the path."""
        hidden = {text: "(secret)" for text in self.secrets.values() if len(text) >= SHORTEST_SECRET}
        hidden |= {text: label for place, (text, label) in self.foreign.items() if text and overlap(place, path)}
        for text in sorted(hidden, key=len, reverse=True):
            message = message.replace(text, hidden[text]).replace(repr(text)[1:-1], hidden[text])
        return message

    def put(self, path: Path, value: Any, origin: Origin) -> None:
        """Set a value that does not come from the file's text, and forget what was there."""
        for gone in [place for place in self.origins if place[: len(path)] == path]:
            del self.origins[gone]
        holder: Any = self.data
        for key in path[:-1]:
            if isinstance(holder, dict) and not isinstance(holder.get(key), dict | list):
                holder[key] = {}
            holder = holder[key]
        holder[path[-1]] = value
        self.origins[path] = origin

    def drop(self, path: Path) -> None:
        """Forget a key."""
        holder = value_at(self.data, path[:-1])
        if isinstance(holder, dict):
            holder.pop(path[-1], None)


def value_at(data: Any, path: Path) -> Any:
    """Return what is at a path; None where there is nothing."""
    for key in path:
        if not _holds(data, key):
            return None
        data = data[key]
    return data


def is_present(data: Any, path: Path) -> bool:
    """Tell whether a path exists, be its value null."""
    return _holds(value_at(data, path[:-1]), path[-1])


def _holds(holder: Any, key: str | int) -> bool:
    if isinstance(holder, list):
        return isinstance(key, int) and key < len(holder)
    return isinstance(holder, Mapping) and key in holder

"""Where a value comes from, and what is wrong with it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from domain.errors import ConfigError

Path: TypeAlias = tuple[str | int, ...]
SHOWN: Final = 100  # problems: what one slip has spoilt a thousand times is read once


@dataclass(frozen=True, slots=True)
class Written:
    """In the file; ``variables`` were put into its text, those of ``fallbacks`` by the default written with them."""

    line: int
    column: int
    variables: tuple[str, ...] = ()
    fallbacks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Environment:
    """From an environment variable that overrides the file."""

    name: str


@dataclass(frozen=True, slots=True)
class SecretFile:
    """The content of a file that was named at ``named_by``."""

    file: str
    named_by: Written | Environment


Origin: TypeAlias = Written | Environment | SecretFile
Origins: TypeAlias = Mapping[Path, Origin]


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: what, and what to do about it. ``line`` is None when the file is not to blame."""

    place: str
    line: int | None
    path: Path
    message: str

    def __str__(self) -> str:
        key = f"{dotted(self.path)}: " if self.path else ""
        return f"{self.place}: {key}{self.message}"


class InvalidConfigError(ConfigError):
    """Raised with everything that is wrong with a configuration, in the order of its lines."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        """Sort the problems; those without a line come last."""
        self.problems = tuple(
            sorted(problems, key=lambda problem: (problem.line is None, problem.line or 0, dotted(problem.path)))
        )
        super().__init__("\n".join(self._lines()))

    def _lines(self) -> Iterator[str]:
        """Yield a line for each problem; of very many, for the first ones, and how many there are."""
        yield from map(str, self.problems[:SHOWN])
        more = len(self.problems) - SHOWN
        if more > 0:
            yield f"and {more:,} more, {len(self.problems):,} in all: mend these first"


def dotted(path: Path) -> str:
    """Return a path as people write it: ``services.payments.objectives[0].for``."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def origin_of(path: Path, origins: Origins) -> Origin | None:
    """Return the origin of a path, or of the nearest thing that holds it."""
    for length in range(len(path), 0, -1):
        origin = origins.get(path[:length])
        if origin is not None:
            return origin
    return None


def problem_at(file: str, path: Path, message: str, origins: Origins) -> Problem:
    """Return a problem with the place that a person has to look at."""
    origin = origin_of(path, origins)
    if isinstance(origin, SecretFile):
        origin = origin.named_by
    match origin:
        case None:
            return Problem(f"{file}:1", 1, path, message)
        case Environment(name):
            return Problem(f"environment variable {name}", None, path, message)
        case Written(line):
            return Problem(f"{file}:{line}", line, path, message)


def overlap(one: Path, other: Path) -> bool:
    """Tell whether one path holds the other, or they are the same."""
    length = min(len(one), len(other))
    return one[:length] == other[:length]


def leaves(value: object, path: Path = ()) -> Iterator[tuple[Path, object]]:
    """Yield every scalar of a tree of mappings and lists with its path."""
    if isinstance(value, Mapping):
        for key, below in value.items():
            yield from leaves(below, (*path, key))
    elif isinstance(value, list):
        for index, below in enumerate(value):
            yield from leaves(below, (*path, index))
    else:
        yield path, value

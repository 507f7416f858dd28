"""YAML that remembers its lines: text to plain data, with the place of every value.

The safe core of YAML 1.2 only: no tags that make objects, keys are text, a key twice is an error, ``no``, ``on`` and
``12:30`` are text, anchors may be used but not to blow the document up.
"""

import math
import re
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

import yaml

from config.origins import Path, Problem, Written

MAX_CHARACTERS: Final = 1_000_000
MAX_NODES: Final = 100_000
MAX_DEPTH: Final = 40
_TAG = "tag:yaml.org,2002:"
_KNOWN_TAGS = frozenset(_TAG + name for name in ("str", "int", "float", "bool", "null", "map", "seq"))
_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_BOOL = {
    text: value for value, word in ((True, "true"), (False, "false")) for text in (word, word.title(), word.upper())
}
_INTEGER = re.compile(r"[-+]?[0-9]{1,30}")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]{1,3})?")
_NOT_FINITE = re.compile(r"(?i:[-+]?\.inf|\.nan)")

Scalar: TypeAlias = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Document:
    """The content of a file. ``marks`` has the place of every key and every item of a list."""

    data: dict[str, Any]
    marks: dict[Path, Written]
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class _Node:
    value: "Scalar | list[_Node] | dict[str, tuple[Written, _Node]]"
    mark: Written
    size: int = 1  # nodes in here with every alias expanded


class _StopError(Exception):
    """Raised when reading on makes no sense."""

    def __init__(self, mark: Written, message: str) -> None:
        super().__init__(message)
        self.mark = mark


@dataclass(slots=True)
class _Reader:
    """Builds the tree from the parser's events, without recursion into aliases."""

    file: str
    events: Any
    anchors: dict[str, _Node] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def node(self, event: Any, path: Path) -> _Node:
        mark = _mark(event)
        if isinstance(event, yaml.AliasEvent):
            if event.anchor not in self.anchors:
                raise _StopError(
                    mark, f"*{event.anchor} is not known here; an alias comes after its anchor, outside it"
                )
            return self.anchors[event.anchor]
        if len(path) >= MAX_DEPTH:
            raise _StopError(mark, f"nested deeper than {MAX_DEPTH} levels; no configuration needs that")
        if event.tag not in {None, "!"} and event.tag not in _KNOWN_TAGS:
            self.report(mark, path, f"the tag {event.tag} is not allowed; write plain values")
        node = self.content(event, mark, path)
        if node.size > MAX_NODES:
            raise _StopError(mark, f"more than {MAX_NODES} values once its aliases are expanded; write less")
        if event.anchor is not None:
            self.anchors[event.anchor] = node
        return node

    def content(self, event: Any, mark: Written, path: Path) -> _Node:
        if isinstance(event, yaml.SequenceStartEvent):
            return self.sequence(mark, path)
        if isinstance(event, yaml.MappingStartEvent):
            return self.mapping(mark, path)
        if event.style is not None or event.tag in {"!", _TAG + "str"}:
            return _Node(event.value, mark)
        value = _plain(event.value)
        if value in {math.inf, -math.inf} or _NOT_FINITE.fullmatch(event.value):
            self.report(mark, path, f"{event.value} is not a finite number; write one that is")
        return _Node(value, mark)

    def sequence(self, mark: Written, path: Path) -> _Node:
        items: list[_Node] = []
        size = 1
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            item = self.node(event, (*path, len(items)))
            items.append(item)
            size += item.size
        return _Node(items, mark, size)

    def mapping(self, mark: Written, path: Path) -> _Node:
        entries: dict[str, tuple[Written, _Node]] = {}
        merged: list[_Node] = []
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            key_mark = _mark(event)
            if not isinstance(event, yaml.ScalarEvent):
                raise _StopError(
                    key_mark, "a key must be plain text; to begin with a brace or bracket, write it in quotes"
                )
            node = self.node(next(self.events), (*path, event.value))
            if event.value == "<<" and event.style is None:
                merged += self.mergeable(node, key_mark, path)
            elif event.value in entries:
                first = entries[event.value][0].line
                self.report(key_mark, (*path, event.value), f"written twice; the first is in line {first}: remove one")
            else:
                entries[event.value] = (key_mark, node)
        for node in merged:
            assert isinstance(node.value, dict)  # noqa: S101 -- mergeable has seen to it
            entries = {**node.value, **entries}
        return _Node(entries, mark, 1 + sum(node.size for _, node in entries.values()))

    def mergeable(self, node: _Node, mark: Written, path: Path) -> list[_Node]:
        parts = node.value if isinstance(node.value, list) else [node]
        if not all(isinstance(part.value, dict) for part in parts):
            self.report(mark, (*path, "<<"), "only mappings can be merged; write <<: *anchor")
            return []
        return list(parts)

    def report(self, mark: Written, path: Path, message: str) -> None:
        self.problems.append(Problem(f"{self.file}:{mark.line}", mark.line, path, message))


def parse(text: str, file: str) -> Document:
    """Return the document; what is wrong with it, syntax included, is in its problems."""
    if len(text) > MAX_CHARACTERS:
        told = f"longer than {MAX_CHARACTERS} characters; a configuration is a page or two"
        return Document({}, {}, (Problem(f"{file}:1", 1, (), told),))
    reader = _Reader(file, yaml.parse(text, Loader=yaml.SafeLoader))
    try:
        root = _root(reader)
    except _StopError as error:
        reader.report(error.mark, (), str(error))
        root = None
    except yaml.MarkedYAMLError as error:
        reader.report(_mark_of(error.problem_mark or error.context_mark), (), _syntax(error))
        root = None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        reader.report(Written(line, 1), (), "a character that YAML does not allow; remove it")
        root = None
    if root is None or root.value is None:
        return Document({}, {}, tuple(reader.problems))
    if not isinstance(root.value, dict):
        reader.report(
            root.mark, (), "the file must hold sections such as kafka, sources and services; see the examples"
        )
        return Document({}, {}, tuple(reader.problems))
    marks: dict[Path, Written] = {}
    return Document(_plain_data(root, (), marks), marks, tuple(reader.problems))


def parse_value(text: str) -> Any:
    """Return the plain data of one YAML value, as given in an environment variable; raises ValueError."""
    document = parse("value:\n  " + text.replace("\n", "\n  "), "value")
    if document.problems:
        raise ValueError(document.problems[0].message)
    return document.data["value"]


def _root(reader: _Reader) -> _Node | None:
    root = None
    for event in reader.events:
        if isinstance(event, yaml.NodeEvent):
            if root is not None:
                raise _StopError(_mark(event), "a second document; a configuration is one document without ---")
            root = reader.node(event, ())
    return root


def _plain_data(node: _Node, path: Path, marks: dict[Path, Written]) -> Any:
    if isinstance(node.value, dict):
        plain = {}
        for key, (mark, below) in node.value.items():
            marks[*path, key] = mark
            plain[key] = _plain_data(below, (*path, key), marks)
        return plain
    if isinstance(node.value, list):
        for index, item in enumerate(node.value):
            marks[*path, index] = item.mark
        return [_plain_data(item, (*path, index), marks) for index, item in enumerate(node.value)]
    return node.value


def _plain(text: str) -> Scalar:
    if text in _NULL:
        return None
    if text in _BOOL:
        return _BOOL[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    return text


def _mark(event: Any) -> Written:
    return _mark_of(event.start_mark)


def _mark_of(mark: Any) -> Written:
    return Written(1, 1) if mark is None else Written(mark.line + 1, mark.column + 1)


def _syntax(error: yaml.MarkedYAMLError) -> str:
    where = f" {error.context}" if error.context else ""
    advice = "check indentation, colons and quotes (a # begins a comment) from here upwards"
    return f"not YAML: {error.problem}{where}; {advice}"

"""Reads the configuration: defaults < file < environment variables < files of secrets.

The only reader of the process's environment.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Any

from config.advice import advise
from config.checks import Names, check
from config.document import MAX_CHARACTERS, parse
from config.draft import Draft
from config.origins import InvalidConfigError, Origin, Path, Problem
from config.overrides import apply_overrides
from config.references import fill_references
from config.secret_files import settle
from config.settings import Settings
from config.validation import ROOT, validate


@dataclass(frozen=True, slots=True, repr=False)
class Loaded:
    """Settings that can be used, and where each of their values comes from. ``data`` holds secrets: never print it."""

    file: str
    settings: Settings
    data: Mapping[str, Any]
    origins: Mapping[Path, Origin]
    warnings: tuple[Problem, ...]


def load(path: FilePath, environ: Mapping[str, str], *, require_sources: bool = False) -> Settings:
    """Return the settings of a file; raises InvalidConfigError (a ConfigError) with everything that is wrong."""
    return read(path, environ, require_sources=require_sources).settings


def load_with_environment(path: FilePath, *, require_sources: bool = False) -> Settings:
    """Return the settings of a file under the environment of this process; raises like `load`."""
    return load(path, os.environ, require_sources=require_sources)


def read_with_environment(path: FilePath, *, require_sources: bool = False) -> Loaded:
    """Return settings with their origins under the environment of this process; raises like `load`."""
    return read(path, os.environ, require_sources=require_sources)


def read(path: FilePath, environ: Mapping[str, str], *, require_sources: bool = False) -> Loaded:
    """Return settings with their origins; raises like `load`. Only offline work is possible without sources."""
    file = str(path)
    document = parse(_text(path, file), file)
    draft = Draft.of(document, file)
    if any(not problem.path for problem in draft.problems):
        raise InvalidConfigError(draft.problems)  # not YAML: all else would only follow from that
    fill_references(draft, environ, ROOT)
    apply_overrides(draft, environ, ROOT)
    settle(draft, ROOT, path.parent)
    settings = validate(draft)
    if settings is not None:
        findings = check(settings, Names.of(draft.data), require_sources=require_sources)
        for finding in findings:
            if not draft.spoiled(finding.path):
                draft.complain(finding.path, finding.message, finding.cause)
    if settings is None or draft.problems:
        raise InvalidConfigError(draft.problems)
    for finding in advise(settings):
        draft.warn(finding.path, finding.message)
    warnings = tuple(sorted(draft.warnings, key=lambda warning: warning.line or 0))
    return Loaded(file, settings, draft.data, draft.origins, warnings)


def _text(path: FilePath, file: str) -> str:
    """Return the file's text; no more of it than a configuration may have."""
    problem = ""
    try:
        with path.open("rb") as stream:
            return stream.read(4 * MAX_CHARACTERS + 4).decode("utf-8-sig")
    except OSError as error:
        problem = f"cannot read it: {error.strerror}; name a configuration file that this user can read"
    except UnicodeDecodeError as error:
        problem = f"not UTF-8 text (byte {error.start + 1}); save the file as UTF-8"
    raise InvalidConfigError([Problem(file, None, (), problem)])

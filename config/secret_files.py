"""The last step before the models: secrets are read from their files, paths made absolute, empty sections allowed."""

import os
import stat
from pathlib import Path as FilePath
from typing import Any, Final

from config.draft import Draft
from config.origins import Path, SecretFile, Written, origin_of
from config.shape import FILE_SUFFIX, Kind, Shape

MAX_SECRET_BYTES: Final = 65_536


def settle(draft: Draft, root: Shape, folder: FilePath) -> None:
    """Prepare the draft for the models; paths are relative to the folder of the configuration file."""
    draft.data = _settled(draft, draft.data, root, (), folder)


def _settled(draft: Draft, value: Any, shape: Shape, path: Path, folder: FilePath) -> Any:
    if value is None:
        return None if shape.nullable else _empty(shape)
    if isinstance(value, dict) and shape.kind is Kind.SECTION:
        value = _with_secrets(draft, value, shape, path, folder)
    if isinstance(value, dict):
        return {key: _below(draft, below, shape, (*path, key), folder) for key, below in value.items()}
    if isinstance(value, list):
        return [_below(draft, below, shape, (*path, index), folder) for index, below in enumerate(value)]
    if shape.kind is Kind.SECRET:
        _check_secret(draft, value, path)
    if shape.kind is Kind.PATH and isinstance(value, str):
        return _absolute(draft, value, path, folder)
    return value


def _below(draft: Draft, value: Any, shape: Shape, path: Path, folder: FilePath) -> Any:
    below = shape.at(path[-1])
    return value if below is None else _settled(draft, value, below, path, folder)


def _empty(shape: Shape) -> Any:
    """Return what a key with nothing after it means."""
    match shape.kind:
        case Kind.SECTION | Kind.MAPPING:
            return {}
        case Kind.LIST:
            return []
        case _:
            return None


def _with_secrets(draft: Draft, section: dict[str, Any], shape: Shape, path: Path, folder: FilePath) -> dict[str, Any]:
    """Return the section with every ``<secret>_file`` replaced by the secret."""
    settled = dict(section)
    for key, named in section.items():
        base = shape.secret_file(key)
        if base is None:
            continue
        del settled[key]
        if base in section:
            draft.complain((*path, key), f"{base} is given too; remove one of {base} and {key}")
            continue
        origin = origin_of((*path, key), draft.origins)
        named_by = origin.named_by if isinstance(origin, SecretFile) else origin
        draft.origins[*path, base] = SecretFile(str(named), named_by or Written(1, 1))
        settled[base] = _read(draft, named, folder, (*path, key))
    return settled


def _read(draft: Draft, named: Any, folder: FilePath, path: Path) -> str:
    """Return the text of a secret's file without its last line break; empty when that is impossible."""
    if draft.spoiled(path):
        return ""
    if not isinstance(named, str) or not named:
        draft.complain(path, "not a path; write the name of the file that holds the secret")
        return ""
    file = folder / named
    try:
        with file.open("rb") as stream:
            content = stream.read(MAX_SECRET_BYTES + 1)
            open_to_all = bool(os.fstat(stream.fileno()).st_mode & stat.S_IROTH)
        text = content.decode()
    except OSError as error:
        draft.complain(path, f"cannot read {file}: {error.strerror}; name a file that this user can read")
        return ""
    except UnicodeDecodeError:
        draft.complain(path, f"{file} is not UTF-8 text; write the secret as text")
        return ""
    if len(content) > MAX_SECRET_BYTES:
        draft.complain(path, f"{file} is longer than {MAX_SECRET_BYTES} bytes; name the file of one secret")
        return ""
    if open_to_all:
        # No more than a warning: where secrets are mounted, their modes are often not ours to choose.
        draft.warn(path, f"everybody on this machine can read {file}; write chmod o= {file}")
    return text.removesuffix("\n").removesuffix("\r")


def _check_secret(draft: Draft, value: Any, path: Path) -> None:
    """Refuse secrets that stand in the file itself, and empty ones."""
    key = path[-1]
    draft.secrets[path] = str(value)
    origin = origin_of(path, draft.origins)
    if draft.spoiled(path) or draft.spoiled((*path[:-1], f"{key}{FILE_SUFFIX}")):
        return
    if isinstance(origin, Written) and not origin.variables and not origin.fallbacks:
        told = f'a secret must not stand in the file; write {key}: "${{NAME}}" or {key}{FILE_SUFFIX}: PATH'
        draft.complain(path, told)
    elif isinstance(value, str) and not value.strip():
        draft.complain(path, "the secret is empty; give it a value, or remove the key")
    elif isinstance(origin, Written) and origin.fallbacks:
        draft.warn(path, f"{', '.join(origin.fallbacks)} is not set: the secret is the default that stands in the file")


def _absolute(draft: Draft, text: str, path: Path, folder: FilePath) -> str:
    file = folder / text
    if str(path[-1]).endswith(FILE_SUFFIX) and not draft.spoiled(path) and not file.is_file():
        draft.complain(
            path, f"there is no file {file}; correct the path: it is relative to this configuration's folder"
        )
    return str(file)

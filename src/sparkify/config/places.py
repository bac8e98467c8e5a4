"""Paths in settings: `~` is the home of the user, and what a file names is relative to the folder of that file."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

PATHS = ("logs", "songs", "spool", "log_jsonpath")
"""Settings that are paths, unless they are URLs."""
_FILE_URL = "duckdb:///"


def placed(values: Mapping[str, object], folder: Path) -> dict[str, object]:
    """The values of a file, with its paths relative to the working directory: `folder` is that of the file."""
    if folder == Path():
        return dict(values)
    return {name: _changed(name, value, lambda path: os.path.join(folder, path)) for name, value in values.items()}


def at_home(name: str, value: object) -> object:
    """A value in which `~` at the beginning of a path is the home of the user."""
    return _changed(name, value, os.path.expanduser)


def _changed(name: str, value: object, change: Callable[[str], str]) -> object:
    """A value, with its path changed if it is a relative one."""
    if isinstance(value, Mapping):
        return {key: _changed(f"{name}.{key}", inner, change) for key, inner in value.items()}
    if not isinstance(value, str) or not value:
        return value
    if name == "warehouse" and value.startswith(_FILE_URL):
        path = value.removeprefix(_FILE_URL)
        return _FILE_URL + _if_relative(path, change) if path else value
    is_path = name in PATHS or name.endswith(".location")
    return value if not is_path or "://" in value else _if_relative(value, change)


def _if_relative(path: str, change: Callable[[str], str]) -> str:
    if path.startswith("~"):
        return os.path.expanduser(path) if change is os.path.expanduser else path
    return path if os.path.isabs(path) else change(path)

"""What a run reads and what it loads into: no output may replace any of it."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator

from sparkify.config.settings import CONFIG_FILE, Settings
from sparkify.engines.registry import local_files
from sparkify.errors import SparkifyError
from sparkify.sources.local import path_in
from sparkify.storage.output_file import Kept


def kept_files(settings: Settings, *files: str | None, is_config: bool = False) -> Kept:
    """The sources, the warehouse and the configuration of some settings, and further files that a command reads.

    `is_config` says that the output is the configuration itself, which may be beside the data.
    """
    sources = [path for path in map(_local_path, (settings.logs, settings.songs)) if path]
    paths = [found for path in sources for found in _named_by(path)]
    configuration = (None if is_config else CONFIG_FILE, *files, _local_path(settings.log_jsonpath))
    return Kept(
        files=(*_warehouse(settings), *filter(None, configuration), *(path for path in paths if os.path.isfile(path))),
        folders=tuple(path for path in paths if os.path.isdir(path)),
        may_add=is_config,
    )


def _warehouse(settings: Settings) -> tuple[str, ...]:
    """A warehouse that cannot be named cannot be replaced either: opening it says what is wrong."""
    try:
        return local_files(settings.warehouse)
    except SparkifyError:
        return ()


def _local_path(location: str | None) -> str:
    """The path that a source names, if it is one of this machine."""
    if not location or ("://" in location and not location.startswith("file://")):
        return ""
    return path_in(location) if location.startswith("file://") else location


def _named_by(path: str) -> Iterator[str]:
    """A folder or a file; for a pattern the files that it names, and the folder in which it looks for them."""
    if os.path.exists(path) or not glob.has_magic(path):
        yield path
        return
    yield from glob.iglob(path, recursive=True)
    while glob.has_magic(path):
        path = os.path.dirname(path)
    yield path or "."

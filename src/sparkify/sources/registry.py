"""The registry of sources: URI scheme to module and extra. A module is imported when its scheme is named."""

from __future__ import annotations

import importlib
from typing import NamedTuple
from urllib.parse import unquote

from sparkify.contract import Kind
from sparkify.errors import UsageError, needing
from sparkify.sources.base import Source, SourceFile
from sparkify.sources.files import FileSource
from sparkify.sources.opening import Opening
from sparkify.text import without_password


class _Entry(NamedTuple):
    module: str
    extra: str = ""


_FOLDER = _Entry("sparkify.sources.local")
_STORE = _Entry("sparkify.sources.object_store", "s3")
_TOPIC = _Entry("sparkify.sources.kafka", "kafka")

REGISTRY = {
    "": _FOLDER, "file": _FOLDER, "s3": _STORE, "s3a": _STORE, "s3n": _STORE, "gs": _STORE, "az": _STORE,
    "kafka": _TOPIC,
}  # fmt: skip
"""Scheme of a URI: the module that holds the source, and the extra that installs what it needs.

Such a module has a function `open_source(location, opening)`.
"""


def source_at(location: str, opening: Opening | None = None) -> Source:
    """The source that a user names.

    Raises:
        UsageError: the location has a scheme that is not known, or a package is missing.
        SourceError: there is no such place.
    """
    scheme = location.split("://")[0] if "://" in location else ""
    entry = REGISTRY.get(scheme)
    if entry is None:
        known = ", ".join(f"{name}://" for name in REGISTRY if name)
        raise UsageError(
            f"cannot read from {without_password(location)}: unknown scheme {scheme}://",
            hint=f"Known: a file, a folder, {known}.",
        )
    if "\0" in (unquote(location) if entry is _FOLDER else location):
        raise UsageError("a source holds a NUL character", hint="Check --logs and --songs.")
    with needing(f"{scheme}://", entry.extra):
        module = importlib.import_module(entry.module)
    source: Source = module.open_source(location, opening or Opening())
    return source


def files_at(location: str, opening: Opening | None = None) -> FileSource:
    """The source of files that a user names.

    Raises:
        UsageError: as for `source_at`; or it is a topic.
        SourceError: there is no such place.
    """
    source = source_at(location, opening)
    if not isinstance(source, FileSource):
        raise UsageError(f"{without_password(location)} is a topic, and files are needed", hint="Name a folder.")
    return source


def file_at(kind: Kind, uri: str, *, anonymous: bool = False) -> SourceFile:
    """The file at a canonical URI, as it is now.

    Raises:
        SourceError: it is gone or cannot be read.
    """
    if uri.startswith("file://"):
        from sparkify.sources.local import file_of_path, path_in

        return file_of_path(kind, path_in(uri))
    folder, _, _ = uri.rpartition("/")
    return source_at(folder, Opening(anonymous=anonymous)).file_at(kind, uri)

"""URI scheme to source. A module that needs an extra is imported when its scheme is named."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote

from sparkify.contract import Kind
from sparkify.errors import UsageError
from sparkify.text import without_password

if TYPE_CHECKING:
    pass
from sparkify.sources.base import STORES, Source, SourceFile


def source_at(location: str, *, anonymous: bool = False) -> Source:
    """The source that a user names; `anonymous` asks an object store without signing in.

    Raises:
        UsageError: the location has a scheme that is not known, or a package is missing.
        SourceError: there is no such place.
    """
    scheme = location.split("://")[0] if "://" in location else ""
    if "\0" in (location if scheme in STORES else unquote(location)):
        raise UsageError("a source holds a NUL character", hint="Check --logs and --songs.")
    if scheme in STORES:
        try:
            from sparkify.sources.object_store import ObjectStore
        except ModuleNotFoundError as error:
            raise UsageError(
                f"{scheme}:// needs the package {error.name}, which is not installed",
                hint="Install it with: pip install 'sparkify[s3]'",
            ) from error
        return ObjectStore(location, anonymous=anonymous)
    if scheme not in ("", "file"):
        raise UsageError(
            f"cannot read from {without_password(location)}: unknown scheme {scheme}://",
            hint=f"Known: a folder, file://, {', '.join(f'{known}://' for known in STORES)}.",
        )
    from sparkify.sources.local import Folder

    return Folder(location)


def file_at(kind: Kind, uri: str, *, anonymous: bool = False) -> SourceFile:
    """The file at a canonical URI, as it is now.

    Raises:
        SourceError: it is gone or cannot be read.
    """
    if uri.startswith("file://"):
        from sparkify.sources.local import file_of_uri

        return file_of_uri(kind, uri)
    folder, _, _ = uri.rpartition("/")
    return source_at(folder, anonymous=anonymous).file_at(kind, uri)

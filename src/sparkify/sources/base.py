"""What there is to read, wherever it lies: one interface, and a class for each kind of place behind it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol
from urllib.parse import unquote_to_bytes

from sparkify.contract import Kind
from sparkify.errors import CannotOpen, Damaged, KeepsChanging, SourceError

if TYPE_CHECKING:
    from sparkify.storage.spool import Spool

ENDINGS = tuple(form + packed for form in (".json", ".jsonl", ".ndjson") for packed in ("", ".gz", ".zst"))


STORES = ("s3", "gs", "az")
"""Schemes of object stores; the URI of an object is the scheme, the bucket and the key as it is."""


class Readable(Protocol):
    """What the readers ask of an open file."""

    def readinto(self, buffer: memoryview, /) -> int:
        """Fill the buffer from its start; 0 means the end."""


class Content(Readable, Protocol):
    """The bytes of a file as they lie there, opened for reading.

    `tag` and `size` (in bytes) are those of what is being read. `path` is where all of it lies on this machine, for
    engines that read files themselves; empty if it lies elsewhere.
    """

    tag: str
    size: int
    path: str

    @property
    def is_unchanged(self) -> bool:
        """Whether what was read is the file as it is now, or one state of it that was whole."""

    def close(self) -> None:
        """Give back what is held."""


class Source(ABC):
    """A place that holds files.

    `uri` is canonical and has no `/` at its end; `copies_files` says whether files must be copied to this machine.
    Every method may raise SourceError.
    """

    uri: str
    copies_files = False

    @abstractmethod
    def files(self, kind: Kind) -> list[SourceFile]:
        """All files of a kind, in the order of their URIs; there is at least one.

        Names that begin with `.` or `_` are skipped, and so is all that lies below them.
        """

    @abstractmethod
    def open(self, file: SourceFile) -> Content:
        """Open a file."""

    @abstractmethod
    def file_at(self, kind: Kind, uri: str) -> SourceFile:
        """A file of this source by its URI, with the size and the tag that it has now."""

    def is_racy(self, file: SourceFile, read_at: float) -> bool:  # noqa: ARG002
        """Whether the file may have changed after `read_at` (seconds since the epoch) without another tag."""
        return False

    def is_still(self, file: SourceFile, tag: str) -> bool:  # noqa: ARG002
        """Whether what was staged of the file is what was read under this tag; asked after loading."""
        return True

    def fetch(self, files: Iterable[SourceFile], spool: Spool) -> None:
        """Copy files to this machine, where `open` finds them."""
        raise NotImplementedError

    def release(self, files: Iterable[SourceFile]) -> None:  # noqa: B027
        """Forget the copies of these files."""

    def cancel(self) -> None:  # noqa: B027
        """Break off what `fetch` is doing in another thread, soon."""


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file of a source.

    `uri` is canonical: one file has one URI, however the source was spelled. `path` is the file's name within its
    `source`. `tag` changes when the content does. `by_engine` says that the engine is to read it where it is.
    """

    kind: Kind
    uri: str
    path: str
    size: int
    tag: str
    source: Source = field(compare=False, repr=False)
    by_engine: bool = field(default=False, compare=False)

    @property
    def is_copied(self) -> bool:
        """Whether it must be copied to this machine before it is read."""
        return self.source.copies_files and not self.by_engine

    @property
    def scheme(self) -> str:
        """The kind of place that the file lies in: `file`, or that of its object store."""
        return self.uri.partition("://")[0]

    @property
    def packing(self) -> str:
        """How the file is compressed: `gz`, `zst` or an empty text."""
        return self.path.rsplit(".", 1)[-1] if self.path.endswith((".gz", ".zst")) else ""


def shown(uri: str) -> str:
    """A URI as a person reads it: a path where it names one. Bytes that are not UTF-8 are shown as escapes."""
    if not uri.startswith("file://"):
        return uri
    return unquote_to_bytes(uri.removeprefix("file://")).decode("utf-8", "backslashreplace")


def is_hidden(name: str) -> bool:
    """Whether a file or a folder of this name is skipped."""
    return name.startswith((".", "_"))


def no_json(location: str) -> SourceError:
    """The error for a source without a file that could be loaded."""
    return SourceError(f"no JSON below {location}", hint=f"Files must end in one of {' '.join(ENDINGS)}.")


def keeps_changing(file: SourceFile) -> KeepsChanging:
    """The error for a file that changed again after it was read once more."""
    reason = "keeps changing while it is read"
    return KeepsChanging(
        f"{shown(file.uri)} {reason}; nothing of it was loaded",
        uri=file.uri,
        reason=reason,
        hint="Let its writer finish (write elsewhere, then rename), and run again.",
    )


def cannot_open(uri: str, reason: str, hint: str) -> CannotOpen:
    """The error for a file that is there or was, and cannot be read; `reason` follows its name."""
    return CannotOpen(f"{shown(uri)} {reason}", uri=uri, reason=reason, hint=hint)


def damaged(uri: str, reason: str) -> Damaged:
    """The error for a file whose bytes are broken; `reason` follows its name, such as `is not valid gzip data`."""
    return Damaged(
        f"{shown(uri)} {reason}; nothing of it was loaded",
        uri=uri,
        reason=reason,
        hint="Replace the file or move it out of the source, and run again.",
    )

"""What there is to read, wherever it is: one interface, and a class for each kind of place behind it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, NamedTuple, Protocol, TypeVar
from urllib.parse import unquote_to_bytes

from sparkify.contract import Kind
from sparkify.errors import CannotOpen, Damaged, KeepsChanging
from sparkify.sources.names import PassedOver
from sparkify.sources.offsets import FROM_WHERE_IT_STANDS, PartitionOffset, Start

if TYPE_CHECKING:
    from sparkify.storage.spool import Spool


class Readable(Protocol):
    """What the readers ask of an open file."""

    def readinto(self, buffer: memoryview, /) -> int:
        """Fill the buffer from its start; 0 means the end."""


class Content(Readable, Protocol):
    """The bytes of a file as they are stored, opened for reading.

    `tag` and `size` (in bytes) are those of what is being read. `path` is where exactly that is on this machine, for
    engines that read files themselves; empty if it is elsewhere or if more is there.
    """

    tag: str
    size: int
    path: str

    def is_one_state(self, content_hash: str) -> bool:
        """Whether all that was read, which has this hash, is one state of the file; asked at its end."""

    def close(self) -> None:
        """Give back what is held."""


class Resume(NamedTuple):
    """Where reading can go on in a file that has only grown: `offset` is in bytes, in line `line`, counted from 1.

    All before it is as it is, whatever follows. `opened` brackets that begin before it are still without a partner.
    """

    offset: int = 0
    line: int = 1
    opened: int = 0


START = Resume()


class Known(Protocol):
    """What the manifest knows of a file that was read: the size in bytes, the tag and the hash that it had."""

    @property
    def file_id(self) -> int:
        """Its number."""

    @property
    def resume(self) -> Resume | None:
        """Where reading can go on if the file has only grown; None if it must be read from its start."""

    @property
    def size(self) -> int:
        """Bytes."""

    @property
    def tag(self) -> str:
        """What changes when the content does."""

    @property
    def hash(self) -> str:
        """XXH3-128 in hexadecimal; empty if it is not known."""

    @property
    def offset(self) -> PartitionOffset | None:
        """How far it was read, if it is a partition of a topic."""


K = TypeVar("K", bound=Known)


class Changed(NamedTuple, Generic[K]):
    """A file whose content is another one than the manifest's."""

    file: SourceFile
    entry: K


class Retagged(NamedTuple, Generic[K]):
    """A file of the manifest that has another tag and the same content."""

    entry: K
    tag: str


@dataclass
class Changes(Generic[K]):
    """What a source holds, compared with what is known of it. Of unchanged files only the number is kept.

    `grown` files have only grown: what was read of them is still there. `slices` are messages to be read, at most one
    slice of each partition; a partition without new ones is unchanged.
    `skipped` are files that are not read because of their names.
    """

    new: list[SourceFile] = field(default_factory=list)
    changed: list[Changed[K]] = field(default_factory=list)
    grown: list[Changed[K]] = field(default_factory=list)
    retagged: list[Retagged[K]] = field(default_factory=list)
    vanished: list[K] = field(default_factory=list)
    unchanged: int = 0
    slices: list[SourceFile] = field(default_factory=list)
    skipped: PassedOver = field(default_factory=PassedOver)


class Source(ABC):
    """A place that holds something to read. It can be pickled, to be read on another machine.

    `uri` is canonical and has no `/` at its end, `location` is what the user wrote. `copies_files` says whether files
    must be copied to this machine, `holds_messages` whether they are slices of a topic.
    Every method may raise SourceError.
    """

    uri: str
    location: str
    copies_files = False
    holds_messages = False

    @abstractmethod
    def uris(self) -> Iterable[str]:
        """The URIs of all that it holds."""

    @abstractmethod
    def pending(
        self,
        kind: Kind,
        known: Mapping[str, K],
        *,
        again: Callable[[K], bool] | None = None,
        reread: bool = False,
        start: Start = FROM_WHERE_IT_STANDS,
    ) -> Changes[K]:
        """What is new, changed, unchanged or vanished.

        Args:
            kind: what the source holds.
            known: what the manifest knows of that kind, by URI; from other sources too.
            again: whether something known counts as changed, whatever its tag says.
            reread: compare contents, whatever the tags say.
            start: where a topic begins, and which losses of messages are accepted.
        """

    @abstractmethod
    def look_again(self) -> None:
        """Forget what was seen of it; connections stay."""

    @abstractmethod
    def open(self, file: SourceFile) -> Content:
        """Open a file."""

    @abstractmethod
    def file_at(self, kind: Kind, uri: str) -> SourceFile:
        """A file of this source by its URI, with the size and the tag that it has now."""

    def is_still(self, file: SourceFile, tag: str, content_hash: str) -> bool:  # noqa: ARG002
        """Whether what was staged of the file is what was read under this tag and hash; asked after loading."""
        return True

    def fetch(self, files: Iterable[SourceFile], spool: Spool) -> None:
        """Copy files to this machine, where `open` finds them."""
        raise NotImplementedError

    def following(self, files: Iterable[SourceFile]) -> list[SourceFile]:  # noqa: ARG002
        """What is left of files of which `fetch` copied only the beginning; the next chunk."""
        return []

    def committed(self, files: Iterable[tuple[SourceFile, int]]) -> None:  # noqa: B027
        """Slices were committed to the warehouse, each up to an offset; for those who watch the topic."""

    def release(self, files: Iterable[SourceFile]) -> None:  # noqa: B027
        """Forget the copies of these files."""

    def cancel(self) -> None:  # noqa: B027
        """Break off what `fetch` is doing in another thread, soon."""


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file of a source.

    `uri` is canonical: one file has one URI, however the source was spelled. `path` is the file's name within its
    `source`. `tag` changes when the content does, and is empty if the file cannot be opened. `by_engine` says that
    the engine is to read it where it is.
    """

    kind: Kind
    uri: str
    path: str
    size: int
    tag: str
    source: Source = field(compare=False, repr=False)
    by_engine: bool = field(default=False, compare=False)

    @property
    def unread(self) -> int:
        """How many bytes of it are to be read."""
        return self.size

    @property
    def is_copied(self) -> bool:
        """Whether it must be copied to this machine before it is read."""
        return self.source.copies_files and not self.by_engine

    @property
    def scheme(self) -> str:
        """The kind of place that the file is in: `file`, or that of its object store."""
        return self.uri.partition("://")[0]

    @property
    def packing(self) -> str:
        """How the file is compressed as its name says: `gz`, `zst` or an empty text.

        Good for a guess of what it will take to read it; what it holds is decided by its first bytes (see `open`).
        """
        name = self.path.lower()
        return name.rsplit(".", 1)[-1] if name.endswith((".gz", ".zst")) else ""


@dataclass(frozen=True, slots=True)
class Grown(SourceFile):
    """A file that has only grown since it was read: what follows `resume` is to be read, and added to file `file_id`.

    `known_size` and `known_hash` are those of its content as it was read.
    """

    file_id: int = 0
    resume: Resume = START
    known_size: int = 0
    known_hash: str = ""

    @property
    def unread(self) -> int:
        """How many bytes of it are to be read."""
        return self.size - self.resume.offset

    @property
    def as_changed(self) -> SourceFile:
        """The file, to be read from its start."""
        return SourceFile(self.kind, self.uri, self.path, self.size, self.tag, self.source)


class NotGrown(Exception):
    """What was read of a file before is not there any more: it must be read from its start."""

    def __init__(self, file: Grown) -> None:
        super().__init__(file.uri)
        self.file = file


def shown(uri: str) -> str:
    """A URI as a person reads it: a path where it names one. Bytes that are not UTF-8 are shown as escapes."""
    if not uri.startswith("file://"):
        return uri
    return unquote_to_bytes(uri.removeprefix("file://")).decode("utf-8", "backslashreplace")


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

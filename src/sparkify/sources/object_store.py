"""Objects in a bucket: listed, copied many at once, read with the ETag that the listing showed.

The URI of an object is `scheme://bucket/key`, with the key as it is: nothing in it is escaped.
"""

from __future__ import annotations

import os
import random
import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import chain
from typing import TYPE_CHECKING, Any, TypeVar

import obstore
from obstore.exceptions import BaseError, PreconditionError

from sparkify.contract import Kind
from sparkify.errors import SourceError, UsageError
from sparkify.sources.base import ENDINGS, Content, Source, SourceFile, is_hidden, keeps_changing, no_json
from sparkify.storage import aws
from sparkify.storage.store_errors import explained, is_passing

if TYPE_CHECKING:
    from obstore import BytesStream, ObjectMeta
    from obstore.store import ClientConfig, RetryConfig
    from obstore.store import ObjectStore as Store

    from sparkify.storage.spool import Spool

REQUESTS_AT_ONCE = 64
STREAMS_AT_ONCE = 8
STREAMED_FROM = 256 * 1024
"""Objects of this many bytes are copied piece by piece to a file of their own; smaller ones share a file."""
_PIECE_BYTES = 1024 * 1024
_LISTED_AT_ONCE = 1000

MOST_TRIES = 4
"""How often a request is tried that was broken off; each try comes with obstore's own retries (see `RETRY`)."""

RETRY: RetryConfig = {"max_retries": 6, "retry_timeout": timedelta(minutes=2)}
# The time for a whole object is not limited (one may be large), only the time without a byte.
CLIENT: ClientConfig = {
    "connect_timeout": "5s",
    "read_timeout": "30s",
    "timeout": "1day",
    "pool_max_idle_per_host": str(REQUESTS_AT_ONCE),
}

T = TypeVar("T")


class ObjectStore(Source):
    """A bucket, or the part of it below a prefix that is taken as a folder."""

    copies_files = True

    def __init__(self, location: str, *, anonymous: bool = False) -> None:
        self.scheme, self._bucket, self._prefix = _parts(location)
        self._root = f"{self.scheme}://{self._bucket}/"
        self.uri = (self._root + self._prefix).rstrip("/")
        self._store = _connect(self.scheme, self._bucket, anonymous)
        self._copies: dict[str, _Copy] = {}
        self._stop = threading.Event()

    def files(self, kind: Kind) -> list[SourceFile]:
        """All objects below the prefix."""
        found, is_empty = self._patiently(lambda: self._listing(kind), self.uri, "list")
        if is_empty:
            raise SourceError(f"nothing below {self.uri}/", hint="Check --logs and --songs; name a folder, not a file.")
        if not found:
            raise no_json(self.uri + "/")
        return sorted(found.values(), key=lambda file: file.uri)

    def _listing(self, kind: Kind) -> tuple[dict[str, SourceFile], bool]:
        """Files by URI, and whether there is nothing at all."""
        found: dict[str, SourceFile] = {}
        is_empty = True
        for page in obstore.list(self._store, self._prefix or None, chunk_size=_LISTED_AT_ONCE):
            is_empty = is_empty and not page
            for file in (self._file(kind, meta) for meta in page if self._is_input(meta["path"])):
                # An object `x.json/` that stands for a folder is listed under the name of a file.
                if file.size or file.uri not in found:
                    found[file.uri] = file
        return found, is_empty

    def _is_input(self, key: str) -> bool:
        name = key.removeprefix(self._prefix).lstrip("/")
        return name.endswith(ENDINGS) and not any(is_hidden(part) for part in name.split("/"))

    def _file(self, kind: Kind, meta: ObjectMeta) -> SourceFile:
        return SourceFile(kind, self._root + meta["path"], meta["path"], meta["size"], _tag(meta), self)

    def file_at(self, kind: Kind, uri: str) -> SourceFile:
        """An object by its URI."""
        key = uri.removeprefix(self._root)
        return self._file(kind, self._patiently(lambda: obstore.head(self._store, key), uri, "read"))

    def open(self, file: SourceFile) -> Content:
        """Open the copy of an object, or the object itself where there is none."""
        copy = self._copies.get(file.uri)
        if copy:
            return CopiedContent(copy)
        result = self._patiently(lambda: obstore.get(self._store, file.path), file.uri, "read")
        meta = result.meta
        return StreamedContent(result.stream(_PIECE_BYTES), _tag(meta), meta["size"], file.uri)

    def fetch(self, files: Iterable[SourceFile], spool: Spool) -> None:
        """Copy objects to the spool, many at once.

        Raises:
            SpoolFull: they do not fit.
        """
        files = list(files)
        folder = spool.make_folder(sum(file.size for file in files))
        self._stop = stop = threading.Event()
        _Fetch(self, files, spool, folder, stop).run()

    def release(self, files: Iterable[SourceFile]) -> None:
        """Remove the copies of these objects."""
        for container in {copy.container for file in files if (copy := self._copies.pop(file.uri, None))}:
            container.close()

    def cancel(self) -> None:
        """Break off the copying; requests under way are left to end by themselves."""
        self._stop.set()

    def copy(self, file: SourceFile, container: _Container) -> None:
        """Copy one object as it was listed; once more if it has changed since."""
        try:
            self._copies[file.uri] = self._copied(file, container)
        except PreconditionError:
            now = self.file_at(file.kind, file.uri)
            try:
                self._copies[file.uri] = self._copied(now, container)
            except PreconditionError:
                raise keeps_changing(file) from None

    def _copied(self, file: SourceFile, container: _Container) -> _Copy:
        return self._patiently(lambda: self._copy(file, container), file.uri, "read")

    def _copy(self, file: SourceFile, container: _Container) -> _Copy:
        if not file.size:
            return _Copy(container, "", 0, 0, file.tag)
        result = obstore.get(self._store, file.path, options={"if_match": _if_match(file.tag)})
        meta = result.meta
        if file.size < STREAMED_FROM:
            offset = container.append(memoryview(result.bytes()))
            return _Copy(container, "", offset, meta["size"], _tag(meta))
        path = container.write(result.stream(_PIECE_BYTES))
        return _Copy(container, path, 0, meta["size"], _tag(meta))

    def _patiently(self, ask: Callable[[], T], uri: str, action: str) -> T:
        """Ask again, after a while, if the connection breaks or the store is busy."""
        for attempt in range(1, MOST_TRIES + 1):
            try:
                return ask()
            except PreconditionError:
                raise
            except (BaseError, FileNotFoundError, ValueError, OSError) as error:
                if attempt == MOST_TRIES or not is_passing(error) or self._stop.is_set():
                    raise explained(error, uri, action) from None
                time.sleep(random.uniform(0, 0.1 * 4**attempt))
        raise AssertionError("unreachable")


def _parts(location: str) -> tuple[str, str, str]:
    """Scheme, bucket and prefix; the prefix has no `/` at its ends."""
    scheme, _, rest = location.partition("://")
    bucket, _, prefix = rest.partition("/")
    prefix = prefix.rstrip("/")
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", bucket):
        raise UsageError(
            f"malformed source: no bucket can be made out after {scheme}://",
            hint=f"Write it as {scheme}://bucket/folder; credentials come from the environment or a profile.",
        )
    if any(part in ("", ".", "..") for part in prefix.split("/")) and prefix:
        raise UsageError(
            f"malformed source: {scheme}://{bucket}/{prefix} has an empty or dotted part", hint="Name one folder."
        )
    return scheme, bucket, prefix


def _connect(scheme: str, bucket: str, anonymous: bool) -> Store:
    from obstore.store import AzureStore, GCSStore

    try:
        if scheme == "s3":
            return aws.open_bucket(bucket, anonymous=anonymous, client=CLIENT, retry=RETRY)
        if scheme == "gs":
            return GCSStore(bucket, skip_signature=anonymous, client_options=CLIENT, retry_config=RETRY)
        return AzureStore(bucket, skip_signature=anonymous, client_options=CLIENT, retry_config=RETRY)
    except (BaseError, ValueError) as error:
        raise explained(error, f"{scheme}://{bucket}", "open") from None


def _tag(meta: ObjectMeta) -> str:
    """The ETag without its quotes, which some stores leave out of listings."""
    tag = meta["e_tag"]
    if not tag:
        return f"{meta['size']}-{meta['last_modified'].isoformat()}"
    return tag.removeprefix('"').removesuffix('"')


def _if_match(tag: str) -> str:
    return tag if tag.startswith("W/") else f'"{tag}"'


class _Container:
    """A folder of the spool with copies: a file that small ones share, and a file for each large one."""

    def __init__(self, spool: Spool, folder: str) -> None:
        self._spool = spool
        self._folder = folder
        self._shared = os.open(os.path.join(folder, "shared"), os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        self._lock = threading.Lock()
        self._size = 0
        self._count = 0
        self._is_closed = False

    def append(self, data: memoryview) -> int:
        """Put bytes into the shared file, and say where."""
        with self._lock:
            if self._is_closed:
                raise _Stopped
            offset = self._size
            while data:
                written = os.write(self._shared, data)
                self._size += written
                data = data[written:]
            return offset

    def read(self, size: int, offset: int) -> bytes:
        """Bytes of the shared file."""
        return os.pread(self._shared, size, offset)

    def write(self, pieces: BytesStream) -> str:
        """Put bytes into a file of their own, and say which."""
        with self._lock:
            self._count += 1
            path = os.path.join(self._folder, f"{self._count:06}.ndjson")
        try:
            with open(path, "wb") as out:
                for piece in pieces:
                    if self._is_closed:
                        raise _Stopped
                    out.write(memoryview(piece))
        except BaseException:
            if os.path.exists(path):
                os.unlink(path)
            raise
        return path

    def close(self) -> None:
        """Remove everything."""
        with self._lock:
            if self._is_closed:
                return
            self._is_closed = True
            os.close(self._shared)
        self._spool.drop_folder(self._folder)


class _Stopped(Exception):
    """The copy is not wanted any more."""


@dataclass(frozen=True, slots=True)
class _Copy:
    """Where the copy of an object is: a file of its own at `path`, or `size` bytes of the shared file."""

    container: _Container
    path: str
    offset: int
    size: int
    tag: str


class _Fetch:
    """Objects on their way to a folder of the spool."""

    def __init__(
        self, store: ObjectStore, files: list[SourceFile], spool: Spool, folder: str, stop: threading.Event
    ) -> None:
        self._store = store
        self._files = files
        self._container = _Container(spool, folder)
        self._stop = stop
        self._lock = threading.Lock()
        self._errors: list[BaseException] = []
        self._small = iter([file for file in files if file.size < STREAMED_FROM])
        self._large = iter([file for file in files if file.size >= STREAMED_FROM])

    def run(self) -> None:
        """Copy all of them, or none.

        Raises:
            SourceError: one could not be copied.
        """
        work: list[Iterator[SourceFile]] = [chain(self._large, self._small)] * STREAMS_AT_ONCE
        work += [self._small] * (min(REQUESTS_AT_ONCE, len(self._files)) - STREAMS_AT_ONCE)
        # Not a pool: at an interrupt nobody waits for requests that are under way.
        threads = [threading.Thread(target=self._copy_all, args=(files,), daemon=True) for files in work]
        for thread in threads:
            thread.start()
        for thread in threads:
            while thread.is_alive() and not self._stop.is_set():
                thread.join(0.1)
        if self._stop.is_set():
            self._store.release(self._files)
            self._container.close()
        if self._errors:
            raise self._errors[0]

    def _copy_all(self, files: Iterator[SourceFile]) -> None:
        while not self._stop.is_set():
            with self._lock:
                file = next(files, None)
            if file is None:
                return
            try:
                self._store.copy(file, self._container)
            except _Stopped:
                return
            except BaseException as error:
                self._errors.append(error)
                self._stop.set()


class CopiedContent:
    """The copy of an object, opened for reading."""

    is_unchanged = True

    def __init__(self, copy: _Copy) -> None:
        self.tag = copy.tag
        self.size = copy.size
        self.path = copy.path
        self._descriptor = os.open(copy.path, os.O_RDONLY) if copy.path else -1
        self._left = memoryview(b"" if copy.path else copy.container.read(copy.size, copy.offset))

    def readinto(self, buffer: memoryview, /) -> int:
        """Fill the buffer from its start; 0 means the end."""
        if self.path:
            return os.readv(self._descriptor, [buffer])
        count = min(len(buffer), len(self._left))
        buffer[:count] = self._left[:count]
        self._left = self._left[count:]
        return count

    def close(self) -> None:
        """Close the file."""
        if self.path:
            os.close(self._descriptor)


class StreamedContent:
    """An object that is read from the store as it comes."""

    is_unchanged = True
    path = ""

    def __init__(self, pieces: BytesStream, tag: str, size: int, uri: str) -> None:
        self.tag = tag
        self.size = size
        self._uri = uri
        self._pieces: Any = iter(pieces)
        self._left = memoryview(b"")

    def readinto(self, buffer: memoryview, /) -> int:
        """Fill the buffer from its start; 0 means the end."""
        while not self._left:
            try:
                piece = next(self._pieces, None)
            except BaseError as error:
                raise explained(error, self._uri, "read") from None
            if piece is None:
                return 0
            self._left = memoryview(piece)
        count = min(len(buffer), len(self._left))
        buffer[:count] = self._left[:count]
        self._left = self._left[count:]
        return count

    def close(self) -> None:
        """Break off what was not read."""
        self._pieces = iter(())

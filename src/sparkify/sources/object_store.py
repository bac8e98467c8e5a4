"""Objects in a bucket: listed, copied many at once, read with the ETag that the listing showed.

The URI of an object is `scheme://bucket/key`, with the key as it is: nothing in it is escaped.
"""

from __future__ import annotations

import random
import re
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

import obstore
from obstore.exceptions import BaseError, PreconditionError

from sparkify.contract import Kind
from sparkify.errors import FileError, SourceError, UsageError
from sparkify.sources.base import Content, SourceFile, keeps_changing
from sparkify.sources.copies import (
    REQUESTS_AT_ONCE,
    STREAMED_FROM,
    STREAMS_AT_ONCE,
    Container,
    CopiedContent,
    Copy,
    Fetch,
)
from sparkify.sources.files import FileSource, Listed, Listing
from sparkify.sources.names import Names, PassedOver, Verdict, has_pattern, is_hidden, split_pattern
from sparkify.sources.opening import Opening
from sparkify.storage import aws
from sparkify.storage.store_errors import explained, is_passing

if TYPE_CHECKING:
    from obstore import BytesStream, ObjectMeta
    from obstore.store import ClientConfig, RetryConfig
    from obstore.store import ObjectStore as Store

    from sparkify.storage.spool import Spool

_PIECE_BYTES = 1024 * 1024
_LISTED_AT_ONCE = 1000

_NAMES_OF_S3 = ("s3", "s3a", "s3n")
"""What other tools call it; one object has one URI here."""

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


def open_source(location: str, opening: Opening) -> ObjectStore:
    """The folder, the object or the pattern of keys that a URI names."""
    return ObjectStore(location, opening.names, anonymous=opening.anonymous)


class ObjectStore(FileSource):
    """A bucket, or the part of it below a prefix that is taken as a folder; one object; or a pattern of keys.

    Which of these a URI names is asked when objects are listed: what is there by that name comes first.
    """

    copies_files = True

    def __init__(self, location: str, names: Names | None = None, *, anonymous: bool = False) -> None:
        self.scheme, self._bucket, self._path = _parts(location)
        self.names = names or Names()
        self._names_a_folder = location.endswith("/")
        self._anonymous = anonymous
        self._base = f"{self.scheme}://{self._bucket}/"
        self.uri = self.root = (self._base + self._path).rstrip("/")
        self.location = self.uri if has_pattern(self._path) else self.uri + "/"
        self._connect()

    def _connect(self) -> None:
        self._store = _connect(self.scheme, self._bucket, self._anonymous)
        self._copies: dict[str, Copy | FileError] = {}
        self._stop = threading.Event()

    def __getstate__(self) -> dict[str, object]:
        """What says where the objects are; the process that unpickles it signs in with its own credentials."""
        left_out = ("_store", "_copies", "_stop")
        return {name: value for name, value in super().__getstate__().items() if name not in left_out}

    def __setstate__(self, state: dict[str, object]) -> None:
        """Connect again."""
        self.__dict__.update(state)
        self._connect()

    def look(self) -> Listing:
        """List all objects."""
        return self._patiently(self._list, self.uri, "list")

    def _list(self) -> Listing:
        if has_pattern(self._path) and not self.names.only:
            self._resolve_pattern()
        if self.names.is_literal:
            return self._list_object()
        found = self._list_below(self.root.removeprefix(self._base.rstrip("/")).lstrip("/"))
        if found is not None:
            return found
        if self._path and not self._names_a_folder and not self.names.only and self._is_object(self._path):
            self._name_one()
            return self._list_object()
        raise SourceError(f"nothing below {self.uri}/", hint="Check --logs and --songs.")

    def _resolve_pattern(self) -> None:
        """Take the path for a pattern, unless there is an object or a folder of that name."""
        if self._is_object(self._path):
            self._name_one()
        elif not any(obstore.list(self._store, self._path, chunk_size=1)):
            folder, pattern = split_pattern(self._path)
            self.root = (self._base + folder).rstrip("/")
            self.names = replace(self.names, only=pattern)

    def _name_one(self) -> None:
        folder, _, name = self._path.rpartition("/")
        self.root = (self._base + folder).rstrip("/")
        self.names = replace(self.names, only=name, is_literal=True)

    def _is_object(self, key: str) -> bool:
        try:
            obstore.head(self._store, key)
        except FileNotFoundError:
            return False
        return True

    def _list_object(self) -> Listing:
        """The one object that was named."""
        if self.names.verdict(self.names.only) is Verdict.EXCLUDED:
            return Listing([], PassedOver(excluded=1))
        return Listing([self._listed(obstore.head(self._store, self._path))], PassedOver())

    def _list_below(self, prefix: str) -> Listing | None:
        """Objects below a prefix; None if there is nothing at all."""
        found: dict[str, Listed] = {}
        passed_over = PassedOver()
        is_empty = True
        for page in obstore.list(self._store, prefix or None, chunk_size=_LISTED_AT_ONCE):
            for meta in page:
                is_empty = False
                path = meta["path"].removeprefix(prefix).lstrip("/")
                if not path or any(is_hidden(part) for part in path.split("/")):
                    continue
                verdict = self.names.verdict(path)
                if verdict is Verdict.TAKEN:
                    listed = self._listed(meta)
                    if listed[1] or listed[0] not in found:
                        found[listed[0]] = listed
                elif verdict is Verdict.EXCLUDED:
                    passed_over.excluded += 1
                elif verdict is Verdict.PASSED_OVER and meta["size"]:
                    passed_over.note(path)
        return None if is_empty else Listing(self._without_folders(found), passed_over)

    def _without_folders(self, found: Mapping[str, Listed]) -> list[Listed]:
        """What was listed without objects that stand for folders: obstore lists `x.json/` under the name `x.json`."""
        empty = [uri for uri, size, _ in found.values() if not size]
        if not empty:
            return [*found.values()]
        with ThreadPoolExecutor(STREAMS_AT_ONCE) as threads:
            are_objects = threads.map(self._is_object, (uri.removeprefix(self._base) for uri in empty))
            folders = {uri for uri, is_object in zip(empty, are_objects, strict=True) if not is_object}
        return [listed for listed in found.values() if listed[0] not in folders]

    def _listed(self, meta: ObjectMeta) -> Listed:
        return self._base + meta["path"], meta["size"], _tag(meta)

    def file(self, kind: Kind, listed: Listed) -> SourceFile:
        """An object as it was listed."""
        uri, size, tag = listed
        return SourceFile(kind, uri, uri.removeprefix(self._base), size, tag, self)

    def file_at(self, kind: Kind, uri: str) -> SourceFile:
        """An object by its URI."""
        key = uri.removeprefix(self._base)
        return self.file(kind, self._listed(self._patiently(lambda: obstore.head(self._store, key), uri, "read")))

    def open(self, file: SourceFile) -> Content:
        """Open the copy of an object, or the object itself where there is none."""
        copy = self._copies.get(file.uri)
        if isinstance(copy, FileError):
            raise copy
        if copy:
            return CopiedContent(copy)
        result = self._patiently(lambda: obstore.get(self._store, file.path), file.uri, "read")
        meta = result.meta
        return StreamedContent(result.stream(_PIECE_BYTES), _tag(meta), meta["size"], file.uri)

    def fetch(self, files: Iterable[SourceFile], spool: Spool) -> None:
        """Copy objects to the spool, many at once; opening one that could not be read says why.

        Raises:
            SpoolFull: they do not fit.
        """
        files = list(files)
        folder = spool.make_folder(sum(file.size for file in files))
        self._stop = stop = threading.Event()
        try:
            Fetch(self.copy, files, spool, folder, stop).run()
        finally:
            if stop.is_set():
                self.release(files)

    def release(self, files: Iterable[SourceFile]) -> None:
        """Remove the copies of these objects."""
        copies = [self._copies.pop(file.uri, None) for file in files]
        for container in {copy.container for copy in copies if isinstance(copy, Copy)}:
            container.close()

    def cancel(self) -> None:
        """Break off the copying; requests under way are left to end by themselves."""
        self._stop.set()

    def copy(self, file: SourceFile, container: Container) -> None:
        """Copy one object as it was listed; once more if it has changed since."""
        try:
            try:
                self._copies[file.uri] = self._copied(file, container)
            except PreconditionError:
                self._copies[file.uri] = self._copied(self.file_at(file.kind, file.uri), container)
        except PreconditionError:
            self._copies[file.uri] = keeps_changing(file)
        except FileError as error:
            self._copies[file.uri] = error

    def _copied(self, file: SourceFile, container: Container) -> Copy:
        return self._patiently(lambda: self._copy(file, container), file.uri, "read")

    def _copy(self, file: SourceFile, container: Container) -> Copy:
        if not file.size:
            return Copy(container, "", 0, 0, file.tag)
        result = obstore.get(self._store, file.path, options={"if_match": _if_match(file.tag)})
        meta = result.meta
        if file.size < STREAMED_FROM:
            offset = container.append(memoryview(result.bytes()))
            return Copy(container, "", offset, meta["size"], _tag(meta))
        path = container.write(result.stream(_PIECE_BYTES))
        return Copy(container, path, 0, meta["size"], _tag(meta))

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
    scheme = "s3" if scheme in _NAMES_OF_S3 else scheme
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


class StreamedContent:
    """An object that is read from the store as it comes."""

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

    def is_one_state(self, content_hash: str) -> bool:  # noqa: ARG002
        """An object is read in one answer of the store."""
        return True

    def close(self) -> None:
        """Break off what was not read."""
        self._pieces = iter(())

"""Read a chunk of files through the engine, which may read some of them where they are."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial

from sparkify.engines.base import Engine, Held, Item
from sparkify.errors import FileError
from sparkify.reader.batch import Packer, ReadChunk, packing
from sparkify.reader.examine import is_small
from sparkify.reader.item import read_item
from sparkify.reader.reader import FileRead, failed
from sparkify.sources.base import SourceFile
from sparkify.storage.spool import Spool


def numbered(files: Sequence[SourceFile], first: int) -> list[Item]:
    """Files with their numbers. Small ones come first: large ones in a row are loaded by one statement."""
    return [Item(file, first + place) for place, file in enumerate(sorted(files, key=lambda file: not is_small(file)))]


class ChunkReader:
    """Reads the files of a chunk; `unreadable` are those that are known to have failed, by URI."""

    def __init__(
        self,
        engine: Engine,
        spool: Spool,
        progress: Callable[[SourceFile], None] | None = None,
        unreadable: Mapping[str, FileError] | None = None,
    ) -> None:
        self._engine = engine
        self._spool = spool
        self._progress = progress or (lambda _file: None)
        self._unreadable = unreadable or {}

    def read(self, items: Sequence[Item]) -> ReadChunk:
        """Read files.

        Raises:
            SourceError: a source as a whole cannot be read.
        """
        with packing(self._spool) as packer:
            found = [self._done(result, packer) for result in self._read(items)]
        return ReadChunk(sorted(found, key=lambda result: result.file_id))

    def recover(self, chunk: ReadChunk, file_ids: Collection[int]) -> list[FileRead]:
        """Read files of a chunk again, record by record, that turned out not to be canonical."""
        again = [result for result in chunk.files if result.file_id in file_ids]
        found = []
        with packing(self._spool) as packer:
            for before in again:
                file = replace(before.file, by_engine=False)
                found.append(self._done(read_item(self._spool, Item(file, before.file_id), carefully=True), packer))
        chunk.replace(found)
        return found

    def _read(self, items: Sequence[Item]) -> Iterator[FileRead]:
        readable = [item for item in items if item.file.uri not in self._unreadable]
        for found in self._engine.read(readable, partial(read_item, self._spool)):
            if isinstance(found, Held):
                yield FileRead(
                    found.file_id,
                    found.file,
                    found.file.tag,
                    found.file.size,
                    "",
                    time.time(),
                    found.records,
                    is_held=True,
                )
            else:
                yield found
        for file, file_id in items:
            if file.uri in self._unreadable:
                yield failed(file, file_id, self._unreadable[file.uri])

    def _done(self, result: FileRead, packer: Packer) -> FileRead:
        packer.pack(result)
        self._progress(result.file)
        return result

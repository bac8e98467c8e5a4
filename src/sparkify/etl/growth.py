"""The files of a run that have only grown: what is added to them, and what is done if one is another one after all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sparkify.engines.base import Engine
from sparkify.reader.batch import ReadChunk
from sparkify.sources.base import Changed, Grown, SourceFile
from sparkify.storage.spool import Spool
from sparkify.warehouse.growth import GrownRead, forget_read_again, give_to_grown, grown_among
from sparkify.warehouse.manifest import Entry


class GrownFiles:
    """The files that have grown, with what the manifest knows of them."""

    def __init__(self, grown: Iterable[Changed[Entry]]) -> None:
        self._entries = {file.uri: entry for file, entry in grown}
        self._reads: list[GrownRead] = []

    def among(self, files: Iterable[SourceFile]) -> list[Entry]:
        """What the manifest knows of those among some files."""
        return [self._entries[file.uri] for file in files if isinstance(file, Grown)]

    def as_changed(
        self, found: Grown, files: Sequence[SourceFile], gone: Sequence[Entry]
    ) -> tuple[list[SourceFile], list[Entry]]:
        """The files of a chunk and those that it replaces, if one of them is to be read from its start."""
        read = [found.as_changed if file.uri == found.uri else file for file in files]
        return read, [*gone, self._entries[found.uri]]

    def begin(self, engine: Engine, spool: Spool, chunk: ReadChunk) -> int:
        """Take out the rejects that a chunk has read again; how many records they stand for comes back."""
        self._reads = grown_among(chunk.files)
        return forget_read_again(engine, spool, self._reads)

    def give(self, engine: Engine) -> None:
        """Give what was read to the files."""
        give_to_grown(engine, self._reads)

"""Files that change between their first reading and their loading."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sparkify.sources.base import SourceFile

if TYPE_CHECKING:
    from sparkify.reader.batch import ReadChunk


class ChangedMeanwhile(Exception):
    """A file changed between its first reading and its loading."""

    def __init__(self, file: SourceFile) -> None:
        super().__init__(file.uri)
        self.file = file


def raise_if_changed(chunk: ReadChunk) -> None:
    """Make sure that what was staged of a chunk is what was read.

    Raises:
        ChangedMeanwhile: a file changed.
    """
    for read in chunk.files:
        if not read.failure and not read.file.source.is_still(read.file, read.tag, read.hash):
            raise ChangedMeanwhile(read.file)

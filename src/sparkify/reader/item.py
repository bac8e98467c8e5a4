"""Read one item, a file or a slice of a topic. An engine calls this where it reads: here, or on another machine."""

from __future__ import annotations

from sparkify.reader.messages import read_messages
from sparkify.reader.reader import FileRead, read
from sparkify.sources.base import SourceFile
from sparkify.storage.spool import Spool


def read_item(spool: Spool, item: tuple[SourceFile, int], *, carefully: bool = False) -> FileRead:
    """Read a file and its number; record by record if it is to be read `carefully`.

    Raises:
        SourceError: the source as a whole cannot be read.
        SpoolFull: what was made of it does not fit.
    """
    file, file_id = item
    read_one = read_messages if file.source.holds_messages else read
    return read_one(file, file_id, spool, carefully=carefully)

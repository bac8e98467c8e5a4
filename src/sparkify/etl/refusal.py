"""What files that failed mean for a run."""

from __future__ import annotations

from collections.abc import Sequence

from sparkify.errors import FileError
from sparkify.reader.batch import ReadChunk
from sparkify.sources.base import shown
from sparkify.warehouse.manifest import Entry


def raise_first_failure(chunk: ReadChunk) -> None:
    """Stop at a file that failed.

    Raises:
        FileError: there is one.
    """
    for read in chunk.files:
        if read.failure:
            raise FileError(
                f"{shown(read.file.uri)} {read.failure}",
                uri=read.file.uri,
                reason=read.failure,
                hint="Fix the file or move it out of the source; without --fail-fast the other files are loaded.",
            )


def take_unseen(
    chunk: ReadChunk, replaced: Sequence[Entry], grown: Sequence[Entry]
) -> tuple[list[tuple[Entry, str]], list[Entry]]:
    """Files of the manifest whose new content could not be seen, with the reason, and those that are replaced.

    The former leave the chunk: their rows stay. `grown` are files that are not replaced, but added to.
    """
    entries = {entry.uri: entry for entry in (*replaced, *grown)}
    unseen = {
        read.file.uri: read.failure
        for read in chunk.files
        if read.keeps_rows and read.failure and read.file.uri in entries
    }
    chunk.files = [read for read in chunk.files if read.file.uri not in unseen]
    gone = [entry for entry in replaced if entry.uri not in unseen]
    return [(entries[uri], failure) for uri, failure in unseen.items()], gone

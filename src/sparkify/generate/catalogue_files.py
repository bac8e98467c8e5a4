"""Read song records that exist already, as a catalogue to play from.

They are found and read as the etl finds and reads songs, so that what it would load is what is played.
"""

from __future__ import annotations

from collections.abc import Iterator

from sparkify.contract import SONGS
from sparkify.errors import SourceError, UsageError
from sparkify.generate.catalogue import Record
from sparkify.generate.errors import GenerateError, OptionsError
from sparkify.reader.framing import split
from sparkify.reader.validation import CarefulReader, Reject
from sparkify.sources.base import SourceFile, shown
from sparkify.sources.files import FileSource
from sparkify.sources.open import opened
from sparkify.sources.opening import Opening
from sparkify.sources.registry import files_at
from sparkify.storage.spool import Spool
from sparkify.text import without_password


def read_catalogue(location: str, *, anonymous: bool = False) -> tuple[list[Record], int]:
    """Read all valid records below a folder, here or in an object store (`anonymous`: without signing in).

    Returns:
        The records in the order of their files' URIs, and how many were left out as invalid.

    Raises:
        OptionsError: the location is of an unknown kind, or holds no valid record.
        GenerateError: it cannot be listed or read.
    """
    try:
        found = list(_found(files_at(location, Opening(anonymous=anonymous))))
    except UsageError as error:
        raise OptionsError(f"--catalogue: {error.what}", hint=_hint(error)) from error
    except SourceError as error:
        raise GenerateError(f"--catalogue: {error.what}", hint=_hint(error)) from error
    records = [record for record in found if not isinstance(record, Reject) and _can_be_played(record)]
    if not records:
        required = ", ".join(field.name for field in SONGS.fields if field.required)
        raise OptionsError(
            f"--catalogue {without_password(location)} holds no valid song record.",
            hint=f"A record needs {required}; see docs/tables.md.",
        )
    left_out = (item.records if isinstance(item, Reject) else 1 for item in found)
    return records, sum(left_out) - len(records)


def _found(source: FileSource) -> Iterator[Record | Reject]:
    files = source.files(SONGS.kind)
    with Spool() as spool:
        if source.copies_files:
            source.fetch(files, spool)
        for file in files:
            yield from _records(file)
        source.release(files)


def _records(file: SourceFile) -> list[Record | Reject]:
    with opened(file) as stream:
        return list(CarefulReader(SONGS).read(split(stream, shown(file.uri), SONGS)))


def _can_be_played(record: Record) -> bool:
    """Whether a play of the song would be accepted: a catalogue may hold a song without a title, an event may not."""
    return bool(str(record["title"]).strip(" "))


def _hint(error: UsageError | SourceError) -> str:
    """What to do, in terms of the option that was given here."""
    return error.hint.replace("--logs and --songs", "--catalogue")

"""What kind of chunk a chunk is: on this its SQL depends."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from sparkify.config.settings import Settings
from sparkify.sources.base import SourceFile
from sparkify.star.transform import Chunk

WHOLE_DAYS_BYTES = 16 * 1024 * 1024
"""From this size on, files that do nothing but add events have their days looked at as a whole.

Of the days that they touch, so many events are most of what is there; to pick out the affected rows would cost more
than to look at the others too. Measured on DuckDB; which way is taken changes the cost alone.
"""


def chunk_of(
    settings: Settings,
    kinds: Collection[str],
    *,
    in_full: bool = False,
    removes: bool = True,
    files: Iterable[SourceFile] = (),
) -> Chunk:
    """The chunk of these files, whose records are of these kinds; `removes` says that other files go.

    `in_full` is for a star that is built from all of staging.
    """
    songs = "songs" in kinds
    adds = not (in_full or songs or removes) and settings.unknown_songs != "drop"
    whole_days = adds and sum(file.unread for file in files) >= WHOLE_DAYS_BYTES
    return Chunk(settings.unknown_songs, in_full, settings.repair_text, songs, removes, whole_days)

"""The contract: what a record holds, field by field.

Everything else about a field is derived from here: the staging tables, the casts, the regular expression of the
fast reader, the rules of the careful reader, the order of records, the documents.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

CONTRACT_VERSION = 4
"""Raised when a change of the rules changes the tables: the next run then rebuilds the star."""

READING_VERSION = 1
"""Raised when a change of the rules changes what is read of a file: every file then counts as changed."""

MAX_TEXT_BYTES = 65_535
"""Longest text in bytes of UTF-8: a Redshift VARCHAR holds no more."""

MAX_WORD_BYTES = 64
"""Longest level, gender, method or auth."""

MAX_NAME_BYTES = 256
"""Longest page, song_id or artist_id."""

MAX_WHOLE = 2**53 - 1
"""Largest whole number that every JSON reader keeps exactly (RFC 8259, section 6)."""

MAX_RECORD_BYTES = 16 * 1024 * 1024
"""Longest record in bytes."""

LAST_TS = 253_402_300_799_999
"""9999-12-31T23:59:59.999Z in milliseconds since the epoch."""

FILE_ID = "file_id"

POSITION = "position"
"""The column of staging that holds the offset of a message; NULL for records of files."""


Kind = Literal["events", "songs"]


class Type(StrEnum):
    """The column types of staging, by their names in DuckDB."""

    TEXT = "VARCHAR"
    BIGINT = "BIGINT"
    INTEGER = "INTEGER"
    DOUBLE = "DOUBLE"


WHOLE_LIMITS = {Type.BIGINT: MAX_WHOLE, Type.INTEGER: 2**31 - 1}
"""Largest absolute value of each whole-number type."""


@dataclass(frozen=True)
class Field:
    """One field of a record.

    `required` fields must be there, not null, not empty and not only spaces; with `may_be_empty`, not null is enough.
    `""` stands for NULL in every field of numbers; `often_text` says that logs often hold numbers as text, which the
    fast reader then takes too. `least` and `most` bound a whole number; without them the type does. `most_bytes` is
    the longest text, in bytes of UTF-8.
    """

    name: str
    type: Type
    about: str
    required: bool = False
    may_be_empty: bool = False
    often_text: bool = False
    least: int | None = None
    most: int | None = None
    most_bytes: int = MAX_TEXT_BYTES

    @property
    def is_whole(self) -> bool:
        """Whether the field holds whole numbers."""
        return self.type in WHOLE_LIMITS

    @property
    def bounds(self) -> tuple[int, int]:
        """The least and the largest whole number that the field takes."""
        limit = WHOLE_LIMITS[self.type]
        return (-limit if self.least is None else self.least, limit if self.most is None else self.most)


@dataclass(frozen=True)
class RecordType:
    """One kind of record: its staging table, its fields in contract order, and what makes one record the first.

    `first_by` names the leading fields of the order; the remaining ones follow in contract order.
    `required_if` is (field, value, names): where that field has that value, the named fields are required too.
    """

    kind: Kind
    table: str
    fields: tuple[Field, ...]
    first_by: tuple[str, ...]
    required_if: tuple[str, str, tuple[str, ...]] | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the fields in contract order."""
        return tuple(field.name for field in self.fields)

    @property
    def order(self) -> tuple[Field, ...]:
        """The fields in the order that decides which of two records is the first."""
        rank = {name: place for place, name in enumerate(self.first_by)}
        return tuple(sorted(self.fields, key=lambda field: rank.get(field.name, len(rank))))


EVENTS = RecordType(
    kind="events",
    table="staging_events",
    first_by=("ts", "sessionId", "itemInSession"),
    required_if=("page", "NextSong", ("userId", "artist", "song")),
    fields=(
        Field("ts", Type.BIGINT, "milliseconds since the epoch, UTC", required=True, least=0, most=LAST_TS),
        Field("sessionId", Type.BIGINT, "number of the session; restarts in every run of a simulator", required=True),
        Field("itemInSession", Type.INTEGER, "number of the event within its session", required=True),
        Field("userId", Type.BIGINT, "number of the user; absent while logged out", often_text=True),
        Field("page", Type.TEXT, "the page; NextSong is a play", required=True, most_bytes=MAX_NAME_BYTES),
        Field("level", Type.TEXT, "free or paid", required=True, most_bytes=MAX_WORD_BYTES),
        Field("auth", Type.TEXT, "Logged In, Logged Out, Guest or Cancelled", most_bytes=MAX_WORD_BYTES),
        Field("method", Type.TEXT, "HTTP method", most_bytes=MAX_WORD_BYTES),
        Field("status", Type.INTEGER, "HTTP status"),
        Field("firstName", Type.TEXT, "given name of the user"),
        Field("lastName", Type.TEXT, "family name of the user"),
        Field("gender", Type.TEXT, "F or M", most_bytes=MAX_WORD_BYTES),
        Field("location", Type.TEXT, "metropolitan area of the user"),
        Field("userAgent", Type.TEXT, "browser of the user; may hold literal quotes"),
        Field("registration", Type.BIGINT, "when the user registered, milliseconds since the epoch, UTC"),
        Field("artist", Type.TEXT, "name of the artist played"),
        Field("song", Type.TEXT, "title of the song played"),
        Field("length", Type.DOUBLE, "duration of the song played, seconds"),
    ),
)

SONGS = RecordType(
    kind="songs",
    table="staging_songs",
    first_by=("title", "artist_id", "artist_name"),
    fields=(
        Field("num_songs", Type.INTEGER, "always 1 in the Million Song Dataset"),
        Field("artist_id", Type.TEXT, "id of the artist", required=True, most_bytes=MAX_NAME_BYTES),
        Field("artist_latitude", Type.DOUBLE, "degrees north; unknown unless the longitude is there too"),
        Field("artist_longitude", Type.DOUBLE, "degrees east; unknown unless the latitude is there too"),
        Field("artist_location", Type.TEXT, "place of the artist; empty when unknown"),
        Field("artist_name", Type.TEXT, "name of the artist, in one of its spellings", required=True),
        Field("song_id", Type.TEXT, "id of the song", required=True, most_bytes=MAX_NAME_BYTES),
        Field("title", Type.TEXT, "title of the song; empty in one real record", required=True, may_be_empty=True),
        Field("duration", Type.DOUBLE, "seconds"),
        Field("year", Type.INTEGER, "year of release; 0 when unknown"),
    ),
)

PAGE_VIEWS, LISTENS, AUTHS, STATUS_CHANGES = EVENT_TOPICS = (
    "page_view_events",
    "listen_events",
    "auth_events",
    "status_change_events",
)
"""The topics of eventsim's maintained fork; the first holds every event, the others repeat some of its events."""

TOPIC_FORM_NAMES = ("duration", "city", "state", "zip", "lat", "lon")
"""Names of the topic form of events that are none of the file form (DESIGN section 3, "The topic form")."""

RECORD_TYPES: dict[Kind, RecordType] = {EVENTS.kind: EVENTS, SONGS.kind: SONGS}

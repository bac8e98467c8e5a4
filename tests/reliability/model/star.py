"""The star, made in plain Python from the rows of staging, by section 3 of the design.

Slow and simple on purpose: every rule is a few lines that can be compared with the sentence that it comes from.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from tests.reliability.model.values import EVENT_FIELDS, SONG_FIELDS, Row, is_play

Tables = dict[str, list[tuple[Any, ...]]]
UNKNOWN_SONGS = ("infer", "null", "drop")

_EVENT_ORDER = ("ts", "sessionId", "itemInSession")
_SONG_ORDER = ("title", "artist_id", "artist_name")
_SIGN = re.compile("[\u00c2\u00c3][\u0080-\u009f\u00a1-\u00bf]")


def trimmed(text: str) -> str:
    """A text without the spaces at its end, U+0020 alone."""
    return text.rstrip(" ")


def repaired(text: str) -> str:
    """A text that was encoded to UTF-8 more than once, as it was before (decision 9); any other comes back as it is."""
    if not _SIGN.search(text):
        return text
    while True:
        try:
            before = text.encode("latin-1").decode("utf-8")
        except UnicodeError:
            return text
        if before == text:
            return text
        text = before


def make_star(events: Iterable[Row], songs: Iterable[Row], unknown_songs: str, repair_text: bool) -> Tables:
    """The six tables of the star, in no order, each row with its columns as the design lists them."""
    repair: Callable[[str], str] = repaired if repair_text else str
    events = list(events)
    catalogue = Catalogue(songs, repair)
    plays = deduplicated(events)
    facts = [_fact(play, catalogue.find(play, unknown_songs)) for play in plays]
    kept = [fact for fact in facts if fact is not None]
    inferred = [(play, found) for play in plays if (found := catalogue.find(play, unknown_songs)).inferred_song]
    return {
        "users": users(events, repair),
        "users_history": users_history(events),
        "songs": catalogue.songs() + _inferred_songs(inferred),
        "artists": catalogue.artists() + _inferred_artists(inferred),
        "time": [_time(start) for start in {fact[1] for fact in kept}],
        "songplays": kept,
    }


# Order.


def _key(row: Row, names: Iterable[str]) -> tuple[Any, ...]:
    """A key that sorts as the design does: text by bytes, NULL after everything."""
    values = (row[name] for name in names)
    return tuple((value is None, value.encode() if isinstance(value, str) else value) for value in values)


def _event_key(row: Row) -> tuple[Any, ...]:
    return _key(row, (*_EVENT_ORDER, *(name for name in EVENT_FIELDS if name not in _EVENT_ORDER)))


def _song_key(row: Row) -> tuple[Any, ...]:
    return _key(row, (*_SONG_ORDER, *(name for name in SONG_FIELDS if name not in _SONG_ORDER)))


def _groups(rows: Iterable[Row], *names: str) -> list[list[Row]]:
    found: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        found.setdefault(tuple(row[name] for name in names), []).append(row)
    return list(found.values())


# Events.


def moment(ts: Any) -> datetime:
    """Milliseconds since the epoch as a time."""
    return datetime(1970, 1, 1) + timedelta(milliseconds=ts)


def deduplicated(events: Iterable[Row]) -> list[Row]:
    """The plays, each once: the first of those that share their identity."""
    plays = [row for row in events if is_play(row)]
    identity = ("userId", "sessionId", "itemInSession", "ts")
    return [min(same, key=_event_key) for same in _groups(plays, *identity)]


def users(events: Iterable[Row], repair: Callable[[str], str]) -> list[tuple[Any, ...]]:
    """Every user seen in any event, with the values of their last."""
    seen = [row for row in events if row["userId"] is not None]
    return [_user(max(same, key=_event_key), repair) for same in _groups(seen, "userId")]


def _user(last: Row, repair: Callable[[str], str]) -> tuple[Any, ...]:
    first_name, last_name = (
        None if last[name] is None else repair(str(last[name])) for name in ("firstName", "lastName")
    )
    return (last["userId"], first_name, last_name, last["gender"], trimmed(str(last["level"])), moment(last["ts"]))


def users_history(events: Iterable[Row]) -> list[tuple[Any, ...]]:
    """One row per change of a user's level; of events in one millisecond the last counts."""
    seen = [row for row in events if row["userId"] is not None]
    found = []
    for same in _groups(seen, "userId"):
        changes: list[tuple[Any, str]] = []
        for at_once in sorted(_groups(same, "ts"), key=lambda rows: rows[0]["ts"] or 0):
            last = max(at_once, key=_event_key)
            level = trimmed(str(last["level"]))
            if not changes or changes[-1][1] != level:
                changes.append((last["ts"], level))
        ends = [moment(ts) for ts, _ in changes[1:]]
        for (start, level), end in zip(changes, [*ends, None], strict=True):
            found.append((same[0]["userId"], moment(start), level, end, end is None))
    return found


# Songs.


class Found(NamedTuple):
    """What a play plays: ids may be None under `null`; `is_kept` is False under `drop`."""

    song_id: str | None
    artist_id: str | None
    is_kept: bool = True
    inferred_song: str = ""
    inferred_artist: str = ""
    title: str = ""
    artist: str = ""


class Catalogue:
    """The records of the songs, with ids trimmed and names repaired; names keep the spaces at their ends."""

    def __init__(self, songs: Iterable[Row], repair: Callable[[str], str]) -> None:
        self._repair = repair
        self._records = [self._read(row) for row in songs]
        firsts = (min(same, key=_song_key) for same in _groups(self._records, "song_id"))
        self._songs = {row["song_id"]: row for row in firsts}

    def _read(self, row: Row) -> Row:
        read = dict(row)
        for name in ("song_id", "artist_id"):
            read[name] = trimmed(str(row[name]))
        for name in ("title", "artist_name", "artist_location"):
            value = row[name]
            read[name] = self._repair(value) if isinstance(value, str) else None
        return read

    def songs(self) -> list[tuple[Any, ...]]:
        """The first record of each song_id."""
        return [
            (song_id, row["title"], row["artist_id"], row["year"] or None, row["duration"], False)
            for song_id, row in self._songs.items()
        ]

    def artists(self) -> list[tuple[Any, ...]]:
        """Each artist, with the shortest name and the best place."""
        return [self._artist(same) for same in _groups(self._records, "artist_id")]

    def _artist(self, records: list[Row]) -> tuple[Any, ...]:
        named = min(records, key=lambda row: (len(str(row["artist_name"])), _song_key(row)))
        placed = min(records, key=lambda row: (_coordinates(row) is None, _place(row) is None, _song_key(row)))
        latitude, longitude = _coordinates(placed) or (None, None)
        return (named["artist_id"], named["artist_name"], _place(placed), latitude, longitude, False)

    def find(self, play: Row, unknown_songs: str) -> Found:
        """What a play plays."""
        title, artist = (self._repair(trimmed(str(play[name]))) for name in ("song", "artist"))
        by_artist = [row for row in self._records if trimmed(str(row["artist_name"])) == artist]
        candidates = [row for row in by_artist if trimmed(str(row["title"])) == title]
        if candidates:
            nearest = min(
                candidates, key=lambda row: (*_distance(row["duration"], play["length"]), _bytes(row, "song_id"))
            )
            song_id = str(nearest["song_id"])
            return Found(song_id, str(self._songs[song_id]["artist_id"]))
        known = min((str(row["artist_id"]) for row in by_artist), key=str.encode, default=None)
        if unknown_songs == "null":
            return Found(None, known)
        if unknown_songs == "drop":
            return Found(None, None, is_kept=False)
        made_song, made_artist = "SOX" + _digest(f"{artist}\x1f{title}"), "ARX" + _digest(artist)
        return Found(
            made_song, known or made_artist, inferred_song=made_song, title=title, artist=artist,
            inferred_artist="" if known else made_artist,
        )  # fmt: skip


def _bytes(row: Row, name: str) -> bytes:
    return str(row[name]).encode()


def _coordinates(row: Row) -> tuple[Any, Any] | None:
    both = (row["artist_latitude"], row["artist_longitude"])
    return None if None in both else both


def _place(row: Row) -> str | None:
    return filled(row["artist_location"])


def filled(text: Any) -> str | None:
    """A text that is not only spaces, else None."""
    return text if isinstance(text, str) and trimmed(text) else None


def _distance(duration: Any, length: Any) -> tuple[Any, ...]:
    """Half of how far a duration is from a length, in double precision, as in every engine; unknown comes last.

    The whole may be too large for a double. Two durations whose distances differ by less than a double can tell are
    equally near.
    """
    if duration is None or length is None:
        return (1, 0)
    return (0, abs(duration / 2 - length / 2))


def _digest(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()[:15].upper()


def _inferred_songs(inferred: list[tuple[Row, Found]]) -> list[tuple[Any, ...]]:
    lengths: dict[Found, list[Any]] = {}
    for play, found in inferred:
        lengths.setdefault(found, []).append(play["length"])
    return [
        (
            found.song_id,
            found.title,
            found.artist_id,
            None,
            min((length for length in known if length is not None), default=None),
            True,
        )
        for found, known in lengths.items()
    ]


def _inferred_artists(inferred: list[tuple[Row, Found]]) -> list[tuple[Any, ...]]:
    made = {(found.inferred_artist, found.artist) for _, found in inferred if found.inferred_artist}
    return [(artist_id, name, None, None, None, True) for artist_id, name in made]


# Facts.


def _fact(play: Row, found: Found) -> tuple[Any, ...] | None:
    if not found.is_kept:
        return None
    return (
        f"{play['ts']}-" + f"{play['userId']}-{play['sessionId']}-{play['itemInSession']}",
        moment(play["ts"]),
        play["userId"],
        trimmed(str(play["level"])),
        found.song_id,
        found.artist_id,
        play["sessionId"],
        filled(play["location"]),
        play["userAgent"],
    )


def _time(start: datetime) -> tuple[Any, ...]:
    weekday = start.isoweekday() % 7
    return (start, start.hour, start.day, start.isocalendar().week, start.month, start.year, weekday)

"""Make up artists and songs: names from a table of words, with the oddities of the real catalogue.

Artists have several songs; one in nine has two spellings under one artist_id; about half the years are 0 and
nearly half the places unknown.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from sparkify.generate import people
from sparkify.generate.catalogue import Record, Song
from sparkify.generate.rng import F64, Purpose, Stream, mix_int

SONGS_PER_ARTIST = 3
MEDIAN_SECONDS, SIGMA = 232.0, 0.35  # as in the real logs: median 233, mean 247
MIN_SECONDS, MAX_SECONDS = 15.0, 2600.0
TWO_SPELLINGS, SECOND_SPELLING = 0.11, 0.35
NO_PLACE, NO_COORDINATES = 0.45, 0.6
NO_YEAR = 0.48
OUTSIDE = 1 << 40  # songs outside the catalogue are numbered from here
KNOWN_ARTIST = 0.2  # of the songs outside, those whose artist is in the catalogue

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_FIVE_LETTERS = 26**5
_STRIDE = 7_368_787  # has no factor in common with 26, so that multiplying by it renumbers

Words = dict[str, list[str]]


@lru_cache(maxsize=1)
def _words() -> Words:
    return {row[0]: row[1].split("|") for row in (line.split("\t") for line in people.read_lines("song_words"))}


@lru_cache(maxsize=1)
def _places() -> list[tuple[str, float, float]]:
    rows = (line.split("\t") for line in people.read_lines("artist_places"))
    return [(name, float(latitude), float(longitude)) for name, latitude, longitude in rows]


class _Dice:
    """Numbers in [0, 1) for one thing, one after another; fills patterns such as `{adjective} {noun}`."""

    def __init__(self, numbers: list[float]) -> None:
        self._numbers = iter(numbers)

    def roll(self) -> float:
        return next(self._numbers)

    def pick(self, options: list[str]) -> str:
        return options[int(self.roll() * len(options))]

    def phrase(self, pattern: str) -> str:
        words = _words()
        while "{" in pattern:
            before, _, rest = pattern.partition("{")
            kind, _, after = rest.partition("}")
            pattern = before + self.pick(words[kind]) + after
        return pattern


@dataclass(frozen=True)
class _Artist:
    artist_id: str
    spellings: list[str]
    places: list[tuple[str, float | None, float | None]]  # one for each spelling


DICE = 24  # numbers a thing may use up


def _dice(seed: int, purpose: Purpose, first: int, count: int) -> list[_Dice]:
    stream = Stream(seed, purpose, np.arange(first, first + count))
    numbers: F64 = stream.grid(0, DICE).T
    return [_Dice(row) for row in numbers.tolist()]


class _Unique:
    """Hands out texts, each once: a second one gets a number."""

    def __init__(self, taken: set[str]) -> None:
        self._taken = taken

    def __call__(self, text: str, form: str) -> str:
        result, n = text, 1
        while result.rstrip(" ") in self._taken:
            n += 1
            result = form.format(text, n)
        self._taken.add(result.rstrip(" "))
        return result


def _artists(seed: int, first: int, count: int) -> list[_Artist]:
    unique = _Unique(set())
    return [
        _artist(dice, mix_int(seed ^ mix_int(first + n + 1)), first + n, unique)
        for n, dice in enumerate(_dice(seed, Purpose.ARTISTS, first, count))
    ]


def _artist(dice: _Dice, lot: int, number: int, unique: _Unique) -> _Artist:
    name = unique(dice.phrase("{artist}"), "{} {}")
    spellings, places = [name], [_place(dice)]
    if dice.roll() < TWO_SPELLINGS:
        spellings.append(unique(dice.phrase(dice.pick(_words()["spelling"]).replace("@", name)), "{} {}"))
        places.append(_place(dice) if dice.roll() < 0.3 else places[0])
    return _Artist(f"AR{_code(number)}1187{lot & 0xFFFFFFF:07X}", spellings, places)


def _place(dice: _Dice) -> tuple[str, float | None, float | None]:
    places = _places()
    kind, (name, latitude, longitude) = dice.roll(), places[int(dice.roll() * len(places))]
    if kind < NO_PLACE:
        return "", None, None
    return (name, None, None) if kind < NO_COORDINATES else (name, latitude, longitude)


def _code(number: int) -> str:
    """Five letters that belong to this number alone."""
    rest, text = number * _STRIDE % _FIVE_LETTERS, ""
    for _ in range(5):
        rest, digit = divmod(rest, 26)
        text += _LETTERS[digit]
    return text


def _titles(seed: int, first: int, count: int, artists: list[_Artist], unique: _Unique) -> list[Record]:
    """Songs as catalogue records, without ids."""
    made = []
    for dice in _dice(seed, Purpose.CATALOGUE, first, count):
        # A power: some artists have many songs, most a few.
        artist = artists[int(dice.roll() ** 1.5 * len(artists))]
        spelling = len(artist.spellings) > 1 and dice.roll() < SECOND_SPELLING
        location, latitude, longitude = artist.places[spelling]
        name = artist.spellings[spelling]
        year = 0 if dice.roll() < NO_YEAR else 2010 - int(55 * dice.roll() ** 2)
        seconds = _seconds(dice.roll(), dice.roll())
        title = unique(f"{name}\x1f{dice.phrase('{title}')}", "{} (Part {})").partition("\x1f")[2]
        record = {
            "num_songs": 1,
            "artist_id": artist.artist_id,
            "artist_latitude": latitude,
            "artist_longitude": longitude,
            "artist_location": location,
            "artist_name": name,
            "song_id": "",
            "title": title,
            "duration": seconds,
            "year": year,
        }
        made.append(record)
    return made


def _seconds(u: float, v: float) -> float:
    normal = float(np.sqrt(-2.0 * np.log(1.0 - u)) * np.cos(2.0 * np.pi * v))
    length = MEDIAN_SECONDS * float(np.exp(SIGMA * normal))
    return round(min(max(length, MIN_SECONDS), MAX_SECONDS), 5)


def make_catalogue(seed: int, count: int) -> list[Record]:
    """Make `count` catalogue records; no two share artist_name and title, or song_id."""
    artists = _artists(seed, 0, -(-count // SONGS_PER_ARTIST))
    records = _titles(seed, 0, count, artists, _Unique(set()))
    for n, record in enumerate(records):
        lot = mix_int(mix_int(seed) ^ n)
        record["song_id"] = f"SO{_code(n)}12A{lot & 0xFFFFFFFF:08X}"
    return records


def make_outside(seed: int, count: int, catalogue: list[Record]) -> list[Song]:
    """Make `count` songs that are not in `catalogue`, some of them by artists who are."""
    pairs = {f"{r['artist_name'].rstrip(' ')}\x1f{r['title'].rstrip(' ')}" for r in catalogue}
    unique = _Unique(pairs)
    artists = _artists(seed, OUTSIDE, -(-count // SONGS_PER_ARTIST))
    records = _titles(seed, OUTSIDE, count, artists, unique)
    songs = []
    for record, dice in zip(records, _dice(seed, Purpose.CATALOGUE, 2 * OUTSIDE, count), strict=True):
        artist, title = record["artist_name"], record["title"]
        if dice.roll() < KNOWN_ARTIST:
            artist = catalogue[int(dice.roll() * len(catalogue))]["artist_name"]
            title = unique(f"{artist.rstrip(' ')}\x1f{title}", "{} (Part {})").partition("\x1f")[2]
        songs.append(Song(artist, title, record["duration"]))
    return songs

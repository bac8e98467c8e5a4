"""Hostile worlds: few values of each field, so that everything meets everything, and each of them odd."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass

from tests.reliability.model.files import FORMS, PACKINGS, File, Junk, Piece, Record

DAY = 86_400_000


def encoded_again(text: str, times: int = 1) -> str:
    """A text as it looks after it was encoded to UTF-8 more than once."""
    for _ in range(times):
        text = text.encode().decode("latin-1")
    return text


NAMES = (
    *("Muse", "Muse ", "Muse  ", "muse", "Muse\u00a0", "Muse\t", " Muse", "Elena", "elena", "", " "),
    *("Björk", encoded_again("Björk"), encoded_again("Björk", 2), encoded_again("Björk") + " ", "Bj\u00c3\u00b6rk x’"),
    *("Bjo\u0308rk", "à", encoded_again("à"), encoded_again("à", 2), "IRMÃ\u00a0DULCE", "Ã", "Â£", "â€™", "Ãƒ"),
    *("\U0001f600", "\uffff", "ß", "SS", "İ", "'; DROP TABLE users; --", "\\", '"', "%", "_", "null", "NULL", "\\N"),
    *(
        "a\x1fb",
        "\x7f",
        "\u2028",
        "e\u0301",
        "é",
        "日本",
        "0",
        "-0.0",
        "[/red]",
        "\x1b[31m",
        "x;=1+1;",
        "a\nb",
        "a\rb",
        "\ufeffMuse",
    ),
)
NAME_TOKENS = ("311", "1e3", "1.50", "true", "-0.0", '"\\u00e9"', '"\\ud83d\\ude00"', '"\\/"')
"""Texts written in other ways than as plain strings."""

LENGTHS = (
    *("null", "0", "0.0", "-0.0", "10.0", "15", "20.0", '"12.5"', '""', "1e1", "269.58322", "269.58322000000004"),
    *("5e-324", "1e-323", "2.2250738585072014e-308", "1.7e308", "-1.7e308", "1.7976931348623157e308", "-5", "1e-400"),
)
TIMES = (
    *(0, 1, 999, 1000, DAY - 1, DAY, 946_684_799_999, 946_684_800_000, 1_541_121_934_796, 1_541_121_934_797),
    *(1_541_203_199_999, 951_782_400_000, 1_546_214_400_000, 1_483_228_799_999, 72_057_594_037_927),
    *(72_057_594_037_927_935 // 1000, 100_000_000_000_000, 253_402_300_799_998, 253_402_300_799_999),
)
LEVELS = ("free", "paid", "free ", "paid  ", "Free", "free\t", "freé", "f", "free\x01", " free")
PAGES = ("NextSong", "NextSong", "NextSong", "NextSong ", "Home", "nextsong", "NextSong x", "NextSong\t", "Logout")
AGENTS = ('"Mozilla/5.0"', "", "a, b\tc", "x" * 30, "é")
USERS = ("1", '"1"', "1.0", '"39"', "2", "-1", "0", "9007199254740991", "1e0")
PLACES = ("", " ", "London", "London ", "Berlin", encoded_again("Zürich"), "Zürich", "a" * 30, "\U0001f600")
SONG_IDS = ("SO1", "SO1 ", "so0", "SO2", "Ö", "SO10", "s\tx")
ARTIST_IDS = ("AR1", "AR1  ", "ar0", "AR2", "Ä")
COORDINATES = ("null", "null", "0", "52.5", "-0.0", '"13.4"', '""', "90", "-180.0", "5e-324", "1.7e308")
YEARS = ("0", "null", "1999", '"2001"', "-1", "2147483647", '""', "0.0", "1e3")
BAD_VALUES = {
    "ts": ("5.7", '"abc"', "-1", "253402300800000", "null", '" 39 "', "true", "1e400", '"0x1"', '"1_0"'),
    "sessionId": ("9007199254740992", "{}", "[]", '"1.5"', '"+1"', '"Infinity"'),
    "itemInSession": ("2147483648", "false", '"01"', "0.5"),
    "level": ('"  "', '""', "null", '"a\\u0000b"', "[]"),
    "page": ("{}", '"\\ud800"', "null"),
    "length": ('"abc"', "true", "1e400", '"NaN"', "[1]", '"1e400"'),
    "status": ("2.5", '"two"', "99999999999"),
    "title": ("null", "{}", '"\\udfff x"'),
    "artist_name": ('" "', "null", '""'),
    "song_id": ('""', "[]"),
    "duration": ('"x"', "-1e999"),
    "artist_latitude": ('"north"', "false"),
}
TOO_LONG = {"level": 65, "gender": 65, "method": 65, "auth": 65, "page": 257, "song_id": 257, "artist_id": 257}
JUNK = ("bad", "# comment", "data = ", "NaN", '"text"', "null", "12", '{"ts": 1', '{"a": ', "\x00", "ÿ", "<br>", '"')


@dataclass(frozen=True)
class Pools:
    """The few values that one world uses of each field, as raw JSON; `bad` is the share of records with a fault."""

    values: dict[str, tuple[str, ...]]
    bad: float
    topic: float
    junk: float


def make_pools(chance: random.Random) -> Pools:
    """The values of a world."""
    names = _some(chance, [_text(name) for name in NAMES] + list(NAME_TOKENS), 4)
    related = _related(chance)
    titles, artists = ((*related, *_chosen(chance, names, 2)) for _ in range(2))
    times = _times(chance)
    lengths = _some(chance, LENGTHS, 3)
    texts = {
        "level": LEVELS, "firstName": (*NAMES[:1], *NAMES[11:16]), "lastName": NAMES[:6], "gender": ("F", "M", ""),
        "userAgent": AGENTS, "auth": ("Logged In", ""), "method": ("PUT", "GET"), "artist_location": PLACES,
        "location": PLACES, "song_id": SONG_IDS, "artist_id": ARTIST_IDS, "page": PAGES,
    }  # fmt: skip
    values = {name: _some(chance, [_text(text) for text in given], 3) for name, given in texts.items()}
    values |= {
        "ts": times, "userId": _some(chance, USERS, 2), "sessionId": _some(chance, ("1", "2", '"1"', "-3"), 2),
        "itemInSession": _some(chance, ("0", "1", "0.0", "-1"), 2), "artist": artists, "artist_name": artists,
        "song": titles, "title": (*titles, '""'), "length": lengths, "duration": lengths, "status": ("200", '"404"'),
        "registration": ("1540919166796.0", '""', "null"), "num_songs": ("1", "null"), "year": _some(chance, YEARS, 2),
        "artist_latitude": _some(chance, COORDINATES, 3), "artist_longitude": _some(chance, COORDINATES, 3),
        "city": tuple(map(_text, ("London", "Zürich", "a"))), "state": (_text("TX"), _text("é"), "null"),
    }  # fmt: skip
    return Pools(values, chance.choice([0, 0, 0.1, 0.3]), chance.choice([0, 0, 0.3]), chance.choice([0, 0, 0.2]))


def _related(chance: random.Random) -> tuple[str, ...]:
    """A name and others that are nearly the same."""
    base = chance.choice(["Muse", "Björk", "à", "Elena"])
    near = [base, base + " ", base + "\u00a0", base.lower(), encoded_again(base), encoded_again(base, 2), base + "\t"]
    return tuple(map(_text, chance.sample(near, 3)))


def _times(chance: random.Random) -> tuple[str, ...]:
    base = chance.choice(TIMES)
    near = [base, max(base - 1, 0), min(base + 1, TIMES[-1]), max(base - DAY, 0), chance.choice(TIMES)]
    return tuple(chance.choice([str(ts), str(ts), f"{ts}.0", f'"{ts}"']) for ts in near[: chance.randint(2, 5)])


def _some(chance: random.Random, values: Sequence[str], most: int) -> tuple[str, ...]:
    return tuple(chance.sample(values, min(most, len(values))))


def _chosen(chance: random.Random, values: Sequence[str], count: int) -> tuple[str, ...]:
    return tuple(chance.choice(values) for _ in range(count))


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


# Records.


def make_record(chance: random.Random, pools: Pools, kind: str) -> Record:
    """A record of a kind; now and then one that breaks a rule."""
    pairs = _song(chance, pools) if kind == "songs" else _event(chance, pools)
    if chance.random() < pools.bad:
        pairs = _broken(chance, pairs)
    if chance.random() < 0.1:
        chance.shuffle(pairs)
    if chance.random() < 0.1:
        pairs.insert(chance.randint(0, len(pairs)), ("device", chance.choice(['{"a": [1, "}"]}', '"{"', "null"])))
    return Record(tuple(pairs))


def _event(chance: random.Random, pools: Pools) -> list[tuple[str, str]]:
    names = ["ts", "sessionId", "itemInSession", "userId", "page", "level", "firstName", "lastName", "gender"]
    names += ["location", "userAgent", "registration", "artist", "song", "length", "auth", "method", "status"]
    pairs = {name: chance.choice(pools.values[name]) for name in names}
    if chance.random() < 0.1:
        pairs |= {"userId": chance.choice(['""', "null"]), "page": _text("Home"), "artist": "null", "song": "null"}
    for name in (
        "firstName",
        "lastName",
        "gender",
        "location",
        "userAgent",
        "registration",
        "auth",
        "method",
        "status",
    ):
        if chance.random() < 0.15:
            pairs[name] = "null"
        elif chance.random() < 0.1:
            del pairs[name]
    if chance.random() < pools.topic:
        pairs = _in_topic_form(chance, pools, pairs)
    return list(pairs.items())


def _in_topic_form(chance: random.Random, pools: Pools, pairs: dict[str, str]) -> dict[str, str]:
    changed = {name: value for name, value in pairs.items() if name not in ("length", "location")}
    changed["duration"] = pairs["length"]
    for name in ("city", "state", "zip", "lat", "lon"):
        if chance.random() < 0.8:
            changed[name] = chance.choice(pools.values.get(name, ("1", '"00501"', "null")))
    if chance.random() < 0.5:
        changed.pop("page", None)
    if "city" not in changed and chance.random() < 0.5:
        changed["length"] = "null"
    return changed


def _song(chance: random.Random, pools: Pools) -> list[tuple[str, str]]:
    names = ["num_songs", "artist_id", "artist_latitude", "artist_longitude", "artist_location", "artist_name"]
    names += ["song_id", "title", "duration", "year"]
    pairs = {name: chance.choice(pools.values[name]) for name in names}
    if chance.random() < 0.1:
        pairs["artist_location"] = "null"
    return list(pairs.items())


def _broken(chance: random.Random, pairs: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """A record with one field that is bad, missing, misnamed or there twice."""
    names = [name for name, _ in pairs]
    how = chance.choice(["bad", "bad", "bad", "twice", "missing", "case", "long"])
    if how == "long":
        name = chance.choice([name for name in names if name in TOO_LONG])
        return [(other, f'"{"x" * TOO_LONG[name]}"' if other == name else value) for other, value in pairs]
    name = chance.choice([name for name in names if name in BAD_VALUES] or names)
    if how == "bad" and name in BAD_VALUES:
        return [(other, chance.choice(BAD_VALUES[name]) if other == name else value) for other, value in pairs]
    if how == "twice":
        return [*pairs, (name, chance.choice(["null", "1"]))]
    if how == "case":
        return [(other.upper() if other == name else other, value) for other, value in pairs]
    return [(other, value) for other, value in pairs if other != name]


# Files.


def make_file(chance: random.Random, pools: Pools, kind: str, earlier: Sequence[Record] = ()) -> File:
    """A file of a few records; some of them are copies of earlier ones."""
    pieces: list[Piece] = []
    for _ in range(chance.choice([0, 1, 1, 2, 3, 4, 6])):
        if chance.random() < pools.junk:
            pieces.append(Junk(chance.choice(JUNK)))
        elif earlier and chance.random() < 0.25:
            pieces.append(chance.choice(earlier))
        else:
            pieces.append(make_record(chance, pools, kind))
    form = chance.choice(FORMS)
    return File(kind, tuple(pieces), form, chance.choice([*[""] * 4, *PACKINGS]), chance.randrange(1 << 30))

"""Turn events into JSON text, fast.

A record is a row of pieces, each of which is looked up: the artist's piece by song, the place's piece by level and
place, and so on; only the session's pieces and the time are new. Joining some thousand rows at once costs
about a third of a microsecond a record.

The fields and their order are those of the real logs: alphabetical, null where there is nothing to say.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from sparkify.generate import people
from sparkify.generate.chain import Kind
from sparkify.generate.job import Job
from sparkify.generate.rng import I64
from sparkify.generate.spool import Bucket

ROWS = 8192  # records joined at once: their pieces stay in the processor's cache
PIECES = 11
Pieces = npt.NDArray[np.object_]
Index = npt.NDArray[np.intp]


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _pieces(texts: Iterable[str]) -> Pieces:
    rows = [text.encode() for text in texts]
    array = np.empty(len(rows), object)
    array[:] = rows
    return array


class Renderer:
    """Renders the events of one run."""

    def __init__(self, job: Job) -> None:
        """Prepare the pieces."""
        self._population = job.population
        chain, states, songs = job.chain, job.chain.states, job.charts.songs
        shown = [job.config.show_user[s.auth] for s in states]
        self._shown = np.array(shown, np.bool_)
        tag = "" if job.settings.tag is None else f'"tag":{_text(job.settings.tag)},'
        plays = [n for n in range(len(states)) if chain.kind[n] == Kind.PLAY]
        auths = list(dict.fromkeys(states[n].auth for n in plays))
        statuses = list(dict.fromkeys(states[n].status for n in plays))
        # A play's piece stands after those of the states, by auth (or status) and song.
        self._head_base = np.arange(len(states))
        self._tail_base = np.arange(len(states))
        for n in plays:
            self._head_base[n] = len(states) + auths.index(states[n].auth) * len(songs)
            self._tail_base[n] = len(states) + statuses.index(states[n].status) * len(songs)
        self._head = _pieces(
            [f'{{"artist":null,"auth":{_text(s.auth)}' for s in states]
            + [f'{{"artist":{_text(song.artist)},"auth":{_text(auth)}' for auth in auths for song in songs]
        )
        self._tail = _pieces(
            [f',"song":null,"status":{s.status},{tag}"ts":' for s in states]
            + [f',"song":{_text(song.title)},"status":{n},{tag}"ts":' for n in statuses for song in songs]
        )
        self._length = _pieces([repr(float(song.length)) for song in songs] + ["null"])  # NO_SONG is the last
        self._page = _pieces(f',"method":{_text(s.method)},"page":{_text(s.page)},"registration":' for s in states)
        self._items = _pieces(map(str, range(1024)))
        self._prepare_people(job)

    def _prepare_people(self, job: Job) -> None:
        """The pieces of names and places; the last of each is for a user who is not shown."""
        tables, states = people.tables(), job.chain.states
        names = [(_text(name), _text(gender)) for name, gender in tables.first_names.rows] + [("null", "null")]
        self._first_name = _pieces(f',"firstName":{n},"gender":{g},"itemInSession":' for n, g in names)
        surnames = [_text(row[0]) for row in tables.last_names.rows] + ["null"]
        self._last_name = _pieces(f',"lastName":{n},"length":' for n in surnames)
        places = [_text(row[0]) for row in tables.locations.rows] + ["null"]
        levels = list(dict.fromkeys(s.level for s in states))
        self._place = _pieces(f',"level":{_text(v)},"location":{p}' for v in levels for p in places)
        self._place_base = np.array([levels.index(s.level) * len(places) for s in states])
        self._agents = [f',"userAgent":{_text(row[0])},"userId":"'.encode() for row in tables.agents.rows]
        self._no_agent = b',"userAgent":null,"userId":""}\n'

    def render(self, bucket: Bucket) -> Iterator[bytes]:
        """The bucket's records as newline-delimited JSON, in parts."""
        profile = self._population.profile(bucket.session_user)
        ids = bucket.session_id.tolist()
        shown_sessions = [
            b'%d.0,"sessionId":%d' % pair for pair in zip(profile.registration.tolist(), ids, strict=True)
        ]
        sessions = _objects([b'null,"sessionId":%d' % n for n in ids] + shown_sessions)
        agents = self._agents
        ends = [
            agents[a] + b'%d"}\n' % u for a, u in zip(profile.agent.tolist(), profile.user_id.tolist(), strict=True)
        ]
        ends_array = _objects([*ends, self._no_agent])
        top = int(bucket.item.max())
        if top >= len(self._items):
            self._items = _pieces(map(str, range(2 * top)))
        for low in range(0, len(bucket.item), ROWS):
            cut = slice(low, low + ROWS)
            state, session, song = bucket.state[cut], bucket.session[cut], bucket.song[cut]
            shown = self._shown[state]
            song_or_zero = np.maximum(song, 0)
            rows = np.empty((len(state), PIECES), object)
            rows[:, 0] = self._head.take(self._head_base[state] + song_or_zero)
            rows[:, 1] = self._first_name.take(np.where(shown, profile.first_name[session], -1))
            rows[:, 2] = self._items.take(bucket.item[cut])
            rows[:, 3] = self._last_name.take(np.where(shown, profile.last_name[session], -1))
            rows[:, 4] = self._length.take(song)
            place = np.where(shown, profile.location[session], len(people.tables().locations.rows))
            rows[:, 5] = self._place.take(self._place_base[state] + place)
            rows[:, 6] = self._page.take(state)
            rows[:, 7] = sessions.take(np.where(shown, session + len(ids), session))
            rows[:, 8] = self._tail.take(self._tail_base[state] + song_or_zero)
            rows[:, 9] = digits(bucket.milliseconds[cut])
            rows[:, 10] = ends_array.take(np.where(shown, session, -1))
            yield b"".join(rows.ravel().tolist())


def _objects(rows: list[bytes]) -> Pieces:
    array = np.empty(len(rows), object)
    array[:] = rows
    return array


_FOUR = np.frombuffer("".join(f"{n:04d}" for n in range(10_000)).encode(), "S4")


def digits(numbers: I64) -> Pieces:
    """Decimal digits of positive numbers; times from 2001 to 2286 have thirteen, which is much faster."""
    if not len(numbers) or numbers.min() < 10**12 or numbers.max() >= 10**13:
        return _objects([b"%d" % n for n in numbers.tolist()])
    out = np.empty(len(numbers), np.dtype([("a", "S1"), ("b", "S4"), ("c", "S4"), ("d", "S4")]))
    high, low = np.divmod(numbers, 10**8)
    first, second = np.divmod(high, 10**4)
    third, fourth = np.divmod(low, 10**4)
    out["a"] = _FOUR.view("S1")[3::4][first]
    out["b"], out["c"], out["d"] = _FOUR[second], _FOUR[third], _FOUR[fourth]
    result: Pieces = out.view("S13").astype(object)
    return result

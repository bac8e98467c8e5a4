"""Simulate a block of users: the heart of the generator.

All users of a block advance together, one row of a matrix each, some dozens of steps of the chain (`chain.py`) at a
time. The walk through the states needs no clock, so it is drawn first; the times follow from it by running sums:

- a redirect comes 1 s after the event before it;
- a play that follows while a song plays starts when that ends, whatever was visited meanwhile;
- the first event of a session comes at the session's start;
- everything else comes after an exponential time with the user's alpha, in whole seconds.

Every random number is found by (user, purpose, step), so the size of blocks and rounds changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from sparkify.generate.chain import Chain, Kind
from sparkify.generate.clock import FAR, SessionClock
from sparkify.generate.population import Population
from sparkify.generate.rng import I64, Purpose, Stream, exponential, mix, unit

if TYPE_CHECKING:
    from sparkify.generate.catalogue import Charts

NO_SONG = -1
ROUNDS = (16, 16, 32, 64, 128)  # steps; the last repeats. Few at first: most users need few.
MAX_CELLS = 1 << 20  # cells of a matrix in one round
BoolMatrix = npt.NDArray[np.bool_]
Index = npt.NDArray[np.intp]
Count = npt.NDArray[np.uint32]
Events = tuple[I64, Count, Count, npt.NDArray[np.int32], npt.NDArray[np.uint16]]  # time, session, item, song, state


@dataclass
class Block:
    """What a block of users did: arrays of equal length, one entry an event, and one entry a session."""

    time: I64  # seconds since the epoch
    session: npt.NDArray[np.uint32]  # position in the two arrays below
    item: npt.NDArray[np.uint32]  # itemInSession
    song: npt.NDArray[np.int32]  # position in the charts, or NO_SONG
    state: npt.NDArray[np.uint16]
    session_user: npt.NDArray[np.uint32]  # position in the block
    session_start: I64


@dataclass
class _Lanes:
    """Where each of n users stands after a round; arrays of length n."""

    user: Index  # position in the block
    state: npt.NDArray[np.uint16]
    time: I64
    item: I64  # itemInSession of the last event; -1 between START and the first event
    session: I64
    song_left: I64  # seconds that the song still plays at `time`; 0 without one
    drawn: I64  # how many numbers of the stream SESSIONS are used up
    leave: I64
    alpha: npt.NDArray[np.float64]
    beta: npt.NDArray[np.float64]

    def keep(self, which: npt.NDArray[np.bool_]) -> None:
        for f in fields(self):
            setattr(self, f.name, getattr(self, f.name)[which])


class Simulator:
    """Simulates blocks of users of one run."""

    def __init__(
        self, seed: int, end: int, chain: Chain, clock: SessionClock, users: Population, charts: Charts
    ) -> None:
        """Prepare for a run until `end`, seconds since the epoch (exclusive)."""
        self._seed = seed
        self._end = end
        self._chain = chain
        self._clock = clock
        self._users = users
        self._charts = charts

    def block(self, first: int, count: int) -> Block:
        """Simulate users `first` to `first + count - 1`."""
        return _BlockRun(self, first, count).run()


class _BlockRun:
    """One block's simulation."""

    def __init__(self, simulator: Simulator, first: int, count: int) -> None:
        self._end = simulator._end
        self._chain = simulator._chain
        self._clock = simulator._clock
        self._charts = simulator._charts
        users = np.arange(first, first + count)
        tempo = simulator._users.tempo(users)
        seed = simulator._seed
        self._streams = {p: Stream(seed, p, users) for p in (Purpose.STATES, Purpose.GAPS, Purpose.SONGS)}
        self._session_streams = Stream(seed, Purpose.SESSIONS, users)
        self._lanes = _Lanes(
            user=np.arange(count),
            state=tempo.start_state,
            time=tempo.first_start,
            item=np.full(count, -1),
            session=np.zeros(count, np.int64),
            song_left=np.zeros(count, np.int64),
            drawn=np.zeros(count, np.int64),
            leave=np.minimum(tempo.leave, self._end),
            alpha=tempo.alpha,
            beta=tempo.beta,
        )
        self._sessions = 0
        self._session_parts: list[tuple[Index, I64]] = []
        self._event_parts: list[Events] = []

    def run(self) -> Block:
        self._keep(self._lanes.time < self._lanes.leave)
        self._lanes.session = self._open_sessions(self._lanes.user, self._lanes.time)
        step = turn = 0
        while len(self._lanes.user):
            steps = ROUNDS[min(turn, len(ROUNDS) - 1)]
            steps = max(1, min(steps, MAX_CELLS // len(self._lanes.user)))
            self._round(step, steps)
            step, turn = step + steps, turn + 1
        return self._result()

    def _keep(self, which: npt.NDArray[np.bool_]) -> None:
        if which.all():
            return
        self._lanes.keep(which)
        self._streams = {p: stream.take(which) for p, stream in self._streams.items()}
        self._session_streams = self._session_streams.take(which)

    def _open_sessions(self, users: Index, starts: I64) -> I64:
        """Number new sessions, in the order given."""
        numbers = np.arange(self._sessions, self._sessions + len(users))
        self._sessions += len(users)
        self._session_parts.append((users, starts))
        return numbers

    def _round(self, first_step: int, steps: int) -> None:
        """Advance every user by `steps` states; column 0 of each matrix is where the last round ended."""
        lanes = self._lanes
        uniforms = self._streams[Purpose.STATES].grid(first_step, steps)
        walk = _Walk(self._chain.walk(lanes.state, uniforms), self._chain)
        songs = self._draw_songs(walk, first_step)
        playing = self._time_pages_and_plays(walk, songs, first_step)
        elapsed = np.cumsum(walk.wait, axis=1)
        session = self._start_sessions(walk, elapsed)
        base = np.take_along_axis(walk.base, walk.start_column, axis=1)
        time = base + elapsed
        time[walk.kind == Kind.GONE] = FAR
        self._emit(walk, time, session, songs)
        item = walk.items(lanes.item)
        lanes.state, lanes.time, lanes.item = walk.path[:, -1], time[:, -1], item[:, -1]
        lanes.session = np.take_along_axis(session, walk.start_column[:, -1:], axis=1)[:, 0]
        lanes.song_left = playing
        self._keep(lanes.time < self._end)

    def _draw_songs(self, walk: _Walk, first_step: int) -> npt.NDArray[np.int32]:
        """Which song each play of the round plays."""
        songs = np.full(walk.path.shape, NO_SONG, np.int32)
        lane, column = walk.plays
        songs[lane, column] = self._charts.draw(unit(self._numbers(Purpose.SONGS, lane, column, first_step)))
        return songs

    def _numbers(self, purpose: Purpose, lane: Index, column: Index, first_step: int) -> npt.NDArray[np.uint64]:
        """Random numbers for some cells of the round; a cell's number is that of its step."""
        stream = self._streams[purpose]
        index = (column + (first_step - 1)).astype(np.uint64)
        return mix(stream.key[lane] + stream.step[lane] * index)

    def _gaps(self, lane: Index, column: Index, first_step: int) -> I64:
        mean = self._lanes.alpha[lane]
        return (exponential(self._numbers(Purpose.GAPS, lane, column, first_step)) * mean).astype(np.int64)

    def _time_pages_and_plays(self, walk: _Walk, songs: npt.NDArray[np.int32], first_step: int) -> I64:
        """Fill `walk.wait`; returns the seconds that each user's song still plays at the end of the round."""
        lane, column = walk.pages
        walk.wait[lane, column] = self._gaps(lane, column, first_step)
        lane, column = walk.plays
        length = np.zeros(walk.path.shape, np.int64)
        length[:, 0] = self._lanes.song_left
        length[lane, column] = self._charts.seconds[songs[lane, column]]
        # Between one play and the next there are pages only, so their running sum is the time since the song began.
        since = np.cumsum(walk.wait, axis=1)
        before = walk.song_column[lane, column - 1]
        left = length[lane, before] - (since[lane, column] - since[lane, before])
        first = walk.is_first[lane, column]
        silent = (left <= 0) & ~first
        left[first] = 0
        left[silent] = self._gaps(lane[silent], column[silent], first_step)
        last = walk.song_column[:, -1]
        rows = np.arange(len(last))
        rest = length[rows, last] - (since[:, -1] - since[rows, last])
        walk.wait[lane, column] = left
        return np.maximum(rest, 0)

    def _start_sessions(self, walk: _Walk, elapsed: I64) -> I64:
        """Draw when the round's sessions start, user by user one after another, all users at once.

        Fills `walk.base` so that base at a session's START column + elapsed is an event's time. Returns the
        sessions' numbers, in those columns.
        """
        lanes = self._lanes
        walk.base[:, 0] = lanes.time
        numbers = np.zeros(walk.path.shape, np.int64)
        numbers[:, 0] = lanes.session
        lane, column = walk.starts
        lasted = elapsed[lane, column - 1] - elapsed[lane, walk.start_column[lane, column - 1]]
        starts = np.full(len(lane), FAR)
        counts = np.bincount(lane, minlength=len(lanes.user))
        offsets = np.cumsum(counts) - counts
        clock = lanes.time.copy()
        todo, turn = np.flatnonzero(counts), 0
        while todo.size:
            at = offsets[todo] + turn
            drawn = lanes.drawn[todo]
            stream = self._session_streams.take(todo)
            begin = self._clock.next_start(clock[todo] + lasted[at], lanes.beta[todo], stream, drawn)
            lanes.drawn[todo] = drawn
            clock[todo] = begin
            stays = begin < lanes.leave[todo]
            starts[at[stays]] = begin[stays]
            turn += 1
            todo = todo[stays & (counts[todo] > turn)]
        real = starts < FAR
        numbers[lane[real], column[real]] = self._open_sessions(lanes.user[lane[real]], starts[real])
        walk.base[lane, column] = starts - elapsed[lane, column]
        return numbers

    def _emit(self, walk: _Walk, time: I64, session: I64, songs: npt.NDArray[np.int32]) -> None:
        """Keep the events of the round that happen before the end."""
        event = (walk.kind <= Kind.PLAY) & (time < self._end)
        event[:, 0] = False
        sessions = np.take_along_axis(session, walk.start_column, axis=1)[event]
        items = walk.items(self._lanes.item)[event]
        parts = (time[event], sessions.astype(np.uint32), items.astype(np.uint32), songs[event], walk.path[event])
        self._event_parts.append(parts)

    def _result(self) -> Block:
        """All rounds together, in the order of time; an equal time keeps the order within a session."""
        parts = self._event_parts or [_no_events()]
        order = by_time(np.concatenate([p[0] for p in parts]))
        time = np.concatenate([p[0] for p in parts])[order]
        session = np.concatenate([p[1] for p in parts])[order]
        item = np.concatenate([p[2] for p in parts])[order]
        song = np.concatenate([p[3] for p in parts])[order]
        state = np.concatenate([p[4] for p in parts])[order]
        user = np.concatenate([p[0] for p in self._session_parts])
        start = np.concatenate([p[1] for p in self._session_parts])
        ranking = by_time(start)
        rank = np.empty(len(start), np.uint32)
        rank[ranking] = np.arange(len(start), dtype=np.uint32)
        return Block(time, rank[session], item, song, state, user[ranking].astype(np.uint32), start[ranking])


class _Walk:
    """The states of a round as a matrix, users by steps, and where in it what happens."""

    def __init__(self, path: npt.NDArray[np.uint16], chain: Chain) -> None:
        self.path = path
        self.kind = chain.kind[path]
        is_start = self.kind == Kind.START
        self.is_first = np.zeros(path.shape, np.bool_)  # the event after a START
        self.is_first[:, 1:] = is_start[:, :-1]
        is_start[:, 0] = False  # column 0 is settled
        is_play = self.kind == Kind.PLAY
        is_play[:, 0] = False
        is_page = (self.kind == Kind.PAGE) & ~self.is_first
        is_page[:, 0] = False
        self.starts = np.nonzero(is_start)
        self.plays = np.nonzero(is_play)
        self.pages = np.nonzero(is_page)
        self.start_column = _last_column(is_start)
        self.song_column = _last_column(is_start | is_play)  # where the song of each cell began; a START ends it
        self.wait = np.zeros(path.shape, np.int64)  # seconds since the cell before
        redirect = (self.kind == Kind.REDIRECT) & ~self.is_first
        redirect[:, 0] = False
        self.wait[redirect] = 1
        self.base = np.zeros(path.shape, np.int64)

    def items(self, first: I64) -> I64:
        """itemInSession of every cell, `first` being that of column 0."""
        columns = np.arange(self.path.shape[1])
        carried = np.where(self.start_column == 0, first[:, None] + 1, 0)
        return columns - self.start_column - 1 + carried


def _last_column(marks: BoolMatrix) -> Index:
    """For every cell the column of the last mark at or before it; 0 where there is none."""
    columns = np.where(marks, np.arange(marks.shape[1]), 0)
    return np.maximum.accumulate(columns, axis=1)


def by_time(time: I64) -> Index:
    """Positions in the order of `time`, stable. Sorting (time, position) as one number is faster than argsort."""
    if not len(time):
        return np.zeros(0, np.intp)
    bits = max(int(len(time) - 1).bit_length(), 1)
    keys = ((time - time.min()) << bits) | np.arange(len(time))
    keys.sort()
    order: Index = keys & ((1 << bits) - 1)
    return order


def _no_events() -> Events:
    count = np.zeros(0, np.uint32)
    return np.zeros(0, np.int64), count, count, np.zeros(0, np.int32), np.zeros(0, np.uint16)

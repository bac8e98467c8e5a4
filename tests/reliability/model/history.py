"""Histories: what happens to the files of a world, and what the warehouse must hold after each step."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from tests.reliability.model.files import File, Found, Junk, Record, Reject, found_in
from tests.reliability.model.star import UNKNOWN_SONGS, Tables, make_star
from tests.reliability.model.values import EVENT_FIELDS, SONG_FIELDS, Row, read
from tests.reliability.model.world import Pools, make_file, make_pools, make_record

FOLDERS = {"events": "logs", "songs": "songs"}
STEMS = ("a", "b", "c d", "x/e", "ü")
KEPT = "kept"
"""A file of each kind that always exists: a folder without any file is an error."""

Place = tuple[str, str]
"""A file's kind and its path below the folder of its kind."""


class Bound(NamedTuple):
    """What a replay is bound to: the file and the bytes of its reject, and its number among the equal ones, from 1."""

    place: Place
    raw: bytes
    nth: int


Replays = Mapping[Bound, tuple[Record, ...]]
"""Records that are given in the place of rejects."""


@dataclass(frozen=True)
class Step:
    """What happens to the files, the run of the etl after it, and what is replayed after that.

    `touched` files get another time of change and keep their content; `disguised` ones get another content of the same
    size, and keep their time of change. `stop` is how the run is stopped before it is
    run again: not at all (`""`), by an error at its `stop_at`th report of progress (`error`), or killed there (`kill`).
    `replaced` is a full refresh. With `whole_days` chunks that only add events have their days looked at as a whole, as
    those of many megabytes are.
    """

    written: dict[Place, File] = field(default_factory=dict)
    removed: tuple[Place, ...] = ()
    touched: tuple[Place, ...] = ()
    disguised: dict[Place, File] = field(default_factory=dict)
    replays: Replays = field(default_factory=dict)
    prune: bool = False
    full_refresh: bool = False
    chunk_files: int = 100
    whole_days: bool = False
    unknown_songs: str = "infer"
    repair_text: bool = True
    stop: str = ""
    stop_at: int = 0


@dataclass(frozen=True)
class History:
    """The steps; at the end the same records are loaded into other warehouses, `seed` says how."""

    steps: tuple[Step, ...]
    seed: int = 0


@dataclass
class State:
    """What is on disk and what the warehouse must have read after the steps so far."""

    disk: dict[Place, File] = field(default_factory=dict)
    loaded: dict[Place, File] = field(default_factory=dict)
    replays: dict[Bound, tuple[Record, ...]] = field(default_factory=dict)

    def apply(self, step: Step) -> None:
        """Do what a step does, but for its replays."""
        self.disk |= step.written
        self.disk |= {place: file for place, file in step.disguised.items() if place in self.disk}
        for place in step.removed:
            self.disk.pop(place, None)
        self.loaded = dict(self.disk) if step.prune else self.loaded | self.disk

    def open_rejects(self) -> Iterator[tuple[Bound, Reject]]:
        """The rejects that have no replay, with what one would be bound to."""
        for place, file in self.loaded.items():
            for bound, reject in rejects_of(place, found_in(file)):
                if bound not in self.replays:
                    yield bound, reject


def rejects_of(place: Place, found: Found) -> Iterator[tuple[Bound, Reject]]:
    """The rejects of a file, each with what a replay of it is bound to."""
    seen: Counter[bytes] = Counter()
    for reject in found.rejects:
        seen[reject.raw] += 1
        yield Bound(place, reject.raw, seen[reject.raw]), reject


def make_history(seed: int, steps: int | None = None) -> History:
    """The history of a seed, of so many steps or of two to five."""
    chance = random.Random(seed)
    pools = make_pools(chance)
    state = State()
    settings = (chance.choice(UNKNOWN_SONGS), chance.random() < 0.75)
    made: list[Step] = []
    for number in range(chance.choice([2, 3, 3, 4, 5]) if steps is None else steps):
        if chance.random() < 0.15:
            settings = (chance.choice(UNKNOWN_SONGS), chance.random() < 0.75)
        written = _written(chance, pools, state.disk, first=number == 0)
        removed = _removed(chance, state.disk, written)
        left = [place for place in state.disk if place not in written and place not in removed]
        touched = tuple(place for place in left if chance.random() < 0.1)
        disguised = {
            place: file
            for place in left
            if place not in touched and chance.random() < 0.15 and (file := _disguised(chance, state.disk[place]))
        }
        step = _step(chance, settings, Step(written, removed, touched, disguised))
        state.apply(step)
        step = replace(step, replays=_replays(chance, pools, state))
        state.replays |= step.replays
        made.append(step)
    return History(tuple(made), chance.randrange(1 << 30))


def _disguised(chance: random.Random, file: File) -> File | None:
    """A file with one digit changed, which has the same size; or nothing if there is none to change."""
    if file.packing:
        return None
    places = [
        (number, at)
        for number, piece in enumerate(file.pieces)
        if isinstance(piece, Record)
        for at, (name, value) in enumerate(piece.pairs)
        if name in ("ts", "sessionId", "itemInSession", "num_songs") and value[-1:].isdigit()
    ]
    if not places:
        return None
    number, at = chance.choice(places)
    piece = file.pieces[number]
    assert isinstance(piece, Record)
    name, value = piece.pairs[at]
    digit = str((int(value[-1]) + chance.randint(1, 8)) % 10)
    changed = Record((*piece.pairs[:at], (name, value[:-1] + digit), *piece.pairs[at + 1 :]))
    return replace(file, pieces=(*file.pieces[:number], changed, *file.pieces[number + 1 :]))


def _replays(chance: random.Random, pools: Pools, state: State) -> Replays:
    """Records in the place of some open rejects, each of which is accepted."""
    return {
        bound: tuple(_accepted(chance, pools, bound.place[0]) for _ in range(chance.choice([1, 1, 2])))
        for bound, _ in state.open_rejects()
        if chance.random() < 0.3
    }


def _accepted(chance: random.Random, pools: Pools, kind: str) -> Record:
    while True:
        record = make_record(chance, pools, kind)
        if read(kind, record.pairs).row is not None:
            return record


def _step(chance: random.Random, settings: tuple[str, bool], step: Step) -> Step:
    return replace(
        step,
        unknown_songs=settings[0],
        repair_text=settings[1],
        prune=chance.random() < 0.6,
        full_refresh=chance.random() < 0.07,
        chunk_files=chance.choice([1, 2, 100, 100]),
        whole_days=chance.random() < 0.6,
        stop=chance.choice([*[""] * 16, "error", "error", "error", "kill"]),
        stop_at=chance.randint(1, 12),
    )


def _records(disk: dict[Place, File], kind: str) -> list[Record]:
    files = (file for (of_kind, _), file in disk.items() if of_kind == kind)
    return [piece for file in files for piece in file.pieces if isinstance(piece, Record)]


def _written(chance: random.Random, pools: Pools, disk: dict[Place, File], first: bool) -> dict[Place, File]:
    """New and changed files; the first step writes those that are kept."""
    written: dict[Place, File] = {}
    for kind, most in (("events", 3), ("songs", 2)):
        for _ in range(chance.randint(0, most)):
            stem = chance.choice([*STEMS, KEPT])
            place, file = _placed(chance, pools, disk | written, kind, stem)
            written[place] = file
        if first and not any(of_kind == kind and KEPT in path for of_kind, path in written):
            place, file = _placed(chance, pools, written, kind, KEPT)
            written[place] = file
    return written


def _placed(chance: random.Random, pools: Pools, disk: dict[Place, File], kind: str, stem: str) -> tuple[Place, File]:
    """A file and where it goes: at the place of the file of that stem, if there is one, often as a change of it."""
    place = next((at for at in disk if at[0] == kind and at[1].startswith(f"{stem}.")), None)
    before = disk.get(place) if place else None
    if before is not None and chance.random() < 0.6:
        file = _changed(chance, pools, before)
    else:
        file = make_file(chance, pools, kind, _records(disk, kind))
    if place is None:
        ending = chance.choice([".json", ".json", ".jsonl", ".ndjson"])
        return (kind, stem + ending + file.packing), file
    if before is not None:
        file = replace(file, packing=before.packing)
    return place, file


def _changed(chance: random.Random, pools: Pools, file: File) -> File:
    """A file with some of its pieces gone, exchanged, appended or in another order, or written in another way.

    Its end may not be written yet, or may be written now.
    """
    pieces = list(file.pieces)
    how = chance.choice(["append", "append", "append", "cut", "drop", "exchange", "shuffle", "layout"])
    if how == "append":
        pieces += make_file(chance, pools, file.kind).pieces[:2]
    elif how == "cut":
        return replace(file, cut=0 if file.cut else chance.randint(1, 80))
    elif how == "drop" and pieces:
        del pieces[chance.randrange(len(pieces))]
    elif how == "exchange" and pieces:
        pieces[chance.randrange(len(pieces))] = make_record(chance, pools, file.kind)
    elif how == "shuffle":
        chance.shuffle(pieces)
    else:
        return replace(file, form=make_file(chance, pools, file.kind).form, seed=chance.randrange(1 << 30))
    return replace(file, pieces=tuple(pieces), cut=0)


def _removed(chance: random.Random, disk: dict[Place, File], written: dict[Place, File]) -> tuple[Place, ...]:
    return tuple(at for at in disk if at not in written and KEPT not in at[1] and chance.random() < 0.2)


def split_differently(files: dict[Place, File], seed: int) -> dict[Place, File]:
    """The same records in other files and in another order."""
    chance = random.Random(seed)
    written = {}
    for kind in FOLDERS:
        records = _records(files, kind)
        chance.shuffle(records)
        count = chance.randint(1, 3)
        for number in range(count):
            part = tuple(records[number::count])
            written[(kind, f"{number}.json")] = File(kind, part, "lines", "", chance.randrange(1 << 30))
    return written


# What the warehouse must hold.


@dataclass(frozen=True)
class Expected:
    """The tables, with the place of a file where the warehouse has its number, and what was found in each file."""

    tables: Tables
    files: dict[Place, Found]
    resolved: frozenset[Bound] = frozenset()

    def is_failed(self, place: Place) -> bool:
        """Whether a file counts as failed: replays of all that it holds end that."""
        found = self.files[place]
        return found.is_failed and not all(bound in self.resolved for bound, _ in rejects_of(place, found))

    def replayed(self, place: Place) -> int:
        """How many records were given in the place of rejects of a file."""
        staged = [row for row in self.tables[f"staging_{place[0]}"] if row[-1] == place]
        return len(staged) - len(self.files[place].rows)


def expected(files: dict[Place, File], step: Step, replays: Replays | None = None) -> Expected:
    """What the warehouse must hold when it has read these files, and replays, with the settings of a step."""
    found = {place: found_in(file) for place, file in files.items()}
    rows: dict[str, list[tuple[Place, Row]]] = {kind: [] for kind in FOLDERS}
    resolved = set()
    for place, each in found.items():
        rows[place[0]] += [(place, row) for row in each.rows]
        for bound, _ in rejects_of(place, each):
            for record in (replays or {}).get(bound, ()):
                resolved.add(bound)
                rows[place[0]] += [(place, row) for row in [read(place[0], record.pairs).row] if row is not None]
    events, songs = ([row for _, row in rows[kind]] for kind in ("events", "songs"))
    staging = {
        "staging_events": _staging(rows["events"], EVENT_FIELDS),
        "staging_songs": _staging(rows["songs"], SONG_FIELDS),
    }
    return Expected(
        staging | make_star(events, songs, step.unknown_songs, step.repair_text), found, frozenset(resolved)
    )


def _staging(rows: list[tuple[Place, Row]], names: Iterable[str]) -> list[tuple[object, ...]]:
    return [(*(row[name] for name in names), place) for place, row in rows]


# Smaller histories.


def smaller(history: History) -> Iterable[History]:
    """Histories that are a little smaller, largest cuts first."""
    steps = history.steps
    for number in range(len(steps)):
        if len(steps) > 1:
            yield replace(history, steps=_without_step(steps, number))
    for number, step in enumerate(steps):
        for changed in _smaller_steps(step):
            yield replace(history, steps=(*steps[:number], changed, *steps[number + 1 :]))


def _without_step(steps: tuple[Step, ...], number: int) -> tuple[Step, ...]:
    """Without a step, whose files the next one writes."""
    gone = steps[number]
    rest = list(steps[:number] + steps[number + 1 :])
    if number < len(rest):
        after = rest[number]
        files = gone.written | gone.disguised | after.written
        rest[number] = replace(after, written=files, removed=gone.removed + after.removed)
    return tuple(rest)


def _smaller_steps(step: Step) -> Iterable[Step]:
    plain = Step(chunk_files=100)
    simpler = ("stop", "full_refresh", "chunk_files", "whole_days", "touched", "disguised", "replays", "removed")
    for name in (*simpler, "unknown_songs", "repair_text"):
        if getattr(step, name) != getattr(plain, name):
            yield replace(step, **{name: getattr(plain, name)})
    for place, file in step.written.items():
        if KEPT not in place[1]:
            yield replace(step, written={at: other for at, other in step.written.items() if at != place})
        for change in _smaller_files(file):
            yield replace(step, written=step.written | {place: change})


def _smaller_files(file: File) -> Iterable[File]:
    for number in range(len(file.pieces)):
        yield replace(file, pieces=file.pieces[:number] + file.pieces[number + 1 :])
    if file.form != "lines":
        yield replace(file, form="lines")
    for number, piece in enumerate(file.pieces):
        if isinstance(piece, Junk):
            continue
        for name, _ in piece.pairs:
            pairs = tuple(pair for pair in piece.pairs if pair[0] != name)
            yield replace(file, pieces=(*file.pieces[:number], Record(pairs), *file.pieces[number + 1 :]))

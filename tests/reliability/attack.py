"""Try random histories of hostile worlds against the independent model.

    python -m tests.reliability.attack --histories 10000 --engine duckdb --seed 0 --jobs 2

Each history runs in this process, on warehouses of its own. After every step the tables are compared with the model's;
at the end the same files are loaded once into a new warehouse, or their records from other files in another order, and
compared too. A history that fails is made smaller for as long as it fails, and is printed with its seed.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tests import forked
from tests.reliability.model.files import File
from tests.reliability.model.history import (
    FOLDERS,
    Expected,
    History,
    Place,
    Replays,
    State,
    Step,
    expected,
    make_history,
    rejects_of,
    smaller,
    split_differently,
)
from tests.reliability.model.values import EVENT_FIELDS, SONG_FIELDS
from tests.support import ENGINES, EngineUnderTest, Run, reading, rows, url_of, using

import sparkify
from sparkify.config.settings import load
from sparkify.engines.registry import connect as connect_engine
from sparkify.etl import shape
from sparkify.etl.replay import replay_from
from sparkify.etl.summary import Progress
from sparkify.warehouse.reject_key import RejectKey

STAR = {
    "users": "user_id, first_name, last_name, gender, level, last_seen_at",
    "users_history": "user_id, valid_from, level, valid_to, current",
    "songs": "song_id, title, artist_id, year, duration, inferred",
    "artists": "artist_id, name, location, latitude, longitude, inferred",
    "time": "start_time, hour, day, week, month, year, weekday",
    "songplays": "songplay_id, start_time, user_id, level, song_id, artist_id, session_id, location, user_agent",
}
SETTINGS_OF_A_STEP = (
    "prune", "full_refresh", "chunk_files", "whole_days", "unknown_songs", "repair_text", "stop", "stop_at",
)  # fmt: skip
SHOWN = 4
_MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
"""Where the files of a history are: in memory, where that is possible, for they are written thousands of times."""
SECONDS_TO_MAKE_SMALLER = 20


@dataclass(frozen=True)
class Failure:
    """What went wrong in a history: after which step, and what differs."""

    history: History
    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}\n{_told(self.history)}"


class Stopped(Exception):
    """An error planted in a run."""


class _Differs(Exception):
    pass


def try_seed(seed: int, engine: EngineUnderTest, steps: int | None = None) -> Failure | None:
    """Try the history of a seed; a failure comes back as small as it could be made.

    With `steps` it has so many, and its files are not loaded into another warehouse: that costs a third.
    """
    failure = try_history(make_history(seed, steps), engine, elsewhere=steps is None)
    return failure and make_smaller(failure, engine)


def try_history(history: History, engine: EngineUnderTest, *, elsewhere: bool = True) -> Failure | None:
    """Try a history; with `elsewhere` its files are loaded into another warehouse at the end."""
    with tempfile.TemporaryDirectory(prefix="attack-", dir=_MEMORY) as name, using(engine):
        folder = Path(name)
        state = State()
        for number, step in enumerate(history.steps):
            try:
                _take(folder, state, step)
                _compare(folder, "grown", expected(state.loaded, step, state.replays))
                if step.replays:
                    _replay(folder, "grown", state, step.replays, step)
                    _compare(folder, "grown", expected(state.loaded, step, state.replays))
            except Exception as error:
                return Failure(history, f"after step {number}", _reason(error))
        try:
            if elsewhere:
                _load_otherwise(folder, state, history)
        except Exception as error:
            return Failure(history, "in another warehouse", _reason(error))
    return None


def _reason(error: Exception) -> str:
    return str(error) if isinstance(error, _Differs) else f"{type(error).__name__}: {error}"


def _take(folder: Path, state: State, step: Step) -> None:
    """Change the files as a step says, and run the etl."""
    state.apply(step)
    root = folder / "in"
    for place in step.removed:
        _path(root, place).unlink(missing_ok=True)
    _write(root, step.written)
    for place in step.touched:
        if _path(root, place).exists():
            os.utime(_path(root, place), (1e9, 1e9))
    for place, file in step.disguised.items():
        if _path(root, place).exists():
            _disguise(_path(root, place), file.content())
    if step.stop:
        _stopped_run(folder, step)
    _run(folder, root, "grown", step)


def _disguise(path: Path, content: bytes) -> None:
    """Give a file another content of the same size, and the time of change that it had."""
    before = path.stat()
    assert before.st_size == len(content)
    path.write_bytes(content)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def _replay(folder: Path, name: str, state: State, replays: Replays, step: Step) -> None:
    """Give records in the place of those rejects that are open in a warehouse."""
    place = _place(folder, name)
    there = {bound: reject for bound, reject in state.open_rejects() if bound in replays}
    keys = {
        (uri, line, offset): RejectKey(file_id, number)
        for uri, line, offset, file_id, number in rows(
            place,
            "SELECT f.uri, r.line, r.byte_offset, r.file_id, r.reject_no "
            "FROM etl_rejects AS r JOIN etl_files AS f ON f.file_id = r.file_id",
        )
    }
    flags = {"warehouse": url_of(place), "unknown_songs": step.unknown_songs, "repair_text": step.repair_text}
    settings = load(flags).settings
    for bound, reject in there.items():
        given = folder / "given.json"
        given.write_bytes(File(bound.place[0], replays[bound]).content())
        key = keys[_uri(folder, bound.place), reject.line, reject.offset]
        engine = connect_engine(url_of(place), settings.access(read_only=False))
        with contextlib.closing(engine):
            replay_from(engine, settings, given, [key])
        state.replays[bound] = replays[bound]


def _uri(folder: Path, place: Place) -> str:
    return f"file://{quote(os.fsencode(os.path.realpath(_path(folder / 'in', place))))}"


def _path(root: Path, place: Place) -> Path:
    return root / FOLDERS[place[0]] / place[1]


def _write(root: Path, files: Mapping[Place, File]) -> None:
    for place, file in files.items():
        path = _path(root, place)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.content())


def _settings(root: Path, step: Step) -> dict[str, Any]:
    return {
        **{name: str(root / name) for name in FOLDERS.values()},
        "prune": step.prune,
        "full_refresh": step.full_refresh,
        "chunk_files": step.chunk_files,
        "unknown_songs": step.unknown_songs,
        "repair_text": step.repair_text,
        "max_rejects": "100%",
    }


def _place(folder: Path, name: str) -> Any:
    from tests.support import warehouse

    return warehouse(folder, name)


def _run(folder: Path, root: Path, name: str, step: Step, stop_at: int = 0) -> None:
    seen = 0

    def report(_progress: Progress) -> None:
        nonlocal seen
        seen += 1
        if seen == stop_at:
            raise Stopped

    with _whole_days(step), sparkify.connect(url_of(_place(folder, name))) as warehouse:
        warehouse.etl(**_settings(root, step), report=report)


@contextlib.contextmanager
def _whole_days(step: Step) -> Iterator[None]:
    """Let the small chunks of a step be looked at by whole days, or not."""
    before = shape.WHOLE_DAYS_BYTES
    shape.WHOLE_DAYS_BYTES = 0 if step.whole_days else 1 << 60
    try:
        yield
    finally:
        shape.WHOLE_DAYS_BYTES = before


def _stopped_run(folder: Path, step: Step) -> None:
    """A run that ends before its end, if it is long enough."""
    if step.stop == "kill":
        url = url_of(_place(folder, "grown"))
        forked.begin_etl(url, killed_at=step.stop_at, **_settings(folder / "in", step)).join()
        return
    with contextlib.suppress(Stopped):
        _run(folder, folder / "in", "grown", step, step.stop_at)


def _load_otherwise(folder: Path, state: State, history: History) -> None:
    """Load all files at once into a new warehouse, or their records from other files."""
    last = replace(history.steps[-1], prune=False, full_refresh=False, chunk_files=100)
    is_split = history.seed % 2 == 1
    files = split_differently(state.loaded, history.seed) if is_split else state.loaded
    shutil.rmtree(folder / "in")
    _write(folder / "in", files)
    _run(folder, folder / "in", "other", last)
    if is_split:
        _compare(folder, "other", expected(files, last))
        return
    again = State(disk=files, loaded=files)
    _replay(folder, "other", again, state.replays, last)
    _compare(folder, "other", expected(files, last, state.replays))


# Comparing.


def _compare(folder: Path, name: str, wanted: Expected) -> None:
    """Compare a warehouse with what it must hold.

    Raises:
        _Differs: it holds something else.
    """
    uris = {at: _uri(folder, at) for at in wanted.files}
    differing = []
    with reading(_place(folder, name)) as run:
        for table, names in {"staging_events": EVENT_FIELDS, "staging_songs": SONG_FIELDS}.items():
            columns = ", ".join(f's."{name}"' for name in names)
            sql = f"SELECT {columns}, f.uri FROM {table} AS s JOIN etl_files AS f ON f.file_id = s.file_id"
            in_uris = [(*row[:-1], uris[row[-1]]) for row in wanted.tables[table]]
            differing.append(_difference(table, run(sql), in_uris))
        for table, columns in STAR.items():
            found = run(f'SELECT {columns} FROM "{table}"')
            differing.append(_difference(table, found, wanted.tables[table]))
        differing += [_files_differ(run, wanted, uris), _rejects_differ(run, wanted, uris)]
    if any(differing):
        raise _Differs("\n".join(filter(None, differing)))


def _difference(table: str, found: Iterable[tuple[Any, ...]], wanted: Iterable[tuple[Any, ...]]) -> str:
    has, needs = Counter(found), Counter(wanted)
    if has == needs:
        return ""
    too_many, missing = list((has - needs).elements()), list((needs - has).elements())
    lines = [f"{table}: {len(too_many)} rows too many, {len(missing)} missing"]
    lines += [f"  the warehouse has {row}" for row in too_many[:SHOWN]]
    lines += [f"  the model has     {row}" for row in missing[:SHOWN]]
    return "\n".join(lines)


def _files_differ(run: Run, wanted: Expected, uris: Mapping[Place, str]) -> str:
    found = run("SELECT uri, kind, records, loaded, rejected, replayed, state FROM etl_files")
    needed: list[tuple[Any, ...]] = []
    for at, each in wanted.files.items():
        counts = (uris[at], at[0], each.records, len(each.rows), each.rejected)
        more = (wanted.replayed(at), "failed" if wanted.is_failed(at) else "loaded")
        needed.append((*counts, *more))
    return _difference("etl_files", found, needed)


def _rejects_differ(run: Run, wanted: Expected, uris: Mapping[Place, str]) -> str:
    """Rejects by place; the field must be one of those that the model finds at fault."""
    columns = "f.uri, r.line, r.byte_offset, r.records, r.resolved_by IS NOT NULL, r.field"
    found = run(f"SELECT {columns} FROM etl_rejects AS r JOIN etl_files AS f ON f.file_id = r.file_id")
    fields = {
        (uris[at], reject.line, reject.offset, reject.records, bound in wanted.resolved): reject.fields
        for at, each in wanted.files.items()
        for bound, reject in rejects_of(at, each)
    }
    if places := _difference("etl_rejects", [row[:-1] for row in found], list(fields)):
        return places
    wrong = [(row, sorted(fields[row[:-1]])) for row in found if row[-1] not in fields[row[:-1]]]
    return f"etl_rejects: the field is another one: {wrong[:SHOWN]}" if wrong else ""


# Failures.


def make_smaller(failure: Failure, engine: EngineUnderTest) -> Failure:
    """The smallest history found that fails in the same table or with the same error."""
    kind = failure.what.split(":")[0]
    end = time.monotonic() + SECONDS_TO_MAKE_SMALLER
    is_smaller = True
    while is_smaller:
        is_smaller = False
        for candidate in smaller(failure.history):
            if time.monotonic() > end:
                return failure
            found = try_history(candidate, engine)
            if found and found.what.split(":")[0] == kind:
                failure, is_smaller = found, True
                break
    return failure


def _told(history: History) -> str:
    """A history in words: what is written, and how the etl is run."""
    lines = []
    for number, step in enumerate(history.steps):
        plain = Step()
        options = [
            f"{name}={getattr(step, name)!r}"
            for name in (
                "prune",
                "full_refresh",
                "chunk_files",
                "whole_days",
                "unknown_songs",
                "repair_text",
                "stop",
                "stop_at",
            )
            if getattr(step, name) != getattr(plain, name)
        ]
        lines.append(f"step {number}: etl({', '.join(options)})")
        lines += [f"  remove {FOLDERS[kind]}/{path}" for kind, path in step.removed]
        lines += [f"  touch {FOLDERS[kind]}/{path}" for kind, path in step.touched]
        for how, files in (("write", step.written), ("write, with the time of before,", step.disguised)):
            for (kind, path), file in files.items():
                lines.append(f"  {how} {FOLDERS[kind]}/{path}, {file.form}{' packed' if file.packing else ''}:")
                lines += [f"    {line!r}" for line in replace(file, packing="").content().splitlines()]
        for bound, records in step.replays.items():
            kind, path = bound.place
            lines.append(f"  then replay {bound.raw!r} ({bound.nth}) of {FOLDERS[kind]}/{path} with:")
            lines += [f"    {line!r}" for line in File(kind, records).content().splitlines()]
    lines.append("then load the records from other files" if history.seed % 2 else "then load all files at once")
    return "\n".join(lines)


# The command.


def _try_named(seed: int, engine: str) -> tuple[int, str]:
    failure = try_seed(seed, _engine(engine))
    return seed, str(failure) if failure else ""


def _engine(name: str) -> EngineUnderTest:
    return next(engine for engine in ENGINES if engine.name == name)


def main(arguments: list[str] | None = None) -> int:
    """The command; 1 if a history failed."""
    parser = argparse.ArgumentParser(prog="attack", description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--histories", type=int, default=200)
    parser.add_argument("--engine", default="duckdb", choices=[engine.name for engine in ENGINES])
    parser.add_argument("--seed", type=int, default=0, help="the first seed; the others follow")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--most-failures", type=int, default=5)
    chosen = parser.parse_args(arguments)
    seeds = range(chosen.seed, chosen.seed + chosen.histories)
    begun, failed, tried = time.process_time(), 0, 0
    with ProcessPoolExecutor(chosen.jobs, get_context("spawn")) as pool:
        for seed, told in pool.map(_try_named, seeds, [chosen.engine] * len(seeds)):
            tried += 1
            if told:
                failed += 1
                print(f"seed {seed} fails {told}\n", flush=True)
            if failed >= chosen.most_failures:
                pool.shutdown(cancel_futures=True)
                break
    seconds = time.process_time() - begun
    print(json.dumps({"engine": chosen.engine, "histories": tried, "failed": failed, "first_seed": chosen.seed}))
    print(f"{seconds:.0f} processor seconds", file=sys.stderr)
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())

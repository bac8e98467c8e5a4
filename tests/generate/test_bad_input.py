"""What cannot be done is said clearly, and leaves nothing behind."""

import gzip
import json
import resource
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.generate.conftest import read_songs

from sparkify.generate import GenerateError, GenerateOptions, OptionsError, generate, run, task

SMALL = GenerateOptions(users=20, songs=30, end="2018-11-05")


def tree(folder: Path) -> dict[str, bytes]:
    return {f.relative_to(folder).as_posix(): f.read_bytes() for f in folder.rglob("*") if f.is_file()}


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"begin": "2018-12-01", "end": "2018-11-01"}, "must be after"),
        ({"begin": "2018-11-01", "end": "2018-11-01"}, "must be after"),
        ({"begin": "yesterday"}, "--from 'yesterday' is neither a date"),
        ({"begin": "1900-01-01", "end": "1900-02-01"}, "1971"),
        ({"users": 0}, "--users"),
        ({"songs": 0}, "--songs"),
        ({"match_rate": 1.1}, "--match-rate"),
        ({"match_rate": float("nan")}, "--match-rate"),
        ({"growth_rate": -0.1}, "--growth-rate"),
        ({"growth_rate": 900.0, "end": "2028-11-05"}, "--growth-rate"),
        ({"workers": 0}, "--workers"),
        ({"catalogue": "x"}, "not both"),
        ({"catalogue": "ftp://host/songs", "songs": None}, "unknown scheme ftp://"),
        ({"config": "/does/not/exist.json"}, "cannot be read"),
    ],
)
def test_wrong_options(change: dict[str, Any], problem: str, tmp_path: Path) -> None:
    with pytest.raises(OptionsError) as caught:
        generate(tmp_path / "out", replace(SMALL, **change))
    assert problem in str(caught.value)
    assert caught.value.exit_code == 2
    assert not (tmp_path / "out").exists()


def test_flag_beats_config_beats_default(tmp_path: Path) -> None:
    from importlib import resources

    raw = json.loads(resources.files("sparkify.generate").joinpath("data/default-config.json").read_text())
    raw |= {"n-users": 7, "start-date": "2019-03-01T00:00:00", "end-date": "2019-03-02T12:00:00", "first-user-id": 50}
    raw |= {"tag": "control"}
    (tmp_path / "c.json").write_text(json.dumps(raw))
    summary = generate(tmp_path / "a", GenerateOptions(songs=5, config=tmp_path / "c.json"))
    assert summary.users == 7
    assert f"{summary.begin:%m-%d %H} {summary.end:%m-%d %H}" == "03-01 00 03-02 12"
    summary = generate(
        tmp_path / "b", GenerateOptions(songs=5, users=300, end="2019-03-03", config=tmp_path / "c.json")
    )
    assert (summary.users, f"{summary.begin:%m-%d} {summary.end:%m-%d}") == (300, "03-01 03-03")
    events = [json.loads(x) for f in (tmp_path / "b/log_data").rglob("*.json") for x in f.read_text().splitlines()]
    assert {e["tag"] for e in events} == {"control"}
    assert {int(e["userId"]) for e in events if e["userId"]} <= set(range(50, 350))


def test_nothing_happens_past_the_end(tmp_path: Path) -> None:
    begin, end = 1541080800000, 1541152800000
    generate(tmp_path / "out", replace(SMALL, users=2000, begin="2018-11-01T14:00", end="2018-11-02T10:00"))
    text = "".join(f.read_text() for f in (tmp_path / "out/log_data").rglob("*.json"))
    times = [json.loads(line)["ts"] for line in text.splitlines()]
    assert begin <= min(times) < begin + 600_000
    assert end - 600_000 < max(times) < end


def test_folder_with_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(GenerateError, match="holds files"):
        generate(tmp_path, SMALL)
    assert tree(tmp_path) == {"mine.txt": b"mine"}


def test_force_replaces_what_it_wrote_and_nothing_else(tmp_path: Path) -> None:
    generate(tmp_path / "out", replace(SMALL, end="2018-11-09", songs=60))
    (tmp_path / "out/log_data/2018/11/note.json").write_text("mine")
    (tmp_path / "out/mine.txt").write_text("mine")
    generate(tmp_path / "out", replace(SMALL, force=True))
    generate(tmp_path / "new", SMALL)
    mine = {"log_data/2018/11/note.json": b"mine", "mine.txt": b"mine"}
    assert tree(tmp_path / "out") == tree(tmp_path / "new") | mine


def test_force_never_replaces_the_file_of_another(tmp_path: Path) -> None:
    target = tmp_path / "out/log_data/2018/11/2018-11-02-events.json"
    target.parent.mkdir(parents=True)
    target.write_text("mine")
    with pytest.raises(GenerateError, match=r"2018-11-02-events.json was not written by an earlier run"):
        generate(tmp_path / "out", replace(SMALL, users=200, force=True))
    assert tree(tmp_path / "out") == {"log_data/2018/11/2018-11-02-events.json": b"mine"}


def test_leftover_of_a_killed_run_is_named_and_forced_away(tmp_path: Path) -> None:
    (tmp_path / "out/.sparkify-partial/spool").mkdir(parents=True)
    with pytest.raises(GenerateError, match="killed"):
        generate(tmp_path / "out", SMALL)
    generate(tmp_path / "out", replace(SMALL, force=True))
    assert not (tmp_path / "out/.sparkify-partial").exists()


def test_out_below_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(GenerateError, match="cannot be written"):
        generate(tmp_path / "file/out", SMALL)
    with pytest.raises(GenerateError, match="cannot be written"):
        generate(tmp_path / "file", SMALL)


@pytest.mark.parametrize("workers", [1, 2])
def test_full_disk_leaves_nothing(workers: int, tmp_path: Path) -> None:
    """A limit on the size of files stands for the full disk; workers inherit it."""
    script = (
        "import sys; from pathlib import Path; from sparkify.generate import *; from sparkify.generate import run\n"
        "run.SMALL = 0\n"
        f"try: generate(Path(sys.argv[1]), GenerateOptions(users=300, songs=30, workers={workers}))\n"
        "except GenerateError as e: print(e); sys.exit(e.exit_code)\n"
    )
    limit = 600_000
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "out")],
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )
    assert done.returncode == 1, done.stderr
    assert "cannot be written: File too large" in done.stdout
    assert not (tmp_path / "out").exists()


def test_dead_worker_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "SMALL", 0)
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(GenerateError, match="worker process ended"):
        generate(tmp_path / "out", replace(SMALL, workers=2))
    assert not (tmp_path / "out").exists()


def test_interrupt_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(task.Task, "day", interrupted)
    with pytest.raises(KeyboardInterrupt):
        generate(tmp_path / "out", SMALL)
    assert not (tmp_path / "out").exists()


def test_invalid_records_of_a_catalogue_are_left_out_and_counted(tmp_path: Path) -> None:
    good = {"song_id": "S", "title": "T", "artist_id": "A", "artist_name": "N", "duration": None, "year": 0}
    lines = [good, {**good, "title": " "}, {**good, "year": 1.5}, {**good, "artist_name": "a\0b"}, 7]
    text = "\n".join(json.dumps(line) for line in lines) + "\n{broken\n"
    songs = tmp_path / "songs"
    songs.mkdir()
    (songs / "lines.json").write_text(text)
    (songs / "array.json.gz").write_bytes(gzip.compress(json.dumps([good, {**good, "song_id": "S2"}]).encode()))
    summary = generate(tmp_path / "out", replace(SMALL, songs=None, catalogue=songs))
    assert (summary.songs, summary.skipped_songs) == (3, 5)
    assert [song["song_id"] for song in read_songs(tmp_path / "out")] == ["S", "S2", "S"]


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("", "", "no such folder"),
        ("songs.txt", "{}", "no JSON below"),
        ("songs.json.gz", "\x1f\x8b", "is corrupt"),
        ("songs.json", '{"title": "T"}', "holds no valid song record"),
    ],
)
def test_a_catalogue_that_cannot_be_read_is_named(name: str, text: str, problem: str, tmp_path: Path) -> None:
    songs = tmp_path / "songs"
    if name:
        songs.mkdir()
        (songs / name).write_bytes(text.encode("latin-1"))
    with pytest.raises(GenerateError) as caught:
        generate(tmp_path / "out", replace(SMALL, songs=None, catalogue=songs))
    assert problem in str(caught.value)
    assert str(songs) in str(caught.value)
    assert "--logs" not in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_progress_reaches_each_stage_total(tmp_path: Path) -> None:
    last: dict[str, tuple[int, int]] = {}
    generate(tmp_path / "out", SMALL, lambda stage, done, total: last.update({stage: (done, total)}))
    assert last == {"songs": (30, 30), "users": (1, 1), "days": (4, 4)}


def test_nothing_heavy_is_imported_before_it_is_used() -> None:
    script = "import sys, sparkify.generate, sparkify.cli.generate; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script]).returncode == 0

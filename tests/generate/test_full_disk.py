"""A disk that is really full: a small file system in memory, where mounting one is permitted."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from tests.needs import missing
from tests.unit.command import assert_error, sparkify

from sparkify.generate import GenerateError, GenerateOptions, generate, run

PAGE = 4096
TINY = GenerateOptions(users=20, songs=30, end="2018-11-05")
LARGE = GenerateOptions(users=300, songs=30)
"""Some 30 MB of logs, 1.3 MB of events on their way, 30 files of songs."""


def mount(folder: Path, size: int) -> str:
    """Mount a file system of `size` bytes at a folder; the reason if that is not permitted."""
    if not shutil.which("mount"):
        return "there is no mount here"
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True)
    return "" if done.returncode == 0 else done.stderr.strip() or "mount failed"


@contextmanager
def disk(folder: Path, size: int) -> Iterator[Path]:
    """A disk of `size` bytes."""
    place = folder / "disk"
    place.mkdir(exist_ok=True)
    if reason := mount(place, size):
        missing("disk", f"no small disk can be made: {reason}")
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True)


def files(folder: Path) -> dict[str, bytes]:
    return {f.relative_to(folder).as_posix(): f.read_bytes() for f in folder.rglob("*") if f.is_file()}


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize(
    ("size", "stage"),
    [(15 * PAGE, "song_data"), (200 * PAGE, "spool"), (2000 * PAGE, "log_data")],
    ids=["songs", "users", "days"],
)
def test_full_disk_leaves_nothing(
    size: int, stage: str, workers: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "SMALL", 0)
    with disk(tmp_path, size) as place:
        with pytest.raises(GenerateError) as caught:
            generate(place / "out", replace(LARGE, workers=workers))
        assert list(place.iterdir()) == []
    assert "No space left on device" in caught.value.what
    assert f"/.sparkify-partial/{stage}" in caught.value.what
    assert "Make room" in caught.value.hint


def test_full_disk_leaves_what_an_earlier_run_wrote(tmp_path: Path) -> None:
    with disk(tmp_path, 2000 * PAGE) as place:
        generate(place / "out", TINY)
        before = files(place)
        with pytest.raises(GenerateError, match="No space left"):
            generate(place / "out", replace(LARGE, force=True))
        assert files(place) == before


def test_whatever_the_room_all_is_there_or_nothing(tmp_path: Path) -> None:
    """The disk fills up at every one of the last pages that a run needs."""
    generate(tmp_path / "expected", TINY)
    expected = files(tmp_path / "expected")
    outcomes: list[str] = []
    size = sum(-(-len(content) // PAGE) for content in expected.values()) * PAGE
    while len(outcomes) < 200 and outcomes[-2:] != ["whole", "whole"]:
        with disk(tmp_path, size) as place:
            try:
                generate(place / "out", TINY)
                assert files(place / "out") == expected
                outcomes.append("whole")
            except GenerateError as error:
                assert "No space left" in error.what
                assert list(place.iterdir()) == []
                outcomes.append("nothing")
        size += PAGE
    assert len(outcomes) < 200
    assert outcomes.count("nothing") >= 3


def test_the_command_says_what_to_do(tmp_path: Path) -> None:
    with disk(tmp_path, 2000 * PAGE) as place:
        done = sparkify("generate", str(place / "out"), "--users", "300", "--songs", "30", cwd=tmp_path)
        assert_error(done, 1, "No space left on device", str(place), "Make room")
        assert list(place.iterdir()) == []

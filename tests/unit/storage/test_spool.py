"""The spool: its limit, its end, and whose folders it removes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import which

import pytest
from tests.needs import needs

from sparkify.errors import UsageError
from sparkify.storage.leftovers import LOCK, PREFIX, STALE_SECONDS, machine_id
from sparkify.storage.spool import Spool, SpoolFull

HOLD = """
import sys
from sparkify.storage.spool import Spool
with Spool(sys.argv[1]) as spool:
    open(spool.path("rows"), "w").close()
    print(spool.folder, flush=True)
    sys.stdin.read()
"""


CONTAINED = ("unshare", "--user", "--map-root-user", "--pid", "--fork", "--kill-child")


def _can_contain() -> bool:
    """Whether a process can be given numbers of processes of its own, as in a container."""
    return bool(which("unshare")) and not subprocess.run([*CONTAINED, "true"], capture_output=True).returncode


@contextmanager
def _other_run(base: Path, *prefix: str) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """Another process that has a spool below `base`; its folder comes with it."""
    command = [*prefix, sys.executable, "-c", HOLD, str(base)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout and process.stdin
        folder = Path(process.stdout.readline().strip())
        try:
            yield process, folder
        finally:
            process.stdin.close()
            process.wait()


def _folder(base: Path, machine: str, pid: int, age: float = 0) -> Path:
    """A folder of a run that nobody holds."""
    folder = base / f"{PREFIX}{machine}-{pid}-0123abcd"
    folder.mkdir()
    lock = folder / LOCK
    lock.touch()
    then = lock.stat().st_mtime - age
    os.utime(lock, (then, then))
    return folder


def test_a_run_that_lives_keeps_its_folder(tmp_path: Path) -> None:
    with _other_run(tmp_path) as (_, folder):
        with Spool(str(tmp_path)) as spool:
            assert folder.is_dir() and spool.folder != folder
        assert any(path.name.startswith("rows") for path in folder.iterdir())
    assert not list(tmp_path.iterdir())


def test_what_a_killed_run_left_goes_with_the_next_one(tmp_path: Path) -> None:
    with _other_run(tmp_path) as (process, folder):
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        assert folder.is_dir()
        with Spool(str(tmp_path)):
            assert not folder.exists()


def test_a_process_number_that_is_free_here_proves_nothing(tmp_path: Path) -> None:
    """In another container the number 1 is that of a live run; here it is another's, or nobody's."""
    with _other_run(tmp_path) as (_, folder):
        elsewhere = folder.rename(folder.with_name(f"{PREFIX}{machine_id()}-99999999-0123abcd"))
        with Spool(str(tmp_path)):
            assert elsewhere.is_dir()
        elsewhere.rename(folder)


@needs("container", _can_contain(), "this system does not let us make a container")
def test_a_container_with_processes_of_its_own_keeps_its_folder(tmp_path: Path) -> None:
    with _other_run(tmp_path, *CONTAINED) as (_, folder):
        with Spool(str(tmp_path)):
            assert folder.is_dir()
        with _other_run(tmp_path, *CONTAINED) as (_, other):
            assert folder.is_dir() and other.is_dir()


@pytest.mark.parametrize(
    ("machine", "age", "stays"),
    [
        ("0" * 12, 0, True),
        ("0" * 12, STALE_SECONDS - 60, True),
        ("0" * 12, STALE_SECONDS + 60, False),
        (machine_id(), 0, False),
    ],
)
def test_another_machines_folder_stays_for_a_day(tmp_path: Path, machine: str, age: float, stays: bool) -> None:
    """Its lock may look free: some network file systems keep locks to one machine."""
    folder = _folder(tmp_path, machine, os.getpid(), age)
    with Spool(str(tmp_path)):
        assert folder.exists() is stays


def test_a_folder_that_is_just_being_made_stays(tmp_path: Path) -> None:
    young, old = (tmp_path / f"{PREFIX}{number}" for number in ("71-0123abcd", "72-0123abcd"))
    for folder in (young, old):
        folder.mkdir()
    then = old.stat().st_mtime - STALE_SECONDS - 60
    os.utime(old, (then, then))
    with Spool(str(tmp_path)):
        assert young.is_dir() and not old.exists()


def test_what_is_not_a_spool_is_left_alone(tmp_path: Path) -> None:
    target = tmp_path / "precious"
    target.mkdir()
    (tmp_path / f"{PREFIX}{machine_id()}-1-x").symlink_to(target)
    (tmp_path / f"{PREFIX}{machine_id()}-2-x").write_text("a file")
    with Spool(str(tmp_path)):
        pass
    assert target.is_dir() and len(list(tmp_path.iterdir())) == 3


def test_the_limit_holds_for_files_and_copies_together(tmp_path: Path) -> None:
    with Spool(str(tmp_path), limit=10) as spool:
        with spool.create(spool.path("a")) as out:
            out.write(b"12345")
            with pytest.raises(SpoolFull):
                out.write(b"123456")
        copies = spool.make_folder(5)
        assert not spool.has_room(1)
        with pytest.raises(SpoolFull):
            spool.make_folder(1)
        spool.drop_folder(copies)
        assert spool.has_room(5) and not spool.has_room(6)
        spool.clear()
        assert spool.has_room(10)
        assert [path.name for path in spool.folder.iterdir()] == [LOCK]
    assert not list(tmp_path.iterdir())


def test_clear_keeps_copies_and_removes_links(tmp_path: Path) -> None:
    source = tmp_path / "source.json"
    source.write_text("{}")
    with Spool(str(tmp_path / "spool")) as spool:
        os.symlink(source, spool.path("whole"))
        copies = Path(spool.make_folder(1))
        spool.clear()
        assert {path.name for path in spool.folder.iterdir()} == {LOCK, copies.name}
    assert source.exists()


def test_a_spool_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.touch()
    with pytest.raises(UsageError, match="cannot make the spool in"), Spool(str(blocked)):
        pass

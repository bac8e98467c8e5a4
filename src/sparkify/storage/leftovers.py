"""Folders that runs left behind when they were killed: which of them may be removed.

Hosts and containers may share one folder for their spools, so a process number alone says nothing: another machine, or
another container, has processes of its own. Each spool's folder therefore holds a lock file on which its run keeps a
lock (flock) as long as it lives, and its name says on which machine the run was started.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import secrets
import shutil
import socket
import time
from contextlib import suppress
from pathlib import Path

PREFIX = "sparkify-spool-"
LOCK = "lock"
STALE_SECONDS = 86_400
"""After how long without a sign of life the folder of another machine counts as left behind."""

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_SIGN_SECONDS = 60


def machine_id() -> str:
    """What tells the kernel that runs this process from all others, since it was started.

    Containers of one host share it, and a lock that one of them holds is seen by the others.
    """
    try:
        name = _BOOT_ID.read_text()
    except OSError:
        name = socket.gethostname()
    return hashlib.sha256(name.encode()).hexdigest()[:12]


def own_name() -> str:
    """A name for a folder of this process that no other has."""
    return f"{PREFIX}{machine_id()}-{os.getpid()}-{secrets.token_hex(4)}"


class FolderLock:
    """Says that a folder's run is alive, from `take` to `release`; the kernel ends it with the process."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / LOCK
        self._file = -1
        self._last_sign = 0.0

    def take(self) -> None:
        """Make the lock file. It has its name only once it is locked: nobody ever finds it unlocked while we live."""
        unnamed = self._path.with_suffix(".new")
        self._file = os.open(unnamed, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with suppress(OSError):  # on a file system without locks other runs cannot lock it either, and leave it alone
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        unnamed.rename(self._path)

    def give_sign(self) -> None:
        """Show other machines, which may not see the lock, that the run is alive; at most once a minute."""
        if time.monotonic() - self._last_sign > _SIGN_SECONDS:
            self._last_sign = time.monotonic()
            os.utime(self._file)

    def release(self) -> None:
        """End the lock."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


def remove_leftovers(base: Path) -> None:
    """Remove the folders below `base` whose runs have ended."""
    for folder in base.glob(f"{PREFIX}*"):
        if folder.is_symlink() or not folder.is_dir():
            continue
        with suppress(OSError):  # another run may be removing it too
            if _is_left_behind(folder):
                shutil.rmtree(folder, ignore_errors=True)


def _is_left_behind(folder: Path) -> bool:
    """Whether no run uses a folder: its lock is free, and it is this machine's, or a day old.

    Some network file systems keep locks to one machine: another machine's lock may look free and be held.
    """
    lock = folder / LOCK
    if not lock.exists():  # its run was killed before it had locked it, or is just making it
        return _is_stale(folder)
    if not _is_free(lock):
        return False
    machine = folder.name.removeprefix(PREFIX).split("-")[0]
    return machine == machine_id() or _is_stale(lock)


def _is_stale(path: Path) -> bool:
    return time.time() - path.stat().st_mtime > STALE_SECONDS


def _is_free(lock: Path) -> bool:
    file = os.open(lock, os.O_RDWR | os.O_CLOEXEC)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:  # it is held, or the file system has no locks
        return False
    finally:
        os.close(file)
    return True

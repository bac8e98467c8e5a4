"""A folder for what is under way: packed lines, unpacked files, links. It goes when the run ends.

A run that was killed leaves its folder behind; the next run removes it.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import msgspec

from sparkify.errors import UsageError

_PREFIX = "sparkify-spool-"


def json_line(row: Mapping[str, Any]) -> bytes:
    """A row as one line of newline-delimited JSON."""
    return msgspec.json.encode(row) + b"\n"


class Spool:
    """A temporary folder of this process, below `parent` (default: the system's folder for temporary files)."""

    def __init__(self, parent: str | None = None) -> None:
        base = Path(parent or tempfile.gettempdir())
        try:
            base.mkdir(parents=True, exist_ok=True)
            _remove_orphans(base)
            self.folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=base))
        except OSError as error:
            raise UsageError(
                f"cannot make the spool in {base}: {error.strerror}", hint="Set spool to a folder that can be written."
            ) from error
        self._count = 0

    def __enter__(self) -> Spool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def path(self, stem: str) -> str:
        """A path in the folder that was not used before; it has no character that is special to anyone."""
        self._count += 1
        return str(self.folder / f"{stem}-{self._count:06}.ndjson")

    def clear(self) -> None:
        """Remove every file in the folder."""
        for entry in self.folder.iterdir():
            entry.unlink()


def _remove_orphans(base: Path) -> None:
    for folder in base.glob(f"{_PREFIX}*"):
        pid = folder.name.removeprefix(_PREFIX).split("-")[0]
        if pid.isdigit() and not _is_alive(int(pid)):
            shutil.rmtree(folder, ignore_errors=True)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True

"""The output folder: nothing half-written, nothing of others deleted.

Everything is written into a hidden folder inside the output folder and moved to its place at the end. The list of
what was moved stays in `.sparkify-generate.json`; only files on that list, of the size noted there, are replaced by
a later run, and only with `force`.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from sparkify.generate.errors import GenerateError
from sparkify.generate.task import disk_errors

PARTIAL = ".sparkify-partial"
LEDGER = ".sparkify-generate.json"
LOGS, SONGS = "log_data", "song_data"


@dataclass(frozen=True)
class Written:
    """A file, relative to the output folder, and its size in bytes."""

    path: str
    size: int


class OutputFolder:
    """The folder of one run; use it in a `with`, and call `publish` when all is written."""

    def __init__(self, out: Path, force: bool) -> None:
        """Look whether `out` may be written to; changes nothing."""
        self.out = out
        self._force = force
        self.partial = out / PARTIAL
        self._old: dict[str, set[int]] = {}
        with disk_errors(out):
            entries = {p.name for p in out.iterdir()} if out.exists() else set()
        if entries and not force:
            hint = " (the leftover of a run that was killed, or one at work now)" if entries == {PARTIAL} else ""
            raise GenerateError(
                f"{out} holds files{hint}. Name an empty folder, or say --force: it replaces what an earlier run "
                "wrote and leaves everything else alone."
            )
        if LEDGER in entries:
            self._old = self._read_ledger()

    def _read_ledger(self) -> dict[str, set[int]]:
        path = self.out / LEDGER
        try:
            ledger = json.loads(path.read_text("utf-8"))
            found: dict[str, set[int]] = {}
            for name, size in [*ledger["files"].items(), *map(tuple, ledger.get("replaced", []))]:
                if not _escapes(name):
                    found.setdefault(name, set()).add(int(size))
            return found
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as e:
            raise GenerateError(f"{path} cannot be read, so that nobody knows what may be replaced: {e}") from e

    def __enter__(self) -> OutputFolder:
        """Make the hidden folder."""
        self._made = not self.out.exists()
        with disk_errors(self.out):
            self.out.mkdir(parents=True, exist_ok=True)
            if self._force and self.partial.exists():
                shutil.rmtree(self.partial)
            self.partial.mkdir()
            for name in (LOGS, SONGS, "spool"):
                (self.partial / name).mkdir()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        """Remove the hidden folder, and after an error the output folder, if it is new."""
        shutil.rmtree(self.partial, ignore_errors=True)
        if kind is not None and self._made:
            try:
                self.out.rmdir()
            except OSError:  # something of it is there already, or somebody else's
                return

    def publish(self, files: list[Written], note: dict[str, Any]) -> None:
        """Replace what an earlier run wrote by `files`, which are in the partial folder.

        Args:
            files: all files of this run.
            note: what else to keep in the ledger.
        """
        for file in files:
            target = self.out / file.path
            if target.exists() and not self._is_ours(file.path):
                raise GenerateError(
                    f"{target} was not written by an earlier run, or has changed since then; move it away first."
                )
        ledger = {**note, "files": {f.path: f.size for f in files}}
        replaced = sorted([name, size] for name, sizes in self._old.items() for size in sizes)
        with disk_errors(self.out):
            # Should this be killed half way, the next run still knows both lists. Both are written before anything
            # moves: on a disk that is full up to them nothing has moved yet.
            both = self._write_ledger("both.json", {**ledger, "replaced": replaced})
            last = self._write_ledger("last.json", ledger)
            both.replace(self.out / LEDGER)
            self._remove_old({f.path for f in files})
            for top in (SONGS, LOGS):
                self._move(top, [f.path for f in files if f.path.startswith(top + "/")])
            last.replace(self.out / LEDGER)

    def _write_ledger(self, name: str, ledger: dict[str, Any]) -> Path:
        path = self.partial / name
        path.write_text(json.dumps(ledger, indent=1, sort_keys=True) + "\n", "utf-8")
        return path

    def _is_ours(self, name: str) -> bool:
        path = self.out / name
        return path.is_file() and not path.is_symlink() and path.stat().st_size in self._old.get(name, ())

    def _remove_old(self, new: set[str]) -> None:
        folders: set[Path] = set()
        for name in self._old:
            if name not in new and self._is_ours(name):
                (self.out / name).unlink()
                folders.update(Path(name).parents)
        for folder in sorted(folders, key=lambda p: len(p.parts), reverse=True):
            if folder.parts and not any((self.out / folder).iterdir()):
                (self.out / folder).rmdir()

    def _move(self, top: str, names: list[str]) -> None:
        if not (self.out / top).exists():
            (self.partial / top).replace(self.out / top)
            return
        for folder in {(self.out / name).parent for name in names}:
            folder.mkdir(parents=True, exist_ok=True)
        for name in names:
            (self.partial / name).replace(self.out / name)


def _escapes(name: str) -> bool:
    path = Path(name)
    return path.is_absolute() or ".." in path.parts

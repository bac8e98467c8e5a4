"""The SQL of each kind of chunk, put into an engine's SQL once for all processes of a run of the tests.

That takes a quarter of a second for each kind, and the workers, their fork servers and what they fork would each do it.
tests/golden holds what is rendered, and does not come by here.
"""

from __future__ import annotations

import hashlib
import os
import pickle
import shutil
import tempfile
import threading
from contextlib import suppress
from functools import cache
from pathlib import Path

from sparkify.sql.dialect import Dialect
from sparkify.star import prepared
from sparkify.star.prepared import Prepared
from sparkify.star.transform import Chunk

FOLDER = "TEST_RENDERED_SQL"
"""In the environment: the folder in which the processes of a run leave it for each other."""


def begin() -> bool:
    """Make the folder, unless there is one; whoever made it is to call `end`."""
    if FOLDER in os.environ:
        return False
    os.environ[FOLDER] = tempfile.mkdtemp(prefix="sparkify-rendered-")
    return True


def end() -> None:
    """Remove the folder."""
    shutil.rmtree(os.environ.pop(FOLDER), ignore_errors=True)


def share() -> None:
    """Let this process take what another one has rendered, and leave what it renders."""
    if FOLDER in os.environ and prepared.prepare.__module__ != __name__:
        prepared.prepare = _shared(Path(os.environ[FOLDER]))  # type: ignore[assignment]


def _shared(folder: Path) -> object:
    render = prepared.prepare

    @cache
    def prepare(dialect: Dialect, chunk: Chunk) -> Prepared:
        """The SQL of a chunk."""
        path = folder / f"{dialect.name}-{hashlib.sha256(repr(chunk).encode()).hexdigest()}"
        with suppress(OSError):
            found: Prepared = pickle.loads(path.read_bytes())
            return found
        made = render(dialect, chunk)
        part = path.with_name(f"{path.name}.{os.getpid()}.{threading.get_ident()}")
        with suppress(OSError):  # the run is ending
            part.write_bytes(pickle.dumps(made))
            part.replace(path)
        return made

    return prepare

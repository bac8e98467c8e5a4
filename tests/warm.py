"""What the fork server of `tests/forked.py` does once, before it forks: imports, the SQL of the engines, some commands.

A command of the tests finds all of it done. That users do not wait for it is held by `tests/unit/test_imports.py` and
by the benchmarks.
"""

from __future__ import annotations

import gc
import importlib
import io
import itertools
import json
import os
import pkgutil
import tempfile
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

from tests import rendered_once

import sparkify
from sparkify.cli import _run
from sparkify.engines.registry import REGISTRY
from sparkify.etl.load import count_queries
from sparkify.reports.questions import question_sql, questions
from sparkify.sql.dialect import Dialect
from sparkify.star import prepared
from sparkify.star.checks import written_checks
from sparkify.star.transform import Chunk

IMPORTED_LATE = (
    *("boto3", "re2", "obstore", "psycopg", "redshift_connector", "rich.progress", "rich.table", "statistics"),
    *("importlib.readers", "typer._adapters", "typer._click.decorators", "typer._click._textwrap", "numpy.typing"),
    *(f"sqlglot.{part}.{name}" for part in ("dialects", "generators", "parsers") for name in ("duckdb", "postgres")),
)
"""Modules that commands import when they need them."""
ANALYZED = ("duckdb", "postgres")


def _import_all() -> None:
    for module in pkgutil.walk_packages(sparkify.__path__, "sparkify."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    for name in IMPORTED_LATE:
        importlib.import_module(name)


def _render(dialect: Dialect) -> None:
    """The SQL of the default settings; what others change is rendered by the first command that needs it."""
    prepare = prepared.prepare
    prepare(dialect, Chunk("infer", in_full=True))
    for songs, removes in itertools.product((True, False), (True, False)):
        prepare(dialect, Chunk("infer", songs=songs, removes=removes))
    prepare(dialect, Chunk("infer", songs=False, removes=False, whole_days=True))
    count_queries(dialect)
    if dialect.name in ANALYZED:
        written_checks(Chunk("infer", in_full=True), dialect, loading=False)
        for question in questions():
            question_sql(question, dialect)


REHEARSED = (
    "--help",
    "init",
    "doctor --logs logs --songs songs",
    "plan --logs logs --songs songs",
    "create-tables",
    "etl --logs logs --max-rejects 100%",
    "etl --logs logs --songs songs --max-rejects 100%",
    "etl --logs logs --songs songs --output json",
    "rejects replay",
    "status",
    "status --output json",
    "runs",
    "rejects list",
    "explain 1-1-1",
    "analyze",
    "analyze --output json",
    "query SELECT\N{NO-BREAK SPACE}1",
    "compare duckdb:///warehouse.duckdb duckdb:///warehouse.duckdb",
)
"""Commands that are run on a small warehouse: what a process works out when it first needs it is there afterwards, such
as named statements in the engine's SQL, settings, tables on the screen. None of them leaves a thread behind, for a fork
would not have it."""
EVENT = {"ts": 1541121934796, "sessionId": 1, "itemInSession": 0, "userId": "1", "page": "NextSong", "level": "free",
         "artist": "Elena", "song": "Setanta matins", "length": 269.58322}  # fmt: skip
SONG = {"song_id": "SO1", "title": "Setanta matins", "artist_id": "AR1", "artist_name": "Elena"}


def _rehearse() -> None:
    """Run commands as their users do, but for the process; what they say and how they end is of no interest here."""
    before, environment = Path.cwd(), dict(os.environ)
    for name in [name for name in os.environ if name.startswith("SPARKIFY_")]:
        del os.environ[name]
    with tempfile.TemporaryDirectory(prefix="sparkify-warm-") as folder:
        os.chdir(folder)
        try:
            for kind, lines in (("logs", [json.dumps(EVENT), "bad"]), ("songs", [json.dumps(SONG)])):
                Path(kind).mkdir()
                Path(kind, "a.json").write_text("\n".join(lines), "utf-8")
            for command in REHEARSED:
                with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
                    _run(command.split(" "))
        finally:
            os.chdir(before)
            os.environ.clear()
            os.environ.update(environment)


rendered_once.share()
_import_all()
for entry in REGISTRY.values():
    _render(entry.dialect)
_rehearse()
gc.collect()
gc.freeze()  # or the collector of each fork would look at all this, and by that copy it

"""What the fork server of `tests/forked.py` does once, before it forks: imports, and the SQL of the engines.

A command of the tests finds both done. That users do not wait for them is held by `tests/unit/test_imports.py` and by
the benchmarks.
"""

from __future__ import annotations

import importlib
import itertools
import pkgutil

import sparkify
from sparkify.engines.registry import REGISTRY
from sparkify.etl.load import count_queries
from sparkify.reports.questions import question_sql, questions
from sparkify.sql.dialect import Dialect
from sparkify.star.checks import written_checks
from sparkify.star.prepared import prepare
from sparkify.star.transform import Chunk

IMPORTED_LATE = (
    *("boto3", "re2", "obstore", "psycopg", "redshift_connector", "rich.progress", "rich.table", "statistics"),
    *("importlib.readers", "typer._adapters", "typer._click.decorators", "typer._click._textwrap", "numpy.typing"),
    *(f"sqlglot.{part}.{name}" for part in ("dialects", "generators", "parsers") for name in ("duckdb", "postgres")),
)
"""Modules that commands import when they need them."""
SETTINGS = {"duckdb": ("infer", "null", "drop"), "postgres": ("infer",), "redshift": ("infer",)}
"""Values of unknown_songs by dialect; the others are rendered by the command that needs them."""
ANALYZED = ("duckdb", "postgres")


def _import_all() -> None:
    for module in pkgutil.walk_packages(sparkify.__path__, "sparkify."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    for name in IMPORTED_LATE:
        importlib.import_module(name)


def _render(dialect: Dialect) -> None:
    for unknown_songs in SETTINGS[dialect.name]:
        prepare(dialect, Chunk(unknown_songs, in_full=True))
        for songs, removes in itertools.product((True, False), (True, False)):
            prepare(dialect, Chunk(unknown_songs, songs=songs, removes=removes))
        if unknown_songs != "drop":
            prepare(dialect, Chunk(unknown_songs, songs=False, removes=False, whole_days=True))
    count_queries(dialect)
    if dialect.name in ANALYZED:
        written_checks(Chunk("infer", in_full=True), dialect, loading=False)
        for question in questions():
            question_sql(question, dialect)


_import_all()
for entry in REGISTRY.values():
    _render(entry.dialect)

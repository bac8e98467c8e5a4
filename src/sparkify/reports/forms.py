"""The answer to a query in a form that other programs read: CSV, JSON, JSON lines, Parquet or Markdown.

Rows are written as they arrive, so that an answer may be larger than memory. Where an engine has a writer of its own
for a form (`Engine.export`), that one writes; what is written is the same.

CSV is that of RFC 4180 with a line feed at the end of a line: NULL is empty, an empty text is `""`. JSON is one array
of objects, JSON lines one object a line: numbers are numbers (NULL where JSON has none), times are ISO 8601 with
milliseconds, in UTC and without a zone. Of columns with the same name the later ones get their place behind it.
"""

from __future__ import annotations

import datetime
import decimal
import json
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Literal, get_args

from sparkify.engines.base import Engine, Result
from sparkify.errors import UsageError
from sparkify.text import printable
from sparkify.values import as_text, is_number, json_of, without_unprintable

AnyForm = Literal["csv", "json", "jsonl", "parquet", "markdown"]
ENDINGS: Mapping[str, AnyForm] = {
    ".csv": "csv",
    ".json": "json",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
    ".md": "markdown",
}
"""Forms by the ending of a file's name."""

Write = Callable[[bytes], object]


def write_answer(engine: Engine, sql: str, form: AnyForm, write: Write, limit: int | None = None) -> int:
    """Run a user's query, write its rows in a form, in UTF-8, and count them; at most `limit` rows, if that is given.

    Raises:
        UsageError: it is several statements, or one that can write; or a form cannot hold the answer.
    """
    if form != "markdown" and limit is None:
        exported = engine.export(sql, form, _harmless(write) if form in ("json", "jsonl") else write)
        if exported is not None:
            return exported
    return _WRITERS[form](limited(engine.ask_in_batches(sql), limit), write)


def limited(batches: Iterator[Result], limit: int | None) -> Iterator[Result]:
    """Batches with at most so many rows in all."""
    left = limit
    for batch in batches:
        if left is None:
            yield batch
            continue
        yield Result(batch.columns, batch.rows[:left])
        left -= len(batch.rows)
        if left <= 0:
            return


def unique(columns: Sequence[str]) -> list[str]:
    """Names of columns, each once: a later one of the same name gets its place behind it."""
    return [name if name not in columns[:place] else f"{name}_{place + 1}" for place, name in enumerate(columns)]


# --- CSV ---------------------------------------------------------------------------------------------------------

_QUOTED = re.compile(r'[",\r\n]')


def _write_csv(batches: Iterator[Result], write: Write) -> int:
    count = 0
    for place, batch in enumerate(batches):
        head = [",".join(map(_csv, unique(batch.columns)))] if not place else []
        lines = [*head, *(",".join(map(_csv, row)) for row in batch.rows)]
        if lines:
            write("\n".join([*lines, ""]).encode("utf-8", "backslashreplace"))
        count += len(batch.rows)
    return count


def _csv(value: object) -> str:
    if value is None:
        return ""
    text = value if isinstance(value, str) else as_text(value)
    return '"' + text.replace('"', '""') + '"' if not text or _QUOTED.search(text) else text


# --- JSON --------------------------------------------------------------------------------------------------------


def _write_json(batches: Iterator[Result], write: Write) -> int:
    count = 0
    for lines in _objects(batches):
        write((",\n  " if count else "[\n  ").encode() + ",\n  ".join(lines).encode())
        count += len(lines)
    write(b"\n]\n" if count else b"[\n]\n")
    return count


def _write_jsonl(batches: Iterator[Result], write: Write) -> int:
    count = 0
    for lines in _objects(batches):
        write("\n".join([*lines, ""]).encode())
        count += len(lines)
    return count


def _objects(batches: Iterator[Result]) -> Iterator[list[str]]:
    """The rows of every batch that has some, as objects."""
    for batch in batches:
        names = unique(batch.columns)
        if batch.rows:
            yield [json_of(dict(zip(names, row, strict=True))) for row in batch.rows]


def _harmless(write: Write) -> Write:
    """Hand on JSON of DuckDB's in which nothing is unprintable, and in which spaces indent, not tabs."""
    rest = b""

    def on(block: bytes) -> None:
        nonlocal rest
        whole, newline, after = (rest + block).rpartition(b"\n")
        rest = after
        if newline:
            write(_without_unprintable(whole + newline))

    return on


def _without_unprintable(block: bytes) -> bytes:
    block = block.replace(b"\n\t\n]", b"\n]").replace(b"\t", b"  ")
    return block if block.isascii() and b"\x7f" not in block else without_unprintable(block.decode()).encode()


# --- Markdown ----------------------------------------------------------------------------------------------------

_MARKDOWN = str.maketrans({"|": "\\|", "\n": " ", "\r": " ", "<": "&lt;", "\\": "\\\\", "`": "\\`", "*": "\\*"})


def _write_markdown(batches: Iterator[Result], write: Write) -> int:
    count = 0
    for place, batch in enumerate(batches):
        if not place:
            first = batch.rows[0] if batch.rows else ()
            rule = ["---:" if is_number(value) else "---" for value in first] or ["---"] * len(batch.columns)
            write(f"{_markdown(batch.columns)}\n|{'|'.join(rule)}|\n".encode())
        for row in batch.rows:
            write(f"{_markdown(row)}\n".encode("utf-8", "backslashreplace"))
        count += len(batch.rows)
    return count


def _markdown(values: Iterable[object]) -> str:
    texts = (printable(("" if value is None else as_text(value)).translate(_MARKDOWN)) for value in values)
    return f"| {' | '.join(texts)} |"


# --- Parquet -----------------------------------------------------------------------------------------------------

_TYPES: Sequence[tuple[type, str]] = (
    (bool, "BOOLEAN"),
    (int, "BIGINT"),
    (float, "DOUBLE"),
    (decimal.Decimal, "DOUBLE"),
    (datetime.datetime, "TIMESTAMP"),
    (datetime.date, "DATE"),
)


def _write_parquet(batches: Iterator[Result], write: Write) -> int:
    """The rows go through a file of JSON lines: only at the end is it known which types hold them all."""
    from sparkify.engines.ndjson import write_parquet

    with tempfile.TemporaryDirectory(prefix="sparkify-answer-") as folder:
        path = f"{folder}/rows.jsonl"
        with open(path, "wb") as out:
            columns, count = _spooled(batches, out.write)
        if not columns:
            raise UsageError("Parquet cannot hold an answer without columns", hint="Ask for another form.")
        write_parquet(path, columns, f"{folder}/rows.parquet")
        with open(f"{folder}/rows.parquet", "rb") as written:
            while block := written.read(1024 * 1024):
                write(block)
    return count


def _spooled(batches: Iterator[Result], write: Write) -> tuple[dict[str, str], int]:
    """Write rows as JSON lines; the types of the columns by their names, and the number of rows, come back."""
    types: dict[str, str] = {}
    count = 0
    for batch in batches:
        names = unique(batch.columns)
        types = types or dict.fromkeys(names, "")
        for row in batch.rows:
            write(f"{json.dumps(dict(zip(names, row, strict=True)), default=_exact, allow_nan=True)}\n".encode())
        for place, name in enumerate(names):
            for kind in {type(row[place]) for row in batch.rows} - {type(None)}:
                types[name] = _wider(types[name], kind)
        count += len(batch.rows)
    return {name: kind or "VARCHAR" for name, kind in types.items()}, count


def _exact(value: object) -> object:
    return float(value) if isinstance(value, decimal.Decimal) else str(value)


def _wider(known: str, kind: type) -> str:
    """A type of Parquet's that holds what was met before, and values of one more Python type."""
    found = next((name for python, name in _TYPES if issubclass(kind, python)), "VARCHAR")
    if known in ("", found):
        return found
    return "DOUBLE" if {known, found} == {"BIGINT", "DOUBLE"} else "VARCHAR"


_WRITERS: Mapping[AnyForm, Callable[[Iterator[Result], Write], int]] = {
    "csv": _write_csv,
    "json": _write_json,
    "jsonl": _write_jsonl,
    "parquet": _write_parquet,
    "markdown": _write_markdown,
}
assert set(_WRITERS) == set(get_args(AnyForm))

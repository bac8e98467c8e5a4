"""The command that runs a query: rows go out as they come, in the form that is asked for."""

from __future__ import annotations

import codecs
import json
import re
import sys
from collections import deque
from collections.abc import Callable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from sparkify.cli.options import Config, Profile, Verbose, Warehouse, load_settings, open_warehouse, output_file
from sparkify.cli.output import begin_document, count_of, say
from sparkify.cli.table import layout_of, text_of
from sparkify.cli.terminal import is_unicode, width_of
from sparkify.errors import UsageError
from sparkify.text import printable

if TYPE_CHECKING:
    from sparkify.engines.base import Engine, Result
    from sparkify.reports.forms import AnyForm
    from sparkify.storage.output_file import OutputFile

SHOWN = 20
"""Rows from the beginning, and from the end, that a terminal shows unless --limit says otherwise."""
STDIN = "-"
_HINT = 'Give it as sparkify query "SELECT …", as a file with -f FILE, or on standard input.'


class Form(StrEnum):
    """What `query --output` takes."""

    TEXT = "text"
    CSV = "csv"
    JSON = "json"
    JSONL = "jsonl"
    PARQUET = "parquet"
    MARKDOWN = "markdown"


Sql = Annotated[str | None, typer.Argument(help="One statement that only reads; - is standard input.", metavar="SQL")]
SqlFile = Annotated[
    Path | None, typer.Option("--file", "-f", help="The file that holds the statement.", metavar="FILE")
]
Limit = Annotated[
    str | None,
    typer.Option(
        "--limit", help="The first N rows, or all. [default: all; on a terminal the first and last 20]", metavar="N"
    ),
]
Out = Annotated[
    Path | None, typer.Option("--out", help="Write to a file; its ending says how, such as .csv.", metavar="FILE")
]
Output = Annotated[Form | None, typer.Option(help="How to write the rows. [default: text]", show_default=False)]


def query(
    sql: Sql = None,
    file: SqlFile = None,
    limit: Limit = None,
    out: Out = None,
    warehouse: Warehouse = None,
    config: Config = None,
    profile: Profile = None,
    output: Output = None,
    verbose: Verbose = False,
) -> None:
    """Run one statement that only reads, and print its rows as they come."""
    loaded = load_settings(config, profile, warehouse=warehouse)
    most = _limit_of(limit)
    statement = _statement(sql, file)
    target = output_file(out, "the answer", loaded, config, str(file) if file else None)
    form = output or _form_of(target)
    with open_warehouse(loaded.settings) as engine:
        if target is None or target.is_stdout:
            _to_stdout(engine, statement, form, limit, most)
        else:
            with target.open() as opened:
                count = _write(engine, statement, form, opened.write, most)
            say(f"wrote {count_of(count, 'row')} to {target}")


def _limit_of(limit: str | None) -> int | None:
    if limit is None or limit == "all":
        return None
    if not limit.isdecimal():
        raise UsageError(f"--limit takes a number of rows, or all: {limit}", hint="Such as --limit 100.")
    return int(limit)


def _statement(sql: str | None, file: Path | None) -> str:
    """The SQL, from the command line, from a file or from standard input."""
    if sql is not None and file and sql != STDIN:
        raise UsageError("SQL is given, and a file with SQL", hint="Give one of the two.")
    if file and str(file) != STDIN:
        return _read(file)
    if sql is not None and sql != STDIN:
        return sql
    if sys.stdin.isatty():
        raise UsageError("there is no statement to run", hint=_HINT)
    try:
        text = sys.stdin.read()
    except UnicodeDecodeError as error:
        raise UsageError("the SQL on standard input is not UTF-8", hint="Write it in UTF-8.") from error
    if not text.strip():
        raise UsageError("there is no statement to run", hint=_HINT)
    return text


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(f"the SQL in {file} is not UTF-8", hint="Write it in UTF-8.") from error
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise UsageError(f"cannot read {file}: {reason}", hint="Name a file that holds one statement.") from error


def _form_of(target: OutputFile | None) -> Form:
    from sparkify.reports.forms import ENDINGS

    return Form(ENDINGS.get(Path(str(target)).suffix.lower(), "text")) if target else Form.TEXT


def _to_stdout(engine: Engine, sql: str, form: Form, limit: str | None, most: int | None) -> None:
    if form is Form.PARQUET and sys.stdout.isatty():
        raise UsageError("Parquet is nothing for a terminal", hint="Write it to a file with --out answer.parquet.")
    if form is not Form.TEXT:
        sys.stdout.flush()
        write, finish = _to_stream(form)
        _write(engine, sql, form, write, most)
        finish()
    elif sys.stdout.isatty() and limit is None:
        _show_ends(engine.ask_in_batches(sql))
    else:
        _print_all(engine.ask_in_batches(sql), most)


def _to_stream(form: Form) -> tuple[Callable[[bytes], object], Callable[[], object]]:
    """What writes to standard output, and what ends that; a terminal is shown escapes for what it would act on.

    Where standard output does not take every character, JSON has escapes of its own.
    """
    if is_unicode(sys.stdout) and not sys.stdout.isatty() and hasattr(sys.stdout, "buffer"):
        return _first(sys.stdout.buffer.write), sys.stdout.buffer.flush
    decoder = codecs.getincrementaldecoder("utf-8")()
    is_escaped = form in (Form.JSON, Form.JSONL) and not is_unicode(sys.stdout)

    def write(block: bytes) -> None:
        begin_document()
        text = decoder.decode(block)
        if is_escaped:
            text = _NOT_ASCII.sub(lambda found: json.dumps(found[0])[1:-1], text)
        sys.stdout.write("\n".join(map(printable, text.split("\n"))) if sys.stdout.isatty() else text)

    return write, sys.stdout.flush


_NOT_ASCII = re.compile(r"[^\x00-\x7f]+")


def _first(write: Callable[[bytes], object]) -> Callable[[bytes], object]:
    """Note, before anything is written, that it is."""

    def noted(block: bytes) -> None:
        begin_document()
        write(block)

    return noted


def _write(engine: Engine, sql: str, form: Form, write: Callable[[bytes], object], most: int | None) -> int:
    from sparkify.reports.forms import limited, write_answer

    if form is not Form.TEXT:
        return write_answer(engine, sql, cast("AnyForm", form.value), write, most)
    count = 0
    for lines, rows in _lines(limited(engine.ask_in_batches(sql), most), None):
        write("".join(f"{line}\n" for line in lines).encode("utf-8", "backslashreplace"))
        count += rows
    return count


def _lines(batches: Iterator[Result], width: int | None) -> Iterator[tuple[list[str], int]]:
    """The lines of each batch, and its number of rows; aligned by the first batch."""
    layout = None
    number = 1
    for batch in batches:
        head: list[str] = []
        if layout is None:
            layout = layout_of(batch.columns, batch.rows, width)
            head = list(layout.head())
        yield [*head, *layout.lines(map(_texts, batch.rows), number)], len(batch.rows)
        number += len(batch.rows)


def _texts(row: tuple[Any, ...]) -> tuple[str, ...]:
    return tuple(map(text_of, row))


def _print_all(batches: Iterator[Result], most: int | None) -> None:
    from sparkify.reports.forms import limited

    width = width_of(sys.stdout) if sys.stdout.isatty() else None
    for lines, _ in _lines(limited(batches, most), width):
        print("\n".join(lines))


def _show_ends(batches: Iterator[Result]) -> None:
    """The first and the last rows, and how many there are."""
    columns: tuple[str, ...] = ()
    first: list[tuple[Any, ...]] = []
    last: deque[tuple[Any, ...]] = deque(maxlen=SHOWN)
    count = 0
    for batch in batches:
        columns = batch.columns
        room = SHOWN - len(first)
        first += batch.rows[:room]
        last.extend(batch.rows[max(room, len(batch.rows) - SHOWN) :])
        count += len(batch.rows)
    layout = layout_of(columns, [*first, *last], width_of(sys.stdout))
    left_out = count - len(first) - len(last)
    lines = [*layout.head(), *layout.lines(map(_texts, first))]
    if left_out:
        lines.append(f"… {count_of(left_out, 'row')} …" if is_unicode(sys.stdout) else f"... {left_out:,} rows ...")
    lines += layout.lines(map(_texts, last), count - len(last) + 1)
    print("\n".join(lines))
    say(f"{count_of(count, 'row')}{'; all of them with --limit all' if left_out else ''}")

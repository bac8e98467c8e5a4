"""The Python API: connect to a warehouse, run the etl, query it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from html import escape
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from sparkify.config.settings import load
from sparkify.engines.base import Engine, Result, Row
from sparkify.engines.registry import connect as connect_engine
from sparkify.engines.registry import local_files
from sparkify.errors import UsageError, needing
from sparkify.etl.follow import Follower, Pace, Watcher
from sparkify.etl.run import Run
from sparkify.etl.summary import OnProgress, Options, Summary
from sparkify.reports.analyze import Checked, analyze, answer_all, check_all, row_counts
from sparkify.reports.forms import ENDINGS, AnyForm, write_answer
from sparkify.reports.questions import find_question, questions
from sparkify.sources.offsets import Start
from sparkify.text import printable, without_password
from sparkify.values import as_text, is_number

if TYPE_CHECKING:
    import pandas
    import polars
    import pyarrow

    from sparkify.reports.compare import TableComparison


SHOWN_ROWS = 20
"""Rows from the beginning, and from the end, of an answer that a notebook shows."""


class Answer:
    """What a query returned: rows, or a table of Arrow, pandas or Polars. A notebook shows it as a table.

    `columns` are the names; `rows` are tuples of Python values, times being naive datetimes in UTC.
    """

    def __init__(self, result: Result) -> None:
        self.columns = result.columns
        self.rows: list[Row] = result.rows

    def arrow(self) -> pyarrow.Table:
        """The rows as an Arrow table; needs the extra `pandas` or `polars`.

        Raises:
            UsageError: a package is missing.
        """
        with needing("an Arrow table", "pandas"):
            import pyarrow

        columns = list(zip(*self.rows, strict=True)) if self.rows else [() for _ in self.columns]
        return pyarrow.Table.from_arrays([pyarrow.array(list(values)) for values in columns], names=list(self.columns))

    def pandas(self) -> pandas.DataFrame:
        """The rows as a DataFrame of pandas; needs the extra `pandas`.

        Raises:
            UsageError: a package is missing.
        """
        with needing("a DataFrame of pandas", "pandas"):
            import pandas  # noqa: F401

        return self.arrow().to_pandas()

    def polars(self) -> polars.DataFrame:
        """The rows as a DataFrame of Polars; needs the extra `polars`.

        Raises:
            UsageError: a package is missing.
        """
        with needing("a DataFrame of Polars", "polars"):
            import polars

        found = polars.from_arrow(self.arrow())
        assert isinstance(found, polars.DataFrame)
        return found

    def _repr_html_(self) -> str:
        """What a notebook shows: the first and the last rows as a table, and how many there are."""
        head = "".join(f"<th>{escape(name)}</th>" for name in self.columns)
        shown = self.rows if len(self.rows) <= 2 * SHOWN_ROWS else self.rows[:SHOWN_ROWS]
        lines = [_html_row(row) for row in shown]
        if len(shown) < len(self.rows):
            lines.append(f'<tr><td colspan="{len(self.columns)}">…</td></tr>')
            lines += [_html_row(row) for row in self.rows[-SHOWN_ROWS:]]
        noun = "row" if len(self.rows) == 1 else "rows"
        return (
            f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table>"
            f"<p>{len(self.rows):,} {noun}</p>"
        )


def _html_row(row: Row) -> str:
    cells = "".join(
        f'<td style="text-align: {"right" if is_number(value) else "left"}">'
        f"{escape(printable('' if value is None else as_text(value)))}</td>"
        for value in row
    )
    return f"<tr>{cells}</tr>"


class Warehouse:
    """A connection to a warehouse; closed at the end of a `with` block.

    Every method raises `sparkify.errors.SparkifyError` or one of its kinds.
    """

    def __init__(self, url: str, engine: Engine) -> None:
        self._url = url
        self._engine = engine

    def etl(
        self,
        *,
        logs: str | None = None,
        songs: str | None = None,
        prune: bool = False,
        full_refresh: bool = False,
        reread: bool = False,
        from_time: str | datetime | None = None,
        from_beginning: bool = False,
        accept_lost_offsets: bool = False,
        report: OnProgress | None = None,
        **settings: object,
    ) -> Summary:
        """Bring the warehouse up to its sources.

        Args:
            logs: the folder, file or pattern that holds the logs, here or in an object store; or a topic.
            songs: the same for the song metadata.
            prune: remove the rows of files that have vanished.
            full_refresh: rebuild the star from staging.
            reread: compare the contents of all files, whatever their times say.
            from_time: begin a topic that was never read at this time; without a zone it is UTC.
            from_beginning: read a topic that was made again from its beginning.
            accept_lost_offsets: go on behind messages that the broker deleted unread.
            report: called with the progress.
            settings: any other setting by name, such as `unknown_songs="drop"`.

        Raises:
            UsageError: wrong settings.
            SourceError: a source cannot be read.
            TooManyRejects: more records were rejected than `max_rejects` allows.
            CheckFailed: a blocking check found bad rows; the chunk was undone.
        """
        flags = {"warehouse": self._url, "logs": logs, "songs": songs, **settings}
        loaded = load(flags).settings
        start = Start.of(from_time, accept_lost_offsets=accept_lost_offsets, from_beginning=from_beginning)
        options = Options(prune=prune, full_refresh=full_refresh, reread=reread, start=start)
        return Run(self._engine, loaded, options, report).run()

    def query(self, sql: str) -> Answer:
        """Run one statement that only reads, such as a SELECT.

        Raises:
            UsageError: it is several statements, or one that can write.
        """
        return Answer(self._engine.ask(sql))

    def export(self, sql: str, path: str | Path, form: AnyForm | None = None) -> int:
        """Write the rows of a statement that only reads to a file, which need not fit into memory; they are counted.

        Args:
            sql: the statement.
            path: the file; it appears whole or not at all.
            form: `csv`, `json`, `jsonl`, `parquet` or `markdown`; without it the ending of the file's name says which.

        Raises:
            UsageError: it is several statements, or one that can write; the form is unknown; or it would replace the
                warehouse, or what is no regular file.
            OutputError: the file cannot be written.
        """
        from sparkify.storage.output_file import Kept, OutputFile

        chosen = form or ENDINGS.get(Path(path).suffix.lower())
        if chosen is None:
            raise UsageError(f"the ending of {path} says no form", hint=f"Known: {' '.join(ENDINGS)}; or name a form.")
        with OutputFile(path, "the answer", Kept(local_files(self._url))).open() as out:
            return write_answer(self._engine, sql, chosen, out.write)

    def row_counts(self) -> dict[str, int]:
        """Rows of every table of staging and star."""
        return row_counts(self._engine)

    def check(self) -> list[Checked]:
        """The state of every check, over the whole warehouse."""
        return check_all(self._engine)

    def answers(self, *names: str) -> dict[str, Answer]:
        """The answers to the questions of these names, or to all of them, by name.

        Raises:
            UsageError: there is no question of that name.
        """
        wanted = [find_question(name) for name in names] if names else questions()
        with self._engine.snapshot():
            found = answer_all(self._engine, wanted)
        return {answered.question.name: Answer(Result(answered.columns, answered.rows)) for answered in found}

    def report(self, path: str | Path, title: str = "") -> None:
        """Write a report that can be mailed, as one HTML file; needs the extra `report`.

        `title` replaces the usual title of the page.

        Raises:
            UsageError: a package is missing.
            UsageError: it would replace the warehouse, or what is no regular file.
            OutputError: the file cannot be written.
        """
        from sparkify.reports.html import require_packages, write_report
        from sparkify.storage.output_file import Kept, OutputFile

        require_packages()
        output = OutputFile(path, "the report", Kept(local_files(self._url)))
        with self._engine.snapshot():
            write_report(output, self._engine, without_password(self._url), analyze(self._engine), title)

    def close(self) -> None:
        """End the connection."""
        self._engine.close()

    def __enter__(self) -> Warehouse:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def follow(
    url: str,
    *,
    logs: str | None = None,
    songs: str | None = None,
    every: float = 10.0,
    songs_every: float = 60.0,
    from_time: str | datetime | None = None,
    from_beginning: bool = False,
    accept_lost_offsets: bool = False,
    prune: bool = False,
    stop: Callable[[], bool] | None = None,
    watcher: Watcher | None = None,
    **settings: object,
) -> Iterator[Summary]:
    """Go on with what arrives in the sources; what each batch did comes back as soon as it is committed.

    While the caller holds a summary, a DuckDB file is closed and can be read. The end of the loop ends the following.

    Args:
        url: the warehouse.
        logs: as for `Warehouse.etl`.
        songs: as for `Warehouse.etl`.
        every: how often to look at the sources, in seconds.
        songs_every: the same for the songs.
        from_time: as for `Warehouse.etl`.
        from_beginning: as for `Warehouse.etl`.
        accept_lost_offsets: as for `Warehouse.etl`.
        prune: as for `Warehouse.etl`.
        stop: asked again and again; once it is true, the following ends after the current commit.
        watcher: told of commits, and of failures that are tried again.
        settings: any other setting by name.

    Raises:
        SparkifyError: a failure that does not pass by itself; the warehouse is at its last commit.
    """
    loaded = load({"warehouse": url, "logs": logs, "songs": songs, **settings}).settings
    start = Start.of(from_time, accept_lost_offsets=accept_lost_offsets, from_beginning=from_beginning)
    follower = Follower(
        loaded, Options(prune=prune, start=start), Pace(every, songs_every), watcher, stop or (lambda: False)
    )
    return follower.batches()


def compare(first: str, second: str) -> list[TableComparison]:
    """Compare two warehouses, by their URLs: every table of staging and star, and the rejects.

    Raises:
        WarehouseError: one of them cannot be read, or lacks tables.
    """
    from sparkify.reports.compare import compare_warehouses

    with connect(first, read_only=True) as one, connect(second, read_only=True) as other:
        return list(compare_warehouses(one._engine, other._engine))


def connect(
    url: str, *, read_only: bool = False, memory_limit: str | None = None, schema: str | None = None
) -> Warehouse:
    """Open a warehouse by its URL, such as `duckdb:///warehouse.duckdb`; a DuckDB file is made if it is missing.

    Raises:
        UsageError: the URL is malformed, or its scheme unknown.
        WarehouseError: it cannot be opened, or is in use.
    """
    loaded = load({"warehouse": url, "memory_limit": memory_limit, "schema": schema}).settings
    return Warehouse(url, connect_engine(url, loaded.access(read_only=read_only)))

"""Rows on their way from DuckDB's reader into a server, as CSV, without a file between."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator

import duckdb

from sparkify.engines.ndjson import Reading, load_failures

_PIPE_BYTES = 1024 * 1024


class CsvPipe:
    """DuckDB writes CSV at one end, in a thread of its own, and `blocks` come out at the other."""

    def __init__(self, reader: duckdb.DuckDBPyConnection, reading: Reading) -> None:
        self._source, target = os.pipe()
        self._failure: Exception | None = None
        self._cursor = reader.cursor()
        self._thread = threading.Thread(target=self._write, args=(reading, target), daemon=True)

    def __enter__(self) -> CsvPipe:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Close the end that is read, whereupon a writer that is still at work fails, and wait for it."""
        os.close(self._source)
        self._cursor.interrupt()
        self._thread.join()
        self._cursor.close()

    def _write(self, reading: Reading, target: int) -> None:
        copy = f"COPY ({reading.sql}) TO '/dev/fd/{target}' (FORMAT csv, HEADER false)"
        try:
            with load_failures():
                self._cursor.execute(copy, reading.parameters)
        except Exception as error:
            self._failure = error
        finally:
            os.close(target)

    def blocks(self) -> Iterator[bytes]:
        """What was written, as it comes."""
        while block := os.read(self._source, _PIPE_BYTES):
            yield block

    def finish(self) -> None:
        """Raise what went wrong with the writer, if anything did; there is nothing more to read."""
        self._thread.join()
        if self._failure:
            raise self._failure

"""Large objects into Redshift as they are: COPY takes them, and SQL proves that each of their records is plain.

Nothing of them travels through the client. COPY reads an object twice into temporary tables: as JSON, for the values,
and as lines, for the proof. COPY from JSON does not see a name that is there twice, two records on one line or a number
where a text should be; the grammar of plain lines, which the client uses too (`sparkify.reader.canonical`), sees
all of these.

What the documentation leaves open about COPY and regular expressions is asked of the warehouse itself, with a probe,
before anything is taken in this way.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import count
from typing import NamedTuple

from sparkify.contract import EVENTS, RECORD_TYPES, Field, RecordType, Type
from sparkify.engines.base import Held, Item, LoadColumn, Row
from sparkify.engines.redshift.dialect import REDSHIFT
from sparkify.engines.redshift.probes import DOUBTFUL, NOT_PLAIN, NOT_TEXT, PLAIN, as_lines
from sparkify.engines.redshift.spool import SpoolInS3
from sparkify.errors import FileError, WarehouseError
from sparkify.reader.canonical import Notation, canonical_record
from sparkify.sources.base import SourceFile
from sparkify.sql import render, rules
from sparkify.sql.render import quoted
from sparkify.sql.tree import parsed_query

LINES = "direct_load_lines"
PROBED = "direct_load_probe"
CREATE_LINES = f"CREATE TEMPORARY TABLE {LINES} (line {REDSHIFT.type('VARCHAR')})"
AS_LINES = "DELIMITER '\\001' IGNOREBLANKLINES"
"""The options with which COPY takes each line whole: no line of JSON holds this delimiter."""

# A literal's backslash means another thing to some servers: in the text it is written as ~, and ~ as ?, which is in no
# name of a field.
_SHOWN = Notation(escape="~", letter='[^"~]', filled='[^"~ ]')
_CONTROLS = " || ".join(f"CHR({code})" for code in range(1, 32))

Execute = Callable[[str], list[Row]]


def create_table(table: str, record_type: RecordType) -> str:
    """A table for records: texts as they are, numbers as DOUBLE, which COPY makes of JSON without a loss."""
    columns = ", ".join(f"{quoted(field.name)} {_column_type(field)}" for field in record_type.fields)
    return f"CREATE TEMPORARY TABLE {table} ({columns})"


def _column_type(field: Field) -> str:
    return REDSHIFT.type(field.type.value if field.type is Type.TEXT else Type.DOUBLE.value)


def jsonpaths(record_type: RecordType) -> bytes:
    """What tells COPY where each column is in a record."""
    return json.dumps({"jsonpaths": [f"$['{name}']" for name in record_type.names]}).encode()


class Lines(NamedTuple):
    """What was found of an object's lines: bytes with their line ends, lines that are not blank, and not plain ones."""

    octets: int
    number: int
    faults: int

    def are_all_of(self, size: int) -> bool:
        """Whether they are all of an object of `size` bytes, whose last line may lack its end."""
        return self.octets in (size, size + 1)


def lines_sql(record_type: RecordType) -> str:
    """The three figures of `Lines`. A line of `\\N` alone is NULL, and a fault."""
    pattern = canonical_record(record_type, _SHOWN).replace("(?:", "(")
    twice = " OR ".join(f"""names LIKE '%"{name}":%"{name}":%'""" for name in record_type.names)
    return (
        "SELECT COUNT(*) + SUM(octets), SUM(CASE WHEN LEN(TRIM(body)) = 0 THEN 0 ELSE 1 END), "
        f"SUM(CASE WHEN LEN(TRIM(body)) = 0 THEN 0 WHEN body ~ '^{pattern} *$' AND NOT ({twice}) "
        f"AND LEN(TRANSLATE(body, {_CONTROLS}, '')) = LEN(body) THEN 0 ELSE 1 END) "
        "FROM (SELECT octets, body, REPLACE(REPLACE(body, '~~', ''), '~\"', '') AS names FROM "
        "(SELECT OCTET_LENGTH(line) AS octets, REPLACE(REPLACE(RTRIM(line, CHR(13)), '~', '?'), CHR(92), '~') AS body "
        f"FROM {LINES}) AS shown) AS bodies"
    )


def records_sql(table: str, record_type: RecordType) -> str:
    """How many records there are, and how many of them break the contract."""
    broken = rules.broken_contract(record_type)
    query = parsed_query(f"SELECT COUNT(*), SUM(CASE WHEN {broken} THEN 1 ELSE 0 END) FROM {table}")
    return render.render(query, REDSHIFT)


def copy_sql(table: str, manifest: str, role: str, options: str) -> str:
    """COPY of what a manifest names; `role` is `default`, or in quotes. MAXERROR stays 0."""
    return f"COPY {table} FROM '{manifest}' IAM_ROLE {role} {options} MANIFEST COMPUPDATE OFF STATUPDATE OFF"


def insert_sql(target: str, table: str, columns: Sequence[LoadColumn], file_id: int) -> str:
    """Records into staging; `columns` are those of staging, of which file_id is the last."""
    names = ", ".join(quoted(column.name) for column in columns)
    values = ", ".join(_value(column) for column in columns[:-1])
    return f"INSERT INTO {target} ({names}) SELECT {values}, {file_id} FROM {table}"


def _value(column: LoadColumn) -> str:
    name = quoted(column.name)
    return f"CAST({name} AS {column.type})" if column.type in (Type.BIGINT, Type.INTEGER) else name


class NotTaken(Exception):
    """An object was not taken in by the warehouse itself, and must be read here; says why."""


class DirectLoad:
    """Takes objects in, one after another; their rows are in temporary tables until `forget`.

    `direct_from` is from how many bytes on an object is taken; None means never.
    """

    def __init__(
        self, execute: Execute, spool: Callable[[], SpoolInS3], role: Callable[[], str], direct_from: int | None
    ) -> None:
        self._execute = execute
        self._open_spool = spool
        self._role = role
        self.direct_from = direct_from
        self._tables: dict[int, str] = {}
        self._numbers = count(1)
        self._refusal: str | None = None
        self.refused: dict[str, str] = {}

    def is_meant_for(self, file: SourceFile) -> bool:
        """Whether a file is large, not compressed, in S3, and was not refused before."""
        is_large = self.direct_from is not None and file.size >= self.direct_from
        return is_large and file.scheme == "s3" and not file.packing and file.uri not in self.refused

    def take(self, item: Item) -> Held | None:
        """Take an object in as it is now, once more if it changed meanwhile; None if it must be read here.

        One that keeps changing or is gone must be: an answer of the store holds one state of it, or says what is wrong.

        Raises:
            SourceError: the store as a whole cannot be read.
        """
        file = item.file
        try:
            for _ in range(2):
                records = self._take(file.uri, file.size, RECORD_TYPES[file.kind], item.file_id)
                now = file.source.file_at(file.kind, file.uri)
                if now.tag == file.tag:
                    return Held(file, item.file_id, records)
                file = now
            self.refused[file.uri] = "it keeps changing while COPY takes it in"
        except (NotTaken, FileError) as error:
            self.refused[file.uri] = str(error)
        self._drop(self._tables.pop(item.file_id, None))
        return None

    def _take(self, uri: str, size: int, record_type: RecordType, file_id: int) -> int:
        """Take an object of `size` bytes in; the number of its records comes back.

        Raises:
            NotTaken: it is not proven that all of its records are canonical.
        """
        if self._refusal is None:
            self._refusal = self.probe()
        if self._refusal:
            raise NotTaken(self._refusal)
        table = f"direct_load_{next(self._numbers)}"
        try:
            lines = self._lines(uri, record_type)
            if not lines.are_all_of(size):
                raise NotTaken(f"COPY made lines of {lines.octets:,} bytes of {size:,}")
            if lines.faults:
                raise NotTaken(f"{lines.faults:,} of {lines.number:,} lines are not plain")
            records = self._records(table, uri, record_type, lines.number)
        except WarehouseError as error:
            self._stay_connected()
            raise NotTaken(error.what) from error
        self._drop(self._tables.get(file_id))
        self._tables[file_id] = table
        return records

    def insert(self, target: str, columns: Sequence[LoadColumn], file_id: int) -> None:
        """Put the records of an object into staging."""
        self._execute(insert_sql(target, self._tables[file_id], columns, file_id))

    def forget(self) -> None:
        """Drop what was taken."""
        for table in self._tables.values():
            self._drop(table)
        self._tables.clear()

    def _drop(self, table: str | None) -> None:
        """Drop a temporary table; if the connection is gone, it is gone too."""
        if table:
            with suppress(WarehouseError):
                self._execute(f"DROP TABLE {table}")

    def _lines(self, uri: str, record_type: RecordType) -> Lines:
        """Look at the lines of an object."""
        self._execute(CREATE_LINES)
        try:
            with self._objects(manifest=_manifest(uri)) as urls:
                self._copy(LINES, urls["manifest"], AS_LINES)
            return Lines(*(figure or 0 for figure in self._execute(lines_sql(record_type))[0]))
        finally:
            self._drop(LINES)

    def _records(self, table: str, uri: str, record_type: RecordType, lines: int) -> int:
        """Take the records of an object, each of which has a line of its own."""
        self._execute(create_table(table, record_type))
        try:
            with self._objects(manifest=_manifest(uri), paths=jsonpaths(record_type)) as urls:
                self._copy(table, urls["manifest"], f"FORMAT AS JSON '{urls['paths']}'")
            records, faults = self._execute(records_sql(table, record_type))[0]
            if records != lines:
                raise NotTaken(f"COPY made {records:,} records of {lines:,} lines")
            if faults:
                raise NotTaken(f"{faults:,} of {records:,} records break the contract")
        except BaseException:
            self._drop(table)
            raise
        return int(records)

    def _stay_connected(self) -> None:
        """Go on after a statement that failed, unless the connection is lost: then nothing can be loaded in any way."""
        self._execute("SELECT 1")

    def _copy(self, table: str, manifest: str, options: str) -> None:
        self._execute(copy_sql(table, manifest, self._role(), options))

    @contextmanager
    def _objects(self, **contents: bytes) -> Iterator[dict[str, str]]:
        """Small objects in the spool, by their URLs, for as long as they are needed."""
        with self._open_spool().folder() as put:
            yield {name: put(name, content) for name, content in contents.items()}

    def probe(self) -> str:
        """Why this warehouse cannot be trusted to take objects in; empty if it can."""
        try:
            return self._probe_lines() or self._probe_doubtful()
        except (WarehouseError, NotTaken) as error:
            self._stay_connected()
            return f"this warehouse did not take a probe: {error}"

    def _probe_lines(self) -> str:
        """Look at what is sure first: what fails here would count as a refusal of the doubtful."""
        with self._objects(plain=as_lines(PLAIN), other=as_lines(NOT_PLAIN)) as urls:
            plain, other = (self._lines(url, EVENTS) for url in urls.values())
            expected = Lines(len(as_lines(PLAIN)), len(PLAIN), 0)
            if plain != expected or not other.number == other.faults == len(NOT_PLAIN):
                return "this warehouse does not tell plain lines from others as Sparkify does"
            return self._probe_values(urls["plain"])

    def _probe_doubtful(self) -> str:
        if not all(self._refuses(content) for content in NOT_TEXT):
            return "COPY of this warehouse takes NUL, or bytes that are not UTF-8"
        for what, content, records in DOUBTFUL:
            if not self._reads_no_more(content, records):
                return f"COPY of this warehouse takes {what} for something unknown"
        return ""

    def _reads_no_more(self, content: bytes, records: int) -> bool:
        """Whether COPY fails on a file, or the proof does, or both find the records that there are."""
        try:
            with self._objects(content=content) as urls:
                found = self._lines(urls["content"], EVENTS)
        except WarehouseError:
            self._stay_connected()
            return True
        return not found.are_all_of(len(content)) or found.faults > 0 or found.number == records

    def _refuses(self, content: bytes) -> bool:
        """Whether COPY fails on a file or loses some of it, or the proof fails on all of its lines."""
        with self._objects(content=content) as urls:
            try:
                found = self._lines(urls["content"], EVENTS)
            except WarehouseError:
                self._stay_connected()
                return True
        return found.number == found.faults > 0 or not found.are_all_of(len(content))

    def _probe_values(self, url: str) -> str:
        self._records(PROBED, url, EVENTS, len(PLAIN))
        try:
            for number, values in enumerate(PLAIN.values()):
                names = ", ".join(quoted(name) for name in values)
                (row,) = self._execute(f'SELECT {names} FROM {PROBED} WHERE "itemInSession" = {number}')
                for (name, expected), found in zip(values.items(), row, strict=True):
                    if found != expected:
                        return f"COPY of this warehouse reads JSON otherwise than expected: {name} as {found!r}"
        finally:
            self._drop(PROBED)
        return ""


def _manifest(uri: str) -> bytes:
    """A manifest with one object, since COPY takes a key for a prefix."""
    return json.dumps({"entries": [{"url": uri, "mandatory": True}]}).encode()

"""COPY from S3, as the documentation describes it: its options, the objects that it reads, JSON, Parquet, text."""

from __future__ import annotations

import gzip
import io
import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import zstandard
from tests.redshift.standin.tokens import Reader, Token, quote, syntax_error
from tests.redshift.standin.values import BadValue, Column, Options, convert
from tests.redshift.standin.wire import ServerError

if TYPE_CHECKING:
    from tests.redshift.standin.stores import Stores

MAX_OBJECT = 4 << 20
"""A JSON object may have no more than 4 MB."""

DEFAULT_ROLE = "default"


@dataclass
class Copy:
    """A COPY statement."""

    table: str
    columns: list[str]
    source: str = ""
    role: str = ""
    format: str = ""
    json: str = "auto"
    delimiter: str = "|"
    ignore_blank_lines: bool = False
    manifest: bool = False
    compression: str = ""
    max_error: int = 0
    ignore_all_errors: bool = False
    no_load: bool = False
    explicit_ids: bool = False
    fill_record: bool = False
    values: dict[str, Any] = field(default_factory=dict)
    given: list[str] = field(default_factory=list)

    @property
    def tolerated(self) -> float:
        """How many errors the load may have."""
        return float("inf") if self.ignore_all_errors else max(self.max_error, 1) - 1


_Option = Callable[[Reader, Copy], None]

_COLUMNAR = frozenset(
    {"ACCEPTINVCHARS", "FILLRECORD", "IAM_ROLE", "CREDENTIALS", "STATUPDATE", "MANIFEST", "EXPLICIT_IDS"}
)
_NOT_WITH_JSON = frozenset(
    [
        "CSV",
        "DELIMITER",
        "ESCAPE",
        "FILLRECORD",
        "FIXEDWIDTH",
        "IGNOREBLANKLINES",
        "NULL",
        "READRATIO",
        "REMOVEQUOTES",
        "SHAPEFILE",
        "AVRO",
        "ORC",
        "SSH",
        "QUOTE",
    ]
)
_SWITCHES = ("ON", "OFF", "TRUE", "FALSE", "PRESET")


def parse(tokens: Sequence[Token], *, case_sensitive: bool) -> Copy:
    """Read a COPY statement.

    Raises:
        ServerError: an option is unknown, or cannot be used with the format, or authorization is missing.
    """
    reader = Reader(list(tokens))
    reader.expect("COPY")
    copy = Copy(reader.table(case_sensitive=case_sensitive), _column_list(reader, case_sensitive))
    reader.expect("FROM")
    copy.source = reader.string()
    if not copy.source.startswith("s3://"):
        raise ServerError("0A000", f"the stand-in copies from s3:// alone, not from {copy.source}")
    while not reader.done:
        _option(reader, copy)
    _check(copy)
    return copy


def _column_list(reader: Reader, case_sensitive: bool) -> list[str]:
    if not reader.accept("("):
        return []
    names = [reader.name(case_sensitive=case_sensitive)]
    while reader.accept(","):
        names.append(reader.name(case_sensitive=case_sensitive))
    reader.expect(")")
    return names


def _option(reader: Reader, copy: Copy) -> None:
    word = reader.next().upper
    if word == "WITH":
        word = reader.next().upper
    if word in copy.given:
        raise syntax_error(word)
    copy.given.append(word)
    if word in _NOT_WITH_JSON - _OPTIONS.keys():
        raise ServerError("0A000", f"the stand-in does not know {word}; it cannot be used with JSON or Parquet")
    if word in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "SESSION_TOKEN"):
        raise ServerError("0A000", "the stand-in takes IAM_ROLE alone: keys do not belong into SQL")
    handler = _OPTIONS.get(word)
    if handler is None:
        raise syntax_error(word.lower())
    handler(reader, copy)


def _role(reader: Reader, copy: Copy) -> None:
    copy.role = DEFAULT_ROLE if reader.accept("DEFAULT") else reader.string()


def _credentials(reader: Reader, copy: Copy) -> None:
    reader.accept("AS")
    text = reader.string()
    if not text.startswith("aws_iam_role="):
        raise ServerError("0A000", "the stand-in takes IAM_ROLE alone: keys do not belong into SQL")
    copy.role = text.removeprefix("aws_iam_role=")


def _format(reader: Reader, copy: Copy) -> None:
    reader.accept("AS")
    word = reader.next().upper
    if word not in ("JSON", "PARQUET"):
        raise ServerError("0A000", f"the stand-in knows the formats JSON and PARQUET, not {word}")
    _FORMATS[word](reader, copy)


def _json(reader: Reader, copy: Copy) -> None:
    copy.format = "JSON"
    reader.accept("AS")
    if reader.peek().startswith("'"):
        copy.json = reader.string()
    if copy.json not in ("auto", "auto ignorecase") and not copy.json.startswith("s3://"):
        raise ServerError("22023", f"invalid JSON option: {copy.json}")


def _parquet(reader: Reader, copy: Copy) -> None:
    copy.format = "PARQUET"


_FORMATS = {"JSON": _json, "PARQUET": _parquet}


def _max_error(reader: Reader, copy: Copy) -> None:
    reader.accept("AS")
    copy.max_error = reader.whole_number()
    if copy.max_error > 100_000:
        raise ServerError("22023", "MAXERROR must be between 0 and 100000")


def _switch(reader: Reader, copy: Copy) -> None:
    if reader.peek() in _SWITCHES:
        reader.next()


def _replacement(reader: Reader, copy: Copy) -> None:
    reader.accept("AS")
    copy.values["replacement"] = reader.string() if reader.peek().startswith("'") else "?"


def _named(name: str, kind: str) -> _Option:
    def handler(reader: Reader, copy: Copy) -> None:
        reader.accept("AS")
        text = reader.string()
        if kind == "time" and text not in ("auto", "epochsecs", "epochmillisecs", "YYYY-MM-DD HH:MI:SS"):
            raise ServerError("0A000", f"the stand-in does not know {name} '{text}'")
        if kind == "date" and text not in ("auto", "YYYY-MM-DD"):
            raise ServerError("0A000", f"the stand-in does not know {name} '{text}'")
        if kind == "encoding" and text.upper() != "UTF8":
            raise ServerError("0A000", f"the stand-in does not know {name} '{text}'")
        if kind in ("time", "date"):
            copy.values[f"{kind}_format"] = text

    return handler


def _flag(name: str) -> _Option:
    def handler(reader: Reader, copy: Copy) -> None:
        setattr(copy, name, True)

    return handler


def _value_flag(name: str) -> _Option:
    def handler(reader: Reader, copy: Copy) -> None:
        copy.values[name] = True

    return handler


def _delimiter(reader: Reader, copy: Copy) -> None:
    """One ASCII character, or the octal digits of one after a backslash."""
    reader.accept("AS")
    text = reader.string()
    octal = re.fullmatch(r"\\([0-7]{3})", text)
    copy.delimiter = chr(int(octal[1], 8)) if octal else {"\\t": "\t"}.get(text, text)
    if len(copy.delimiter) != 1 or not copy.delimiter.isascii() or copy.delimiter in "\r\n":
        raise ServerError("22023", "COPY delimiter must be a single ASCII character")


def _compression(name: str) -> _Option:
    def handler(reader: Reader, copy: Copy) -> None:
        if copy.compression:
            raise syntax_error(name)
        copy.compression = name

    return handler


def _rows(reader: Reader, copy: Copy) -> None:
    reader.whole_number()


_OPTIONS: dict[str, _Option] = {
    "IAM_ROLE": _role,
    "CREDENTIALS": _credentials,
    "FORMAT": _format,
    **_FORMATS,
    "MANIFEST": _flag("manifest"),
    "REGION": _named("REGION", ""),
    "GZIP": _compression("GZIP"),
    "ZSTD": _compression("ZSTD"),
    "MAXERROR": _max_error,
    "IGNOREALLERRORS": _flag("ignore_all_errors"),
    "NOLOAD": _flag("no_load"),
    "COMPUPDATE": _switch,
    "STATUPDATE": _switch,
    "COMPROWS": _rows,
    "TIMEFORMAT": _named("TIMEFORMAT", "time"),
    "DATEFORMAT": _named("DATEFORMAT", "date"),
    "ENCODING": _named("ENCODING", "encoding"),
    "ACCEPTINVCHARS": _replacement,
    "EMPTYASNULL": _value_flag("empty_as_null"),
    "BLANKSASNULL": _value_flag("blanks_as_null"),
    "TRUNCATECOLUMNS": _value_flag("truncate_columns"),
    "TRIMBLANKS": _value_flag("trim_blanks"),
    "ROUNDEC": _value_flag("round_decimals"),
    "EXPLICIT_IDS": _flag("explicit_ids"),
    "FILLRECORD": _flag("fill_record"),
    "DELIMITER": _delimiter,
    "IGNOREBLANKLINES": _flag("ignore_blank_lines"),
}


def _check(copy: Copy) -> None:
    if not copy.role:
        raise ServerError("42601", "COPY needs authorization: CREDENTIALS argument is required but is missing")
    if not copy.format and "DELIMITER" not in copy.given:
        raise ServerError("0A000", "the stand-in knows JSON, PARQUET and text whose delimiter is given")
    wrong = [word for word in copy.given if word in _NOT_WITH_JSON]
    if copy.format == "JSON" and wrong:
        raise ServerError("0A000", f"{wrong[0]} is not supported with JSON")
    if not copy.format and copy.fill_record:
        raise ServerError("0A000", "the stand-in does not know FILLRECORD with delimited text")
    if copy.ignore_all_errors and "MAXERROR" in copy.given:
        raise ServerError("42601", "IGNOREALLERRORS and MAXERROR cannot be used together")
    wrong = [word for word in copy.given if word not in _COLUMNAR | {"FORMAT", "PARQUET"}]
    if copy.format == "PARQUET" and wrong:
        raise ServerError("0A000", f"{wrong[0]} argument is not supported for PARQUET based COPY")


def targets(copy: Copy, columns: Sequence[Column]) -> list[Column]:
    """The columns that the statement fills, in its order.

    Raises:
        ServerError: one is not there, or an IDENTITY column is among them without EXPLICIT_IDS.
    """
    by_name = {column.name: column for column in columns}
    if not copy.columns:
        return [column for column in columns if copy.explicit_ids or not column.is_identity]
    for name in copy.columns:
        if name not in by_name:
            raise ServerError("42703", f'column "{name}" of relation {copy.table} does not exist')
    chosen = [by_name[name] for name in copy.columns]
    has_identity = any(column.is_identity for column in chosen)
    if has_identity and not copy.explicit_ids:
        raise ServerError("0A000", "cannot set an identity column to a value without EXPLICIT_IDS")
    if copy.explicit_ids and not has_identity:
        raise ServerError("0A000", "EXPLICIT_IDS needs the IDENTITY column in the list of columns")
    return chosen


@dataclass(frozen=True)
class LoadError:
    """A row of SYS_LOAD_ERROR_DETAIL."""

    file: str
    line: int
    column: Column | None
    code: int
    reason: str
    raw_line: str = ""
    raw_value: str = ""


class TooManyErrors(Exception):
    """The load has more errors than MAXERROR lets pass."""


class Loader:
    """Reads the files of one COPY, row by row; keeps the errors that it met."""

    def __init__(self, copy: Copy, columns: Sequence[Column], stores: Stores) -> None:
        self.copy = copy
        self.columns = columns
        self.stores = stores
        self.errors: list[LoadError] = []
        self._options = Options(**copy.values)

    def rows(self) -> Iterator[list[str | None]]:
        """The values of every row that can be loaded.

        Raises:
            TooManyErrors: MAXERROR is reached.
            ServerError: the objects cannot be read, or are not what they should be.
        """
        sources = self._sources()
        if self.copy.format == "PARQUET":
            for bucket, key in sources:
                yield from self._parquet_rows(bucket, key)
            return
        if not self.copy.format:
            for bucket, key in sources:
                yield from self._delimited_rows(f"s3://{bucket}/{key}", self._decompressed(bucket, key))
            return
        paths = self._paths()
        for bucket, key in sources:
            yield from self._json_rows(f"s3://{bucket}/{key}", self._decompressed(bucket, key), paths)

    def _sources(self) -> list[tuple[str, str]]:
        bucket, _, key = self.copy.source.removeprefix("s3://").partition("/")
        if self.copy.manifest:
            return self._listed(bucket, key)
        keys = self.stores.keys(bucket, key)
        if not keys:
            raise _s3_error(f"The specified S3 prefix '{key}' does not exist", f"Listing bucket={bucket} prefix={key}")
        return [(bucket, found) for found in keys]

    def _listed(self, bucket: str, key: str) -> list[tuple[str, str]]:
        found = []
        for entry in _entries(self._required(bucket, key, "manifest"), f"s3://{bucket}/{key}"):
            place, _, name = entry["url"].removeprefix("s3://").partition("/")
            size = self.stores.size(place, name)
            if size is None and entry.get("mandatory", False):
                raise _s3_error("The specified key does not exist.,Status 404,Error NoSuchKey", entry["url"])
            if size is None:
                continue
            if self.copy.format == "PARQUET":
                _check_length(entry, size)
            found.append((place, name))
        if not found:
            raise _s3_error("No files were found that the manifest lists", f"s3://{bucket}/{key}")
        return found

    def _required(self, bucket: str, key: str, what: str) -> bytes:
        data = self.stores.read(bucket, key)
        if data is None:
            raise _s3_error(f"Problem reading {what} file - S3ServiceException:The specified key does not exist.", key)
        return data

    def _decompressed(self, bucket: str, key: str) -> bytes:
        data = self.stores.read(bucket, key) or b""
        try:
            if self.copy.compression == "GZIP":
                return gzip.decompress(data)
            if self.copy.compression == "ZSTD":
                with zstandard.ZstdDecompressor().stream_reader(io.BytesIO(data), read_across_frames=True) as reader:
                    return reader.read()
        except (OSError, EOFError, zstandard.ZstdError) as error:
            raise ServerError("XX000", f"{self.copy.compression} decompression failed: s3://{bucket}/{key}") from error
        return data

    def _paths(self) -> list[list[str | int]] | None:
        """What the JSONPaths file says, or None for 'auto'."""
        if not self.copy.json.startswith("s3://"):
            return None
        bucket, _, key = self.copy.json.removeprefix("s3://").partition("/")
        paths = read_paths(self._required(bucket, key, "jsonpaths"))
        if paths is not None and len(paths) != len(self.columns):
            raise ServerError(
                "XX000",
                f"Number of jsonpaths and the number of columns should match. JSONPath size: {len(paths)}, "
                f"Number of columns in table or column list: {len(self.columns)}",
            )
        return paths

    def _json_rows(self, file: str, data: bytes, paths: list[list[str | int]] | None) -> Iterator[list[str | None]]:
        for line, record in json_values(data.decode(errors="surrogateescape")):
            if isinstance(record, Malformed):
                self._note(LoadError(file, line, None, record.code, record.reason, record.text[:1024]))
                continue
            row = self._row(file, line, record, paths)
            if row is not None:
                yield row

    def _row(self, file: str, line: int, record: Any, paths: list[list[str | int]] | None) -> list[str | None] | None:
        found: Sequence[Any]
        try:
            found = self._by_name(record) if paths is None else [_at_path(record, path) for path in paths]
        except BadValue as error:
            self._note(LoadError(file, line, None, error.code, error.reason, _shown(record)))
            return None
        row = []
        for column, value in zip(self.columns, found, strict=True):
            text = as_text(value)
            try:
                row.append(convert(text, column, self._options))
            except BadValue as error:
                self._note(LoadError(file, line, column, error.code, error.reason, _shown(record), text or ""))
                return None
        return row

    def _delimited_rows(self, file: str, data: bytes) -> Iterator[list[str | None]]:
        """Lines cut at the delimiter. Quotes and backslashes are letters like others, but for \\N, which is NULL."""
        text = data.decode(errors="surrogateescape")
        if self.stores.carriage_return == "refused" and "\r" in text.replace("\r\n", ""):
            raise ServerError("XX000", "Invalid carriage return in the input")
        if self.stores.carriage_return == "a line end":
            text = text.replace("\r\n", "\n").replace("\r", "\n")
        for sign in self.stores.other_line_ends:
            text = text.replace(sign, "\n")
        lines = text.split("\n")
        for number, line in enumerate(lines if lines[-1] else lines[:-1], 1):
            if line or not self.copy.ignore_blank_lines:
                row = self._delimited_row(file, number, line)
                if row is not None:
                    yield row

    def _delimited_row(self, file: str, number: int, line: str) -> list[str | None] | None:
        values = line.split(self.copy.delimiter)
        row = []
        try:
            if not line:
                raise BadValue(1211, "Line contained no data")
            if len(values) != len(self.columns):
                too_many = len(values) > len(self.columns)
                raise BadValue(*((1202, "Extra column(s) found") if too_many else (1214, "Delimiter not found")))
            for column, value in zip(self.columns, values, strict=True):
                row.append(convert(None if value == "\\N" else value, column, self._options))
        except BadValue as error:
            self._note(LoadError(file, number, None, error.code, error.reason, line[:1024]))
            return None
        return row

    def _by_name(self, record: Any) -> list[Any]:
        if not isinstance(record, dict):
            raise BadValue(1216, "Invalid JSON: an array needs a JSONPaths file")
        if self.copy.json == "auto ignorecase":
            record = {name.lower(): value for name, value in record.items()}
            return [record.get(column.name.lower()) for column in self.columns]
        return [record.get(column.name) for column in self.columns]

    def _note(self, error: LoadError) -> None:
        self.errors.append(error)
        if len(self.errors) > self.copy.tolerated:
            raise TooManyErrors

    def _parquet_rows(self, bucket: str, key: str) -> Iterator[list[str | None]]:
        import pyarrow as pa
        import pyarrow.parquet as pq

        file = f"s3://{bucket}/{key}"
        try:
            table = pq.read_table(io.BytesIO(self.stores.read(bucket, key) or b""))
        except pa.ArrowInvalid as error:
            raise _scan_error(f"File '{file}' has an invalid version number or is no Parquet file") from error
        missing = len(self.columns) - table.num_columns
        if missing and not (missing > 0 and self.copy.fill_record):
            raise _scan_error(
                f"Unmatched number of columns between table and file. Table columns: {len(self.columns)}, "
                f"Data columns: {table.num_columns}, File name: {file}"
            )
        for column, part in zip(self.columns, table.schema, strict=False):
            if not _fits(part.type, column):
                raise _scan_error(
                    f"File '{file}' has an incompatible Parquet schema for column '{part.name}'. "
                    f"Column type: {column.shown_type.upper()}, Parquet schema: {part.type}"
                )
        for batch in table.to_batches():
            data = [part.to_pylist() for part in batch.columns]
            data += [[None] * batch.num_rows] * missing
            for values in zip(*data, strict=True):
                yield self._parquet_row(file, values)

    def _parquet_row(self, file: str, values: Sequence[Any]) -> list[str | None]:
        row = []
        for column, value in zip(self.columns, values, strict=True):
            text = None if value is None else _parquet_text(value)
            try:
                row.append(convert(text, column, Options(replacement=self._options.replacement)))
            except BadValue as error:
                raise _scan_error(f"{error.reason}: column {column.name}, file {file}") from error
        return row


def _s3_error(message: str, context: str) -> ServerError:
    return ServerError("XX000", message, f"error: {message} code: 8001 context: {context}")


def _scan_error(message: str) -> ServerError:
    return ServerError("XX000", "Spectrum Scan Error", f"error: Spectrum Scan Error code: 15001 context: {message}")


def _entries(data: bytes, name: str) -> list[dict[str, Any]]:
    wrong = ServerError("XX000", f"The manifest {name} is not properly formed")
    try:
        entries = json.loads(data)["entries"]
    except (ValueError, KeyError, TypeError) as error:
        raise wrong from error
    if not isinstance(entries, list) or not entries:
        raise wrong
    for entry in entries:
        if not isinstance(entry, dict) or not str(entry.get("url", "")).startswith("s3://"):
            raise wrong
        if not isinstance(entry.get("mandatory", False), bool):
            raise wrong
    return entries


def _check_length(entry: dict[str, Any], size: int) -> None:
    length = (entry.get("meta") or {}).get("content_length")
    if not isinstance(length, int):
        raise ServerError("XX000", f"meta.content_length is missing in the manifest for {entry['url']}")
    if length != size:
        raise _scan_error(f"content_length {length} in the manifest, {size} bytes in S3: {entry['url']}")


_BRACKETS = re.compile(r"\['((?:[^'\\]|\\.)*)'\]|\[(\d+)\]")
_DOTS = re.compile(r"\.([^.\['\]]+)|\[(\d+)\]")


def read_paths(data: bytes) -> list[list[str | int]] | None:
    """The expressions of a JSONPaths file; None if its key is another word, for then COPY uses 'auto'.

    Raises:
        ServerError: it is not one JSON object, or an expression is not one.
    """
    try:
        found = json.loads(data)
    except ValueError as error:
        raise ServerError("XX000", f"Invalid JSONPath file: {error}") from error
    if not isinstance(found, dict) or len(found) != 1:
        raise ServerError("XX000", "Invalid JSONPath file: it must hold one object with one name")
    if "jsonpaths" not in found:
        return None
    expressions = found["jsonpaths"]
    if not isinstance(expressions, list) or not all(isinstance(path, str) and path for path in expressions):
        raise ServerError("XX000", "Invalid JSONPath file: each element must be a text that is not empty")
    if any("['" in path for path in expressions) and any(re.search(r"\.(?![^\[]*'\])", path) for path in expressions):
        raise ServerError("XX000", "Invalid JSONPath format: bracket and dot notation cannot be mixed")
    return [_steps(path) for path in expressions]


def _steps(path: str) -> list[str | int]:
    pattern = _BRACKETS if "['" in path else _DOTS
    steps: list[str | int] = []
    at = 1
    while at < len(path) and path[0] == "$":
        match = pattern.match(path, at)
        if match is None:
            break
        steps.append(match[1] if match[1] is not None else int(match[2]))
        at = match.end()
    if path[0] != "$" or at < len(path) or not steps:
        raise ServerError("XX000", f"Invalid JSONPath format: {path}")
    return steps


def _at_path(record: Any, path: Sequence[str | int]) -> Any:
    for step in path:
        if isinstance(step, int):
            if not isinstance(record, list) or step >= len(record):
                raise BadValue(1216, "Invalid JSONPath format: Not an array or index out of range.")
            record = record[step]
        elif not isinstance(record, dict):
            return None
        else:
            record = record.get(step)
    return record


class Number(str):
    """A number of a JSON text, as it is written there."""


@dataclass(frozen=True)
class Malformed:
    """A piece of a file that is not JSON."""

    code: int
    reason: str
    text: str


_DECODER = json.JSONDecoder(parse_float=Number, parse_int=Number, parse_constant=lambda _: _no_constant())
_SPACE = re.compile(r"[ \t\r\n]*")
_NEXT = re.compile(r"[{\[]")
_NEXT_LINE = re.compile(r"\n[ \t\r]*(?=[{\[])")


def _no_constant() -> Any:
    raise ValueError("NaN and Infinity are not JSON")


def json_values(text: str) -> Iterator[tuple[int, Any]]:
    """The objects and arrays that stand one after another, each with the number of its last line."""
    at = 0
    counted, line = 0, 1
    while True:
        at = _end(_SPACE, text, at)
        if at >= len(text):
            return
        value, end = _one(text, at)
        line += text.count("\n", counted, end)
        counted = at = end
        yield line, value


def _one(text: str, at: int) -> tuple[Any, int]:
    if text[at] not in "{[":
        found = _NEXT.search(text, at)
        end = found.start() if found else len(text)
        return Malformed(1216, "Invalid JSON: characters between objects", text[at:end]), end
    try:
        value, end = _DECODER.raw_decode(text, at)
    except (ValueError, RecursionError) as error:
        found = _NEXT_LINE.search(text, at + 1)
        end = found.start() if found else len(text)
        return Malformed(1216, f"Invalid JSON: {error}"[:100], text[at:end]), end
    if len(text[at:end].encode(errors="surrogateescape")) > MAX_OBJECT:
        return Malformed(1224, "JSON object exceeds the maximum size of 4 MB", text[at : at + 1024]), end
    return value, end


def _end(pattern: re.Pattern[str], text: str, at: int) -> int:
    found = pattern.match(text, at)
    return found.end() if found else at


def as_text(value: Any) -> str | None:
    """A JSON value as COPY hands it to a column: objects and arrays whole, as text."""
    if value is None:
        return None
    if isinstance(value, str):
        return str(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return _dumped(value)


def _dumped(value: Any) -> str:
    if isinstance(value, Number):
        return str(value)
    if isinstance(value, dict):
        inside = ",".join(f"{json.dumps(name, ensure_ascii=False)}: {_dumped(part)}" for name, part in value.items())
        return "{" + inside + "}"
    if isinstance(value, list):
        return "[" + ",".join(_dumped(part) for part in value) + "]"
    return json.dumps(value, ensure_ascii=False)


def _shown(record: Any) -> str:
    return _dumped(record)[:1024]


def _fits(kind: Any, column: Column) -> bool:
    """Whether a Parquet type is exactly that of a column."""
    import pyarrow.types as types

    if types.is_dictionary(kind):
        kind = kind.value_type
    tests: dict[str, Callable[[], Any]] = {
        "string": lambda: types.is_string(kind) or types.is_large_string(kind),
        "bigint": lambda: types.is_int64(kind),
        "integer": lambda: types.is_int32(kind),
        "smallint": lambda: types.is_int16(kind),
        "double precision": lambda: types.is_float64(kind),
        "boolean": lambda: types.is_boolean(kind),
        "date": lambda: types.is_date32(kind),
        "timestamp without time zone": lambda: types.is_timestamp(kind) and kind.tz is None,
        "numeric": lambda: types.is_decimal(kind) and (kind.precision, kind.scale) == (column.precision, column.scale),
    }
    return bool(tests[column.type]())


def _parquet_text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(value) if isinstance(value, float) else str(value)


_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def as_copy_text(row: Sequence[str | None]) -> str:
    """A row as PostgreSQL's COPY reads it."""
    return "\t".join("\\N" if value is None else value.translate(_ESCAPES) for value in row) + "\n"


def backend_copy(copy: Copy, columns: Sequence[Column]) -> str:
    """The COPY that PostgreSQL runs."""
    names = ", ".join(quote(column.name) for column in columns)
    return f"COPY {copy.table} ({names}) FROM STDIN"

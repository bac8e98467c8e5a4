"""How COPY makes a column's value of what stands in a file: the documented rules, and the codes of load errors."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal, InvalidOperation

MAX_VARCHAR = 65535


@dataclass(frozen=True)
class Column:
    """A column that COPY fills: `type` as PostgreSQL names it, `string` for VARCHAR; `length` in bytes."""

    name: str
    type: str
    length: int | None = None
    precision: int | None = None
    scale: int | None = None
    not_null: bool = False
    is_identity: bool = False

    @property
    def shown_type(self) -> str:
        """The type as the error tables show it."""
        shown = {"string": "varchar", "bigint": "int8", "integer": "int4", "smallint": "int2"}
        return shown.get(self.type, self.type)[:10]


@dataclass(frozen=True)
class Options:
    """The options of COPY that change values."""

    empty_as_null: bool = False
    blanks_as_null: bool = False
    truncate_columns: bool = False
    trim_blanks: bool = False
    round_decimals: bool = False
    replacement: str | None = None
    time_format: str = ""
    date_format: str = ""


class BadValue(Exception):
    """A value that its column cannot take: code and reason as in SYS_LOAD_ERROR_DETAIL."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


_RANGES = {
    "bigint": (-(2**63), 2**63 - 1, "Long"),
    "integer": (-(2**31), 2**31 - 1, "Integer"),
    "smallint": (-(2**15), 2**15 - 1, "Short"),
}
_TRUE = frozenset({"t", "true", "y", "yes", "1"})
_FALSE = frozenset({"f", "false", "n", "no", "0"})
_TIMESTAMP = re.compile(r"\d{4}-\d{2}-\d{2}(?:[ T]\d{2}:\d{2}:\d{2}(?:\.\d{1,6})?)?")


def convert(text: str | None, column: Column, options: Options) -> str | None:
    """A value as PostgreSQL reads it; None for NULL.

    Raises:
        BadValue: the column cannot take it.
    """
    value = None if text is None else _convert(text, column, options)
    if value is None and column.not_null:
        raise BadValue(1213, "Missing data for not-null field")
    return value


def _convert(text: str, column: Column, options: Options) -> str | None:
    if column.type == "string":
        return _string(text, column, options)
    if text == "" or (options.blanks_as_null and not text.strip()):
        return None
    if column.type in _RANGES:
        return _whole_number(text, column.type)
    return _CONVERTERS[column.type](text, column, options)


def _string(text: str, column: Column, options: Options) -> str | None:
    if options.empty_as_null and text == "":
        return None
    if options.blanks_as_null and text and not text.strip(" "):
        return None
    if options.trim_blanks:
        text = text.rstrip()
    text = _valid(text, options)
    limit = column.length or MAX_VARCHAR
    raw = text.encode()
    if len(raw) <= limit:
        return text
    if options.truncate_columns or not raw[limit:].strip(b" "):
        return raw[:limit].decode(errors="ignore")
    raise BadValue(1204, "String length exceeds DDL length")


def _valid(text: str, options: Options) -> str:
    bad = next((letter for letter in text if "\ud800" <= letter <= "\udfff"), None)
    if bad is not None:
        if options.replacement is None:
            shown = f"{ord(bad) & 0xFF:02x}"
            raise BadValue(
                1220, f"String contains invalid or unsupported UTF8 codepoints. Bad UTF8 hex sequence: {shown}"
            )
        text = "".join(options.replacement if "\ud800" <= letter <= "\udfff" else letter for letter in text)
    if "\0" in text:
        raise BadValue(1220, "the stand-in cannot hold NUL")
    return text


def _whole_number(text: str, kind: str) -> str:
    least, most, shown = _RANGES[kind]
    digits = text.strip(" ")
    bad = re.search(r"[^0-9]", digits[1:] if digits[:1] in ("-", "+") else digits)
    if bad or not digits.strip("+-"):
        place = digits.index(bad[0]) if bad else 0
        raise BadValue(1207, f"Invalid digit, Value '{bad[0] if bad else digits}', Pos {place}, Type: {shown}")
    if not least <= int(digits) <= most:
        raise BadValue(1207, f"Overflow ({shown} valid range {least} to {most})")
    return digits


def _double(text: str, column: Column, options: Options) -> str:
    try:
        number = float(text.strip(" "))
    except ValueError as error:
        raise BadValue(1208, f"Invalid value for type float8: {text[:40]}") from error
    if "_" in text or not math.isfinite(number):
        raise BadValue(1208, f"Overflow or invalid value for type float8: {text[:40]}")
    return repr(number)


def _decimal(text: str, column: Column, options: Options) -> str:
    precision, scale = column.precision or 18, column.scale or 0
    try:
        number = Decimal(text.strip(" "))
    except InvalidOperation as error:
        raise BadValue(1207, f"Invalid digit, Value '{text[:20]}', Pos 0, Type: Decimal") from error
    if not number.is_finite() or abs(number) >= Decimal(10) ** (precision - scale):
        raise BadValue(1207, f"Overflow for NUMERIC({precision},{scale})")
    rounding = ROUND_HALF_UP if options.round_decimals else ROUND_DOWN
    return str(number.quantize(Decimal(1).scaleb(-scale), rounding=rounding))


def _boolean(text: str, column: Column, options: Options) -> str:
    word = text.strip().lower()
    if word not in _TRUE | _FALSE:
        raise BadValue(1210, f"Unknown boolean format: {text[:20]}")
    return "true" if word in _TRUE else "false"


def _timestamp(text: str, column: Column, options: Options) -> str:
    if options.time_format in ("epochsecs", "epochmillisecs"):
        return _epoch(text, 1000 if options.time_format == "epochmillisecs" else 1)
    if not _TIMESTAMP.fullmatch(text):
        raise BadValue(1206, "Invalid timestamp format or value [YYYY-MM-DD HH24:MI:SS]")
    try:
        return str(datetime.fromisoformat(text))
    except ValueError as error:
        raise BadValue(1206, "Invalid timestamp format or value [YYYY-MM-DD HH24:MI:SS]") from error


def _epoch(text: str, per_second: int) -> str:
    try:
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=float(text)) / per_second
    except (ValueError, OverflowError) as error:
        raise BadValue(1206, "Invalid timestamp format or value") from error
    return str(moment.replace(tzinfo=None))


def _date(text: str, column: Column, options: Options) -> str:
    try:
        return str(date.fromisoformat(text))
    except ValueError as error:
        raise BadValue(1205, "Invalid Date Format - length must be 10 or more") from error


_CONVERTERS = {
    "double precision": _double,
    "numeric": _decimal,
    "boolean": _boolean,
    "timestamp without time zone": _timestamp,
    "date": _date,
}

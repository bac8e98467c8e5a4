"""Why a span is no record, in words that can follow it, and what to do about it where that is obvious."""

from __future__ import annotations

import json
import re
from typing import NamedTuple, NoReturn

from sparkify.contract import MAX_RECORD_BYTES
from sparkify.reader.framing import Piece, Span
from sparkify.reader.lanes import MOST_LEVELS

_NO_NUMBER = re.compile(r"[:\[,]\s*(-?Infinity|NaN|nan|None|undefined)\b")
_COMMENT = re.compile(r"//|#|/\*|--|;")
_SCALARS = re.compile(
    r'(?:"[^"\\]*"|-?[0-9][0-9.eE+-]*|true|false|null)(?:\s*,\s*(?:"[^"\\]*"|-?[0-9][0-9.eE+-]*|true|false|null))*'
)


class Why(NamedTuple):
    """What is wrong, and what to do; `suggestion` is empty when that is not obvious."""

    reason: str
    suggestion: str = ""


def why_no_record(piece: Piece, span: Span) -> Why:
    """Why a span is no record."""
    text = piece.raw.decode("latin-1")  # one letter for one byte: the marks of JSON are the same as in UTF-8
    is_message = not piece.line
    if text.startswith("{"):
        return _broken_object(text, span, is_message)
    if "\0" in text:
        return Why("holds NUL bytes where a record should begin", "remove the NUL bytes")
    if _COMMENT.match(text):
        return Why("looks like a comment: JSON has none", "remove it")
    if scalars := _SCALARS.fullmatch(text):
        return Why(f"is {_kind_of(scalars[0])}, not an object")
    if "{" not in text and text.endswith("}"):
        return Why("is the end of a record whose beginning is missing")
    if is_message:
        return Why("is not JSON: a message holds one object")
    if span.is_last and not piece.offset:
        return Why("is not JSON, and the file holds nothing else")
    return Why("is not JSON: it is text between records", "remove the text")


def _broken_object(text: str, span: Span, is_message: bool) -> Why:
    try:
        _, end = _DECODER.raw_decode(text)
    except RecursionError:
        return Why(f"is nested more than {MOST_LEVELS} levels deep")
    except json.JSONDecodeError as error:
        return _of_error(text, error, span)
    except _NoValue as error:
        return Why(f"is not JSON: {error} is no JSON value", "write null")
    if end > MAX_RECORD_BYTES:
        return _too_long()
    if is_message and (rest := text[end:].lstrip(" \t\r\n,")):
        if rest.startswith("{"):
            return Why("holds more than one object", "send a message for each")
        return Why("holds text behind its object", "remove the text")
    return Why(f"is nested more than {MOST_LEVELS} levels deep")


def _too_long() -> Why:
    return Why(f"is longer than {MAX_RECORD_BYTES:,} bytes")


def _of_error(text: str, error: json.JSONDecodeError, span: Span) -> Why:
    is_unterminated = error.msg.startswith("Unterminated string")
    if error.pos >= len(text.rstrip()) or is_unterminated:
        if span.size > MAX_RECORD_BYTES:
            return _too_long()
        return Why("is cut off: the object has no end")
    rest = text[error.pos :]
    if found := _NO_NUMBER.match(text, max(0, len(text[: error.pos].rstrip()) - 1)):
        return Why(f"is not JSON: {found[1]} is no JSON value", "write null")
    before = text[: error.pos].rstrip()
    comma = before.endswith(",") or rest.startswith(",")
    what = error.msg[:1].lower() + error.msg[1:]
    if rest.startswith("\n") and error.msg.startswith("Invalid control character"):
        return Why("is cut off: its line ends within a text")
    if comma and rest.lstrip(", \t\r\n")[:1] in ("}", "]"):
        return Why(f"is not JSON: {what} at character {error.pos}", "remove the comma")
    return Why(f"is not JSON: {what} at character {error.pos}", _way_out(rest, error.msg))


_NO_QUOTES = re.compile(r"[A-Za-z_$][\w$]*\s*:")
_MARK = "\xef\xbb\xbf"  # a byte-order mark, one letter for one byte


def _way_out(rest: str, message: str) -> str:
    """What to do about an object that is broken where `rest` begins; empty if that is not obvious."""
    if rest.startswith("'"):
        return "write \" for '"
    if rest.startswith("\0"):
        return "remove the NUL bytes"
    if rest.startswith(_MARK):
        return "remove the byte-order mark"
    if _NO_QUOTES.match(rest):
        return "write names in double quotes"
    if message.startswith("Expecting ',' delimiter") and rest.startswith('"'):
        return "write a comma between the fields"
    return ""


def _kind_of(text: str) -> str:
    if "," in text and not text.startswith('"'):
        return "a list of values"
    if text.startswith('"'):
        return "a text"
    return text if text in ("true", "false", "null") else "a number"


class _NoValue(Exception):
    """A name that Python takes for a number and JSON does not."""


def _no_constant(name: str) -> NoReturn:
    raise _NoValue(name)


def _as_written(number: str) -> str:
    return number  # int() of a number of thousands of digits is slow, or refused


_DECODER = json.JSONDecoder(parse_int=_as_written, parse_float=_as_written, parse_constant=_no_constant)

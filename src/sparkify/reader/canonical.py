"""Recognise canonical lines: those that every JSON reader understands alike, and as the contract does.

DuckDB's typed reader converts silently: it takes `true` for 1, rewrites `1e3`, passes a trailing comma, a NUL, a
name it does not know. So a file goes to it only when one regular expression, derived from the contract, accepts every
line: known names only, each value spelled in the way that leaves no choice. All else is for the careful reader, which
knows every form. RE2 runs it as an automaton, at two nanoseconds a byte and without the interpreter's lock.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple, Protocol

from sparkify.contract import EVENTS, MAX_TEXT_BYTES, TOPIC_FORM_NAMES, Field, RecordType, Type

_HEX = "[0-9a-fA-F]"
_DIGITS = {Type.BIGINT: 14, Type.INTEGER: 8}
# 15 digits are exact in a double, two digits of exponent cannot overflow one, and there is no minus zero.
_NUMBER = r"(?:(?:0|-?[1-9][0-9]{0,14})(?:[.][0-9]{1,17})?|-0[.]0{0,5}[1-9][0-9]{0,11})(?:[eE][-+]?[0-9]{1,2})?"
_SURE_LETTER = "[]!#-[^-}]"
_SURE_LETTERS = "[] !#-[^-}]{0,60}"
"""ASCII without the quote, the backslash, and the tilde, which stands for it on Redshift: at most 64 bytes."""
_SPACE = " ?"
_LINE_END = r"[ \t\r]*\n"

LONGEST_SURE = 32_768
"""Lines are sure to be shorter than `MAX_TEXT_BYTES` where every aligned window of this many bytes ends one."""


class Pattern(Protocol):
    """A compiled regular expression of RE2."""

    def fullmatch(self, text: bytes | bytearray, pos: int = 0, endpos: int | None = None) -> object:
        """A match of the whole text, or None."""


class Notation(NamedTuple):
    """How some signs are written for one engine of regular expressions, in the text that it is given.

    `escape` is the backslash, `letter` any letter that may stand in a text as it is, `filled` one that is surely no
    space.
    """

    escape: str
    letter: str
    filled: str


RE2 = Notation(escape=r"\\", letter=r'[^"\\\x00-\x1f]', filled=r'[^"\\\x00-\x20]')


def canonical_record(record_type: RecordType, notation: Notation = RE2, fields: Sequence[Field] | None = None) -> str:
    """The expression that accepts one canonical record of some fields. It does not see that a name is there twice."""
    names: dict[str, list[str]] = {}
    for field in record_type.fields if fields is None else fields:
        names.setdefault(_value(field, notation), []).append(field.name)
    pairs = "|".join(f'"(?:{"|".join(those)})":{_SPACE}{value}' for value, those in names.items())
    return f"[{{]{_SPACE}(?:(?:{pairs}),{_SPACE})*(?:{pairs}){_SPACE}[}}]"


def _value(field: Field, notation: Notation) -> str:
    if field.type is Type.TEXT:
        return _text_value(field, notation)
    if field.type is Type.DOUBLE:
        return f"(?:null|{_NUMBER})"
    sign = "" if field.least == 0 else "-?"
    whole = f"(?:0|{sign}[1-9][0-9]{{0,{_DIGITS[field.type]}}})"
    if field.often_text:
        return f'(?:null|""|{whole}|"{whole}")'
    number = f"{whole}(?:[.]0)?"
    return number if field.required else f"(?:null|{number})"


def _text_value(field: Field, notation: Notation) -> str:
    filled = field.required and not field.may_be_empty
    if field.most_bytes < MAX_TEXT_BYTES:  # surely short: longer ones, and those with other letters, are read singly
        text = f'"{_SURE_LETTER}{_SURE_LETTERS}"' if filled else f'"(?:{_SURE_LETTER}{_SURE_LETTERS})?"'
    else:
        text = _text(notation, filled=filled)
    return text if field.required else f"(?:null|{text})"


def _text(notation: Notation, *, filled: bool = False) -> str:
    """A text; a filled one begins with something that is surely no space, what begins with one is read carefully."""
    escape = notation.escape
    # \uXXXX without NUL and without lone surrogates.
    unicode = (
        f"u(?:000[1-9a-fA-F]|00[1-9a-fA-F]{_HEX}|0[1-9a-fA-F]{_HEX}{{2}}|[1-9a-cA-CeEfF]{_HEX}{{3}}"
        f"|[dD][0-7]{_HEX}{{2}}|[dD][89abAB]{_HEX}{{2}}{escape}u[dD][c-fC-F]{_HEX}{{2}})"
    )
    letter = f'(?:{notation.letter}|{escape}(?:["{escape}/bfnrt]|{unicode}))'
    first = f'(?:{notation.filled}|{escape}["{escape}/])' if filled else ""
    return f'"{first}{letter}*"'


def _compile(pattern: str) -> Pattern:
    import re2

    options = re2.Options()
    options.max_mem = 64 * 1024 * 1024  # room for the whole automaton; without it RE2 falls back to a slow search
    compiled: Pattern = re2.compile(pattern, options)
    return compiled


@cache
def canonical_lines(record_type: RecordType) -> Pattern:
    """The expression that accepts any number of canonical lines, each with its line end."""
    return _compile(f"(?:{canonical_record(record_type)}{_LINE_END})*")


@cache
def canonical_topic_lines() -> Pattern:
    """The expression that accepts any number of canonical lines with events of the topic form.

    A line without any of the names that are peculiar to a form is of both, and means the same in either.
    """
    fields = [field for field in EVENTS.fields if field.name not in ("length", "location")]
    return _compile(f"(?:{canonical_record(EVENTS, fields=[*fields, *_TOPIC_FORM_FIELDS])}{_LINE_END})*")


_TOPIC_FORM_TYPES = {"duration": Type.DOUBLE, "lat": Type.DOUBLE, "lon": Type.DOUBLE}
_TOPIC_FORM_FIELDS = [Field(name, _TOPIC_FORM_TYPES.get(name, Type.TEXT), "") for name in TOPIC_FORM_NAMES]


def has_only_short_lines(text: bytes | bytearray, end: int) -> bool:
    """Whether no line of `text[:end]` is so long that a text in it could be too long."""
    return end <= LONGEST_SURE or all(
        text.find(b"\n", start, start + LONGEST_SURE) >= 0 for start in range(0, end - LONGEST_SURE, LONGEST_SURE)
    )

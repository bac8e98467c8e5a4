"""Whether a file that was read has failed, and why: nothing of it was accepted (DESIGN section 3, "Failed files")."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from sparkify.contract import RecordType
from sparkify.reader.appearance import appearance, wrapping
from sparkify.reader.validation import CarefulReader, Reject

MOST_REJECTS = 1_000
"""How many rejects of a file that failed are kept; the rest is counted."""


def why_failed(reader: CarefulReader, head: bytes, wrapped_by: str, accepted: int, rejects: int, rejected: int) -> str:
    """Why a file has failed, in words that can follow its name; empty if it has not.

    `reader` has read it, `head` is how it begins; `wrapped_by` is the name under which it holds a list of records, or
    empty. `accepted` records are to be loaded, and its `rejects` count for `rejected` records.
    """
    if accepted or not reader.examples:
        return ""
    first = reader.examples[0]
    if rejects == 1 and _is_flawed_record(reader.first_raw, reader.record_type):
        return ""
    looks = wrapping(wrapped_by) if wrapped_by else appearance(head, reader.record_type.kind, reader.unknown_names)
    return looks or _nothing_accepted(first, rejected)


def _nothing_accepted(first: Reject, rejected: int) -> str:
    counted = "its one record was rejected" if rejected == 1 else f"all of its {rejected:,} records were rejected"
    return f"holds nothing that could be loaded: {counted}; line {first.line}: {first.told}"


def _is_flawed_record(raw: bytes, record_type: RecordType) -> bool:
    """Whether a text is one object with every required name of its kind, and no table of columns."""
    try:
        value = _DECODER.decode(raw.decode("latin-1"))
    except (ValueError, RecursionError):
        return False
    if not isinstance(value, dict) or all(isinstance(column, dict | list) for column in value.values()):
        return False
    return {field.name for field in record_type.fields if field.required} <= value.keys()


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _as_written(number: str) -> Any:
    return number  # int() of a number of thousands of digits is slow, or refused


_DECODER = json.JSONDecoder(parse_int=_as_written, parse_float=_as_written, parse_constant=_no_constant)

"""Files in every form, with every kind of damage, plain and packed; and what must come of each."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import zstandard
from tests.support import event

MARK = "\ufeff"
RECORDS = 6
DAMAGED = 2
"""The place of the record that is damaged."""

PACKINGS: Mapping[str, Callable[[bytes], bytes]] = {
    "": bytes,
    ".gz": lambda raw: gzip.compress(raw, mtime=0),
    ".zst": zstandard.ZstdCompressor().compress,
}


def _array(texts: list[str]) -> str:
    return "[\n" + ",\n".join(texts) + "\n]\n"


FORMS: Mapping[str, Callable[[list[str]], str]] = {
    "lines": lambda texts: "\n".join(texts) + "\n",
    "crlf": lambda texts: "\r\n".join(texts) + "\r\n",
    "one line": " ".join,
    "commas": lambda texts: ",\n".join(texts) + ",",
    "array": _array,
    "array a line": lambda texts: "".join(f"[{text}]\n" for text in texts),
    "two arrays": lambda texts: _array(texts[:4]) + _array(texts[4:]),
    "pretty": lambda texts: "\n".join(texts) + "\n",
}


def records(form: str, first: int) -> list[str]:
    """The texts of some plays, numbered from `first`."""
    indent = 2 if form == "pretty" else None
    return [json.dumps(event(itemInSession=first + number), indent=indent) for number in range(RECORDS)]


@dataclass(frozen=True)
class Damage:
    """What is done to a file: to the texts of its records, and to all of it.

    `lost` records are not loaded; a span counts the lines of the `span` that is left, or 0 where nothing is rejected
    as one; `fields` are those that the rejects name.
    """

    change: Callable[[list[str]], list[str]]
    lost: int = 0
    span: Callable[[str], str] | None = None
    fields: tuple[str, ...] = ()
    last_bytes: int = 0

    def content(self, form: str, first: int) -> bytes:
        """The bytes of a file before they are packed."""
        raw = FORMS[form](self.change(records(form, first))).encode()
        return raw[: len(raw) - self.last_bytes] if self.last_bytes else raw

    def rejected(self, form: str) -> int:
        """How many records the rejects count."""
        if self.span is None:
            return len(self.fields)
        return len(self.span(records(form, 0)[DAMAGED]).splitlines())

    @property
    def loaded(self) -> int:
        """How many records are loaded."""
        return RECORDS - self.lost


def _replaced(change: Callable[[str], str]) -> Callable[[list[str]], list[str]]:
    return lambda texts: [change(text) if at == DAMAGED else text for at, text in enumerate(texts)]


def _in_a_text(text: str) -> str:
    return text[: text.index("NextSong") + 4]


def _before_a_value(text: str) -> str:
    return text[: text.index('"NextSong"')]


def _without_head(text: str) -> str:
    return text[text.index("NextSong") + 4 :]


def _junk(text: str) -> str:
    return "xyz"


DAMAGES: Mapping[str, Damage] = {
    "none": Damage(list),
    "cut in a text": Damage(_replaced(_in_a_text), 1, _in_a_text, ("",)),
    "cut before a value": Damage(_replaced(_before_a_value), 1, _before_a_value, ("",)),
    "without its head": Damage(_replaced(_without_head), 1, _without_head, ("",)),
    "text in its place": Damage(_replaced(_junk), 1, _junk, ("",)),
    "text after it": Damage(_replaced(lambda text: text + " xyz"), 0, _junk, ("",)),
    "NUL in its place": Damage(_replaced(lambda _: "\0\0\0"), 1, _junk, ("",)),
    "a comment before it": Damage(_replaced(lambda text: f"# so {text}"), 0, _junk, ("",)),
    "a mark before it": Damage(_replaced(lambda text: MARK + text)),
    "a bad value": Damage(_replaced(lambda text: text.replace("1541121934796", "5.7")), 1, None, ("ts",)),
    "a name twice": Damage(_replaced(lambda text: text[:-1] + ', "level": "paid"}'), 1, None, ("level",)),
    "a name less": Damage(_replaced(lambda text: text.replace('"level"', '"lever"')), 1, None, ("level",)),
    "a bracket too many": Damage(_replaced(lambda text: text + "]")),
}


def files(form: str, packing: str) -> dict[str, bytes]:
    """A file for each damage, by name; each holds plays of its own."""
    return {
        f"{number:02}.json{packing}": PACKINGS[packing](damage.content(form, number * RECORDS))
        for number, damage in enumerate(DAMAGES.values())
    }

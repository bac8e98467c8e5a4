"""What a terminal takes: how wide it is, how wide a text is on it, where lines are cut or wrapped, which colours."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from typing import TextIO

DEFAULT_WIDTH = 80
_STYLES = {"red": "31", "green": "32", "yellow": "33", "bold": "1", "dim": "2"}


def width_of(stream: TextIO | None) -> int:
    """Columns of the terminal that a stream writes to; COLUMNS beats what the terminal says of itself."""
    given = os.environ.get("COLUMNS", "")
    if given.isdecimal() and int(given):
        return int(given)
    try:
        return os.get_terminal_size(stream.fileno()).columns or DEFAULT_WIDTH if stream else DEFAULT_WIDTH
    except (OSError, ValueError):
        return DEFAULT_WIDTH


def is_unicode(stream: TextIO | None) -> bool:
    """Whether a stream takes every character."""
    return (getattr(stream, "encoding", None) or "utf-8").lower().replace("-", "").replace("_", "").startswith("utf")


def has_colours(stream: TextIO | None) -> bool:
    """Whether a stream is a terminal whose user has nothing against colours (https://no-color.org)."""
    wanted = not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return wanted and stream is not None and stream.isatty()


def painted(text: str, style: str, stream: TextIO | None) -> str:
    """A text in a style, which is a colour, `bold` or `dim`; as it is where there are no colours."""
    return f"\x1b[{_STYLES[style]}m{text}\x1b[0m" if text and has_colours(stream) else text


def width(text: str) -> int:
    """How many columns a text takes; styles take none."""
    if "\x1b" in text:
        text = _STYLE.sub("", text)
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def cut(text: str, most: int) -> str:
    """A text of at most so many columns; … stands for what is left out."""
    if width(text) <= most:
        return text
    mark = "…" if is_unicode(sys.stdout) else "~"
    if text.isascii():
        return text[: most - 1] + mark
    kept, taken = [], 0
    for letter in text:
        taken += width(letter)
        if taken > most - 1:
            break
        kept.append(letter)
    return "".join(kept) + mark


_STYLE = re.compile(r"\x1b\[\d+m")
_WORD = re.compile(r"\S+|\s+")


def wrapped(text: str, most: int, indent: int = 0) -> str:
    """A line broken at spaces, so that none is wider, but for a single word that is; later lines are indented."""
    return ("\n" + " " * indent).join(_lines(text, most, indent))


def _lines(text: str, most: int, indent: int) -> Iterator[str]:
    line, room = "", most
    for word in _WORD.findall(text):
        if width(line) > indent and line.strip() and width(line) + width(word.rstrip()) > room:
            yield line.rstrip()
            line, room = "", most - indent
            if word.isspace():
                continue
        line += word
    yield line.rstrip()

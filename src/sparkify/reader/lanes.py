"""Find the objects of a text in time proportional to it, whatever it holds.

A lane runs the automaton of RFC 8259 from one `{` on, and learns what becomes of every `{` that it meets outside of a
string. A `{` inside a string of one lane belongs to another one. At any place at most two lanes are at work, for they
are exactly opposite: where one is within a string, the other is not. So every byte is looked at twice at the most.
"""

from __future__ import annotations

import json
import re
import sys
from array import array
from collections import deque
from functools import cache
from typing import NamedTuple

from sparkify.contract import RecordType
from sparkify.reader import window as windows
from sparkify.reader.window import Window

MOST_LEVELS = 100

_SPACE = rb"[ \t\r\n]*+"
_ESCAPE = rb'\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})'
_TEXT = rb'"(?:[^"\\\x00-\x1f]++|' + _ESCAPE + rb')*+"'
_NUMBER = rb"-?(?:0|[1-9][0-9]*+)(?:[.][0-9]++)?+(?:[eE][-+]?[0-9]++)?+"
_SCALAR = rb"(?:" + _TEXT + rb"|" + _NUMBER + rb"|true|false|null)"
_NAME = _TEXT + _SPACE + rb":" + _SPACE
_MEMBERS = rb"(?:" + _SCALAR + _SPACE + rb"," + _SPACE + _NAME + rb")*+"
_IN_MEMBERS = _MEMBERS + rb"(?:[\[{]|" + _SCALAR + _SPACE + rb"\})"
_IN_VALUES = rb"(?:" + _SCALAR + _SPACE + rb"," + _SPACE + rb")*+(?:[\[{]|" + _SCALAR + _SPACE + rb"\])"
_IN_NEW_OBJECT = re.compile(_SPACE + rb"(?:\}|" + _NAME + _IN_MEMBERS + rb")")
_IN_NEW_ARRAY = re.compile(_SPACE + rb"(?:\]|" + _IN_VALUES + rb")")
_IN_OBJECT = re.compile(_SPACE + rb"(?:\}|," + _SPACE + _NAME + _IN_MEMBERS + rb")")
_IN_ARRAY = re.compile(_SPACE + rb"(?:\]|," + _SPACE + _IN_VALUES + rb")")

FLAT_OBJECT = re.compile(rb"\{" + _SPACE + rb"(?:\}|" + _NAME + _MEMBERS + _SCALAR + _SPACE + rb"\})")
"""A whole object without objects and arrays in it."""

CANDIDATE = re.compile(rb"\{" + _SPACE + _NAME + _IN_MEMBERS)
"""How an object begins that has a name, up to its end or to the first object or array in it."""

_LINKS_SKIPPED = 1000
_PLAIN_NAME = rb'"(?:[^"\\{\x00-\x1f]++|' + _ESCAPE + rb')*+"' + _SPACE + rb":" + _SPACE
_PLAIN_SCALAR = _SCALAR.replace(_TEXT, rb'"(?:[^"\\{\x00-\x1f]++|' + _ESCAPE + rb')*+"')
_LINK = (
    rb"\{" + _SPACE + _PLAIN_NAME + rb"(?:" + _PLAIN_SCALAR + _SPACE + rb"," + _SPACE + _PLAIN_NAME + rb")*+"
    rb"(?:\[" + _SPACE + rb"(?:" + _PLAIN_SCALAR + _SPACE + rb"," + _SPACE + rb")*+)*+"
)  # fmt: skip
_CHAIN = re.compile(rb"(?:%s){%d}(?=(?:%s){%d})" % (_LINK, _LINKS_SKIPPED, _LINK, MOST_LEVELS))
"""Objects that each begin within the one before, more than `MOST_LEVELS` below each of the first ones."""

_GOES_ON = rb"(?=[ \t\r\n]*+(?:[,:\]}]|\Z))"
_TOKENS = re.compile(
    rb"(?:[ \t\r\n,:\[{]++|(?:[\]}]|" + _TEXT + rb"|true|false|null|" + _NUMBER + rb")" + _GOES_ON + rb")*+"
)
"""Tokens as they may follow each other in an object; what ends a value is followed by what may follow one."""
_CUT_TOKEN = re.compile(
    rb'(?:"(?:[^"\\\x00-\x1f]++|' + _ESCAPE + rb")*+(?:\\(?:u[0-9a-fA-F]{0,3})?)?"
    rb"|-?[0-9.eE+-]*|t(?:r(?:u)?)?|f(?:a(?:l(?:s)?)?)?|n(?:u(?:l)?)?)"
)
"""What a token may look like of which the end is missing."""

_ARRAY = -1
_OPEN, _NONE = 0, -1
_BRACE, _BRACKET = ord("{"), ord("[")


class Found(NamedTuple):
    """Where an object ends, -1 if none begins there; and whether it has a required name of its kind."""

    end: int
    is_named: bool


_NO_OBJECT = Found(_NONE, False)


class RequiredNames:
    """Tells whether a part of an object's text holds a required name of its kind."""

    def __init__(self, record_type: RecordType) -> None:
        self._names = frozenset(field.name for field in record_type.fields if field.required)
        names = b"|".join(re.escape(name.encode()) for name in sorted(self._names))
        # A quote behind a backslash is within a text; one that ends a text is never followed by a name.
        self._plain = re.compile(rb'"(?<!\\")(?:' + names + rb')"' + _SPACE + rb":")
        self._any = re.compile(rb"(" + _TEXT + rb")" + _SPACE + rb"(:)?")

    def are_in(self, data: bytes, begin: int, end: int) -> bool:
        """Whether members between two places, in which no object and no array is whole, have a required name."""
        if self._plain.search(data, begin, end):
            return True
        return data.find(b"\\u", begin, end) >= 0 and any(
            found[2] and json.loads(found[1].decode("latin-1")) in self._names
            for found in self._any.finditer(data, begin, end)
        )


@cache
def required_names(record_type: RecordType) -> RequiredNames:
    """The required names of a kind."""
    return RequiredNames(record_type)


class _Lane:
    """The automaton, begun at one `{`; `starts` and `ends` say what became of each that it met, in order."""

    def __init__(self, window: Window, begin: int, names: RequiredNames, cut: CutOff) -> None:
        self._window = window
        self._names = names
        self._cut = cut
        self.pos = begin + 1
        self._starts, self._ends, self._named = array("q", [begin]), array("q", [_OPEN]), bytearray(1)
        self._asked = 0
        self._stack: deque[int] = deque([0], MOST_LEVELS)
        self._pattern = _IN_NEW_OBJECT
        self._to_chain = 0
        self._chain = (0, 0)

    def find(self, start: int) -> Found | None:
        """The object that begins at `start`; None if the lane did not meet it. Asked for in rising order."""
        if self._chain[0] <= start < self._chain[1]:
            return _NO_OBJECT
        place = self._asked
        while place < len(self._starts) and self._starts[place] < start:
            place += 1
        self._asked = place
        if place == len(self._starts) or self._starts[place] != start:
            return None
        last = start + windows.LONGEST_OBJECT
        while self._ends[place] == _OPEN and self.pos <= last:
            self._step()
        end = self._ends[place]
        return Found(end, bool(self._named[place])) if _OPEN < end <= last else _NO_OBJECT

    def after(self, start: int) -> int:
        """Where to look on for objects behind a start."""
        return self._chain[1] if self._chain[0] <= start < self._chain[1] else start + 1

    def _step(self) -> None:
        window = self._window
        window.reach(self.pos)
        data, at = window.data, self.pos - window.begin
        found = self._pattern.match(data, at)
        if found is None:
            if window.is_last:
                self._cut.note(
                    data, at, min((self._starts[frame] for frame in self._stack if frame != _ARRAY), default=0)
                )
            self._die()
            return
        end = found.end()
        self.pos = end + window.begin
        frame = self._stack[-1]
        if frame != _ARRAY and not self._named[frame] and self._names.are_in(data, at, end):
            self._named[frame] = 1
        last = data[end - 1]
        if last == _BRACE:
            self._open_object()
        elif last == _BRACKET:
            self._push(_ARRAY)
            self._pattern = _IN_NEW_ARRAY
        else:
            self._pop()

    def _open_object(self) -> None:
        self._push(len(self._starts))
        self._starts.append(self.pos - 1)
        self._ends.append(_OPEN)
        self._named.append(0)
        self._pattern = _IN_NEW_OBJECT
        if len(self._stack) == MOST_LEVELS:
            self._skip_chain()

    def _skip_chain(self) -> None:
        """Skip objects that are nested too deeply, many at a time; looked for now and then."""
        self._to_chain -= 1
        if self._to_chain > 0:
            return
        self._to_chain = _LINKS_SKIPPED
        begin = self.pos - 1
        if found := _CHAIN.match(self._window.data, begin - self._window.begin):
            self._die()
            self.pos = found.end() + self._window.begin
            self._chain = (begin, self.pos)

    def _push(self, frame: int) -> None:
        if len(self._stack) == MOST_LEVELS and (oldest := self._stack[0]) != _ARRAY:
            self._ends[oldest] = _NONE  # of too many levels
        self._stack.append(frame)

    def _pop(self) -> None:
        frame = self._stack.pop()
        if frame != _ARRAY:
            self._ends[frame] = self.pos
        if self._stack:
            self._pattern = _IN_ARRAY if self._stack[-1] == _ARRAY else _IN_OBJECT

    def _die(self) -> None:
        for frame in self._stack:
            if frame != _ARRAY:
                self._ends[frame] = _NONE
        self._stack.clear()


class CutOff:
    """The first place at which an object could begin if more followed the text; none is `sys.maxsize`.

    A text that is broken otherwise may be taken for one of which only the end is missing, never the other way round.
    """

    def __init__(self) -> None:
        self.first = sys.maxsize
        self._budget = windows.LONGEST_OBJECT

    def note(self, data: bytes, at: int, begin: int) -> None:
        """What follows `at` in an object that begins at `begin` is not what must follow there, up to the text's end."""
        if begin >= self.first:
            return
        tokens = _TOKENS.match(data, at)
        end = tokens.end() if tokens else at
        last = _CUT_TOKEN.match(data, end)
        end = last.end() if last else end
        self._budget -= end - at  # however many objects are cut off, the text is read so often at the most
        if end == len(data) or self._budget < 0:
            self.first = begin


class Lanes:
    """The objects of a text, asked for in rising order of their beginnings; offsets are those of the stream."""

    def __init__(self, window: Window, record_type: RecordType) -> None:
        self._window = window
        self._names = required_names(record_type)
        self._lanes: list[_Lane] = []
        self.cut = CutOff()

    def find(self, start: int) -> Found:
        """The object that begins at `start`, if one does."""
        self._lanes = [lane for lane in self._lanes if lane.pos > start]
        for lane in self._lanes:
            if found := lane.find(start):
                return found
        lane = _Lane(self._window, start, self._names, self.cut)
        self._lanes.append(lane)
        return lane.find(start) or _NO_OBJECT

    def after(self, start: int) -> int:
        """Where to look on for objects behind a start at which none begins."""
        return max((lane.after(start) for lane in self._lanes), default=start + 1)

"""Splitting a stream: objects, separators between them, and spans (DESIGN section 3, "One grammar")."""

from __future__ import annotations

import io
from typing import Any, NamedTuple

import pytest
from xxhash import xxh3_128_hexdigest

from sparkify.contract import EVENTS
from sparkify.errors import Damaged
from sparkify.reader import window as windows
from sparkify.reader.framing import Pieces, split
from sparkify.reader.separators import Brackets

MARK = "\ufeff"


class _Stream(io.BytesIO):
    def readinto(self, buffer: Any, /) -> int:
        return super().readinto(buffer)


def _split(text: str | bytes) -> Pieces:
    return split(_Stream(text.encode() if isinstance(text, str) else text), "test", EVENTS)


class _Seen(NamedTuple):
    """A piece: where it begins, its text, and for how many records it counts if it is a span."""

    line: int
    offset: int
    text: str
    records: int = 0


def _seen(text: str | bytes) -> list[_Seen]:
    found = [(piece, piece.span) for piece in _split(text)]
    for piece, span in found:
        assert not span or (span.size, span.hash) == (len(piece.raw), xxh3_128_hexdigest(piece.raw))
    return [_Seen(piece.line, piece.offset, piece.raw.decode(), span.records if span else 0) for piece, span in found]


FORMS = {
    "lines": '{"a": 1}\n{"b": 2}\n',
    "lines of Windows": '{"a": 1}\r\n{"b": 2}\r\n',
    "one line": '{"a": 1} {"b": 2}',
    "nothing between": '{"a": 1}{"b": 2}',
    "an array": '[{"a": 1}, {"b": 2}]',
    "arrays on lines": '[{"a": 1}]\n[{"b": 2}]\n',
    "arrays in arrays": '[[{"a": 1}], [{"b": 2}]]',
    "commas": '{"a": 1},\n{"b": 2},\n',
    "byte-order marks": f'{MARK}{{"a": 1}}\n{MARK}{{"b": 2}}{MARK}',
    "no line end": '\n\n{"a": 1}\n\n{"b": 2}',
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_holds_the_same_records(form: str) -> None:
    assert [(piece.text, piece.records) for piece in _seen(FORMS[form])] == [('{"a": 1}', 0), ('{"b": 2}', 0)]


TS, NO = '{"ts": 1}', '{"x": 1}'
SPANS: dict[str, tuple[str, list[_Seen]]] = {
    "text behind a record": (f"{NO} xyz", [_Seen(1, 0, NO), _Seen(1, 9, "xyz", 1)]),
    "text before a record": (f"xyz {TS}", [_Seen(1, 0, "xyz", 1), _Seen(1, 4, TS)]),
    "text alone": ("xyz\n", [_Seen(1, 0, "xyz", 1)]),
    "several lines": (f"{NO}\na\n\n b ,\n,\n{TS}", [_Seen(1, 0, NO), _Seen(2, 9, "a\n\n b", 2), _Seen(6, 19, TS)]),
    "a header and a footer": (
        f"data = [\n{TS},\n{NO}\n];\n",
        [_Seen(1, 0, "data =", 1), _Seen(2, 9, TS), _Seen(3, 20, NO), _Seen(4, 30, ";", 1)],
    ),
    "no JSON value": (
        f'[{NO},{{"ts": NaN}},{TS}]',
        [_Seen(1, 1, NO), _Seen(1, 10, '{"ts": NaN}', 1), _Seen(1, 22, TS)],
    ),
    "a trailing comma": ('{"ts": 1,}', [_Seen(1, 0, '{"ts": 1,}', 1)]),
    "a record within a broken one": (f'{{"ts": 1, "y": {TS}', [_Seen(1, 0, '{"ts": 1, "y":', 1), _Seen(1, 15, TS)]),
    "a record in the text of a broken one": (
        '{"a": "{"ts": 1} ',
        [_Seen(1, 0, '{"a": "', 1), _Seen(1, 7, TS)],
    ),
    "no record within a broken one": (f'{{"a": {NO} x', [_Seen(1, 0, f'{{"a": {NO} x', 1)]),
    "no record in text": (f"see {NO} x", [_Seen(1, 0, f"see {NO} x", 1)]),
    "a name written with an escape": ('x {"\\u0074s": 1}', [_Seen(1, 0, "x", 1), _Seen(1, 2, '{"\\u0074s": 1}')]),
    "a name in a text": ('x {"a": "\\"ts\\": 1"}', [_Seen(1, 0, 'x {"a": "\\"ts\\": 1"}', 1)]),
    "a name below": (f'x {{"a": [{TS}]}}', [_Seen(1, 0, 'x {"a":', 1), _Seen(1, 9, TS), _Seen(1, 19, "}", 1)]),
    "a name behind an object": ('x {"a": {}, "ts": 1}', [_Seen(1, 0, "x", 1), _Seen(1, 2, '{"a": {}, "ts": 1}')]),
    "values that are no objects": ('[1.5, "a"]', [_Seen(1, 1, '1.5, "a"', 1)]),
    "cut at the end": (f'{TS}\n{{"ts": 1, "pa', [_Seen(1, 0, TS), _Seen(2, 10, '{"ts": 1, "pa', 1)]),
    "cut at the beginning": (f'e": 1}}\n{TS}', [_Seen(1, 0, 'e": 1}', 1), _Seen(2, 7, TS)]),
    "separators alone": (f" [,]{MARK}\n", []),
    "nothing": ("", []),
}


@pytest.mark.parametrize("case", SPANS)
def test_all_else_between_two_records_is_one_span(case: str) -> None:
    text, expected = SPANS[case]
    assert _seen(text) == expected


BLOCKS_AND_LONGEST = [(block, longest) for block in (1, 2, 3, 5, 11) for longest in (64, 1 << 20)]


@pytest.mark.parametrize(("block", "longest"), BLOCKS_AND_LONGEST)
def test_pieces_do_not_depend_on_where_blocks_end(monkeypatch: pytest.MonkeyPatch, block: int, longest: int) -> None:
    texts = [*FORMS.values(), *(text for text, _ in SPANS.values())]
    whole = [_seen(text) for text in texts]
    monkeypatch.setattr(windows, "BLOCK_BYTES", block)
    monkeypatch.setattr(windows, "LONGEST_OBJECT", longest)
    assert [_seen(text) for text in texts] == whole


@pytest.mark.parametrize(("text", "brackets"), [
    (f"[{NO}]", Brackets()),
    (f"[{NO},", Brackets(opened=1)),
    (f"{NO}]", Brackets(closed=1)),
    (f"]{NO}[", Brackets(closed=1, opened=1)),
    (f"[{NO}][{NO}]", Brackets()),
    (f"data = [\n{TS}\n];", Brackets()),
    (f"[{NO}, xyz [1 {TS}", Brackets(opened=1)),
    ("[" * 500 + "]" * 499, Brackets(opened=1)),
])  # fmt: skip
def test_brackets_without_a_partner_are_counted(text: str, brackets: Brackets) -> None:
    pieces = _split(text)
    list(pieces)
    assert pieces.brackets == brackets


def test_an_object_has_100_levels_at_the_most() -> None:
    deep = ["".join(('{"ts": ', "[" * (levels - 1), "]" * (levels - 1), "}")) for levels in (100, 101)]
    (ok, fault, after) = _seen("\n".join((*deep, TS)))
    assert (ok.text, ok.records) == (deep[0], 0)
    assert (fault.line, fault.text, fault.records) == (2, deep[1], 1)
    assert (after.line, after.text) == (3, TS)


@pytest.mark.parametrize("wide", [False, True])
def test_an_object_has_16_mib_at_the_most(wide: bool) -> None:
    inner = '[{"a": 1}], "x": ' if wide else ""
    begin, end = f'{{"ts": {inner}"', '"}'
    longest = 16 * 1024 * 1024
    fitting = begin + "a" * (longest - len(begin) - len(end)) + end
    found = list(_split(f"{fitting}\n{fitting.replace('aa', 'aaa', 1)}\n{TS}"))
    assert [(piece.line, piece.span and piece.span.records) for piece in found] == [(1, None), (2, 1), (3, None)]
    assert found[1].span
    assert found[1].span.size == longest + 1


@pytest.mark.parametrize(("text", "name", "pieces"), [
    ('{"Records": [{"ts": 1}]}', "Records", 1),
    ('\n{"a\\u0062" : [ {"ts": 1}]}', "ab", 1),
    ('{"Records": [{"ts": 1}, {"ts": 2}', "Records", 1),
    ('{"Records": [{"ts": 1}]}\n{"ts": 2}', "Records", 2),
    ('{"Records": [{"ts": 1}], "ts": 1}', "", 1),
    ('{"artist": [{"ts": 1}]}', "", 1),
    ('{"city": [{"ts": 1}]}', "", 1),
    ('{"Records": [1, {"ts": 1}]}', "", 1),
    ('x {"Records": [{"ts": 1}]}', "", 3),
])  # fmt: skip
def test_an_object_that_wraps_a_list_is_named(text: str, name: str, pieces: int) -> None:
    found = _split(text)
    assert len(list(found)) == pieces
    assert found.wrapped_by == name


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_wide_text_is_refused(encoding: str) -> None:
    with pytest.raises(Damaged, match=f"looks like {encoding.upper()[:6]}: save it as UTF-8"):
        list(_split('{"ts": 1}'.encode(encoding)))


def test_a_line_of_50_megabytes_of_spaces_is_blank() -> None:
    assert [piece.line for piece in _split(b'{"ts": 1}\n' + b" " * 50_000_000 + b'\n{"ts": 2}')] == [1, 3]

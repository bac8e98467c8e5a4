"""What a warehouse is asked before the first direct load: lines that are plain, and lines that are not."""

from __future__ import annotations

from collections.abc import Iterable


def _play(number: int = 0, more: str = "", *, song: str = '"x"', user: str = "8", page: str = "NextSong") -> str:
    return (
        f'{{"ts":1541121934796,"sessionId":139,"itemInSession":{number},"userId":"{user}","page":"{page}",'
        f'"level":"free","artist":"Zoë","song":{song}{more}}}'
    )


_VALUES: tuple[tuple[str, dict[str, object]], ...] = (
    ('"registration":1540919166796.0,"length":269.58322', {"registration": 1540919166796.0, "length": 269.58322}),
    ('"length":-1.25e-7,"status":200', {"length": -1.25e-7, "status": 200.0, "registration": None, "artist": "Zoë"}),
    ('"location":"","gender":null', {"location": "", "gender": None, "firstName": None, "userId": 8.0}),
    ('"location":" b  ","gender":"null"', {"location": " b  ", "gender": "null", "ts": 1541121934796.0}),
    (r'"userAgent":"\"M\" \\ \/ \t \n \u00eb \ud83c\udfb5 | ~"', {"userAgent": '"M" \\ / \t \n ë 🎵 | ~'}),
    (r'"firstName":"\\","lastName":"\\\"","location":"\\N"', {"firstName": "\\", "lastName": '\\"', "location": "\\N"}),
    (r'"location":"\b\f\r\u0001\u001F\u2028\uffff"', {"location": "\b\f\r\x01\x1f\u2028\uffff"}),
    # Each of these needs all of a double's digits, or more of its own.
    ('"length":0.30000000000000004,"registration":null', {"length": 0.30000000000000004, "registration": None}),
    ('"length":123456789012345.67890123456789012', {"length": 123456789012345.67890123456789012}),
    ('"length":-0.00000123456789012e-99', {"length": -0.00000123456789012e-99}),
    ('"registration":-999999999999999', {"registration": -999999999999999.0}),
)
_LOGGED_OUT: dict[str, object] = {"userId": None, "page": "Home", "level": "free"}

PLAIN = {
    **{_play(number, f",{more}"): values for number, (more, values) in enumerate(_VALUES)},
    _play(len(_VALUES), user="", page="Home"): _LOGGED_OUT,
}
"""Plain lines of events, and what some of their fields must be once they are loaded."""

NOT_PLAIN = (
    _play(more=',"song":"y"'),
    _play() + _play(1),
    _play() + " x",
    _play(more=","),
    _play().replace('"free"', '" free"'),
    "null",
    r"\N",
    "\u00a0",
    f"[{_play()}]",
    *(
        _play(more=f",{pair}")
        for pair in (
            '"length":"1"',
            '"length":1e400',
            '"length":true',
            '"status":1.5',
            '"gender":1',
            '"gender":{"a":1}',
            '"gender":["F"]',
            '"gender" :"F"',
            '"genders":"F"',
            '"Gender":"F"',
            '"gender":NULL',
            '"gender":"\t"',
            r'"gender":"\u0000"',
            r'"gender":"\ud83c"',
            r'"gender":"\x"',
            r'"\u0067ender":"F"',
        )
    ),
)
"""Lines of which the proof must accept none."""


# A byte that begins nothing, a letter spelled too long, half of a surrogate pair.
_NOT_UTF8 = (b"\xff", b"\xc0\xaf", b"\xed\xa0\x80")

NOT_TEXT = (
    *(_play(song='"?"').encode().replace(b"?", letter) + b"\n" for letter in (*_NOT_UTF8, b"\0")),
    _play().encode() + b"\0x\n",
)
"""Files that COPY must not take, or that the proof must not accept: what is not UTF-8, and NUL."""


_SEPARATORS = {
    "\r": "a carriage return",
    "\f": "a form feed",
    "\v": "a vertical tab",
    "\u0085": "the sign U+0085",
    "\u2028": "the sign U+2028",
}
_IS_SPACE = "\r"
"""What Sparkify's own reader takes for a space between two records; the others are a reject, with all in that span."""

DOUBTFUL = tuple(
    (what, content.encode(), records)
    for sign, what in _SEPARATORS.items()
    for content, records in (
        (f"{_play()}{sign}{_play(1)}\n", 2 if sign == _IS_SPACE else 0),
        (f"x{sign}{_play()}\n", 0),
        (_play(song=f'"x{sign}y"') + "\n", 0 if sign < " " else 1),
    )
)
"""Files with a sign that some take for the end of a line: what it is, the content, and how many records it is, 0 where
not all of it is records.

AWS's pages do not say whether COPY takes it for the end of a line, for a letter, or for an error: each may be, as long
as no other records come of it than these. Each file is judged alone: what becomes of one says nothing of others."""


def as_lines(lines: Iterable[str]) -> bytes:
    """The content of a file that holds these lines."""
    return "".join(f"{line}\n" for line in lines).encode()

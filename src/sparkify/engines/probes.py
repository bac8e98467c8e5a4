"""What a warehouse is asked before objects land in it: lines that are plain, and lines that are not."""

from __future__ import annotations

from collections.abc import Iterable


def _play(number: int = 0, more: str = "", *, song: str = '"x"') -> str:
    return (
        f'{{"ts":1541121934796,"sessionId":139,"itemInSession":{number},"userId":"8","page":"NextSong","level":"free",'
        f'"artist":"Zoë","song":{song}{more}}}'
    )


_VALUES: tuple[tuple[str, dict[str, object]], ...] = (
    ('"registration":1540919166796.0,"length":269.58322', {"registration": 1540919166796.0, "length": 269.58322}),
    ('"length":-1.25e-7,"status":200', {"length": -1.25e-7, "status": 200.0, "registration": None, "artist": "Zoë"}),
    ('"location":"","gender":null', {"location": "", "gender": None, "firstName": None, "userId": 8.0}),
    ('"location":" b  ","gender":"null"', {"location": " b  ", "gender": "null", "ts": 1541121934796.0}),
    (r'"userAgent":"\"M\" \\ \/ \t \n \u00eb \ud83c\udfb5 | ~"', {"userAgent": '"M" \\ / \t \n ë 🎵 | ~'}),
    (r'"firstName":"\\","lastName":"\\\"","auth":"\\N"', {"firstName": "\\", "lastName": '\\"', "auth": "\\N"}),
)

PLAIN = {_play(number, f",{more}"): values for number, (more, values) in enumerate(_VALUES)}
"""Plain lines of events, and what some of their fields must be once they have landed."""

NOT_PLAIN = (
    _play(more=',"song":"y"'),
    _play() + _play(1),
    _play() + " x",
    _play(more=","),
    _play().replace('"free"', '" free"'),
    "null",
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
            '"gender":"\t"',
            r'"gender":"\u0000"',
            r'"gender":"\ud83c"',
            r'"gender":"\x"',
            r'"\u0067ender":"F"',
        )
    ),
)
"""Lines of which the proof must accept none."""


NOT_UTF8 = tuple(_play(song='"?"').encode().replace(b"?", letter) + b"\n" for letter in (b"\xff", b"\xed\xa0\x80"))
"""Files that COPY must not take: a byte that begins nothing, and half of a surrogate pair."""


def as_lines(lines: Iterable[str]) -> bytes:
    """The content of a file that holds these lines."""
    return "".join(f"{line}\n" for line in lines).encode()

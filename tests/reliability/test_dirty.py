"""Every kind of bad record, in every form and compression: a reject of its own, and nothing else is lost."""

from __future__ import annotations

import gzip
import json
import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard
from tests.support import LONG, REAL, event, load, needs_real_sample, picture, rows, song, write_lines

import sparkify
from sparkify.contract import EVENTS
from sparkify.errors import TooManyRejects
from sparkify.reader.canonical import canonical_lines

GOOD = json.dumps(event()).encode()


def _with(field: str, raw: str) -> bytes:
    return GOOD.replace(json.dumps({field: event()[field]})[1:-1].encode(), f'"{field}": {raw}'.encode(), 1)


BAD = {
    "fraction": (_with("ts", "5.7"), "ts", "fraction"),
    "fraction in a text": (_with("ts", '"5.7"'), "ts", "fraction"),
    "beyond 64 bits": (_with("sessionId", "123456789012345678901234567890"), "sessionId", "outside"),
    "beyond 2^53": (_with("sessionId", "9007199254740993"), "sessionId", "outside"),
    "beyond 32 bits": (_with("itemInSession", "2147483648"), "itemInSession", "outside"),
    "overflow": (_with("length", "1e400"), "length", "beyond"),
    "overflow of a whole": (_with("ts", "1e400"), "ts", "outside"),
    "word for ts": (_with("ts", '"abc"'), "ts", "not a whole number"),
    "spaces around": (_with("ts", '" 39 "'), "ts", "not a whole number"),
    "true for a number": (_with("itemInSession", "true"), "itemInSession", "not a whole number"),
    "object for a text": (_with("song", '{"a": 1}'), "song", "an object"),
    "number for an object": (b"1", "", "a number"),
    "null for an object": (b"null", "", "null"),
    "trailing comma": (GOOD[:-1] + b",}", "", "not JSON"),
    "lone surrogate": (_with("song", '"\\ud800"'), "song", "surrogate"),
    "not UTF-8": (_with("song", '"x"').replace(b'"x"', b'"\xff"'), "", "not UTF-8"),
    "NUL": (_with("song", '"a\\u0000"'), "song", "NUL"),
    "control character": (_with("song", '"a\tb"').replace(b"\\t", b"\t"), "", "not JSON"),
    "NaN": (_with("length", "NaN"), "", "not JSON"),
    "NaN in an unknown field": (GOOD[:-1] + b', "x": NaN}', "", "not JSON"),
    "name twice": (GOOD[:-1] + b', "ts": 1}', "ts", "twice"),
    "unknown name twice": (GOOD[:-1] + b', "x": 1, "x": 2}', "x", "twice"),
    "text too long": (_with("song", json.dumps("é" * 32_768)), "song", "65,535"),
    "required absent": (b'{"ts": 1}', "sessionId", "required"),
    "required only spaces": (_with("level", '"  "'), "level", "required"),
    "play without user": (_with("userId", '""'), "userId", "required"),
    "play without song": (_with("song", '" "'), "song", "required"),
    "before 1970": (_with("ts", "-1"), "ts", "outside"),
    "after 9999": (_with("ts", "253402300800000"), "ts", "outside"),
    "cut off": (GOOD[:100], "", "cut off"),
    "not an object at all": (b"hello", "", "not JSON"),
    "name in another case": (GOOD.replace(b'"ts"', b'"TS"'), "ts", "required"),
    "deep": (b'{"x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "", "nested"),
}

ODD_BUT_GOOD = {
    "number as text": (_with("ts", '"1541121934796"'), "ts", 1541121934796),
    "point zero": (_with("ts", "1541121934796.0"), "ts", 1541121934796),
    "exponent": (_with("ts", "1e3"), "ts", 1000),
    "number for a text": (_with("song", "1e3"), "song", "1e3"),
    "number with zeros for a text": (_with("song", "1.50"), "song", "1.50"),
    "true for a text": (_with("song", "true"), "song", "true"),
    "array as text": (_with("song", '"[/red]"'), "song", "[/red]"),
    "number as text for a double": (_with("length", '"12"'), "length", 12.0),
    "escapes": (_with("song", '"\\u00e9\\ud83d\\ude00\\/\\""'), "song", 'é😀/"'),
    "unknown field": (GOOD[:-1] + b', "x": {"y": [1, 2]}}', "song", "Setanta matins"),
    "blanks between": (GOOD.replace(b", ", b" ,\t "), "song", "Setanta matins"),
    "carriage return": (GOOD + b"\r", "song", "Setanta matins"),
}

PACK: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    ".gz": gzip.compress,
    ".zst": zstandard.ZstdCompressor().compress,
}


def _load(folder: Path) -> Path:
    loaded: Path = load(folder, max_rejects="100%")
    return loaded


def _counts(warehouse: Path) -> tuple[int, int, int]:
    return rows(warehouse, "SELECT SUM(records), SUM(loaded), SUM(rejected) FROM etl_files")[0]


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_line_is_one_reject(tmp_path: Path, kind: str) -> None:
    line, field, reason = BAD[kind]
    path = write_lines(tmp_path / "logs/a.json", [GOOD, line, GOOD])
    warehouse = _load(tmp_path)
    found = rows(warehouse, "SELECT line, byte_offset, field, reason FROM etl_rejects")
    assert [row[:3] for row in found] == [(2, len(GOOD) + 1, field)]
    assert reason in found[0][3]
    assert _counts(warehouse) == (3, 2, 1)
    assert path.read_bytes()[found[0][1] :].startswith(line)


@pytest.mark.parametrize("kind", ODD_BUT_GOOD)
def test_an_odd_value_is_read_by_the_letter(tmp_path: Path, kind: str) -> None:
    line, field, value = ODD_BUT_GOOD[kind]
    write_lines(tmp_path / "logs/a.json", [GOOD, line])
    warehouse = _load(tmp_path)
    assert _counts(warehouse) == (2, 2, 0)
    assert (value,) in rows(warehouse, f'SELECT "{field}" FROM staging_events')


@pytest.mark.parametrize("packing", PACK)
@pytest.mark.parametrize("form", ["lines", "sequence", "array"])
def test_all_kinds_at_once_in_every_form_and_compression(tmp_path: Path, form: str, packing: str) -> None:
    # A span counts its lines, so what breaks the syntax is left to lines.
    lines = [line for line, field, _ in BAD.values() if field or form == "lines"]
    many = [GOOD, *lines, *(line for line, _, _ in ODD_BUT_GOOD.values())]
    joined = {"lines": b"\n".join(many), "sequence": b" ".join(many), "array": b"[" + b",\n".join(many) + b"]"}
    text = joined[form]
    path = tmp_path / f"logs/a.json{packing}"
    path.parent.mkdir()
    path.write_bytes(PACK[packing](b"\xef\xbb\xbf" + text))
    warehouse = _load(tmp_path)
    good = 1 + len(ODD_BUT_GOOD)
    assert _counts(warehouse) == (len(many), good, len(many) - good)
    for offset, raw in rows(warehouse, "SELECT byte_offset, raw_text FROM etl_rejects"):
        assert (b"\xef\xbb\xbf" + text)[offset:].decode("utf-8", "backslashreplace").startswith(raw[:1])


@pytest.mark.parametrize(
    ("form", "counts"),
    [
        ("[{0}, {0}, !! {0}]", (4, 3, 1)),
        ("{0}{0} !! {0}", (4, 3, 1)),
        ("{0} xyz\n{0}", (3, 2, 1)),
        ("{0}\n[1]\n{0}", (3, 2, 1)),
        ("{0}\n[1,\n2\n]\n{0}", (4, 2, 2)),
        ("[{0}, {0}", (2, 2, 0)),
        ("[{0},\n{0}] {0}", (3, 3, 0)),
    ],
)
def test_what_is_between_two_records_is_one_reject(tmp_path: Path, form: str, counts: tuple[int, int, int]) -> None:
    text = form.replace("{0}", GOOD.decode())
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs/a.json").write_text(text)
    assert _counts(_load(tmp_path)) == counts


def test_one_pretty_object(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs/a.json").write_text(json.dumps(event(), indent=2))
    assert _counts(_load(tmp_path)) == (1, 1, 0)


def test_a_line_of_100_megabytes_is_one_reject(tmp_path: Path) -> None:
    huge = GOOD[:-1] + b', "x": "' + b"y" * 100_000_000 + b'"}'
    write_lines(tmp_path / "logs/a.json", [GOOD, huge, GOOD])
    warehouse = _load(tmp_path)
    assert _counts(warehouse) == (3, 2, 1)
    assert "longer than" in rows(warehouse, "SELECT reason FROM etl_rejects")[0][0]


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.json.gz", gzip.compress(GOOD * 1000)[:-20], "breaks off"),
        ("a.json.zst", zstandard.ZstdCompressor().compress(GOOD * 1000)[:-5], "breaks off"),
        ("a.json.gz", gzip.compress(b" " * 100_000_000), "unpacks to more than"),
        ("a.json", GOOD.decode().encode("utf-16"), "UTF-16"),
        ("a.json", GOOD.decode().encode("utf-16-le"), "UTF-16"),
    ],
)
def test_a_damaged_file_fails_by_name_and_nothing_of_it_is_loaded(
    tmp_path: Path, name: str, content: bytes, says: str
) -> None:
    write_lines(tmp_path / "logs/good.json", [GOOD])
    warehouse = load(tmp_path)
    before = picture(warehouse)
    (tmp_path / "logs" / name).write_bytes(content)
    load(tmp_path)
    state = "SELECT state, failure, loaded FROM etl_files WHERE uri LIKE '%/' || '" + name + "'"
    ((found, failure, loaded),) = rows(warehouse, state)
    assert (found, loaded) == ("failed", 0)
    assert says in failure
    after = picture(warehouse)
    assert all(after[table] == before[table] for table in ("staging_events", "users", "songplays", "time"))


def test_too_many_rejects_are_refused_and_written_to_a_file(tmp_path: Path) -> None:
    from sparkify.config.settings import load as load_settings
    from sparkify.engines.registry import connect
    from sparkify.etl.run import Run
    from sparkify.etl.summary import Options
    from sparkify.storage.output_file import OutputFile

    output = OutputFile(tmp_path / "rejects.ndjson", "the rejects")
    write_lines(tmp_path / "logs/a.json", [GOOD, b"bad", b"bad"])
    settings = load_settings({"logs": str(tmp_path / "logs"), "max_rejects": "1"}).settings
    engine = connect(f"duckdb:///{tmp_path}/w.duckdb")
    with pytest.raises(TooManyRejects, match="2 of 3"):
        Run(engine, settings, Options(rejects_file=output)).run()
    engine.close()
    written = [json.loads(line) for line in (tmp_path / "rejects.ndjson").read_text().splitlines()]
    assert [(row["line"], row["raw_text"]) for row in written] == [(2, "bad\\nbad")]
    assert rows(tmp_path / "w.duckdb", "SELECT COUNT(*) FROM staging_events") == [(0,)]
    assert rows(tmp_path / "w.duckdb", "SELECT state FROM etl_runs") == [("refused",)]


def test_ten_rejects_are_allowed_by_default_and_one_percent(tmp_path: Path) -> None:
    write_lines(tmp_path / "logs/a.json", [b"bad"] * 10)
    load(tmp_path)
    write_lines(tmp_path / "logs/b.json", [GOOD] * 5 + [b"bad"] * 11)
    with pytest.raises(TooManyRejects):
        load(tmp_path)


TOKENS: tuple[bytes, ...] = (
    *(b'"', b",", b"}", b"{", b"[", b":", b"\\", b" ", b"null", b"true", b"1e3", b"-0", b"\\u0000", b"\xc3"),
    *(b"0", b".", b"9" * 17, b"\\ud83d", b'"":', b"-", b"e5", b"\t", b", ", b"1"),
)


def _mutated(line: bytes, other: bytes, chance: random.Random) -> bytes:
    """A line with one or two small changes: letters replaced, put in, taken out, or taken from another line."""
    changed = bytearray(line)
    for _ in range(chance.randint(1, 2)):
        place, start = chance.randrange(len(changed)), chance.randrange(len(other))
        token = chance.choice(TOKENS)
        edits = {
            "replace": (place + 1, token),
            "insert": (place, token),
            "delete": (place + chance.randint(1, 12), b""),
            "splice": (place, other[start : start + chance.randint(1, 40)]),
        }
        end, text = edits[chance.choice(list(edits))]
        changed[place:end] = text
    return bytes(changed).replace(b"\n", b" ")


@needs_real_sample
@pytest.mark.parametrize("seed", range(20 if LONG else 4))
def test_plain_and_careful_reading_give_the_same_rows_of_mutated_lines(tmp_path: Path, seed: int) -> None:
    """A line in a file of its own is proven canonical if it can be; beside broken ones it is read record by record."""
    chance = random.Random(seed)
    real = [line for file in sorted(REAL.glob("log_data/**/*.json"))[:3] for line in file.read_bytes().splitlines()]
    lines = [_mutated(chance.choice(real), chance.choice(real), chance) for _ in range(400)]
    lines = [line for line in lines if line.strip(b" \t\r")]
    for number, line in enumerate(lines):
        write_lines(tmp_path / f"alone/logs/{number}.json", [real[0], line])
    write_lines(tmp_path / "together/logs/all.json", [part for line in lines for part in (real[0], line)])
    assert 20 < sum(bool(canonical_lines(EVENTS).fullmatch(line + b"\n")) for line in lines) < len(lines) - 20
    alone, together = (_load(tmp_path / name) for name in ("alone", "together"))
    sql = "SELECT * EXCLUDE (file_id) FROM staging_events"
    one_by_one, at_once = (Counter(map(repr, rows(warehouse, sql))) for warehouse in (alone, together))
    assert one_by_one == at_once
    assert _counts(alone) == _counts(together)
    records, loaded, rejected = _counts(together)
    assert (loaded, rejected) == (at_once.total(), records - loaded)
    assert records >= 2 * len(lines)
    reasons = "SELECT raw_text, field, reason FROM etl_rejects ORDER BY ALL"
    assert rows(alone, reasons) == rows(together, reasons)


def test_a_plain_catalogue_keeps_every_bit_of_a_double(tmp_path: Path) -> None:
    chance = random.Random(1)
    numbers = [chance.uniform(-180, 180) for _ in range(500)] + [0.1, -0.1257, 1e-7, 123456789.123456, 5e-324, 1.7e308]
    write_lines(tmp_path / "songs/a.json", [song(song_id=f"S{i}", duration=n) for i, n in enumerate(numbers)])
    warehouse = load(tmp_path)
    assert sorted(numbers) == [row[0] for row in rows(warehouse, "SELECT duration FROM staging_songs ORDER BY 1")]


def test_the_names_of_unknown_fields_are_told(tmp_path: Path) -> None:
    write_lines(tmp_path / "logs/a.json", [GOOD[:-1] + b', "device": "x"}'])
    with sparkify.connect(f"duckdb:///{tmp_path}/w.duckdb") as warehouse:
        summary = warehouse.etl(logs=str(tmp_path / "logs"))
    assert summary.unknown_names == {"events": ["device"]}

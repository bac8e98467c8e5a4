"""COPY on the stand-in, against the facts in AWS's documentation: the tables, objects and rows of its examples.

https://docs.aws.amazon.com/redshift/latest/dg/r_COPY_command_examples.html and the pages on COPY's parameters.
"""

from __future__ import annotations

import gzip
import io
import json
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from tests.redshift.driver import Run
from tests.redshift.standin import RedshiftStandIn
from tests.redshift.standin.copying import json_values

CATEGORY = "CREATE TABLE category (catid SMALLINT, catgroup VARCHAR(10), catname VARCHAR(10), catdesc VARCHAR(50))"
ROWS = [
    (1, "Sports", "MLB", "Major League Baseball"),
    (2, "Sports", "NHL", "National Hockey League"),
    (3, "Sports", "NFL", "National Football League"),
    (4, "Sports", "NBA", "National Basketball Association"),
    (5, "Shows", "Musicals", "All symphony, concerto, and choir concerts"),
]
NAMES = ("catid", "catgroup", "catname", "catdesc")


class Copying:
    """Puts objects into the bucket, and copies them."""

    def __init__(self, server: RedshiftStandIn, run: Run) -> None:
        self.server = server
        self.run = run
        self._s3 = server.s3()

    def put(self, key: str, body: bytes | str) -> str:
        self._s3.put_object(Bucket=self.server.bucket, Key=key, Body=body if isinstance(body, bytes) else body.encode())
        return self.uri(key)

    def uri(self, key: str) -> str:
        return f"s3://{self.server.bucket}/{key}"

    def sql(self, table: str, source: str, options: str) -> str:
        return f"COPY {table} FROM '{self.uri(source)}' IAM_ROLE '{self.server.role}' {options}"

    def copy(self, table: str, source: str, options: str = "FORMAT AS JSON 'auto'") -> None:
        self.run(self.sql(table, source, options))

    def fails(self, table: str, source: str, options: str = "FORMAT AS JSON 'auto'") -> dict[str, str]:
        return self.run.error(self.sql(table, source, options))

    def details(self) -> list[tuple[Any, ...]]:
        """File, line, column, code and reason of each load error."""
        return self.run(
            "SELECT file_name, line_number, column_name, error_code, error_message FROM sys_load_error_detail"
            " ORDER BY query_id, line_number"
        )

    def manifest(self, key: str, *entries: dict[str, Any]) -> str:
        return self.put(key, json.dumps({"entries": entries}))


@pytest.fixture
def s3(redshift: RedshiftStandIn, run: Run) -> Copying:
    return Copying(redshift, run)


def objects(names: tuple[str, ...] = NAMES, rows: list[tuple[Any, ...]] = ROWS, **more: Any) -> str:
    """One object a row: on a line, over several lines, and two without space between."""
    texts = [json.dumps(dict(zip(names, row, strict=True)) | more, indent=2) for row in rows]
    return "\n".join(texts[:2]) + "".join(texts[2:3]) + "\n" + "\n".join(texts[3:])


def category(run: Run) -> list[tuple[Any, ...]]:
    return run("SELECT catid, catgroup, catname, catdesc FROM category ORDER BY catid")


def test_auto_matches_keys_to_columns_and_ignores_others(s3: Copying, run: Run) -> None:
    run(CATEGORY)
    s3.put("category_object_auto.json", objects(bogus="Bogus Sports LLC"))
    s3.copy("category", "category_object_auto.json", "json 'auto'")
    assert category(run) == ROWS
    assert run("SELECT pg_last_copy_count()") == [(5,)]


def test_auto_matches_case(s3: Copying, run: Run) -> None:
    """Column names are lower-case: a key in mixed case finds none, silently."""
    run(CATEGORY)
    s3.put("c.json", objects(("CatID", "CatGroup", "CatName", "CatDesc")))
    s3.copy("category", "c.json", "json 'auto'")
    assert set(category(run)) == {(None, None, None, None)}


def test_auto_ignorecase_does_not(s3: Copying, run: Run) -> None:
    run(CATEGORY)
    s3.put("c.json", objects(("CatID", "CatGroup", "CatName", "CatDesc"), bogus=1))
    s3.copy("category", "c.json", "json 'auto ignorecase'")
    assert category(run) == ROWS


def test_quoted_columns_are_lower_case_too(s3: Copying, run: Run) -> None:
    run('CREATE TABLE t ("userId" BIGINT)')
    s3.put("t.json", '{"userId": 1}{"userid": 2}')
    s3.copy("t", "t.json")
    assert sorted(run("SELECT userid FROM t"), key=str) == [(2,), (None,)]


@pytest.mark.parametrize("notation", ["$['{}']", "$.{}"])
def test_jsonpaths_map_by_the_order_of_columns(s3: Copying, run: Run, notation: str) -> None:
    run(CATEGORY)
    paths = [notation.format(name) for name in ("one", "two", "three", "four")]
    s3.put("data.json", objects(("one", "two", "three", "four")))
    s3.put("paths.json", json.dumps({"jsonpaths": paths}))
    s3.copy("category", "data.json", f"json '{s3.uri('paths.json')}'")
    assert category(run) == ROWS


def test_jsonpaths_map_by_the_list_of_columns(s3: Copying, run: Run) -> None:
    run(CATEGORY)
    s3.put("data.json", objects(("one", "two", "three", "four")))
    s3.put("paths.json", json.dumps({"jsonpaths": ["$.three", "$.one"]}))
    s3.copy("category (catname, catid)", "data.json", f"FORMAT JSON AS '{s3.uri('paths.json')}'")
    assert category(run) == [(row[0], None, row[2], None) for row in ROWS]


def test_arrays_need_jsonpaths(s3: Copying, run: Run) -> None:
    run(CATEGORY)
    s3.put("arrays.json", "\n".join(json.dumps(list(row)) for row in ROWS))
    s3.put("paths.json", json.dumps({"jsonpaths": ["$[0]", "$[1]", "$[2]", "$[3]"]}))
    s3.copy("category", "arrays.json", f"json '{s3.uri('paths.json')}'")
    assert category(run) == ROWS
    assert "failed" in s3.fails("category", "arrays.json")["M"]


def test_objects_and_arrays_are_loaded_whole(s3: Copying, run: Run) -> None:
    """The example of the page: what `$['tags']` and `$['friends'][1]` return."""
    run("CREATE TABLE t (id INT, tags VARCHAR(100), friend VARCHAR(100))")
    record = {
        "id": 0,
        "isActive": True,
        "tags": ["nisi", "culpa", "ad"],
        "friends": [{"id": 0, "name": "Carmella Gonzales"}, {"id": 1, "name": "Renaldo"}],
    }
    s3.put("t.json", json.dumps(record, indent=4))
    s3.put("paths", json.dumps({"jsonpaths": ["$['id']", "$['tags']", "$['friends'][1]"]}))
    s3.copy("t", "t.json", f"json '{s3.uri('paths')}'")
    assert run("SELECT * FROM t") == [(0, '["nisi","culpa","ad"]', '{"id": 1,"name": "Renaldo"}')]


def test_another_name_than_jsonpaths_means_auto(s3: Copying, run: Run) -> None:
    run(CATEGORY)
    s3.put("data.json", objects())
    s3.put("paths", json.dumps({"paths": ["$.catname"]}))
    s3.copy("category", "data.json", f"json '{s3.uri('paths')}'")
    assert category(run) == ROWS


@pytest.mark.parametrize(
    "text",
    [
        "{",
        '{"jsonpaths": ["$.a"]} {}',
        '{"jsonpaths": [""]}',
        '{"jsonpaths": [1]}',
        '["$.a"]',
        """{"jsonpaths": ["$['a']['b']", "$.a"]}""",
        '{"jsonpaths": ["$.*"]}'.replace("*", "a[*]"),
    ],
)
def test_a_bad_jsonpaths_file_fails_whatever_maxerror_says(s3: Copying, run: Run, text: str) -> None:
    run("CREATE TABLE t (a INT)")
    s3.put("t.json", '{"a": 1}')
    s3.put("paths", text)
    assert "Invalid JSONPath" in s3.fails("t", "t.json", f"json '{s3.uri('paths')}' MAXERROR 100")["M"]


def test_as_many_paths_as_columns(s3: Copying, run: Run) -> None:
    run("CREATE TABLE t (a INT, b INT)")
    s3.put("t.json", '{"a": 1}')
    s3.put("paths", '{"jsonpaths": ["$.a"]}')
    assert "should match" in s3.fails("t", "t.json", f"json '{s3.uri('paths')}'")["M"]


def test_a_missing_member_is_null_a_missing_element_an_error(s3: Copying, run: Run) -> None:
    run("CREATE TABLE t (a INT DEFAULT 7, b INT)")
    s3.put("t.json", '{"b": [1]}')
    s3.put("paths", '{"jsonpaths": ["$.a", "$.b[0]"]}')
    s3.copy("t", "t.json", f"json '{s3.uri('paths')}'")
    assert run("SELECT * FROM t") == [(None, 1)]
    s3.put("paths", '{"jsonpaths": ["$.a", "$.b[1]"]}')
    s3.fails("t", "t.json", f"json '{s3.uri('paths')}'")
    assert s3.details()[0][4] == "Invalid JSONPath format: Not an array or index out of range."


def test_a_column_left_out_of_the_list_gets_its_default(s3: Copying, run: Run) -> None:
    run("CREATE TABLE t (a INT DEFAULT 7, b INT)")
    s3.put("t.json", '{"b": 1, "a": 3}')
    s3.copy("t (b)", "t.json")
    assert run("SELECT * FROM t") == [(7, 1)]


def test_escapes(s3: Copying, run: Run) -> None:
    run("CREATE TABLE escapes (backslash VARCHAR(25), newline VARCHAR(35), tab VARCHAR(35))")
    texts = ("This is a backslash: \\", "This sentence\n is on two lines.", "This sentence \t contains a tab.")
    s3.put("escape.json", json.dumps(dict(zip(("backslash", "newline", "tab"), texts, strict=True))))
    s3.copy("escapes", "escape.json")
    assert run("SELECT * FROM escapes") == [texts]


def test_empty_texts(s3: Copying, run: Run) -> None:
    """They stay empty, unless EMPTYASNULL; for other types than text they are NULL."""
    run("CREATE TABLE t (a VARCHAR(5), b INT)")
    s3.put("t.json", '{"a": "", "b": ""}')
    s3.copy("t", "t.json")
    s3.copy("t", "t.json", "json 'auto' EMPTYASNULL")
    assert run("SELECT * FROM t ORDER BY a") == [("", None), (None, None)]


@pytest.mark.parametrize(
    ("column", "value", "code", "reason"),
    [
        ("a BIGINT", '"abc"', 1207, "Invalid digit, Value 'a', Pos 0, Type: Long"),
        ("a BIGINT", "1540919166796.0", 1207, "Invalid digit, Value '.', Pos 13, Type: Long"),
        ("a INTEGER", "2147483648", 1207, "Overflow (Integer valid range -2147483648 to 2147483647)"),
        ("a BIGINT", "true", 1207, "Invalid digit, Value 't', Pos 0, Type: Long"),
        ("a DOUBLE PRECISION", '"x"', 1208, "Invalid value for type float8: x"),
        ("a BOOLEAN", '"perhaps"', 1210, "Unknown boolean format: perhaps"),
        ("a TIMESTAMP", '"yesterday"', 1206, "Invalid timestamp format or value [YYYY-MM-DD HH24:MI:SS]"),
        ("a VARCHAR(3)", '"äö"', 1204, "String length exceeds DDL length"),
        ("a INT NOT NULL", "null", 1213, "Missing data for not-null field"),
    ],
)
def test_load_errors(s3: Copying, run: Run, column: str, value: str, code: int, reason: str) -> None:
    run(f"CREATE TABLE t ({column})")
    s3.put("t.json", '{"b": 1}\n{"a":\n' + value + "\n}\n" if "NOT NULL" not in column else '\n{"a":\n' + value + "\n}")
    error = s3.fails("t", "t.json")
    assert error["C"] == "XX000" and "sys_load_error_detail" in error["M"]
    assert s3.details() == [(s3.uri("t.json"), 4, "a", code, reason)]
    assert run("SELECT count(*) FROM t") == [(0,)] and run("SELECT pg_last_copy_count()") == [(0,)]


def test_values(s3: Copying, run: Run) -> None:
    run("CREATE TABLE t (a BIGINT, b DOUBLE PRECISION, c BOOLEAN, d TIMESTAMP, e DECIMAL(8, 2), f VARCHAR, g DATE)")
    record = (
        '{"a": "39", "b": 1e3, "c": true, "d": "2018-11-01 21:01:46.796", "e": 20.259, "f": 1.50, "g": "2018-11-01"}'
    )
    s3.put("t.json", record)
    s3.copy("t", "t.json")
    row = run("SELECT a, b, c, to_date, e, f FROM (SELECT a, b, c, CAST(d AS VARCHAR) AS to_date, e, f FROM t) AS s")
    assert row == [(39, 1000.0, True, "2018-11-01 21:01:46.796", Decimal("20.25"), "1.50")]
    s3.copy("t", "t.json", "json 'auto' ROUNDEC")
    assert run("SELECT max(e) FROM t") == [(Decimal("20.26"),)]


def test_epoch(s3: Copying, run: Run) -> None:
    run("CREATE TABLE t (a TIMESTAMP)")
    s3.put("t.json", '{"a": 1541106106796}')
    s3.copy("t", "t.json", "json 'auto' TIMEFORMAT 'epochmillisecs'")
    assert str(run("SELECT a FROM t")[0][0]) == "2018-11-01 21:01:46.796000"


def test_varchar_counts_bytes(s3: Copying, run: Run) -> None:
    """Spaces too many are cut off; TRUNCATECOLUMNS cuts between characters."""
    run("CREATE TABLE t (a VARCHAR(4))")
    s3.put("fits.json", '{"a": "äö"}{"a": "abcd   "}')
    s3.copy("t", "fits.json")
    s3.put("long.json", '{"a": "aäöü"}')
    s3.copy("t", "long.json", "json 'auto' TRUNCATECOLUMNS")
    assert sorted(run("SELECT a FROM t")) == [("abcd",), ("aä",), ("äö",)]


def test_maxerror_loads_the_rest(s3: Copying, run: Run) -> None:
    run("CREATE TABLE t (a INT)")
    s3.put("t.json", '{"a": 1}\n{"a": "x"}\n{"a": "y"}\n{"a": 4}\n')
    s3.fails("t", "t.json", "json 'auto' MAXERROR 2")
    assert len(s3.details()) == 2
    s3.copy("t", "t.json", "json 'auto' MAXERROR 3")
    assert run("SELECT a FROM t ORDER BY a") == [(1,), (4,)]
    assert run("SELECT pg_last_copy_count()") == [(2,)]


def test_one_error_is_too_many_for_maxerror_0_and_1(s3: Copying, run: Run) -> None:
    run("CREATE TABLE t (a INT)")
    s3.put("t.json", '{"a": 1}\n{"a": "x"}\n')
    for options in ("json 'auto'", "json 'auto' MAXERROR 0", "json 'auto' MAXERROR AS 1"):
        s3.fails("t", "t.json", options)
    s3.copy("t", "t.json", "json 'auto' IGNOREALLERRORS")
    assert run("SELECT a FROM t") == [(1,)]


@pytest.mark.parametrize(
    "text", ['{"a": 1},\n{"a": 2}', 'xyz {"a": 1}', '{"a": 1}\n{"a": \n{"a": 3}', "[{}]", '{"a": NaN}']
)
def test_what_is_not_json_between_objects_is_an_error(s3: Copying, run: Run, text: str) -> None:
    run("CREATE TABLE t (a INT)")
    s3.put("t.json", text)
    s3.fails("t", "t.json")
    assert [row[3] for row in s3.details()] == [1216]


def test_bad_utf8(s3: Copying, run: Run) -> None:
    run("CREATE TABLE t (a VARCHAR(9))")
    s3.put("t.json", b'{"a": "x\xe4y"}')
    s3.fails("t", "t.json")
    assert [row[3] for row in s3.details()] == [1220]
    s3.copy("t", "t.json", "json 'auto' ACCEPTINVCHARS")
    assert run("SELECT a FROM t") == [("x?y",)]


def test_errors_outlive_the_transaction(s3: Copying, connect: Any, run: Run) -> None:
    run("CREATE TABLE t (a INT)")
    s3.put("t.json", '{"a": "x"}')
    connection = connect()
    in_transaction = Run(connection)
    assert "failed" in in_transaction.error(s3.sql("t", "t.json", "json 'auto'"))["M"]
    assert in_transaction.error("SELECT 1")["C"] == "25P02"
    connection.rollback()
    assert in_transaction("SELECT error_code, trim(error_message) FROM sys_load_error_detail")[0][0] == 1207
    assert run("SELECT err_code, colname FROM stl_load_errors") == [(1207, "a")]
    assert in_transaction("SELECT query_id = pg_last_copy_id() FROM sys_load_error_detail") == [(True,)]


def test_a_copy_is_part_of_its_transaction(s3: Copying, connect: Any, run: Run) -> None:
    run("CREATE TABLE t (a INT)")
    s3.put("t.json", '{"a": 1}')
    connection = connect()
    other = Run(connection)
    other(s3.sql("t", "t.json", "json 'auto'"))
    assert other("SELECT count(*) FROM t") == [(1,)] and run("SELECT count(*) FROM t") == [(0,)]
    connection.rollback()
    assert other("SELECT count(*) FROM t") == [(0,)]
    assert other("SELECT pg_last_copy_count()") == [(1,)]


def test_a_prefix_loads_its_neighbours(s3: Copying, run: Run) -> None:
    """custdata.txt is a prefix of custdata.txt.1, custfolder of custfolder_1."""
    run("CREATE TABLE t (a INT)")
    for number, key in enumerate(["custfolder/1", "custfolder_1/1", "custfolder.log", "other/1"]):
        s3.put(key, f'{{"a": {number}}}')
    s3.copy("t", "custfolder")
    assert run("SELECT a FROM t ORDER BY a") == [(0,), (1,), (2,)]
    run("DELETE FROM t")
    s3.copy("t", "custfolder/")
    assert run("SELECT a FROM t") == [(0,)]


def test_a_jsonpaths_file_below_the_prefix_is_read_as_data(s3: Copying, run: Run) -> None:
    run("CREATE TABLE t (a INT)")
    s3.put("my_data.json", '{"a": 1}')
    s3.put("my_data.jsonpaths", '{"jsonpaths": ["$.a"]}')
    s3.copy("t", "my_data", f"json '{s3.uri('my_data.jsonpaths')}'")
    assert run("SELECT count(*) FROM t") == [(2,)]


def test_nothing_below_a_prefix_is_an_error(s3: Copying, run: Run) -> None:
    run("CREATE TABLE t (a INT)")
    assert "does not exist" in s3.fails("t", "nothing/")["M"]


def test_a_manifest_lists_what_is_loaded(s3: Copying, run: Run) -> None:
    """A file listed twice is loaded twice; one that is missing is left out, unless it is mandatory."""
    run("CREATE TABLE t (a INT)")
    first, second = s3.put("m/1", '{"a": 1}'), s3.put("m/2", '{"a": 2}')
    s3.put("m/3", '{"a": 3}')
    s3.manifest("manifest", {"url": first, "mandatory": True}, {"url": second}, {"url": first}, {"url": s3.uri("m/9")})
    s3.copy("t", "manifest", "json 'auto' MANIFEST")
    assert run("SELECT a FROM t ORDER BY a") == [(1,), (1,), (2,)]


@pytest.mark.parametrize("entries", [[{"url": "m/9", "mandatory": True}], [{"url": "m/9"}], [{"url": "m"}]])
def test_a_manifest_whose_files_are_missing(s3: Copying, run: Run, entries: list[dict[str, Any]]) -> None:
    """A prefix is no file; that none was found is always an error."""
    run("CREATE TABLE t (a INT)")
    s3.put("m/1", '{"a": 1}')
    s3.manifest("manifest", *({**entry, "url": s3.uri(entry["url"])} for entry in entries))
    s3.fails("t", "manifest", "json 'auto' MANIFEST")


@pytest.mark.parametrize("text", ["", "{", "[]", '{"entries": []}', '{"entries": [{"key": "x"}]}'])
def test_a_manifest_that_is_not_properly_formed(s3: Copying, run: Run, text: str) -> None:
    run("CREATE TABLE t (a INT)")
    s3.put("manifest", text)
    assert "not properly formed" in s3.fails("t", "manifest", "json 'auto' MANIFEST")["M"]
    assert "manifest" in s3.fails("t", "missing", "json 'auto' MANIFEST")["M"]


def test_compressed(s3: Copying, run: Run) -> None:
    run("CREATE TABLE t (a INT)")
    s3.put("t.gz", gzip.compress(b'{"a": 1}'))
    s3.put("t.zst", zstandard.compress(b'{"a": 2}'))
    s3.copy("t", "t.gz", "json 'auto' GZIP")
    s3.copy("t", "t.zst", "json 'auto' ZSTD")
    assert run("SELECT a FROM t ORDER BY a") == [(1,), (2,)]
    s3.fails("t", "t.gz")


def test_noload_only_looks(s3: Copying, run: Run) -> None:
    run("CREATE TABLE t (a INT)")
    s3.put("t.json", '{"a": 1}')
    s3.copy("t", "t.json", "json 'auto' NOLOAD")
    assert run("SELECT count(*) FROM t") == [(0,)]


def test_identity_has_gaps(s3: Copying, run: Run) -> None:
    run("CREATE TABLE t (id BIGINT IDENTITY(1, 1), a INT)")
    s3.put("t.json", '{"a": 1, "id": 9}{"a": 2}')
    s3.copy("t", "t.json")
    numbers = [number for (number,) in run("SELECT id FROM t ORDER BY id")]
    assert len(set(numbers)) == 2 and numbers[1] - numbers[0] > 1 and 9 not in numbers
    assert s3.fails("t (id, a)", "t.json")["C"] == "0A000"
    s3.copy("t (id, a)", "t.json", "json 'auto' EXPLICIT_IDS MAXERROR 2")
    assert run("SELECT a FROM t WHERE id = 9") == [(1,)]


def test_4_mb_are_the_limit_of_an_object() -> None:
    found = list(json_values('{"a": "' + "x" * (4 << 20) + '"}\n{"a": 1}'))
    assert [line for line, _ in found] == [1, 2] and "4 MB" in found[0][1].reason


# Authorization and options


def test_copy_needs_authorization(s3: Copying, run: Run) -> None:
    run("CREATE TABLE t (a INT)")
    assert "authorization" in run.error(f"COPY t FROM '{s3.uri('x')}' json 'auto'")["M"]
    keys = "ACCESS_KEY_ID 'AKIA' SECRET_ACCESS_KEY 'x'"
    assert "keys do not belong" in run.error(f"COPY t FROM '{s3.uri('x')}' {keys} json 'auto'")["M"]
    other = "arn:aws:iam::123456789012:role/other"
    assert "assume IAM Role" in run.error(f"COPY t FROM '{s3.uri('x')}' IAM_ROLE '{other}' json 'auto'")["M"]


@pytest.mark.parametrize(
    "options",
    [
        "json 'auto' FILLRECORD",
        "json 'auto' DELIMITER ','",
        "json 'auto' ON_ERROR 'skip'",
        "json 'auto' MAXERROR",
        "json 'auto' MAXERROR 1 IGNOREALLERRORS",
        "json 'auto' json 'auto'",
        "json 'automatic'",
        "CSV",
        "",
        "FORMAT AS PARQUET MAXERROR 10",
        "FORMAT AS PARQUET COMPUPDATE OFF",
        "FORMAT AS PARQUET GZIP",
        "FORMAT AS PARQUET TRUNCATECOLUMNS",
    ],
)
def test_options_that_are_refused(s3: Copying, run: Run, options: str) -> None:
    run("CREATE TABLE t (a INT)")
    s3.put("t", '{"a": 1}')
    assert s3.fails("t", "t", options)["C"] in ("42601", "0A000", "22023")
    assert s3.details() == []


def test_s3_denies(s3: Copying, run: Run, redshift: RedshiftStandIn) -> None:
    run("CREATE TABLE t (a INT)")
    s3.put("t", '{"a": 1}')
    redshift.faults.deny(s3.uri("t"))
    assert "Status 403" in s3.fails("t", "t")["M"]
    redshift.faults.clear()
    s3.copy("t", "t")


# Text


VENUES = "1|Toyota Park|Bridgeview|IL|0\n2|Columbus Crew Stadium|Columbus|OH|0\n4|CommunityAmerica Ballpark||KS|0\n"


def test_text_is_cut_at_the_delimiter(s3: Copying, run: Run) -> None:
    """An empty field is an empty text, for a number NULL; without its line end the last line counts all the same."""
    run("CREATE TABLE venue (id SMALLINT, name VARCHAR(100), city VARCHAR(30), state VARCHAR(2), seats INT)")
    s3.put("venue_pipe.txt", VENUES + "5|Gillette Stadium|Foxborough|MA|")
    s3.copy("venue", "venue_pipe.txt", "DELIMITER '|'")
    assert run("SELECT * FROM venue ORDER BY id") == [
        (1, "Toyota Park", "Bridgeview", "IL", 0),
        (2, "Columbus Crew Stadium", "Columbus", "OH", 0),
        (4, "CommunityAmerica Ballpark", "", "KS", 0),
        (5, "Gillette Stadium", "Foxborough", "MA", None),
    ]
    assert run("SELECT pg_last_copy_count()") == [(4,)]


@pytest.mark.parametrize(("delimiter", "sign"), [("\\t", "\t"), ("\\011", "\t"), ("\\001", "\x01"), (",", ",")])
def test_delimiters_and_their_octal_digits(s3: Copying, run: Run, delimiter: str, sign: str) -> None:
    run("CREATE TABLE t (a VARCHAR(20), b VARCHAR(20))")
    s3.put("t.txt", f'"x\\y"{sign}\\N\n')
    s3.copy("t", "t.txt", f"DELIMITER AS '{delimiter}'")
    assert run("SELECT a, b FROM t") == [('"x\\y"', None)], "quotes and backslashes are letters; \\N is NULL"


@pytest.mark.parametrize(
    ("text", "line", "code"),
    [("a|b\na|b|c\n", 2, 1202), ("a|b\na\n", 2, 1214), ("a|b\n\na|b\n", 2, 1211), ("a|b\nx|" + "y" * 21, 2, 1204)],
)
def test_lines_that_do_not_fit(s3: Copying, run: Run, text: str, line: int, code: int) -> None:
    run("CREATE TABLE t (a VARCHAR(20), b VARCHAR(20))")
    s3.put("t.txt", text)
    assert "failed" in s3.fails("t", "t.txt", "DELIMITER '|'")["M"]
    assert [(found[1], found[3]) for found in s3.details()] == [(line, code)]
    assert run("SELECT COUNT(*) FROM t") == [(0,)]


def test_blank_lines_can_be_ignored(s3: Copying, run: Run) -> None:
    run("CREATE TABLE t (a VARCHAR(20))")
    s3.put("t.txt", "a\n\n b \n")
    s3.copy("t", "t.txt", "DELIMITER '|' IGNOREBLANKLINES")
    assert run("SELECT a FROM t ORDER BY a DESC") == [("a",), (" b ",)]


def test_bytes_that_are_not_utf8_are_an_error(s3: Copying, run: Run) -> None:
    run("CREATE TABLE t (a VARCHAR(20))")
    s3.put("t.txt", b"a\xff\n")
    s3.fails("t", "t.txt", "DELIMITER '|'")
    assert [found[3] for found in s3.details()] == [1220]


@pytest.mark.parametrize(
    "options", ["DELIMITER '||'", "DELIMITER ''", "DELIMITER '|' ESCAPE", "DELIMITER '|' FILLRECORD"]
)
def test_options_of_text_that_are_refused(s3: Copying, run: Run, options: str) -> None:
    run("CREATE TABLE t (a VARCHAR(20))")
    s3.put("t.txt", "a\n")
    assert s3.fails("t", "t.txt", options)["C"] in ("0A000", "22023")


# Parquet


def parquet(columns: dict[str, pa.Array]) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.table(columns), sink)
    return sink.getvalue()


PEOPLE = "CREATE TABLE people (id BIGINT, name VARCHAR(8), height DOUBLE PRECISION, born TIMESTAMP, ok BOOLEAN)"


def people(**other: pa.Array) -> bytes:
    columns = {
        "a": pa.array([1, None], pa.int64()),
        "b": pa.array(["Zoë", "tab\t\\N\n"], pa.string()),
        "c": pa.array([0.1, 1e300], pa.float64()),
        "d": pa.array([1541106106796, None], pa.timestamp("ms")),
        "e": pa.array([True, None], pa.bool_()),
    }
    return parquet(columns | other)


def listed(s3: Copying, key: str, body: bytes, **more: Any) -> None:
    url = s3.put(key, body)
    s3.manifest("manifest", {"url": url, "mandatory": True, "meta": {"content_length": len(body)}} | more)


def test_parquet_fills_columns_in_order(s3: Copying, run: Run) -> None:
    """The names do not count, their order and number do."""
    run(PEOPLE)
    listed(s3, "p/1.parquet", people())
    s3.copy("people", "manifest", "FORMAT AS PARQUET MANIFEST")
    rows = run("SELECT id, name, height, CAST(born AS VARCHAR), ok FROM people ORDER BY id")
    assert rows == [
        (1, "Zoë", 0.1, "2018-11-01 21:01:46.796", True),
        (None, "tab\t\\N\n", 1e300, None, None),
    ]
    assert run("SELECT pg_last_copy_count()") == [(2,)]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (people(f=pa.array([1, 2])), "Unmatched number of columns"),
        (people(a=pa.array(["1", "2"])), "incompatible Parquet schema"),
        (people(a=pa.array([1, 2], pa.int32())), "incompatible Parquet schema"),
        (people(b=pa.array(["123456789", "x"])), "String length exceeds DDL length"),
        (b"PAR1 not", "no Parquet file"),
    ],
)
def test_parquet_that_does_not_fit(s3: Copying, run: Run, body: bytes, reason: str) -> None:
    run(PEOPLE)
    listed(s3, "p/1.parquet", body)
    error = s3.fails("people", "manifest", "FORMAT AS PARQUET MANIFEST")
    assert error["M"] == "Spectrum Scan Error" and reason in error["D"]
    assert run("SELECT count(*) FROM people") == [(0,)]


def test_parquet_needs_the_lengths_in_its_manifest(s3: Copying, run: Run) -> None:
    run(PEOPLE)
    listed(s3, "p/1.parquet", people(), meta={})
    assert "content_length" in s3.fails("people", "manifest", "FORMAT AS PARQUET MANIFEST")["M"]
    listed(s3, "p/1.parquet", people(), meta={"content_length": 99})
    assert "99" in s3.fails("people", "manifest", "FORMAT AS PARQUET MANIFEST")["D"]


def test_parquet_keeps_not_null(s3: Copying, run: Run) -> None:
    run("CREATE TABLE t (a BIGINT NOT NULL)")
    s3.put("p", parquet({"a": pa.array([1, None], pa.int64())}))
    assert "not-null" in s3.fails("t", "p", "PARQUET")["D"]

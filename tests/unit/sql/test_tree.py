"""Tables, queries and models in the place of the names that stand for them."""

from __future__ import annotations

import pytest
from sqlglot import exp

from sparkify.sql.tree import Relations, parsed, parsed_query, put_relations

QUERY = parsed_query("SELECT 1 AS x")


@pytest.mark.parametrize(
    ("sql", "relations", "expected"),
    [
        ("SELECT a.x FROM a", {"a": "b"}, "SELECT a.x FROM b AS a"),
        ("SELECT t.x FROM a AS t", {"a": "b"}, "SELECT t.x FROM b AS t"),
        ("SELECT a.x FROM a", {"a": QUERY}, "SELECT a.x FROM (SELECT 1 AS x) AS a"),
        ("SELECT t.x FROM a AS t", {"a": QUERY}, "SELECT t.x FROM (SELECT 1 AS x) AS t"),
        ("DELETE FROM a WHERE a.x IN (SELECT 1)", {"a": "b"}, "DELETE FROM b WHERE b.x IN (SELECT 1)"),
        ("UPDATE a SET x = 1 WHERE a.y = 2", {"a": "time"}, 'UPDATE "time" SET x = 1 WHERE "time".y = 2'),
        ("INSERT INTO a (x) SELECT c.x FROM c", {"a": "b", "c": "d"}, "INSERT INTO b (x) SELECT c.x FROM d AS c"),
        ("DROP TABLE a", {"a": "b"}, "DROP TABLE b"),
        ("SELECT x FROM other", {"a": "b"}, "SELECT x FROM other"),
    ],
)  # fmt: skip
def test_a_name_stands_for_a_table_or_a_query(sql: str, relations: Relations, expected: str) -> None:
    before = parsed(sql)
    assert put_relations(before, relations).sql("duckdb") == expected
    assert before.sql("duckdb") == sql, "what is shared was changed"


def test_a_model_stands_for_its_select_and_relations_are_put_into_it() -> None:
    rows = put_relations(parsed_query("SELECT p.ts FROM rows AS p"), {"rows": "model.all_plays", "staging_events": "t"})
    assert "all_plays" not in rows.sql()
    assert {table.name for table in rows.find_all(exp.Table)} == {"t"}


def test_a_query_of_all_of_a_model_is_the_model() -> None:
    created = put_relations(parsed("CREATE TEMPORARY TABLE t AS SELECT * FROM model.new_events"), {})
    assert created.sql("duckdb").startswith("CREATE TEMPORARY TABLE t AS SELECT e.* FROM staging_events AS e")


def test_only_a_query_is_read_as_one() -> None:
    with pytest.raises(TypeError, match="not a query: DELETE FROM a"):
        parsed_query("DELETE FROM a")

"""What the stand-in refuses because Redshift does, and what it takes and PostgreSQL would not."""

from __future__ import annotations

from typing import Any

import pytest
from tests.redshift.driver import Run

REFUSED = [
    "INSERT INTO t SELECT 1, 'x' ON CONFLICT DO NOTHING",
    "DELETE FROM t RETURNING a",
    "INSERT INTO t VALUES (1, 'x') RETURNING a",
    "CREATE INDEX i ON t (a)",
    "CREATE UNIQUE INDEX i ON t (a)",
    "SELECT COUNT(*) FILTER (WHERE a = 1) FROM t",
    "SELECT DISTINCT ON (a) a, b FROM t",
    "MERGE INTO t USING (SELECT 1 AS a) AS s ON t.a = s.a WHEN MATCHED THEN DELETE",
    "SELECT ARRAY[1, 2]",
    "SELECT ARRAY_AGG(a) FROM t",
    "SELECT '{1}'::int[]",
    "CREATE TABLE u (a INT[])",
    "CREATE TABLE u (a SERIAL)",
    "CREATE TABLE u (a BIGSERIAL)",
    "CREATE TABLE u (a JSON)",
    "CREATE TABLE u (a BYTEA)",
    "CREATE TABLE u (a UUID)",
    "CREATE TABLE u (a VARCHAR(65536))",
    "CREATE TABLE u (a INT CHECK (a > 0))",
    "CREATE TABLE u (raw VARCHAR(5))",
    "CREATE TABLE u (tag VARCHAR(5))",
    "CREATE TABLE u (timestamp TIMESTAMP)",
    "CREATE TABLE u (percent INT)",
    "SELECT b FROM t ORDER BY b COLLATE \"C\"",
    "SELECT * FROM (VALUES (1)) AS v",
    "SELECT a IS DISTINCT FROM 1 FROM t",
    "SELECT a IS NOT DISTINCT FROM 1 FROM t",
    "WITH w AS (SELECT 1 AS a, 'x' AS b) INSERT INTO t SELECT a, b FROM w",
    "SELECT SUM(a) OVER (ORDER BY a) FROM t",
    "SELECT COUNT(*) OVER (PARTITION BY b ORDER BY a) FROM t",
    "SELECT now() FROM t",
    "SELECT current_timestamp, a FROM t",
    "INSERT INTO t SELECT 1, CAST(now() AS VARCHAR)",
    "SELECT a FROM t QUALIFY ROW_NUMBER() OVER (PARTITION BY b ORDER BY a) = 1",
    "SELECT b, COUNT(*) FROM t GROUP BY ALL",
    "SELECT a FROM t EXCEPT ALL SELECT 1",
    "SELECT a FROM t, LATERAL (SELECT 1) AS l",
    "SELECT a FROM t FOR UPDATE",
    "SELECT generate_series(1, 3)",
    "SELECT string_agg(b, ',') FROM t",
    "SELECT arg_max(a, b) FROM t",
    "LOCK TABLE t IN SHARE MODE",
    "TRUNCATE t, t",
    "CREATE TEMPORARY TABLE u ON COMMIT DROP AS SELECT 1 AS a",
    "CREATE SEQUENCE s",
    "CREATE TABLE u (a INT) PARTITION BY RANGE (a)",
    "SET datestyle TO other",
    "EXPLAIN SELECT 1",
    "UNLOAD ('SELECT 1') TO 's3://x' IAM_ROLE DEFAULT",
    "GRANT SELECT ON t TO PUBLIC",
    "SELECT 1; SELECT 2",
    "SELEKT 1",
]  # fmt: skip


@pytest.fixture
def table(run: Run) -> Run:
    run("CREATE TABLE t (a INT, b VARCHAR(20))")
    return run


def test_refused(table: Run) -> None:
    """One test for all: each statement alone, on one connection."""
    taken = []
    for sql in REFUSED:
        try:
            table.error(sql)
        except AssertionError:
            taken.append(sql)
    assert taken == []
    assert table("SELECT COUNT(*) FROM t") == [(0,)]


def test_a_refusal_undoes_the_transaction(table: Run, connect: Any) -> None:
    connection = connect()
    run = Run(connection)
    run("INSERT INTO t VALUES (1, 'x')")
    assert run.error("DELETE FROM t RETURNING a")["C"] == "0A000"
    assert run.error("SELECT 1")["C"] == "25P02"
    connection.commit()
    assert run("SELECT COUNT(*) FROM t") == [(0,)]


TAKEN = [
    "CREATE TABLE u (a BIGINT NOT NULL ENCODE az64 DISTKEY, b VARCHAR(MAX) SORTKEY)",
    "CREATE TABLE u (a BIGINT, b VARCHAR) DISTSTYLE AUTO SORTKEY (a, b)",
    "CREATE TABLE u (a BIGINT, b VARCHAR) DISTSTYLE KEY DISTKEY (a) COMPOUND SORTKEY (a)",
    "CREATE TABLE IF NOT EXISTS u (a INT, PRIMARY KEY (a)) DISTSTYLE ALL SORTKEY AUTO BACKUP NO",
    "CREATE TEMP TABLE u (LIKE t)",
    "CREATE TABLE u DISTSTYLE EVEN SORTKEY (a) AS SELECT a, b FROM t",
    'SELECT "tag" FROM (SELECT a AS "tag" FROM t) AS s',
    "SELECT a FROM t AS t QUALIFY ROW_NUMBER() OVER (PARTITION BY b ORDER BY a) = 1",
    "SELECT a FROM t WHERE a = 1 QUALIFY ROW_NUMBER() OVER (PARTITION BY b ORDER BY a) = 1",
    "SELECT SUM(a) OVER (ORDER BY a ROWS UNBOUNDED PRECEDING) FROM t",
    "SELECT ROW_NUMBER() OVER (ORDER BY a) FROM t",
    "INSERT INTO t WITH w AS (SELECT 1 AS a, 'x' AS b) SELECT a, b FROM w",
    "SELECT now(), current_timestamp",
    "SELECT a, getdate(), sysdate FROM t",
    "SELECT TOP 3 a FROM t",
    "SELECT a FROM t MINUS SELECT 1",
    "ANALYZE t",
    "VACUUM t",
    "SET query_group TO 'sparkify'",
    "SELECT * FROM svv_tables",
    "SELECT column_name FROM information_schema.columns WHERE table_name = 't'",
    "SELECT \"column\", type FROM pg_table_def WHERE tablename = 't'",
    "SELECT nspname FROM pg_namespace",
    "UPDATE t SET a = s.a FROM t AS s WHERE s.b = t.b",
    "DELETE FROM t USING t AS s WHERE s.a = t.a",
    "ALTER TABLE t ADD COLUMN c VARCHAR(5)",
    "ALTER TABLE t RENAME TO u",
]


@pytest.mark.parametrize("sql", TAKEN)
def test_taken(table: Run, sql: str) -> None:
    table(sql)


def test_keys_are_not_enforced(run: Run) -> None:
    run("CREATE TABLE p (a INT PRIMARY KEY, b INT UNIQUE)")
    run(
        "CREATE TABLE c (a INT REFERENCES p (a), b INT, CONSTRAINT k PRIMARY KEY (b),"
        " FOREIGN KEY (b) REFERENCES p (b), UNIQUE (a, b))"
    )
    run("ALTER TABLE c ADD CONSTRAINT f FOREIGN KEY (a) REFERENCES p (a)")
    run("ALTER TABLE c ADD PRIMARY KEY (b)")
    run("ALTER TABLE c DROP CONSTRAINT f")
    assert run.error("ALTER TABLE c ADD UNIQUE (nothing)")["C"] == "42703"
    run("INSERT INTO p VALUES (1, 1), (1, 1)")
    run("INSERT INTO c VALUES (7, 7), (7, 7)")
    assert run("SELECT COUNT(*) FROM c") == [(2,)]
    assert run.error("INSERT INTO p VALUES (NULL, 1)")["C"] == "23502"
    assert run.error("INSERT INTO c VALUES (1, NULL)")["C"] == "23502"


def test_varchar_counts_bytes(run: Run) -> None:
    """Spaces too many are cut off; a cast cuts; without a length a column takes 256 bytes."""
    run("CREATE TABLE t (a VARCHAR(4), b VARCHAR)")
    run("INSERT INTO t (a) VALUES ('äö'), ('abcd  ')")
    assert run.error("INSERT INTO t (a) VALUES ('äöü')")["C"] == "22001"
    assert run.error("INSERT INTO t (a) VALUES ('abcde')")["C"] == "22001"
    assert run.error("INSERT INTO t (b) VALUES (%s)", ("x" * 257,))["C"] == "22001"
    assert run("SELECT CAST('aäö' AS VARCHAR(4)), 'abcdef'::varchar(2)") == [("aä", "ab")]
    assert run("SELECT a, LEN(a), OCTET_LENGTH(a) FROM t ORDER BY a") == [("abcd", 4, 4), ("äö", 2, 4)]


def test_spaces_at_the_end_do_not_count_when_compared(run: Run) -> None:
    """They do elsewhere: in lengths and in what is put together."""
    run("CREATE TABLE t (a VARCHAR(9))")
    run("INSERT INTO t VALUES ('x'), ('x '), ('x  '), (' x')")
    assert run("SELECT COUNT(*) FROM t WHERE a = 'x'") == [(3,)]
    assert run("SELECT COUNT(*) FROM t WHERE a IN ('y', 'x ')") == [(3,)]
    assert run("SELECT COUNT(*) FROM t WHERE a <> 'x'") == [(1,)]
    assert sorted(count for _, count in run("SELECT a, COUNT(*) FROM t GROUP BY a")) == [1, 3]
    assert run("SELECT COUNT(DISTINCT a) FROM t") == [(2,)]
    assert len(run("SELECT DISTINCT a FROM t")) == 2
    assert run("SELECT COUNT(*) FROM t AS l JOIN t AS r ON l.a = r.a") == [(10,)]
    assert run("SELECT COUNT(*) FROM (SELECT a FROM t EXCEPT SELECT 'x ') AS s") == [(1,)]
    assert sorted(run("SELECT LEN(a), LEN(a || '|') FROM t")) == [(1, 2), (2, 3), (2, 3), (3, 4)]
    ranks = run("SELECT ROW_NUMBER() OVER (PARTITION BY a ORDER BY LEN(a)) FROM t")
    assert sorted(ranks) == [(1,), (1,), (2,), (3,)]
    assert len(set(run("SELECT MD5(a) FROM t"))) == 4


def test_an_expression_makes_no_longer_text_than_a_column_holds(run: Run) -> None:
    """https://docs.aws.amazon.com/redshift/latest/dg/r_Character_types.html: 65,535 bytes."""
    run("CREATE TABLE t (a VARCHAR(65535))")
    run("INSERT INTO t VALUES (%s)", ("ä" * 32_767,))
    assert run("SELECT OCTET_LENGTH(a || 'x') FROM t") == [(65_535,)]
    assert "exceeds the max size of 65535 bytes" in run.error("SELECT LEN(a || 'xy') FROM t")["M"]
    assert "exceeds the max size of 65535 bytes" in run.error("SELECT MD5(a || a) FROM t")["M"]


def test_bytes_are_compared_as_they_are(run: Run) -> None:
    """https://docs.aws.amazon.com/redshift/latest/dg/r_VARBYTE_OPERATORS.html."""
    run("CREATE TABLE t (a VARCHAR(9))")
    texts = ["a ", "a\x01", "a", "B", "ä"]
    for text in texts:
        run("INSERT INTO t VALUES (%s)", (text,))
    assert [found for (found,) in run("SELECT a FROM t ORDER BY CAST(a AS VARBYTE(9))")] == [
        "B",
        "a",
        "a\x01",
        "a ",
        "ä",
    ]
    assert run("SELECT COUNT(DISTINCT a), COUNT(DISTINCT CAST(a AS VARBYTE(9))) FROM t") == [(4, 5)]


def test_a_session_has_one_cursor_at_a_time(connect: Any) -> None:
    """https://docs.aws.amazon.com/redshift/latest/dg/declare.html."""
    run = Run(connect())
    run("DECLARE one CURSOR FOR SELECT 1")
    assert "only one cursor" in run.error("DECLARE two CURSOR FOR SELECT 2")["M"]
    run.connection.rollback()
    run("DECLARE one CURSOR FOR SELECT 1")
    run("CLOSE one")
    run("DECLARE two CURSOR FOR SELECT 2")
    run.connection.commit()
    run("DECLARE one CURSOR FOR SELECT 1")


@pytest.mark.parametrize(
    "condition",
    ["a = 1 OR EXISTS (SELECT 1 FROM s WHERE s.a = t.a)", "a NOT IN (SELECT s.a FROM s WHERE s.b = t.b)"],
)
def test_correlated_subqueries_that_cannot_be_joins(run: Run, condition: str) -> None:
    """https://docs.aws.amazon.com/redshift/latest/dg/r_correlated_subqueries.html, and what users report."""
    run("CREATE TABLE t (a INT, b INT)")
    run("CREATE TABLE s (a INT, b INT)")
    assert "correlated subquery pattern is not supported" in run.error(f"SELECT a FROM t WHERE {condition}")["M"]
    assert run("SELECT a FROM t WHERE NOT EXISTS (SELECT 1 FROM s WHERE s.a = t.a)") == []


def test_text_is_ordered_by_bytes(run: Run) -> None:
    run("CREATE TABLE t (a VARCHAR(9))")
    run("INSERT INTO t VALUES ('a'), ('B'), ('ä'), ('_'), (NULL)")
    assert [value for (value,) in run("SELECT a FROM t ORDER BY a")] == ["B", "_", "a", "ä", None]
    assert run("SELECT MIN(a), MAX(a), UPPER('ä') FROM t") == [("B", "ä", "Ä")]


def test_names_are_lower_case_even_in_quotes(run: Run) -> None:
    run('CREATE TABLE "Plays" ("userId" BIGINT)')
    assert run("SELECT table_name FROM svv_tables WHERE table_schema = 'public'") == [("plays",)]
    assert run('SELECT "USERID" FROM plays') == []
    run("SET enable_case_sensitive_identifier TO true")
    assert run.error('SELECT "userId" FROM plays')["C"] == "42703"
    assert run("SELECT USERID FROM plays") == []


def test_schemas(run: Run) -> None:
    run("CREATE SCHEMA other")
    run("CREATE TABLE t (a INT)")
    run("SET search_path TO other")
    run("CREATE TABLE t (a INT, b INT)")
    assert run("SELECT tablename FROM pg_tables WHERE schemaname = %s", ("other",)) == [("t",)]
    run("INSERT INTO other.t VALUES (1, 2)")
    assert run("SELECT * FROM t") == [(1, 2)] and run("SELECT * FROM public.t") == []


def test_identity(run: Run) -> None:
    run("CREATE TABLE t (id BIGINT IDENTITY(0, 2) NOT NULL, a INT)")
    run("INSERT INTO t (a) VALUES (1), (2)")
    run("INSERT INTO t (a) SELECT a FROM t")
    numbers = [number for (number,) in run("SELECT id FROM t ORDER BY id")]
    assert numbers[0] == 0 and len(set(numbers)) == 4 and numbers[3] > 6
    assert run.error("INSERT INTO t (id, a) VALUES (5, 5)")["C"] == "428C9"


def test_truncate_commits(run: Run, connect: Any) -> None:
    """The example of the page: what was truncated stays empty after a rollback, what came before is kept."""
    run("CREATE TABLE category (a INT)")
    run("CREATE TABLE other (a INT)")
    run("INSERT INTO category VALUES (1)")
    connection = connect()
    inside = Run(connection)
    inside("INSERT INTO other VALUES (1)")
    inside("TRUNCATE category")
    assert not connection.in_transaction
    connection.rollback()
    assert run("SELECT COUNT(*) FROM category") == [(0,)] and run("SELECT COUNT(*) FROM other") == [(1,)]


def test_append(run: Run, connect: Any) -> None:
    """It moves the rows, and cannot be in a transaction."""
    run("CREATE TABLE a (x INT, y VARCHAR(5))")
    run("CREATE TABLE b (y VARCHAR(5), x INT, z INT)")
    run("INSERT INTO b VALUES ('one', 1, 3)")
    assert Run(connect()).error("ALTER TABLE a APPEND FROM b IGNOREEXTRA")["C"] == "25001"
    assert "IGNOREEXTRA" in run.error("ALTER TABLE a APPEND FROM b")["M"]
    run("ALTER TABLE a APPEND FROM b IGNOREEXTRA")
    assert run("SELECT * FROM a") == [(1, "one")] and run("SELECT COUNT(*) FROM b") == [(0,)]


def test_arithmetic(run: Run) -> None:
    """Whole numbers stay whole; a product of a fraction and an interval keeps milliseconds."""
    assert run("SELECT 7 / 2, AVG(a), SUM(a) FROM (SELECT 1 AS a UNION ALL SELECT 2) AS s") == [(3, 1, 3)]
    moment = "TIMESTAMP 'epoch' + 1541106106796 / 1000.0 * INTERVAL '1 second'"
    assert run(f"SELECT CAST({moment} AS VARCHAR(30))") == [("2018-11-01 21:01:46.796",)]
    assert run(f"SELECT EXTRACT(EPOCH FROM {moment})") == [(1541106106,)]
    assert run(f"SELECT CAST(DATEADD(ms, 4, {moment}) AS VARCHAR), DATEDIFF(day, {moment}, '2018-11-03')") == [
        ("2018-11-01 21:01:46.8", 2)
    ]
    assert run("SELECT STRTOL('ff', 16), LEN('äb'), ROUND(1.256::DOUBLE PRECISION, 2)") == [(255, 2, 1.26)]
    assert run("SELECT MD5('x')") == [("9dd4e461268c8034f5c8564e155c67a6",)]
    assert run("SELECT CAST(2.5 AS DECIMAL)") == [(3,)]

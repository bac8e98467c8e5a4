"""The static gate: every statement that the engine can send is one that Redshift takes, and keeps the project's rules.

A history of a warehouse makes the engine send them; that it sends all of them is shown by the places in the source from
which statements are sent.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain
from typing import NamedTuple

import pytest
from tests.golden.rendered import files_of, only_in_differences
from tests.redshift import rules
from tests.redshift.history import run_history
from tests.redshift.sites import Record, Site, all_sites, recorded, sites_in
from tests.servers.redshift import redshift_environment, stand_in

from sparkify.sql.definitions import all_tables
from sparkify.star.checks import SHOWN_ROWS

HANDED_ON = {
    ("engines/redshift/engine.py", "self.execute…"): "to `DirectLoad`, which calls it `_execute`",
    ("engines/redshift/lock.py", "self._connection.execute…"): "to `run`, in the same function",
}
"""Methods that are handed on; the calls of the functions that take them are found by the same name."""

ELSEWHERE = {
    ("cli/app.py", "query.query…"): "a command of that name",
    ("cli/cluster.py", "stack.execute"): "a change set of CloudFormation",
    ("engines/ndjson.py", "connection.execute"): "DuckDB, which reads the JSON",
    ("engines/redshift/diagnosis.py", "urlsplit(url).query…"): "a part of a URL",
    ("engines/redshift/engine.py", "parts.query…"): "a part of a URL",
    ("engines/redshift/parquet.py", "reader.execute"): "DuckDB, which writes the Parquet",
    ("reader/appearance.py", "self._stream…"): "the bytes of a file",
    ("reader/window.py", "self._stream…"): "the bytes of a file",
    ("sources/object_store.py", "result.stream"): "an object of a store, by obstore",
    ("star/checks.py", "item.query…"): "a check before it is put into an engine's SQL",
}
"""What is called so and is none of an engine's."""

NEVER = {
    ("warehouse/tables.py", "_renew"): "no key is declared: `before_full_build` does nothing",
    ("warehouse/migration.py", "create_table"): "no key is declared: `after_create` does nothing",
}
"""Functions with a call that is not made where the warehouse is Redshift; one call in each."""


FOLLOWING = {
    ("reports/messages.py", "message_of"),
    ("warehouse/offsets.py", "advance"),
    ("warehouse/offsets.py", "_give_to_partitions"),
    ("warehouse/offsets.py", "set_aside"),
    ("warehouse/offsets.py", "_load_slices"),
    ("warehouse/growth.py", "forget_read_again"),
    ("warehouse/growth.py", "give_to_grown"),
    ("warehouse/runs.py", "__init__"),
    ("warehouse/runs.py", "accept"),
}
"""Functions with calls that are made where a topic is read, which takes a broker, or where a source is followed. What
they send are named statements: those of the golden files, which are parsed in tests/golden."""


class Gathered(NamedTuple):
    """What the history sent: `record` as the driver was told, `arrived` as the server got it."""

    record: Record
    arrived: list[str]


@pytest.fixture(scope="module")
def gathered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gathered]:
    """The statements of the history, which is run once."""
    server = stand_in()
    server.reset()
    folder = tmp_path_factory.mktemp("history")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {
            **redshift_environment(),
            "SPARKIFY_SCHEMA": "History",
            "SPARKIFY_DIRECT_FROM": "1",
        }.items():
            patch.setenv(name, value)
        patch.chdir(folder)
        with recorded() as record:
            run_history(server, folder)
    yield Gathered(record, list(server.statements))


def sent(gathered: Gathered) -> list[str]:
    """All statements, in the order of each connection."""
    return [sql for _, statements in gathered.record.sent for sql in statements]


def transactions(gathered: Gathered) -> list[list[str]]:
    return [found for _, statements in gathered.record.sent for found in rules.transactions_in(statements)]


# Complete


def test_every_place_that_sends_statements_was_reached(gathered: Gathered) -> None:
    missed = [site for site in sorted(all_sites()) if not gathered.record.reached(site)]
    known = ELSEWHERE | HANDED_ON
    unexplained = [
        str(site)
        for site in missed
        if (site.file, site.call) not in known and not _never(site) and not _is_of_following(site)
    ]
    advice = "let the history reach them (tests/redshift/history.py), or say why it cannot"
    assert unexplained == [], "\n".join([advice, *unexplained])


def _is_of_following(site: Site) -> bool:
    return (site.file, site.function) in FOLLOWING and site.call.endswith("execute_named")


def _never(site: Site) -> bool:
    return (site.file, site.function) in NEVER


def test_every_exception_is_one_still(gathered: Gathered) -> None:
    missed = [site for site in all_sites() if not gathered.record.reached(site)]
    assert {(site.file, site.call) for site in missed} >= set(ELSEWHERE | HANDED_ON)
    assert {(site.file, site.function) for site in missed if _is_of_following(site)} == FOLLOWING
    for place in NEVER:
        assert len([site for site in missed if (site.file, site.function) == place]) == 1, place


def test_all_that_arrived_was_recorded(gathered: Gathered) -> None:
    """The driver sends a text that it has prepared once, and nothing of its own."""
    marks = re.compile(r"\?|\$\d+")
    given = {marks.sub("?", sql) for sql in sent(gathered)}
    assert {marks.sub("?", sql) for sql in gathered.arrived} == given


def test_calls_are_found_in_a_source() -> None:
    source = "def f(self):\n    return [row for row in self._engine.execute(\n        a.b(1)\n    )] + c.executes(2)\n"
    assert list(sites_in(source, "x.py")) == [Site("x.py", "self._engine.execute", "f", 4, 5)]
    source = "class A:\n    def g(self):\n        self._execute = B(c.query).d(self._execute(1))\n"
    assert list(sites_in(source, "x.py")) == [
        Site("x.py", "c.query…", "g", 3, 33),
        Site("x.py", "self._execute", "g", 3, 53),
    ]


# What Redshift takes

_CHECK = re.compile(rf"SELECT \* FROM \(\n(.*)\n\) AS bad LIMIT {SHOWN_ROWS}", re.DOTALL)


def golden() -> set[str]:
    """The statements that tests/golden has parsed."""
    found = [*chain(*files_of("redshift").values()), *only_in_differences("redshift")]
    return {rules.normalised(sql) for _, sql in found}


def test_sqlfluff_parses_every_statement(gathered: Gathered) -> None:
    known = golden()
    texts = {rules.normalised(sql): sql for sql in gathered.arrived}
    wrapped = {name: match[1] for name, sql in texts.items() if (match := _CHECK.fullmatch(sql))}
    fresh = [sql for name, sql in texts.items() if rules.normalised(wrapped.get(name, sql)) not in known]
    fresh.append(f"SELECT * FROM (\nSELECT user_id FROM users\n) AS bad LIMIT {SHOWN_ROWS}")
    assert len(texts) - len(fresh) > 50, "the statements are not those of the golden files any more"
    faults = {sql: found for sql in fresh if (found := rules.unparsable(f"{sql};\n"))}
    assert faults == {}


def test_nothing_is_sent_that_redshift_lacks(gathered: Gathered) -> None:
    assert {sql: found for sql in gathered.arrived if (found := rules.banned_in(sql))} == {}


# The project's own rules


def test_every_copy_has_a_role_and_takes_all_or_nothing(gathered: Gathered) -> None:
    copies = [sql for sql in gathered.arrived if sql.startswith("COPY ")]
    assert {sql.split()[1] for sql in copies} >= {"staging_events", "etl_files", "direct_load_lines", "direct_load_1"}
    assert {sql: found for sql in copies if (found := rules.faults_of_copy(sql))} == {}


def test_nothing_in_a_transaction_commits_it(gathered: Gathered) -> None:
    assert len(transactions(gathered)) > 10
    assert [sql for found in transactions(gathered) for sql in rules.committing_in(found)] == []


def test_only_the_writers_lock_is_locked_and_before_anything_is_written(gathered: Gathered) -> None:
    """LOCK is ACCESS EXCLUSIVE: on any other table it would keep readers waiting."""
    tables = [table.name for table in all_tables()]
    locking = [found for found in transactions(gathered) if rules.locks_in(found)]
    assert {table for found in locking for table in rules.locks_in(found)} == {"etl_lock"}
    assert [sql for found in locking for sql in rules.affected_before_lock(found, tables)] == []
    statements = gathered.arrived
    writing = re.compile(rf"(INSERT INTO|UPDATE|DELETE FROM|COPY) \"?({'|'.join(tables)})\b")
    first = next(at for at, sql in enumerate(statements) if writing.match(sql))
    assert "LOCK etl_lock" in statements[:first]


def test_no_key_is_declared_and_tables_are_sorted_by_columns_that_they_have(gathered: Gathered) -> None:
    """The planner believes a key, and may leave out the very join that checks it; see `BANNED` for the keys."""
    made = {found[0]: found[1:] for sql in sent(gathered) if (found := rules.sorted_by(sql))}
    assert {table.name for table in all_tables()} <= set(made)
    assert {name: sorts for name, (columns, sorts) in made.items() if not set(sorts) <= set(columns)} == {}
    assert made["songplays"][1] == ("start_time",)


def test_no_query_has_a_form_that_redshift_refuses_or_a_text_that_grows(gathered: Gathered) -> None:
    assert {sql: found for sql in gathered.arrived if (found := rules.faults_of_queries(sql))} == {}


# The rules find what they are for

_ROLE = "IAM_ROLE 'arn:aws:iam::123456789012:role/copy'"


@pytest.mark.parametrize(
    ("sql", "faults"),
    [
        (f"COPY t FROM 's3://b/m' {_ROLE} FORMAT AS PARQUET MANIFEST", []),
        (f"copy t FROM 's3://b/m' {_ROLE} JSON 's3://b/p' MAXERROR 0", []),
        ("COPY t FROM 's3://b/m' FORMAT AS PARQUET", ["no IAM_ROLE"]),
        ("COPY t FROM 's3://b/m' IAM_ROLE default FORMAT AS PARQUET", []),
        ("COPY t FROM 's3://b/m' IAM_ROLE other FORMAT AS PARQUET", ["no IAM_ROLE"]),
        (f"COPY t FROM 's3://b/m' {_ROLE} credentials 'aws_access_key_id=x'", ["keys"]),
        ("COPY t FROM 's3://b/m' ACCESS_KEY_ID 'x' SECRET_ACCESS_KEY 'y'", ["no IAM_ROLE", "keys"]),
        (f"COPY t FROM 's3://b/m' {_ROLE} MAXERROR AS 10", ["MAXERROR above 0"]),
        ("SELECT 1", []),
    ],
)
def test_the_rule_of_copy(sql: str, faults: list[str]) -> None:
    assert rules.faults_of_copy(sql) == faults


def test_the_rules_of_transactions() -> None:
    given = ["SELECT 1", "BEGIN", "LOCK a", "TRUNCATE b", "ALTER TABLE c APPEND FROM d", "COMMIT", "TRUNCATE e",
             "begin", "SELECT * FROM c, 'a'", "SELECT 'b'", "LOCK TABLE b, a", "rollback"]  # fmt: skip
    first, second = rules.transactions_in(given)
    assert rules.committing_in(first) == ["TRUNCATE b", "ALTER TABLE c APPEND FROM d"]
    assert rules.committing_in(second) == []
    assert rules.locks_in(second) == ["b", "a"]
    assert rules.out_of_order([["a"], ["a", "b"], ["b", "c"]]) == []
    assert rules.out_of_order([["a", "b"], ["b", "a"]]) == [("a", "b"), ("b", "a")]
    assert rules.affected_before_lock(second, ["b", "c"]) == ["SELECT * FROM c, 'a'"]
    assert rules.affected_before_lock(first, ["a", "b"]) == []


@pytest.mark.parametrize(
    ("definition", "found"),
    [
        ("a BIGINT, PRIMARY KEY (a)", True),
        ("a BIGINT PRIMARY KEY", True),
        ("a BIGINT UNIQUE", True),
        ("a BIGINT REFERENCES users (user_id)", True),
        ("a BIGINT, FOREIGN KEY (a) REFERENCES users (user_id)", True),
        ("a BIGINT NOT NULL", False),
    ],
)
def test_the_rule_of_keys(definition: str, found: bool) -> None:
    assert ("declared key" in rules.banned_in(f"CREATE TABLE t ({definition})")) is found
    assert rules.sorted_by(f"CREATE TABLE t ({definition}) SORTKEY (b)") == ("t", ("a",), ("b",))


@pytest.mark.parametrize(
    ("sql", "fault"),
    [
        ("SELECT 1 FROM a WHERE EXISTS (SELECT 1 FROM b WHERE b.x = a.x)", ""),
        ("SELECT 1 FROM a WHERE NOT EXISTS (SELECT 1 FROM b WHERE b.x = a.x AND b.y = 1) AND a.y = 1", ""),
        ("SELECT 1 FROM a WHERE a.x IN (SELECT b.x FROM b) OR a.y NOT IN (SELECT b.y FROM b GROUP BY b.y)", ""),
        ("DELETE FROM a WHERE EXISTS (SELECT 1 FROM b WHERE b.x = a.x)", ""),
        ("SELECT 1 FROM a WHERE a.y = 1 OR EXISTS (SELECT 1 FROM b WHERE b.x = a.x)", "under OR"),
        ("DELETE FROM a WHERE y = 1 OR EXISTS (SELECT 1 FROM b WHERE b.x = a.x)", "under OR"),
        ("SELECT a.x FROM a WHERE NOT EXISTS (SELECT 1 FROM b WHERE b.x = a.x) GROUP BY a.x", "beside GROUP BY"),
        ("SELECT COUNT(*) FROM a WHERE NOT EXISTS (SELECT 1 FROM b WHERE b.x = a.x)", "beside GROUP BY"),
        ("SELECT (SELECT MAX(b.y) FROM b WHERE b.x = a.x) FROM a", "in the SELECT list"),
        ("SELECT CASE WHEN EXISTS (SELECT 1 FROM b WHERE b.x = a.x) THEN 1 END FROM a", "in CASE"),
        (
            "SELECT 1 FROM a WHERE NOT EXISTS (SELECT 1 FROM b WHERE NOT EXISTS (SELECT 1 FROM c WHERE c.x = a.x))",
            "skips",
        ),
        ("SELECT 1 FROM a WHERE a.x = (SELECT MAX(c.x) FROM (SELECT b.x FROM b WHERE b.y = a.y) AS c)", "skips"),
        ("SELECT 1 FROM a LEFT JOIN b ON a.x = b.x AND b.y = (SELECT MAX(c.y) FROM c WHERE c.x = b.x)", "outer join"),
        ("SELECT 1 FROM a WHERE a.x NOT IN (SELECT b.x FROM b WHERE b.y = a.y)", "NOT IN"),
        ("SELECT 1 FROM a WHERE a.x IN (SELECT SUM(b.x) OVER () FROM b WHERE b.y = a.y)", "window"),
        ("SELECT 1 FROM a WHERE a.x IN (SELECT SUM(b.x) FROM b WHERE b.y = a.y GROUP BY b.z)", "aggregates"),
        ("SELECT 1 FROM a WHERE EXISTS (SELECT 1 FROM b WHERE b.x >= a.x)", "something else than ="),
        ("SELECT 1 FROM a WHERE EXISTS (SELECT 1 FROM b WHERE b.x = a.x OR b.y = 1)", "something else than ="),
    ],
)
def test_the_rule_of_subqueries(sql: str, fault: str) -> None:
    found = rules.faults_of_queries(sql)
    assert any(fault in one for one in found) if fault else found == []


@pytest.mark.parametrize(
    ("expression", "grows"),
    [
        ("artist || CHR(1)", True),
        ("MD5(artist || CHR(31) || song)", True),
        ("CASE WHEN artist = '' THEN artist END || 'x'", True),
        ("CAST(artist AS VARCHAR) || 'x'", True),
        ("CAST(ts AS VARCHAR) || '-' || CAST(\"userId\" AS VARCHAR)", False),
        ("'SOX' || UPPER(SUBSTRING(MD5(artist), 1, 15))", False),
        ("CASE WHEN OCTET_LENGTH(artist) < 65535 THEN artist END || 'x'", False),
        ("CAST(artist AS VARBYTE(65535))", False),
    ],
)
def test_the_rule_of_texts(expression: str, grows: bool) -> None:
    assert bool(rules.faults_of_queries(f"SELECT {expression} AS x FROM t")) is grows


@pytest.mark.parametrize(
    ("sql", "found"),
    [
        ("SELECT a + INTERVAL '1 second' FROM t", []),
        ("SELECT a + INTERVAL '1 millisecond' FROM t", ["INTERVAL '1 millisecond'"]),
        ("SELECT EXTRACT(EPOCH FROM a) FROM t", ["EXTRACT(EPOCH"]),
        ("SELECT DATE_PART(epoch, a) FROM t", ["EXTRACT(EPOCH"]),
        ("SELECT 'INTERVAL, EPOCH FROM' FROM t", []),
    ],
)
def test_the_rule_of_times(sql: str, found: list[str]) -> None:
    assert rules.banned_in(sql) == found

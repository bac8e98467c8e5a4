"""The stand-in as the official driver meets it: TLS, passwords, parameters, transactions, and what is made to fail."""

from __future__ import annotations

import datetime
import gc
import threading
import warnings
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest
from redshift_connector.error import Error
from tests.redshift.driver import Run, connect_to
from tests.redshift.standin import RedshiftStandIn
from tests.redshift.standin.certificates import make
from tests.redshift.standin.faults import no_relation, serializable_violation
from tests.redshift.standin.transactions import Isolation


def refusal(server: RedshiftStandIn, **options: Any) -> str:
    """Why a connection is refused. The driver leaves its socket open then."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        try:
            connect_to(server, **options)
        except Error as error:
            text = str(error)
        else:
            raise AssertionError("it is not refused")
        gc.collect()
    return text


@pytest.mark.parametrize("mode", ["verify-ca", "verify-full"])
def test_tls_is_verified(redshift: RedshiftStandIn, connect: Any, mode: str, monkeypatch: Any, tmp_path: Path) -> None:
    assert Run(connect(sslmode=mode))("SELECT 1") == [(1,)]
    monkeypatch.setenv("SSL_CERT_FILE", str(make(tmp_path).ca_file))
    assert "CERTIFICATE_VERIFY_FAILED" in refusal(redshift, sslmode=mode)


def test_verify_full_wants_the_name(redshift: RedshiftStandIn, connect: Any, monkeypatch: Any, tmp_path: Path) -> None:
    other = make(tmp_path, ("redshift.example.com",))
    monkeypatch.setattr(redshift, "certificates", other)
    monkeypatch.setenv("SSL_CERT_FILE", str(other.ca_file))
    assert Run(connect(sslmode="verify-ca"))("SELECT 1") == [(1,)]
    assert "Hostname mismatch" in refusal(redshift, sslmode="verify-full")


def test_a_connection_without_tls_is_refused(redshift: RedshiftStandIn) -> None:
    assert "SSL off" in refusal(redshift, ssl=False, sslmode=None)


def test_passwords(redshift: RedshiftStandIn, connect: Any) -> None:
    assert "password authentication failed" in refusal(redshift, password="wrong")
    assert "password authentication failed" in refusal(redshift, user="nobody")
    redshift.passwords["reader"] = "Other-Horse-9"
    assert Run(connect(user="reader", password="Other-Horse-9"))("SELECT 1") == [(1,)]
    assert Run(connect(user="IAM:reader", password="temporary"))("SELECT 1") == [(1,)]
    assert "does not exist" in refusal(redshift, database="nowhere")


def test_it_says_that_it_is_redshift(connect: Any) -> None:
    connection = connect()
    assert str(connection._server_version) == "8.0.2"
    assert "Redshift" in Run(connection)("SELECT version()")[0][0]


def test_parameters_and_values(run: Run) -> None:
    run(
        "CREATE TABLE t (a BIGINT, b INTEGER, c SMALLINT, d DOUBLE PRECISION, e VARCHAR(99), f TIMESTAMP, g BOOLEAN,"
        " h DECIMAL(9, 4), i DATE)"
    )
    row = (
        2**40, 5, -3, 0.1, "Zoë's 'x' %s $1 \\ \"", datetime.datetime(2018, 11, 1, 21, 1, 46, 796000), True,
        Decimal("1.2500"), datetime.date(2018, 11, 1),
    )  # fmt: skip
    marks = ", ".join(["%s"] * len(row))
    run(f"INSERT INTO t VALUES ({marks})", row)
    run(f"INSERT INTO t VALUES ({marks})", (None,) * len(row))
    assert run("SELECT * FROM t WHERE a = %s AND e = %s", (2**40, row[4])) == [row]
    assert run("SELECT * FROM t WHERE a IS NULL") == [(None,) * len(row)]
    assert run("SELECT COUNT(*) FROM t WHERE e LIKE %s OR b IN (%s, %s)", ("Zo%", 7, 8)) == [(1,)]


def test_executemany_and_row_counts(run: Run) -> None:
    run("CREATE TABLE t (a INT)")
    cursor = run.connection.cursor()
    cursor.executemany("INSERT INTO t VALUES (%s)", [(number,) for number in range(5)])
    assert cursor.rowcount == 5
    cursor.execute("DELETE FROM t WHERE a < 2")
    assert cursor.rowcount == 2
    cursor.execute("SELECT a FROM t")
    assert cursor.rowcount == -1 and len(cursor.fetchall()) == 3


def test_statements_are_kept_apart_from_their_parameters(run: Run, redshift: RedshiftStandIn) -> None:
    run("SELECT %s", ("a secret",))
    assert redshift.statements[-1] == "SELECT $1"


def test_rollback_and_commit(connect: Any, run: Run) -> None:
    connection = connect()
    inside = Run(connection)
    inside("CREATE TABLE t (a INT)")
    inside("CREATE TEMPORARY TABLE s AS SELECT 1 AS a")
    connection.rollback()
    assert run.error("SELECT * FROM t")["C"] == "42P01"
    inside("CREATE TABLE t (a INT)")
    inside("INSERT INTO t VALUES (1)")
    assert run.error("SELECT * FROM t")["C"] == "42P01"
    connection.commit()
    assert run("SELECT * FROM t") == [(1,)]


def test_a_cut_connection_undoes_its_transaction(connect: Any, run: Run) -> None:
    run("CREATE TABLE t (a INT)")
    connection = connect()
    Run(connection)("INSERT INTO t VALUES (1)")
    connection.close()
    run("INSERT INTO t VALUES (2)")
    assert run("SELECT a FROM t") == [(2,)]


def test_simple_queries(redshift: RedshiftStandIn) -> None:
    """psql's way, as libpq speaks it: with a type that needs no driver."""
    dsn = f"host=127.0.0.1 port={redshift.port} user={redshift.user} password={redshift.password} dbname=dev"
    with psycopg.Connection.connect(f"{dsn} sslmode=verify-ca sslrootcert={redshift.ca_file}") as connection:
        raw = connection.pgconn
        raw.exec_(b"CREATE TABLE t (a INT)")
        assert raw.exec_(b"INSERT INTO t VALUES (1), (2)").command_tuples == 2
        found = raw.exec_(b"SELECT a, 'x' FROM t ORDER BY a")
        assert [(found.get_value(row, 0), found.get_value(row, 1)) for row in range(2)] == [(b"1", b"x"), (b"2", b"x")]
        assert b"RETURNING" in (raw.exec_(b"DELETE FROM t RETURNING a").error_message)
        assert raw.exec_(b"SELECT COUNT(*) FROM t").get_value(0, 0) == b"2"


# Concurrent writers


@pytest.mark.parametrize("isolation", ["snapshot", "serializable"])
def test_a_writer_with_an_old_snapshot_meets_a_conflict(
    connect: Any, run: Run, redshift: RedshiftStandIn, isolation: Isolation
) -> None:
    redshift.versions.isolation = isolation
    run("CREATE TABLE t (a INT)")
    connection = connect()
    late = Run(connection)
    assert late("SELECT COUNT(*) FROM t") == [(0,)]
    run("INSERT INTO t VALUES (1)")
    assert late("SELECT COUNT(*) FROM t") == [(0,)]
    error = late.error("INSERT INTO t VALUES (2)")
    if isolation == "serializable":
        assert error["M"] == "1023" and "Serializable isolation violation" in error["D"]
    else:
        assert "could not complete because of conflict with concurrent transaction" in error["M"]
    connection.rollback()
    late("INSERT INTO t VALUES (2)")
    connection.commit()
    assert run("SELECT COUNT(*) FROM t") == [(2,)]


def test_writers_that_lock_first_take_turns(connect: Any, run: Run) -> None:
    run("CREATE TABLE t (a INT)")
    first, second = connect(), connect()
    Run(first)("LOCK t")
    Run(first)("INSERT INTO t VALUES (1)")
    seen: list[Any] = []

    def wait_and_write() -> None:
        inside = Run(second)
        inside("LOCK t")
        seen.append(inside("SELECT COUNT(*) FROM t")[0][0])
        inside("INSERT INTO t VALUES (2)")
        second.commit()

    thread = threading.Thread(target=wait_and_write)
    thread.start()
    thread.join(0.2)
    assert thread.is_alive() and seen == []
    first.commit()
    thread.join(30)
    assert seen == [1] and run("SELECT COUNT(*) FROM t") == [(2,)]


def test_a_table_made_after_the_snapshot_meets_1018(connect: Any, run: Run) -> None:
    """The example of the page: a table is dropped and made again by others."""
    run("CREATE TABLE a (id INT)")
    run("CREATE TABLE b (id INT)")
    connection = connect()
    late = Run(connection)
    late("SELECT * FROM b")
    run("DROP TABLE a")
    run("CREATE TABLE a (id INT)")
    assert late.error("SELECT * FROM a")["M"] == "1018"


# Failing on purpose


def test_it_fails_when_told(run: Run, redshift: RedshiftStandIn) -> None:
    run("CREATE TABLE t (a INT)")
    redshift.faults.fail(r"^insert into t\b", serializable_violation("t"), times=2)
    redshift.faults.fail("select", no_relation())
    assert [run.error("INSERT INTO t VALUES (1)")["M"] for _ in range(2)] == ["1023", "1023"]
    run("INSERT INTO t VALUES (1)")
    assert run.error("SELECT a FROM t")["M"] == "1018"
    assert run("SELECT a FROM t") == [(1,)]


@pytest.mark.parametrize("when", ["before", "after"])
def test_it_cuts_the_connection_when_told(redshift: RedshiftStandIn, connect: Any, run: Run, when: Any) -> None:
    """After a commit that nobody heard of, the rows are there."""
    run("CREATE TABLE t (a INT)")
    connection = connect()
    Run(connection)("INSERT INTO t VALUES (1)")
    redshift.faults.cut("^commit", when=when)
    with pytest.raises(Error):
        connection.commit()
    assert run("SELECT COUNT(*) FROM t") == [(1 if when == "after" else 0,)]


def test_each_start_is_empty(redshift: RedshiftStandIn, run: Run) -> None:
    run("CREATE TABLE t (a INT)")
    redshift.s3().put_object(Bucket=redshift.bucket, Key="x", Body=b"")
    redshift.reset()
    again = Run(connect_to(redshift, autocommit=True))
    assert again("SELECT table_name FROM svv_tables WHERE table_schema = 'public'") == []
    assert redshift.s3().list_objects_v2(Bucket=redshift.bucket)["KeyCount"] == 0
    again.connection.close()

"""Names and data with every sign in them work or are refused, and none of them reaches the text of a statement."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
import pytest
from psycopg import sql
from tests.servers.postgres import DebianServer
from tests.support import DUCKDB, event, load, picture, rows, song, using, write_lines

import sparkify
from sparkify.errors import SparkifyError, UsageError, WarehouseError

NAMES = [
    "with space",
    "quo\"te's",
    "a;DROP TABLE songplays;--",
    "100%s %(x)s %41",
    "q?uery&schema=x#y",
    "at@slash/colon:back\\slash",
    "Größe 数据 \U0001f600",
    "MixedCase",
    "select",
]


@pytest.mark.parametrize("name", NAMES)
def test_names_of_database_user_password_and_schema(server: DebianServer, messy: Path, name: str) -> None:
    identifier = sql.Identifier(name)
    with psycopg.connect(server.url(), autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(identifier, sql.Literal(name)))
        admin.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(identifier, identifier))
        try:
            url = server.tcp_url(name, name, name, schema=name)
            with sparkify.connect(url) as warehouse:
                warehouse.etl(logs=str(messy / "logs"), songs=str(messy / "songs"), max_rejects="100%")
            with sparkify.connect(url, read_only=True) as warehouse:
                assert all(check.state != "failed" for check in warehouse.check())
                user, database, schema = warehouse.query(
                    "SELECT session_user, current_database(), current_schema()"
                ).rows[0]
                assert (user, database, schema) == (name, name, name)
            with using(DUCKDB):
                assert picture(server.url(database=name, schema=name)) == picture(
                    load(messy, "duck", max_rejects="100%")
                )
        finally:
            admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(identifier))
            admin.execute(sql.SQL("DROP ROLE {}").format(identifier))


@pytest.mark.parametrize("name", ["a\0b", "x" * 64, "ü" * 32, "$user"], ids=["NUL", "long", "long in bytes", "$user"])
def test_a_schema_that_cannot_be(server: DebianServer, name: str) -> None:
    with pytest.raises(UsageError, match=r"not the name of a schema|\$user"):
        sparkify.connect(server.url(schema=name))
    with pytest.raises(UsageError, match=r"not the name of a schema|\$user"):
        sparkify.connect(server.url(), schema=name)


@pytest.mark.parametrize("name", ["pg_catalog", "pg_mine", "pg_temp", "information_schema"])
def test_a_schema_of_the_server(server: DebianServer, database: str, role: str, name: str, tmp_path: Path) -> None:
    write_lines(tmp_path / "logs/a.json", [event()])
    with (
        pytest.raises(WarehouseError, match=r"permission denied|unacceptable schema name|may not use"),
        sparkify.connect(server.url(role, database, schema=name)) as warehouse,
    ):
        warehouse.etl(logs=str(tmp_path / "logs"))


def test_the_schema_in_the_url_beats_the_setting(server: DebianServer, database: str) -> None:
    with sparkify.connect(server.url(database=database, schema="of the url"), schema="of the setting") as warehouse:
        assert warehouse.query("SELECT current_schema()").rows == [("of the url",)]
    with sparkify.connect(server.url(database=database), schema="of the setting") as warehouse:
        assert warehouse.query("SELECT current_schema()").rows == [("of the setting",)]
    with sparkify.connect(server.url(database=database)) as warehouse:
        assert warehouse.query("SELECT current_schema()").rows == [("public",)]


VALUES = [
    '"', "''", '"a,b"', ",", "\\", "\\.", "a\n\\.\nb", "\\.\nx", "x\n\\.", "\\N", "\\\\N", "\t", "a\tb", "a\r\nb",
    "a\rb", "\n", "NULL", "null", " ", "  x", "\u0085", "a\u0085b", "\u2028", "\ufeff", "\U0001f600", "\u202eabc",
    "\x01\x1b[31m", "\u00a0", "e\u0301", "%s %(a)s ? $1 :first_new", "'; DROP TABLE songplays; --", "${x} {0} {}",
    "x" * 60_000,
]  # fmt: skip


def _write_hostile_input(folder: Path) -> None:
    plays = [
        event(itemInSession=number, song=value, artist=value, location=value, userAgent=value, lastName=value)
        for number, value in enumerate(VALUES)
    ]
    songs = [
        song(song_id=f"SO{number}", artist_id=f"AR{number}", title=value, artist_name=value, artist_location=value)
        for number, value in enumerate(VALUES)
    ]
    bad: list[dict[str, Any] | str | bytes] = [*plays]
    bad += ['{"ts": "\\u0000"}', b'{"ts":\0}', b"\xff\xfe", json.dumps(event(song="a\0b")), '{"song": "\\ud800"}']
    write_lines(folder / 'logs/quote\'d "file" 100%s ?x=1&y; $1 {0} \\.json', bad)
    write_lines(folder / "logs/DROP TABLE songplays;-- ü \U0001f600\n.json", [event(sessionId=9), '{"a":'])
    write_lines(folder / "songs/%41 [a-z]*.json", songs)


def test_data_and_names_of_files_arrive_as_in_duckdb(tmp_path: Path) -> None:
    _write_hostile_input(tmp_path)
    place = load(tmp_path, max_rejects="100%")
    with using(DUCKDB):
        assert picture(place) == picture(load(tmp_path, "duck", max_rejects="100%"))
    # The bad lines, two of which are one span, and the play and the song whose title is only a space.
    assert rows(place, "SELECT COUNT(*), CAST(SUM(records) AS INTEGER) FROM etl_rejects") == [(7, 8)]
    write_lines(tmp_path / "logs/more.json", [event(sessionId=10, song=value) for value in VALUES])
    load(tmp_path, max_rejects="100%")
    with using(DUCKDB):
        assert picture(place) == picture(load(tmp_path, "duck", max_rejects="100%"))


def test_nothing_from_data_or_from_the_name_of_a_file_reaches_a_statement(
    server: DebianServer, database: str, role: str, tmp_path: Path
) -> None:
    marker = "MARKER7261"
    write_lines(tmp_path / f"logs/{marker}.json", [event(song=marker, userAgent=marker), f'{{"{marker}": 1}}'])
    write_lines(tmp_path / f"songs/{marker}.json", [song(song_id=marker, title=marker, artist_id=marker)])
    server.run(
        f"ALTER ROLE {role} SET log_statement = 'all'; ALTER ROLE {role} SET log_parameter_max_length = 0", database
    )
    url = server.url(role, database, schema="mine")
    start = server.log.stat().st_size
    settings: dict[str, Any] = {"logs": str(tmp_path / "logs"), "songs": str(tmp_path / "songs"), "max_rejects": "100%"}
    for _ in range(2):
        with sparkify.connect(url) as warehouse:
            warehouse.etl(**settings)
        write_lines(tmp_path / f"logs/{marker}.json", [event(song=marker + "x"), f'{{"{marker}": 2}}'])
    statements = server.log.read_bytes()[start:].decode()
    assert statements.count("INSERT INTO etl_runs") == 2
    assert "COPY staging_events" in statements
    assert marker not in statements


def test_text_that_utf_8_cannot_write_is_refused(server: DebianServer) -> None:
    with pytest.raises(UsageError, match="malformed"):
        sparkify.connect("postgresql://u@h/\udcff")
    with sparkify.connect(server.url()) as warehouse, pytest.raises(SparkifyError, match="UTF-8"):
        warehouse.query("SELECT '\udcff'")


def test_a_schema_with_every_sign_in_a_url(server: DebianServer, database: str) -> None:
    name = "".join(chr(code) for code in range(33, 91)).replace("$", "")
    with sparkify.connect(f"{server.url(database=database)}&schema={quote(name, safe='')}") as warehouse:
        assert warehouse.query("SELECT current_schema()").rows == [(name,)]

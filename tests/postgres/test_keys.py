"""Keys, references and NOT NULL are the server's: there after every kind of load, held, and found by others."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from tests.support import event, load, meddle, rows, song, url_of, write_lines

from sparkify.sql import definitions

PRIMARY_KEYS = {
    *(("songplays", "songplay_id"), ("users", "user_id"), ("time", "start_time"), ("songs", "song_id")),
    *(("artists", "artist_id"), ("etl_files", "file_id"), ("etl_runs", "run_id"), ("etl_rejects", "file_id")),
    *(
        ("etl_rejects", "reject_no"),
        ("etl_replays", "replay_id"),
        ("etl_settings", "setting"),
        ("etl_tables", "table_name"),
        ("users_history", "user_id"),
        ("users_history", "valid_from"),
        ("etl_repairs", "raw_text"),
        ("etl_commits", "commit_no"),
        *(("etl_offsets", column) for column in ("cluster_id", "topic", "topic_id", "partition_no")),
    ),
}
FOREIGN_KEYS = {
    ("songplays", "user_id", "users"),
    ("songplays", "start_time", "time"),
    ("songplays", "song_id", "songs"),
    ("songplays", "artist_id", "artists"),
    ("songs", "artist_id", "artists"),
    ("users_history", "user_id", "users"),
}

CONSTRAINTS = """
SELECT c.contype::text, t.relname::text, a.attname::text, r.relname::text, c.convalidated, c.condeferred
FROM pg_constraint AS c JOIN pg_class AS t ON t.oid = c.conrelid LEFT JOIN pg_class AS r ON r.oid = c.confrelid
JOIN pg_attribute AS a ON a.attrelid = t.oid AND a.attnum = ANY (c.conkey)
WHERE t.relnamespace = CAST('{}' AS regnamespace) AND c.contype IN ('p', 'f')
"""
INDEXED = """
SELECT t.relname::text, a.attname::text FROM pg_index AS i JOIN pg_class AS t ON t.oid = i.indrelid
JOIN pg_attribute AS a ON a.attrelid = t.oid AND a.attnum = i.indkey[0]
WHERE t.relnamespace = CAST('{}' AS regnamespace) AND i.indisvalid
"""


def _full(folder: Path) -> Any:
    write_lines(folder / "logs/a.json", [event(), event(userId="2", song="Unknown", itemInSession=1)])
    write_lines(folder / "songs/a.json", [song()])
    return load(folder)


def _incremental(folder: Path) -> Any:
    _full(folder)
    write_lines(folder / "logs/b.json", [event(userId="3", itemInSession=2)])
    return load(folder)


def _refreshed(folder: Path) -> Any:
    _incremental(folder)
    return load(folder, full_refresh=True)


def _changed_setting(folder: Path) -> Any:
    _incremental(folder)
    return load(folder, unknown_songs="null")


def _undone(folder: Path) -> Any:
    """A rebuilding that fails after the keys were dropped."""
    place = _incremental(folder)
    meddle(place, "ALTER TABLE staging_events ALTER COLUMN length TYPE VARCHAR(40)")
    with pytest.raises(Exception, match=r"length|operator"):
        load(folder, full_refresh=True)
    return place


LOADS = (_full, _incremental, _refreshed, _changed_setting, _undone)


@pytest.mark.parametrize("how", LOADS, ids=lambda how: how.__name__.strip("_"))
def test_keys_and_references_are_declared(tmp_path: Path, how: Callable[[Path], Any]) -> None:
    place = how(tmp_path)
    schema = url_of(place).partition("schema=")[2]
    found = rows(place, CONSTRAINTS.format(schema))
    assert {(table, column) for kind, table, column, *_ in found if kind == "p"} == PRIMARY_KEYS
    assert {(table, column, other) for kind, table, column, other, *_ in found if kind == "f"} == FOREIGN_KEYS
    assert all(valid for *_, valid, _ in found)
    assert all(deferred for kind, *_, deferred in found if kind == "f")
    indexed = set(rows(place, INDEXED.format(schema)))
    later = ("topic", "topic_id", "partition_no")
    first_of_keys = PRIMARY_KEYS - {("users_history", "valid_from"), ("etl_rejects", "reject_no")}
    first_of_keys -= {("etl_offsets", column) for column in later}
    found_by = {("staging_events", "ts"), ("staging_songs", "file_id")}
    assert indexed == first_of_keys | found_by | {(table, column) for table, column, _ in FOREIGN_KEYS}


def test_columns_are_not_null_where_the_tables_say_so(tmp_path: Path) -> None:
    place = _full(tmp_path)
    schema = url_of(place).partition("schema=")[2]
    found = rows(
        place,
        "SELECT table_name::text, column_name::text FROM information_schema.columns "
        f"WHERE table_schema = '{schema}' AND is_nullable = 'NO'",
    )
    wanted = {
        (table.name, column.name) for table in definitions.all_tables() for column in table.columns if column.not_null
    }
    assert set(found) == wanted


REFUSED = (
    ("DELETE FROM songs WHERE song_id = 'SO1'", psycopg.errors.ForeignKeyViolation),
    ("DELETE FROM artists", psycopg.errors.ForeignKeyViolation),
    ("DELETE FROM users WHERE user_id = 1", psycopg.errors.ForeignKeyViolation),
    ('DELETE FROM "time"', psycopg.errors.ForeignKeyViolation),
    ("UPDATE songplays SET song_id = 'nothing'", psycopg.errors.ForeignKeyViolation),
    ("INSERT INTO users SELECT * FROM users", psycopg.errors.UniqueViolation),
    ("INSERT INTO songplays SELECT * FROM songplays", psycopg.errors.UniqueViolation),
    ("UPDATE songs SET title = NULL", psycopg.errors.NotNullViolation),
)


@pytest.mark.parametrize("how", [_full, _incremental, _refreshed], ids=lambda how: how.__name__.strip("_"))
def test_the_server_refuses_what_breaks_them(tmp_path: Path, how: Callable[[Path], Any]) -> None:
    place = how(tmp_path)
    for statement, kind in REFUSED:
        with pytest.raises(kind):
            meddle(place, statement)


def test_songs_that_come_and_go_pass_by_the_references(tmp_path: Path) -> None:
    """Within a chunk rows go before and come after those that refer to them."""
    place = _full(tmp_path)
    write_lines(tmp_path / "songs/a.json", [song(song_id="SO2", artist_id="AR2")])
    load(tmp_path)
    assert rows(place, "SELECT song_id, artist_id FROM songplays WHERE user_id = 1") == [("SO2", "AR2")]
    write_lines(tmp_path / "logs/a.json", [event(userId="9", ts=1541121934797)])
    load(tmp_path)
    assert rows(place, "SELECT user_id FROM users") == [(9,)]
    assert rows(place, 'SELECT COUNT(*) FROM "time"') == [(1,)]

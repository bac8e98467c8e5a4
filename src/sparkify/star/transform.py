"""From staging to the star: the statements, in order, for a full load and for one more chunk.

Both use the same models. In full, a model reads all of staging. In a chunk, it reads the plays and users that the new
and the gone files touch, wherever their rows lie; what is played is counted per song, so that no old play is read again
to know which songs are played at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import NamedTuple

from sqlglot import exp

from sparkify.contract import RECORD_TYPES
from sparkify.sql import definitions, render
from sparkify.sql.definitions import Table
from sparkify.sql.dialect import Dialect, Step
from sparkify.sql.render import Relations, columns_of, parse, quoted, select


class Statement(NamedTuple):
    """One statement, and what it does in a few words; `temporary` is the temporary table that it makes.

    `fills` is the table that holds other rows afterwards, temporary or not. If it `finds_suspects`, it returns texts
    that may have been encoded more than once; those that were go with their repair into the table `repairs`.
    """

    about: str
    sql: str
    temporary: str = ""
    fills: str = ""
    finds_suspects: bool = False


@dataclass(frozen=True)
class Chunk:
    """What the statements depend on.

    `in_full` builds the star from all of staging. `:first_new`, the smallest file_id of the new files, is left in the
    text, so that it can be written once and run for every chunk.
    """

    unknown_songs: str
    in_full: bool = False
    repair_text: bool = True

    @property
    def literals(self) -> Mapping[str, str | int]:
        """What stands for the `:names` in the models."""
        return {"unknown_songs": self.unknown_songs}


_IDENTITY = "SAME_PLAY(t, p)"
PLAYS = "SELECT p.* FROM staging_events AS p WHERE IS_PLAY(p)"
AFFECTED_PLAYS = f"SELECT p.* FROM staging_events AS p JOIN affected_plays AS t ON {_IDENTITY} WHERE IS_PLAY(p)"
_BEFORE = f"{AFFECTED_PLAYS} AND t.rows_before > 0 AND p.file_id < :first_new"
_AFFECTED_USERS = "SELECT t.user_id FROM affected_users AS t"
_AFFECTED_USER_ROWS = (
    'SELECT e."userId", e.ts, e.level FROM staging_events AS e JOIN affected_users AS t ON t.user_id = e."userId"'
)
_GONE = "SELECT file_id FROM gone_files"


def statements(chunk: Chunk, dialect: Dialect) -> list[Statement]:
    """The statements that bring the star up to staging; they run in one transaction with the load."""
    writer = _Writer(chunk, dialect)
    found = _in_full(writer) if chunk.in_full else _incremental(writer)
    if chunk.in_full:
        star = [definitions.table(name) for name in definitions.STAR]
        before, after = dialect.before_full_build(star), dialect.after_full_build(star)
        found = chain(_of_engine(before), found, _of_engine(after))
    return list(_with_statistics(found, chunk.in_full, dialect))


def _of_engine(steps: Iterable[Step]) -> Iterator[Statement]:
    """What the engine alone does."""
    return (Statement(step.about, step.sql) for step in steps)


def _with_statistics(statements: Iterable[Statement], in_full: bool, dialect: Dialect) -> Iterator[Statement]:
    """The planner hears of each table that was just made or, in a full load, filled; of staging always."""
    for record_type in RECORD_TYPES.values():
        yield from _of_engine(dialect.statistics(record_type.table))
    for statement in statements:
        yield statement
        if statement.fills and (in_full or statement.temporary):
            yield from _of_engine(dialect.statistics(statement.fills))


class _Writer:
    """Writes statements in a dialect."""

    def __init__(self, chunk: Chunk, dialect: Dialect) -> None:
        self._chunk = chunk
        self._dialect = dialect

    def text(self, query: exp.Query | str) -> str:
        """A query in the engine's SQL."""
        query = parse(query) if isinstance(query, str) else query
        return render.render(query, self._dialect, self._chunk.literals)

    def temporary(self, name: str, query: exp.Query | str, about: str) -> Statement:
        """Make a temporary table."""
        return Statement(about, f"CREATE TEMPORARY TABLE {name} AS\n{self.text(query)}", name, name)

    @property
    def repairs_text(self) -> bool:
        """Whether texts are repaired."""
        return self._chunk.repair_text

    def repairs(self) -> Statement:
        """Make the table of repairs, which is empty at first."""
        text = self._dialect.type("VARCHAR")
        columns = f"raw_text {text}, repaired_text {text}"
        return Statement("what is repaired", f"CREATE TEMPORARY TABLE repairs ({columns})", "repairs")

    def insert(self, table: str, query: exp.Query | str, about: str) -> Statement:
        """Add rows to a table."""
        columns = columns_of(definitions.table(table).column_names)
        return Statement(about, f"INSERT INTO {quoted(table)} ({columns})\n{self.text(query)}", fills=table)

    def append(self, temporary: str, query: exp.Query | str, about: str) -> Statement:
        """Add rows to a temporary table."""
        return Statement(about, f"INSERT INTO {temporary}\n{self.text(query)}", fills=temporary)

    def delete(self, table: str, column: str, keys: str, about: str) -> Statement:
        """Remove the rows whose column is among the keys."""
        return Statement(about, f"DELETE FROM {quoted(table)}\nWHERE {column} IN (\n{self.text(keys)}\n)")


def plays_query(rows: str, suffix: str = "") -> exp.Query:
    """The plays among some rows of staging, each once; needs `duplicated` and `deduplicated_plays` of the same rows."""
    relations: Relations = {
        "play_rows": parse(rows),
        "duplicated": f"duplicated{suffix}",
        "deduplicated_plays": f"deduplicated_plays{suffix}",
    }
    return select("intermediate/plays", relations)


def _deduplicate(writer: _Writer, rows: str, suffix: str = "") -> Statement:
    relations: Relations = {"play_rows": parse(rows), "duplicated": f"duplicated{suffix}"}
    query = select("intermediate/deduplicated_plays", relations)
    return writer.temporary(f"deduplicated_plays{suffix}", query, "the first of their duplicates")


def clear(dialect: Dialect) -> list[Statement]:
    """The statements that empty the star before it is filled in full; references go before what they refer to."""
    tables = [*reversed(definitions.STAR), "etl_matches"]
    keys = dialect.before_full_build(definitions.table(name) for name in definitions.STAR)
    return list(_of_engine(keys)) + [Statement(f"empty {name}", f"DELETE FROM {quoted(name)}") for name in tables]


def _in_full(writer: _Writer) -> Iterator[Statement]:
    plays = plays_query(PLAYS)
    user_rows = parse('SELECT "userId", ts, level FROM staging_events WHERE "userId" IS NOT NULL')
    yield writer.temporary(
        "duplicated", select("intermediate/duplicated", {"play_rows": parse(PLAYS)}), "find duplicates"
    )
    yield _deduplicate(writer, PLAYS)
    yield writer.temporary("played", select("intermediate/played", {"plays": plays}), "count what was played")
    yield from _last_events(writer, user_rows)
    yield from _repair(writer)
    yield writer.temporary("catalogue", select("intermediate/catalogue"), "first record of each song")
    yield writer.insert("etl_matches", select("intermediate/matches"), "find the song of each play")
    yield writer.insert("artists", select("star/artists"), "fill artists")
    yield writer.insert("songs", select("star/songs"), "fill songs")
    yield writer.insert("users", select("star/users"), "fill users")
    yield from _history(writer, user_rows)
    yield writer.insert("songplays", select("star/songplays", {"plays": plays}), "fill songplays")
    yield writer.insert("time", select("star/time", {"start_times": "songplays"}), "fill time")


def _last_events(writer: _Writer, user_rows: exp.Query) -> Iterator[Statement]:
    yield writer.temporary(
        "last_times", select("intermediate/last_times", {"user_rows": user_rows}), "last time of each user"
    )
    yield writer.temporary("last_events", select("intermediate/last_events"), "last event of each user")


def _repair(writer: _Writer) -> Iterator[Statement]:
    """The repairs of names that are spoilt, and the catalogue with them; without `repair_text` there are none."""
    yield writer.repairs()
    if writer.repairs_text:
        suspects = writer.text(select("intermediate/suspects"))
        yield Statement("find names to be repaired", suspects, fills="repairs", finds_suspects=True)
    yield writer.temporary("repaired_songs", select("intermediate/repaired_songs"), "repair the catalogue")


def _history(writer: _Writer, user_rows: exp.Query) -> Iterator[Statement]:
    yield writer.temporary(
        "level_days", select("intermediate/level_days", {"user_rows": user_rows}), "levels by user and day"
    )
    moments = select("intermediate/level_moments", {"user_rows": user_rows})
    yield writer.temporary("level_moments", moments, "levels by user and millisecond, on days with two")
    yield writer.insert("users_history", select("star/users_history"), "fill users_history")


def _incremental(writer: _Writer) -> Iterator[Statement]:
    yield writer.temporary("affected_plays", select("intermediate/affected_plays"), "plays in new or gone files")
    yield writer.temporary("affected_users", select("intermediate/affected_users"), "users in new or gone files")
    yield from _subtract(writer)
    for record_type in RECORD_TYPES.values():
        yield writer.delete(record_type.table, "file_id", _GONE, f"remove gone files from {record_type.table}")
    yield from _last_events(writer, parse(_AFFECTED_USER_ROWS))
    yield from _match(writer)
    yield from _replace_small(writer, "artists")
    yield from _replace_small(writer, "songs")
    yield from _replace_users(writer)
    yield from _replace_plays(writer)


def _subtract(writer: _Writer) -> Iterator[Statement]:
    """What the touched plays were before."""
    duplicated = "SELECT * FROM affected_plays WHERE rows_before > 1"
    plays = plays_query(_BEFORE, "_before")
    yield writer.temporary("duplicated_before", duplicated, "their duplicates before")
    yield _deduplicate(writer, _BEFORE, "_before")
    yield writer.temporary("played_before", select("intermediate/played", {"plays": plays}), "what they played before")


def _match(writer: _Writer) -> Iterator[Statement]:
    """What is played now, and which songs that is; plays whose song is another one now are touched too."""
    yield writer.temporary("duplicated", "SELECT * FROM affected_plays WHERE rows_after > 1", "their duplicates now")
    yield _deduplicate(writer, AFFECTED_PLAYS)
    yield writer.temporary(
        "played_after", select("intermediate/played", {"plays": plays_query(AFFECTED_PLAYS)}), "what they play now"
    )
    yield writer.temporary("played", select("intermediate/played_merged"), "count what was played")
    yield from _repair(writer)
    yield writer.temporary("catalogue", select("intermediate/catalogue"), "first record of each song")
    yield writer.temporary("matches", select("intermediate/matches"), "find the song of each play")
    yield writer.temporary("rematched", select("intermediate/rematched"), "what is another song now")
    yield writer.append("affected_plays", select("intermediate/rematched_plays"), "their plays")
    more = (
        "SELECT t.* FROM affected_plays AS t WHERE t.rows_after > 1 AND NOT EXISTS "
        f"(SELECT 1 FROM duplicated AS p WHERE {_IDENTITY})"
    )
    yield writer.append("duplicated", more, "their duplicates")
    yield Statement("forget the deduplicated_plays", "DROP TABLE deduplicated_plays")
    yield _deduplicate(writer, AFFECTED_PLAYS)
    yield Statement("forget the old matches", "DELETE FROM etl_matches")
    columns = columns_of(definitions.table("etl_matches").column_names)
    yield writer.insert("etl_matches", f"SELECT {columns} FROM matches", "keep the matches")


def _replace_small(writer: _Writer, name: str) -> Iterator[Statement]:
    """A small table is computed again, and the rows that differ are replaced."""
    definition = definitions.table(name)
    key, columns = definition.key[0], columns_of(definition.column_names)
    new, removed = f"new_{name}", f"removed_{name}"
    yield writer.temporary(new, select(f"star/{name}"), f"work out {name}")
    yield writer.temporary(removed, f"SELECT {key} FROM {name} EXCEPT SELECT {key} FROM {new}", f"{name} that go")
    others = [column for column in definition.columns if column.name != key]
    exact = ", ".join(f"BYTEWISE({c.name}) AS {c.name}" if c.type == "VARCHAR" else c.name for c in others)
    differing = f"SELECT {key}, {exact} FROM {name} EXCEPT SELECT {key}, {exact} FROM {new}"
    yield writer.delete(name, key, f"SELECT d.{key} FROM ({differing}) AS d", f"remove {name} that differ")
    missing = f"SELECT {columns} FROM {new} WHERE {key} NOT IN (SELECT {key} FROM {name})"
    yield writer.insert(name, missing, f"fill {name}")


def _replace_users(writer: _Writer) -> Iterator[Statement]:
    touched = "SELECT user_id FROM affected_users"
    yield writer.delete("users_history", "user_id", touched, "remove touched users from users_history")
    yield writer.delete("users", "user_id", touched, "remove touched users")
    yield writer.insert("users", select("star/users"), "fill users")
    yield from _history(writer, parse(_AFFECTED_USER_ROWS))
    gone = 'SELECT t.user_id FROM affected_users AS t EXCEPT SELECT l."userId" FROM last_times AS l'
    yield writer.temporary("removed_users", gone, "users that go")


def _replace_plays(writer: _Writer) -> Iterator[Statement]:
    old_ids = "SELECT SONGPLAY_ID(t) AS songplay_id FROM affected_plays AS t WHERE t.rows_before > 0"
    old = "SELECT s.songplay_id, s.start_time FROM songplays AS s JOIN old_ids AS o ON o.songplay_id = s.songplay_id"
    new = select("star/songplays", {"plays": plays_query(AFFECTED_PLAYS)})
    columns = columns_of(definitions.table("songplays").column_names)
    yield writer.temporary("old_ids", old_ids, "their ids, where they were there before")
    yield writer.temporary("old_songplays", old, "touched songplays as they were")
    yield writer.temporary("affected_songplays", new, "touched songplays as they are")
    yield writer.delete("songplays", "songplay_id", "SELECT songplay_id FROM old_songplays", "remove old songplays")
    yield writer.insert("songplays", f"SELECT {columns} FROM affected_songplays", "fill songplays")
    times = "SELECT start_time FROM old_songplays UNION SELECT start_time FROM affected_songplays"
    yield writer.temporary("affected_times", times, "touched times")
    touched = "SELECT start_time FROM affected_times"
    yield writer.delete("time", "start_time", touched, "remove touched times")
    starts = parse(f"SELECT start_time FROM songplays WHERE start_time IN ({touched})")
    yield writer.insert("time", select("star/time", {"start_times": starts}), "fill time")
    gone = f'{touched} EXCEPT SELECT start_time FROM "time" WHERE start_time IN ({touched})'
    yield writer.temporary("removed_time", gone, "times that go")


def repaired_rows(chunk: Chunk, dialect: Dialect) -> str:
    """A query of what was repaired among the rows that a chunk touched, to be run after `statements`; may be empty.

    Its rows hold up to three texts, or NULL in their place, and the number of rows in which they stand together.
    """
    played = "played" if chunk.in_full else "played_after"
    query = select("intermediate/repaired_rows", {"played_now": played})
    return render.render(query, dialect) if chunk.repair_text else ""


def scope(chunk: Chunk) -> Relations:
    """What the checks look at in place of the whole tables."""
    if chunk.in_full:
        return {}
    return {
        "songplays": "affected_songplays",
        "users": parse(f"SELECT u.* FROM users AS u WHERE u.user_id IN ({_AFFECTED_USERS})"),
        "users_history": parse(f"SELECT u.* FROM users_history AS u WHERE u.user_id IN ({_AFFECTED_USERS})"),
        "time": parse(
            'SELECT t.* FROM "time" AS t WHERE t.start_time IN (SELECT n.start_time FROM affected_times AS n)'
        ),
    }


def keys_in_scope(chunk: Chunk, table: Table) -> str:
    """A query of what a chunk touched of the key's first column, or nothing if it may be any."""
    touched = {
        "songplays": "affected_songplays",
        "users": "affected_users",
        "users_history": "affected_users",
        "time": "affected_times",
    }
    if chunk.in_full or table.name not in touched:
        return ""
    return f"SELECT k.{table.key[0]} FROM {touched[table.name]} AS k"

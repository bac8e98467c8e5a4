"""Primary keys, references and their indexes: PostgreSQL enforces them."""

from __future__ import annotations

from sparkify.contract import EVENTS, FILE_ID, SONGS
from sparkify.sql.definitions import Reference, Table
from sparkify.sql.render import columns_of, quoted


def add_keys(definition: Table) -> list[str]:
    """The statements that declare a table's keys and references, with an index for each reference.

    References are checked at the end of a transaction: within it rows go and come back, and facts come before
    dimensions.
    """
    name = quoted(definition.name)
    statements = []
    if definition.has_primary_key:
        key = columns_of(definition.key)
        statements.append(f"ALTER TABLE {name} ADD CONSTRAINT {_key_name(definition)} PRIMARY KEY ({key})")
    for reference in definition.references:
        statements += [
            f"ALTER TABLE {name} ADD CONSTRAINT {_reference_name(definition, reference)} "
            f"FOREIGN KEY ({reference.column}) REFERENCES {quoted(reference.table)} ({reference.key}) "
            "DEFERRABLE INITIALLY DEFERRED",
            f"CREATE INDEX {_index_name(definition, reference)} ON {name} ({reference.column})",
        ]
    return statements


def drop_keys(definition: Table) -> list[str]:
    """The statements that undo `add_keys`, where there is something to undo; referring tables come first."""
    name = quoted(definition.name)
    statements = []
    for reference in definition.references:
        statements += [
            f"ALTER TABLE {name} DROP CONSTRAINT IF EXISTS {_reference_name(definition, reference)}",
            f"DROP INDEX IF EXISTS {_index_name(definition, reference)}",
        ]
    return [*statements, f"ALTER TABLE {name} DROP CONSTRAINT IF EXISTS {_key_name(definition)}"]


_FOUND_BY = {EVENTS.table: ("ts", FILE_ID), SONGS.table: (FILE_ID,)}
"""The columns by which a chunk finds its rows in staging."""


def add_index(definition: Table) -> list[str]:
    """The statement that gives a staging table its index; other tables have none.

    It is a block range index: the least and largest values of every 32 pages. It costs next to nothing to keep, and
    rows that come in together are stored together.
    """
    if definition.name not in _FOUND_BY:
        return []
    columns = ", ".join(f"{column} int8_minmax_multi_ops" for column in _FOUND_BY[definition.name])
    return [
        f"CREATE INDEX {_span_name(definition.name)} ON {definition.name} USING brin ({columns}) "
        "WITH (pages_per_range = 32)"
    ]


def summarize(table: str) -> list[str]:
    """The statement that brings the index of a staging table up to date; for other tables there is none.

    Pages that are not summarized yet are read by every query. Only the owner may summarize; for others VACUUM does.
    """
    if table not in _FOUND_BY:
        return []
    return [
        "SELECT brin_summarize_new_values(c.oid) FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace "
        f"WHERE c.relname = '{_span_name(table)}' AND n.nspname = current_schema() "
        "AND pg_has_role(c.relowner, 'USAGE')"
    ]


def _span_name(table: str) -> str:
    return f"{table}_span_idx"


def _key_name(definition: Table) -> str:
    return f"{definition.name}_pkey"


def _reference_name(definition: Table, reference: Reference) -> str:
    return f"{definition.name}_{reference.column}_fkey"


def _index_name(definition: Table, reference: Reference) -> str:
    return f"{definition.name}_{reference.column}_idx"

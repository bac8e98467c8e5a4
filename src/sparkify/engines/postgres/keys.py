"""Primary keys, references and their indexes: PostgreSQL enforces them."""

from __future__ import annotations

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


def _key_name(definition: Table) -> str:
    return f"{definition.name}_pkey"


def _reference_name(definition: Table, reference: Reference) -> str:
    return f"{definition.name}_{reference.column}_fkey"


def _index_name(definition: Table, reference: Reference) -> str:
    return f"{definition.name}_{reference.column}_idx"

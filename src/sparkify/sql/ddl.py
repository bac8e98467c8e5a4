"""The statements that create tables."""

from __future__ import annotations

from sparkify.sql.definitions import Table
from sparkify.sql.dialect import Dialect
from sparkify.sql.render import quoted


def create_table(definition: Table, dialect: Dialect) -> str:
    """The CREATE TABLE statement of a table."""
    columns = [
        f"{quoted(column.name)} {dialect.column_type(column)}{' NOT NULL' if column.not_null else ''}"
        for column in definition.columns
    ]
    options = dialect.table_options(definition)
    lines = ",\n  ".join((*columns, *options.lines))
    return f"CREATE TABLE {quoted(definition.name)} (\n  {lines}\n){options.suffix}"

"""Redshift's SQL."""

from __future__ import annotations

from sparkify.sql.definitions import Column, Table
from sparkify.sql.dialect import BYTEWISE_AGGREGATES, Capabilities, Dialect, TableOptions


class RedshiftDialect(Dialect):
    """Redshift plans memory by the declared length of texts.

    It takes keys, references and the order of rows for the planner alone.
    """

    def column_type(self, column: Column) -> str:
        """Texts as long as the contract allows: intermediate results take the declared length, whatever is in them."""
        return f"VARCHAR({column.most_bytes})" if column.type == "VARCHAR" else self.type(column.type)

    def table_options(self, definition: Table) -> TableOptions:
        """Keys and references, which the checks guarantee and Redshift does not; and the order of the rows."""
        from sparkify.sql.render import columns_of, quoted

        lines = [f"PRIMARY KEY ({columns_of(definition.key)})"] if definition.has_primary_key else []
        lines += [
            f"FOREIGN KEY ({reference.column}) REFERENCES {quoted(reference.table)} ({reference.key})"
            for reference in definition.references
        ]
        sort = f" SORTKEY ({quoted(definition.sort)})" if definition.sort else ""
        return TableOptions(lines, f"\nDISTSTYLE AUTO{sort}")


REDSHIFT = RedshiftDialect(
    name="redshift",
    functions={
        # Days and the rest apart: DATEADD takes an integer of 32 bits.
        "FROM_MILLIS": (
            "DATEADD(MILLISECOND, CAST({0} % 86400000 AS INTEGER), "
            "DATEADD(DAY, CAST({0} / 86400000 AS INTEGER), TIMESTAMP '1970-01-01 00:00:00'))"
        ),
        "TO_MILLIS": "DATEDIFF(MILLISECOND, TIMESTAMP '1970-01-01 00:00:00', {0})",
        # Spaces at the end do not count in comparisons; before the least of signs they do.
        "BYTEWISE": "({0} || CHR(1))",
        **BYTEWISE_AGGREGATES,
    },
    types={"DOUBLE": "DOUBLE PRECISION", "VARCHAR": "VARCHAR(65535)"},
    capabilities=Capabilities(guarantees=frozenset({"not_null"})),
)

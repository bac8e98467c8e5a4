"""Redshift's SQL."""

from __future__ import annotations

from sparkify.sql.definitions import Table
from sparkify.sql.dialect import BYTEWISE_AGGREGATES, Dialect, TableOptions


class RedshiftDialect(Dialect):
    """Redshift takes keys, references and the order of rows for the planner alone."""

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
        # Whole seconds and the rest apart: a product of a fraction and an interval is rounded.
        "FROM_MILLIS": (
            "(TIMESTAMP '1970-01-01 00:00:00' + {0} / 1000 * INTERVAL '1 second'"
            " + {0} % 1000 * INTERVAL '1 millisecond')"
        ),
        "TO_MILLIS": "(CAST(EXTRACT(EPOCH FROM {0}) AS BIGINT) * 1000 + EXTRACT(MILLISECOND FROM {0}) % 1000)",
        # Spaces at the end do not count in comparisons; before the least of signs they do.
        "BYTEWISE": "({0} || CHR(1))",
        **BYTEWISE_AGGREGATES,
    },
    types={"DOUBLE": "DOUBLE PRECISION", "VARCHAR": "VARCHAR(65535)"},
)

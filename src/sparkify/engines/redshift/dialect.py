"""Redshift's SQL."""

from __future__ import annotations

from sparkify.contract import MAX_TEXT_BYTES
from sparkify.sql.definitions import Column, Table
from sparkify.sql.dialect import BYTEWISE_AGGREGATES, Capabilities, Dialect, TableOptions


class RedshiftDialect(Dialect):
    """Redshift plans memory by the declared length of texts, and it believes keys that it does not enforce."""

    def column_type(self, column: Column) -> str:
        """Texts as long as the contract allows: intermediate results take the declared length, whatever is in them."""
        return f"VARCHAR({column.most_bytes})" if column.type == "VARCHAR" else self.type(column.type)

    def table_options(self, definition: Table) -> TableOptions:
        """The order of the rows. No keys: the planner would believe them, and leave out the joins that check them."""
        from sparkify.sql.render import quoted

        sort = f" SORTKEY ({quoted(definition.sort)})" if definition.sort else ""
        return TableOptions(suffix=f"\nDISTSTYLE AUTO{sort}")


_FITTING = f"CASE WHEN OCTET_LENGTH({{{{0}}}}) + OCTET_LENGTH({{{{1}}}}) < {MAX_TEXT_BYTES} THEN {{}} END"

REDSHIFT = RedshiftDialect(
    name="redshift",
    functions={
        # Days and the rest apart: DATEADD takes an integer of 32 bits.
        "FROM_MILLIS": (
            "DATEADD(MILLISECOND, CAST({0} % 86400000 AS INTEGER), "
            "DATEADD(DAY, CAST({0} / 86400000 AS INTEGER), TIMESTAMP '1970-01-01 00:00:00'))"
        ),
        "TO_MILLIS": "DATEDIFF(MILLISECOND, TIMESTAMP '1970-01-01 00:00:00', {0})",
        # Spaces at the end do not count when texts are compared, and when bytes are, they do. Neither grows.
        "BYTEWISE": f"CAST({{0}} AS VARBYTE({MAX_TEXT_BYTES}))",
        **BYTEWISE_AGGREGATES,
        "KEY_OF": "MD5({0})",
        # Both parts are NULL where the whole would be too long: it is never made, in whatever order this is worked out.
        "SONG_DIGEST": f"MD5({_FITTING.format('{0}')} || CHR(31) || {_FITTING.format('{1}')})",
    },
    types={"DOUBLE": "DOUBLE PRECISION", "VARCHAR": "VARCHAR(65535)"},
    capabilities=Capabilities(guarantees=frozenset({"not_null"}), longest_text=MAX_TEXT_BYTES),
)

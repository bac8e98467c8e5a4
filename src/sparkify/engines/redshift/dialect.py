"""Redshift's SQL."""

from __future__ import annotations

from sparkify.sql.dialect import BYTEWISE_AGGREGATES, Capabilities, Dialect

REDSHIFT = Dialect(
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
    # The checks guarantee what is declared: Redshift does not hold it, but plans as if it did.
    capabilities=Capabilities(declares_keys=True, lands_from=frozenset({"s3"})),
)

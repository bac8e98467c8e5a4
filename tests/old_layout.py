"""Make a warehouse one of the first layout, which version 0.1.0 made."""

from __future__ import annotations

from collections.abc import Iterator

from sparkify.sql.definitions import table
from sparkify.sql.render import columns_of
from sparkify.warehouse.inventory import columns_now, first_layout


def to_first_layout() -> Iterator[str]:
    """The statements that take from a new warehouse what the first layout had not."""
    before = first_layout()
    for name, columns in before.items():
        if columns == columns_now()[name]:
            continue
        names = {column.lower(): column for column in table(name).column_names}
        columns = tuple(names.get(column, column) for column in columns)
        old = columns_of(columns).replace("reject_id", "file_id * 1000 + reject_no AS reject_id")
        yield f"CREATE TABLE older AS SELECT {old} FROM {name}"
        yield f"DROP TABLE {name}"
        yield f"CREATE TABLE {name} AS SELECT {columns_of(columns)} FROM older"
        yield "DROP TABLE older"
    for name in columns_now().keys() - before.keys():
        yield f"DROP TABLE {name}"

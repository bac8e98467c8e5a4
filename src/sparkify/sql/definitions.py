"""The definitions of tables: staging from the contract, all others from the headers of their .sql files."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from sparkify.contract import EVENTS, FILE_ID, MAX_TEXT_BYTES, POSITION, RECORD_TYPES, RecordType

STAR = ("artists", "songs", "users", "users_history", "time", "songplays")
"""The star's tables, each after those that it refers to."""


METADATA = (
    "etl_tables", "etl_settings", "etl_runs", "etl_files", "etl_offsets", "etl_rejects", "etl_replays", "etl_matches",
    "etl_repairs", "etl_commits",
)  # fmt: skip
"""The tables that Sparkify keeps beside them."""

REPLAY_ID = "replay_id"
"""The column of a replayed record that says which replay gave it."""


class Column(NamedTuple):
    """One column of a table; `type` by its name in the models."""

    name: str
    type: str
    not_null: bool
    about: str

    @property
    def most_bytes(self) -> int:
        """How long a text in it may be, in bytes of UTF-8: the contract limits those of some names, in any table."""
        return _MOST_BYTES.get(self.name, MAX_TEXT_BYTES)


_MOST_BYTES = {field.name: field.most_bytes for record_type in RECORD_TYPES.values() for field in record_type.fields}


class Reference(NamedTuple):
    """A column whose values are keys of another table."""

    column: str
    table: str
    key: str


@dataclass(frozen=True)
class Table:
    """A table of the warehouse."""

    name: str
    about: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    sort: str = ""
    references: tuple[Reference, ...] = ()

    @property
    def column_names(self) -> tuple[str, ...]:
        """The names of the columns, in order."""
        return tuple(column.name for column in self.columns)

    @property
    def has_primary_key(self) -> bool:
        """Whether the key can be declared as one: no column of it may be NULL."""
        required = {column.name for column in self.columns if column.not_null}
        return bool(self.key) and required.issuperset(self.key)


class Header(NamedTuple):
    """The comment at the head of a .sql file: words before a colon, and the columns."""

    values: dict[str, str]
    columns: tuple[Column, ...]


@cache
def read_model(path: str) -> tuple[Header, str]:
    """The header and the body of a file in sql/, such as `star/songs`."""
    text = files("sparkify").joinpath("sql", path + ".sql").read_text(encoding="utf-8")
    head, _, body = text.removeprefix("/*").partition("*/")
    values: dict[str, str] = {}
    columns = []
    key = ""
    for line in head.strip("\n").splitlines():
        if key == "columns" and line.startswith("  "):
            columns.append(_column(line))
        elif line.startswith("  "):
            values[key] += " " + line.strip()
        else:
            key, _, value = line.partition(":")
            values[key] = value.strip()
    return Header(values, tuple(columns)), body.strip()


def _column(line: str) -> Column:
    name, kind, rest = line.strip().split(maxsplit=2)
    not_null = rest.startswith("not null")
    return Column(name, kind, not_null, rest.removeprefix("not null").strip())


def header(path: str) -> dict[str, str]:
    """The header of a file in sql/, such as `checks/level_known`."""
    return read_model(path)[0].values


def names_in(folder: str) -> list[str]:
    """The names of the .sql files in a folder of sql/, in order."""
    entries = files("sparkify").joinpath("sql", folder).iterdir()
    return sorted(entry.name.removesuffix(".sql") for entry in entries if entry.name.endswith(".sql"))


@cache
def table(name: str) -> Table:
    """The definition of a table: staging from the contract, all others from their files."""
    for record_type in RECORD_TYPES.values():
        if name == record_type.table:
            return _staging_table(record_type)
        if name == replayed_table(record_type):
            return _replayed_table(record_type)
    found = read_model(f"{'star' if name in STAR else 'metadata'}/{name}")[0]
    values = found.values
    references = [_reference(text) for text in values.get("references", "").split(",") if text]
    return Table(
        name=name,
        about=values["about"],
        columns=found.columns,
        key=tuple(values["key"].split(", ")),
        sort=values.get("sort", ""),
        references=tuple(references),
    )


def _reference(text: str) -> Reference:
    column, target = text.split("->")
    other, key = target.strip().split(".")
    return Reference(column.strip(), other, key)


def replayed_table(record_type: RecordType) -> str:
    """The name of the table of the records that replays gave."""
    return f"etl_replayed_{record_type.kind}"


def _staging_table(record_type: RecordType) -> Table:
    position = Column(POSITION, "BIGINT", False, "the offset of the message that holds the record; NULL for files")
    of_file = Column(
        FILE_ID, "BIGINT", True, "the file that holds the record, or the reject in whose place it was given"
    )
    about = f"every accepted record of the {record_type.kind}"
    sort = "ts" if record_type is EVENTS else ""
    return Table(record_type.table, about, (*_fields(record_type), position, of_file), sort=sort)


def _replayed_table(record_type: RecordType) -> Table:
    of_replay = Column(REPLAY_ID, "BIGINT", True, "the replay that gave the record")
    about = f"the {record_type.kind} that replays gave; staging holds those whose reject is there"
    return Table(replayed_table(record_type), about, (*_fields(record_type), of_replay))


def _fields(record_type: RecordType) -> tuple[Column, ...]:
    return tuple(Column(field.name, field.type.value, field.required, field.about) for field in record_type.fields)


def all_tables() -> tuple[Table, ...]:
    """Every table of the warehouse, each after those that it refers to."""
    staging = tuple(
        name for record_type in RECORD_TYPES.values() for name in (record_type.table, replayed_table(record_type))
    )
    return tuple(table(name) for name in (*METADATA, *staging, *STAR))

"""How wide the rows are that a statement sorts, groups or compares as wholes, by the declared length of their columns.

Redshift's users meet "8001 The combined length of columns processed in the SQL statement exceeded the query-processing
limit of 65535 characters"; no page of AWS's says what counts. So the widths are written down, and a test holds them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from sqlglot import exp, parse_one

from sparkify.contract import MAX_NAME_BYTES, MAX_TEXT_BYTES, MAX_WORD_BYTES
from sparkify.sql import definitions

NUMBER_BYTES = 8
_TABLES = {table.name: table for table in definitions.all_tables()}
_WIDTHS = {
    column.name.lower(): column.most_bytes if column.type == "VARCHAR" else NUMBER_BYTES
    for table in _TABLES.values()
    for column in table.columns
} | {
    **dict.fromkeys(("last_level", "level_before", "next_level", "current_level"), MAX_WORD_BYTES),
    **dict.fromkeys(("found_song_id", "found_artist_id", "named_artist_id"), MAX_NAME_BYTES),
    **dict.fromkeys(("text_1", "text_2", "text_3"), MAX_TEXT_BYTES),
}


_DIGEST = "digest_of_a_text"
_WIDTHS[_DIGEST] = 32


def _digest(node: exp.Expr) -> exp.Expr:
    """In the place of an MD5 a column of its width, whatever it is made of."""
    return exp.column(_DIGEST) if isinstance(node, exp.MD5) else node


class Widths:
    """Measures the statements of one connection in order: each may read the temporary tables that others made."""

    def __init__(self) -> None:
        self._temporary: dict[str, list[str]] = {}

    def widest(self, sql: str) -> int:
        """The widest row, in bytes, that a step of a statement handles as a whole; 0 if none does."""
        tree = parse_one(sql, read="redshift").transform(_digest)
        found = max((self._width(columns) for columns in self._handled(tree)), default=0)
        if isinstance(tree, exp.Create) and tree.find(exp.TemporaryProperty) and isinstance(tree.expression, exp.Query):
            self._temporary[tree.this.name] = self._outputs(tree.expression)
        return found

    def _width(self, columns: Iterable[str]) -> int:
        return sum(_WIDTHS.get(name.lower(), NUMBER_BYTES) for name in columns)

    def _handled(self, tree: exp.Expr) -> Iterator[list[str]]:
        for query in tree.find_all(exp.Select):
            windows = [call for chosen in query.expressions for call in chosen.find_all(exp.Window)]
            if query.args.get("group") or query.args.get("distinct") or query.args.get("order") or windows:
                yield self._passing(query)
        for operation in tree.find_all(exp.SetOperation):
            if operation.args.get("distinct") is not False or isinstance(operation, exp.Except | exp.Intersect):
                yield self._outputs(operation)

    def _passing(self, query: exp.Select) -> list[str]:
        """The columns that a step of a query takes: those that it shows, and those that it sorts or groups by."""
        parts = [*query.expressions, *(query.args[name] for name in ("group", "order") if query.args.get(name))]
        named = {
            (column.table, column.name)
            for part in parts
            for column in part.find_all(exp.Column)
            if not isinstance(column.this, exp.Star)
        }
        stars = [
            column.table for part in parts for column in part.find_all(exp.Column) if isinstance(column.this, exp.Star)
        ]
        for table in stars:
            named |= {(table, name) for name in self._columns_of(query, table)}
        if any(isinstance(part, exp.Star) for part in query.expressions):
            named |= {(alias, name) for alias in self._aliases(query) for name in self._columns_of(query, alias)}
        return [name for _, name in named]

    def _outputs(self, query: exp.Query) -> list[str]:
        if isinstance(query, exp.SetOperation):
            return self._outputs(query.left)
        found: list[str] = []
        for chosen in query.selects:
            if isinstance(chosen, exp.Column) and isinstance(chosen.this, exp.Star):
                found += self._columns_of(query, chosen.table)
            elif isinstance(chosen, exp.Star):
                found += [name for alias in self._aliases(query) for name in self._columns_of(query, alias)]
            else:
                is_digest = isinstance(chosen.unalias(), exp.Column) and chosen.unalias().name == _DIGEST
                found.append(_DIGEST if is_digest else chosen.alias_or_name)
        return found

    def _sources(self, query: exp.Expr) -> Mapping[str, exp.Expr]:
        parts = [query.args.get("from_"), *(query.args.get("joins") or [])]
        return {part.this.alias_or_name: part.this for part in parts if part is not None}

    def _aliases(self, query: exp.Expr) -> list[str]:
        return list(self._sources(query))

    def _columns_of(self, query: exp.Expr, alias: str) -> list[str]:
        source = self._sources(query).get(alias)
        if isinstance(source, exp.Subquery) and isinstance(query := source.unnest(), exp.Query):
            return self._outputs(query)
        name = source.name if source is not None else ""
        if name in self._temporary:
            return self._temporary[name]
        return list(_TABLES[name].column_names) if name in _TABLES else []

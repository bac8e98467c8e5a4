"""SQL as trees: parsed once, and with tables, queries and models in the place of the names that stand for them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TypeVar

import sqlglot
from sqlglot import exp

from sparkify.sql.definitions import STAR, read_model

SOURCE_DIALECT = "duckdb"
"""The models are written in DuckDB's SQL, in the part of it that all engines have."""

Relations = Mapping[str, "exp.Query | str"]
"""What names stand for: a query to read from, another table's name, or a model as `model.NAME`."""

Tree = TypeVar("Tree", bound=exp.Expr)

_MODEL = "model."


@cache
def parsed(sql: str, dialect: str = SOURCE_DIALECT) -> exp.Expr:
    """A statement, or a part of one. It is shared: copy it before you change it."""
    return sqlglot.parse_one(sql, read=dialect)


def parsed_query(sql: str) -> exp.Query:
    """A query in the models' SQL. It is shared: copy it before you change it.

    Raises:
        TypeError: it is another kind of statement.
    """
    tree = parsed(sql)
    if not isinstance(tree, exp.Query):
        raise TypeError(f"not a query: {sql}")
    return tree


def read_query(path: str) -> exp.Query:
    """The SELECT of a model as it stands there. It is shared: copy it before you change it."""
    return parsed_query(read_model(path)[1])


def put_relations(statement: Tree, relations: Relations) -> Tree:
    """A copy of a statement with what its names stand for in their place.

    A table `model.NAME` stands for the SELECT of star/NAME.sql or intermediate/NAME.sql, in which relations are put in
    place too. What is read keeps its name as an alias; a table that is written to gets the other name everywhere.
    """
    statement = statement.copy()
    for node in list(statement.find_all(exp.Table)):
        target = f"{node.db}.{node.name}" if node.db else relations.get(node.name)
        if target is None:
            continue
        if isinstance(target, exp.Query):
            node.replace(target.copy().subquery(node.alias_or_name))
        elif target.startswith(_MODEL):
            _put_model(node, target.removeprefix(_MODEL), relations)
        elif _is_written_to(node):
            _rename(statement, node, target)
        else:
            node.replace(exp.to_table(target, alias=node.alias_or_name))
    return statement


def _put_model(node: exp.Table, name: str, relations: Relations) -> None:
    folder = "star" if name in STAR else "intermediate"
    model = put_relations(read_query(f"{folder}/{name}"), relations)
    whole = _selects_all_of(node)
    if whole and whole.parent:
        whole.replace(model)
    else:
        node.replace(model.subquery(node.alias_or_name))


def _selects_all_of(table: exp.Table) -> exp.Select | None:
    """The query `SELECT * FROM table`, if the table stands in one that does nothing else."""
    query = table.parent.parent if isinstance(table.parent, exp.From) else None
    if isinstance(query, exp.Select) and query.is_star and not isinstance(query.parent, exp.Subquery):
        parts = [name for name, value in query.args.items() if value]
        return query if set(parts) == {"expressions", "from_"} and len(query.expressions) == 1 else None
    return None


def _is_written_to(table: exp.Table) -> bool:
    parent = table.parent.parent if isinstance(table.parent, exp.Schema) else table.parent
    return isinstance(parent, exp.DML | exp.DDL | exp.Drop | exp.TruncateTable)


def _rename(statement: exp.Expr, table: exp.Table, name: str) -> None:
    before, after = table.name, exp.to_identifier(name, quoted=name == "time")
    table.set("this", after)
    for column in statement.find_all(exp.Column):
        if column.table == before:
            column.set("table", after.copy())

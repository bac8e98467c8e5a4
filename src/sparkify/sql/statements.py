"""Named statements: what is asked of the metadata tables and changed in them, written once for every engine.

A file in sql/statements/ holds the statements on one subject. Above each stands `-- name: what it does`. A statement is
rendered as the models are; what is known only when it runs takes the place of a name in it:
- `?` is a parameter, and `:name` a literal: a number, or numbers for `IN (:name)`;
- the name of a relation stands for another table or query, the name of a column for a list of columns or a condition.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from sqlglot import exp

from sparkify.sql.dialect import Dialect
from sparkify.sql.render import expand
from sparkify.sql.tree import Relations, parsed, put_relations

Columns = Mapping[str, "Sequence[str] | exp.Expr"]
"""What the names of columns in a statement stand for: columns of the same table, or one expression."""

Literals = Mapping[str, "int | Sequence[int]"]


class Named(NamedTuple):
    """A statement as it is written: what it does, and its text in the models' SQL."""

    about: str
    sql: str


_HEAD = re.compile(r"^-- ([a-z_]+): (.+)$", re.MULTILINE)


@cache
def read_statements(subject: str) -> dict[str, Named]:
    """The statements of a file in sql/statements/ by name."""
    text = files("sparkify").joinpath("sql", "statements", f"{subject}.sql").read_text(encoding="utf-8")
    _, *parts = _HEAD.split(text)
    return {
        name: Named(about, sql.strip().removesuffix(";"))
        for name, about, sql in zip(parts[0::3], parts[1::3], parts[2::3], strict=True)
    }


def statement(
    path: str,
    dialect: Dialect,
    *,
    relations: Relations | None = None,
    columns: Columns | None = None,
    literals: Literals | None = None,
) -> str:
    """A named statement, such as `manifest/state`, in an engine's SQL; each `?` is left for a parameter."""
    relations, columns, literals = relations or {}, columns or {}, literals or {}
    if not columns and all(isinstance(value, str | int) for value in (*relations.values(), *literals.values())):
        return _cached(path, dialect, tuple(relations.items()), tuple(literals.items()))
    return _rendered(_with_names(path, relations, columns), dialect, literals)


@cache
def _cached(
    path: str, dialect: Dialect, relations: tuple[tuple[str, str], ...], literals: tuple[tuple[str, int], ...]
) -> str:
    return _rendered(_with_names(path, dict(relations), {}), dialect, dict(literals))


def _rendered(tree: exp.Expr, dialect: Dialect, literals: Literals) -> str:
    _put_literals(tree, literals)
    _put_types(tree, dialect)
    return expand(tree, dialect).sql(dialect=dialect.name, comments=False)


def named_query(path: str, *, relations: Relations | None = None, columns: Columns | None = None) -> exp.Query:
    """A named statement that is a query, to be rendered as a model is."""
    tree = _with_names(path, relations or {}, columns or {})
    if not isinstance(tree, exp.Query):
        raise TypeError(f"not a query: {path}")
    return tree


def _with_names(path: str, relations: Relations, columns: Columns) -> exp.Expr:
    subject, name = path.split("/")
    tree = parsed(read_statements(subject)[name].sql).copy()
    _put_columns(tree, columns)
    return put_relations(tree, relations)


def _put_columns(tree: exp.Expr, columns: Columns) -> None:
    """Put columns in the place of the name that stands for them: in a list, each with the same table before it."""
    for node in list(tree.find_all(exp.Column, exp.Identifier)):
        target = columns.get(node.name)
        if isinstance(target, exp.Expr):
            if isinstance(node, exp.Column):
                node.replace(target.copy())
        elif target is not None and isinstance(node.parent, exp.Select | exp.Schema):
            node.parent.set(
                "expressions", [new for old in node.parent.expressions for new in _listed(old, node, target)]
            )


def _listed(old: exp.Expr, replaced: exp.Expr, names: Sequence[str]) -> list[exp.Expr]:
    if old is not replaced:
        return [old]
    if isinstance(old, exp.Column):
        return [exp.column(_identifier(name), table=old.args.get("table")) for name in names]
    return [_identifier(name) for name in names]


def _identifier(name: str) -> exp.Identifier:
    """The name of a column, quoted where the models quote it."""
    return exp.to_identifier(name, quoted=not name.islower())


def _put_literals(tree: exp.Expr, literals: Literals) -> None:
    for node in list(tree.find_all(exp.Placeholder)):
        value = literals.get(node.name)
        if value is None:
            node.replace(exp.var("?" if node.name in ("", "?") else f":{node.name}"))
        elif isinstance(value, int):
            node.replace(exp.convert(value))
        else:
            node.parent.set("expressions", [exp.convert(number) for number in value])  # type: ignore[union-attr]


def _put_types(tree: exp.Expr, dialect: Dialect) -> None:
    """Give the columns of a table that is created the types that the engine has for those of the models."""
    for column in tree.find_all(exp.ColumnDef):
        name = column.args["kind"].sql()
        column.set("kind", exp.var(dialect.type(_AS_PARSED.get(name, name))))


_AS_PARSED = {"TEXT": "VARCHAR", "TIMESTAMPNTZ": "TIMESTAMP"}
"""What sqlglot makes of the names of types in the models' SQL."""

"""Correlated subqueries that Redshift refuses: the patterns of AWS's page, and those that its users reported.

AWS: https://docs.aws.amazon.com/redshift/latest/dg/r_correlated_subqueries.html, "Correlated subquery patterns that are
not supported". Reports, all with the error "This type of correlated subquery pattern is not supported due to internal
error": https://github.com/databricks/spark-redshift/issues/337 (EXISTS in CASE, beside GROUP BY),
https://github.com/SQLMesh/sqlmesh/issues/5342 (in the SELECT list), https://github.com/darold/ora2pg/issues/508 (in NOT
IN, beside another subquery), https://github.com/tuva-health/tuva-core/issues/948 (under OR).
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

REFUSAL = "This type of correlated subquery pattern is not supported due to internal error"


def faults_of_subqueries(tree: exp.Expr) -> list[str]:
    """What Redshift would refuse in the subqueries of a statement, each in a few words."""
    if isinstance(tree, exp.Update | exp.Delete | exp.Merge):
        names = {tree.this.alias_or_name, *(name for part in _sources(tree) for name in part)}
        return [fault for query in _nested(tree) for fault in _faults(query, [names], tree)]
    queries = [tree] if isinstance(tree, exp.Select) else _nested(tree)
    return [fault for query in queries for fault in _faults(query, [], tree)]


def _sources(node: exp.Expr) -> Iterator[list[str]]:
    found = [node.args.get("from_"), *(node.args.get("joins") or []), *(node.args.get("using") or [])]
    for part in found:
        if part is not None:
            source = part.this if isinstance(part, exp.From | exp.Join) else part
            yield [source.alias_or_name]
            for join in source.args.get("joins") or []:
                yield [join.this.alias_or_name]


def _nested(node: exp.Expr) -> list[exp.Select]:
    """The queries directly inside a node: those within them are theirs."""
    found = []
    for child in node.iter_expressions():
        found += [child] if isinstance(child, exp.Select) else _nested(child)
    return found


def _own_columns(node: exp.Expr) -> Iterator[exp.Column]:
    for child in node.iter_expressions():
        if isinstance(child, exp.Column):
            yield child
        elif not isinstance(child, exp.Select):
            yield from _own_columns(child)


def _is_derived(query: exp.Select) -> bool:
    """Whether a query stands where a table may stand, or is a part of one that does, and no condition depends on it."""
    node = query.parent
    while isinstance(node, exp.Subquery | exp.SetOperation):
        node = node.parent
    return not isinstance(node, exp.Expr) or isinstance(node, exp.From | exp.Join | exp.Insert | exp.Create | exp.CTE)


def _faults(query: exp.Select, outer: list[set[str]], around: exp.Expr) -> Iterator[str]:
    own = {name for part in _sources(query) for name in part}
    correlated = [column for column in _own_columns(query) if column.table and column.table not in own]
    if correlated:
        yield from _faults_of_correlation(query, correlated, outer, around)
    for inner in _nested(query):
        yield from _faults(inner, outer if _is_derived(inner) else [own, *outer], query)


def _faults_of_correlation(
    query: exp.Select, columns: list[exp.Column], outer: list[set[str]], around: exp.Expr
) -> Iterator[str]:
    if _is_derived(query) or any(column.table not in (outer[0] if outer else set()) for column in columns):
        yield "a correlation that skips a query block"
    if query.find(exp.Window):
        yield "a correlated subquery with a window function"
    if not all(_is_equality(column, query) for column in columns):
        yield "a correlation by something else than ="
    yield from _faults_of_place(query, around)


def _is_equality(column: exp.Column, query: exp.Select) -> bool:
    """Whether a column stands on one side of an equality that the query's WHERE asks for, beside others."""
    node = column.parent
    while not isinstance(node, exp.Predicate) and node is not query and node is not None:
        node = node.parent
    if not isinstance(node, exp.EQ):
        return False
    node = node.parent
    while isinstance(node, exp.And | exp.Paren):
        node = node.parent
    return isinstance(node, exp.Where) and node.parent is query


def _faults_of_place(query: exp.Select, around: exp.Expr) -> Iterator[str]:
    node: exp.Expr = query
    is_condition = False
    while node.parent is not None and node.parent is not around:
        parent = node.parent
        if isinstance(parent, exp.Or):
            yield "a correlated subquery under OR"
        if isinstance(parent, exp.Case | exp.If):
            yield "a correlated subquery in CASE"
        if isinstance(parent, exp.Not) and isinstance(node, exp.In):
            yield "a correlated NOT IN"
        if isinstance(parent, exp.In) and query.args.get("group"):
            yield "a correlated IN of aggregates"
        if isinstance(parent, exp.Join) and parent.side:
            yield "a correlated subquery in ON of an outer join"
        is_condition = is_condition or isinstance(parent, exp.Where | exp.Join)
        node = parent
    if isinstance(around, exp.Select):
        if not is_condition:
            yield "a correlated subquery in the SELECT list"
        if around.args.get("group") or around.args.get("distinct") or _aggregates(around):
            yield "a correlated subquery beside GROUP BY"


def _aggregates(query: exp.Select) -> bool:
    """Whether a query without GROUP BY makes one row of all."""
    found = [call for chosen in query.expressions for call in chosen.find_all(exp.AggFunc)]
    return any(call.find_ancestor(exp.Window) is None and call.find_ancestor(exp.Select) is query for call in found)

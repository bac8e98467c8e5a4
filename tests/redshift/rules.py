"""What may not stand in a statement for Redshift, and what must: the rules of the static gate.

They are read from text alone; each returns the faults that it finds, none if all is well.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

from sqlglot import exp, parse_one
from tests.redshift.subqueries import faults_of_subqueries

from sparkify.contract import RECORD_TYPES, Type

BANNED = {
    "FILTER (": r"\bFILTER\s*\(",
    "DISTINCT ON": r"\bDISTINCT\s+ON\b",
    "LATERAL": r"\bLATERAL\b",
    "ON CONFLICT": r"\bON\s+CONFLICT\b",
    "RETURNING": r"\bRETURNING\b",
    "array literal": r"\bARRAY\s*[\[(]|(?<![\w\]])\[",
    "GROUP BY ALL": r"\bGROUP\s+BY\s+ALL\b",
    "arg_max": r"\b(arg_max|arg_min|max_by|min_by)\b",
    "CREATE INDEX": r"\bCREATE\s+(UNIQUE\s+)?INDEX\b",
    "MERGE": r"\bMERGE\b",
    "IS DISTINCT FROM": r"\bIS\s+(NOT\s+)?DISTINCT\s+FROM\b",
    "FROM (VALUES": r"\bFROM\s*\(\s*VALUES\b",
    "COLLATE": r"\bCOLLATE\b",
    "QUALIFY": r"\bQUALIFY\b",
    "now()": r"\bNOW\s*\(|\bCURRENT_TIMESTAMP\b",
    "WITH … INSERT": r"\bWITH\b[\s\S]*\bINSERT\b",
    "declared key": r"\bPRIMARY\s+KEY\b|\bFOREIGN\s+KEY\b|\bREFERENCES\b|\bUNIQUE\b",
    "EXTRACT(EPOCH": r"\bEPOCH\s+FROM\b|\bDATE_PART\s*\(\s*EPOCH\b",
    "unbounded text": r"\bVARCHAR\b(?!\s*\()(?=\s*(,|\n|NOT NULL))|\bCREATE\b[\s\S]*\bVARCHAR\s*\)",
}
"""Names of what Redshift lacks, or would take as something else than is meant, and how each looks."""


def without_texts(sql: str) -> str:
    """A statement with its literal texts emptied."""
    return re.sub(r"'(?:[^']|'')*'", "''", sql)


_INTERVAL = re.compile(r"\bINTERVAL\s*'([^']*)'", re.IGNORECASE)
_UNITS = re.compile(r"(\s*\d+\s+(year|month|week|day|hour|minute|second)s?\s*,?)+", re.IGNORECASE)
"""What AWS's page shows: https://docs.aws.amazon.com/redshift/latest/dg/r_interval_data_types.html."""


def banned_in(sql: str) -> list[str]:
    """The names of what is banned and stands in a statement."""
    found = [name for name, pattern in BANNED.items() if re.search(pattern, without_texts(sql), re.IGNORECASE)]
    return found + [f"INTERVAL '{text}'" for text in _INTERVAL.findall(sql) if not _UNITS.fullmatch(text)]


_NO_QUERY = re.compile(r"\s*(COPY|LOCK|SET|BEGIN|COMMIT|ROLLBACK|FETCH|CLOSE)\b", re.IGNORECASE)
_DECLARE = re.compile(r"\s*DECLARE\s+\w+\s+CURSOR\s+FOR\b", re.IGNORECASE)


def parsed(sql: str) -> exp.Expr | None:
    """A statement as a tree; None if it is none that reads or writes rows by a query."""
    return None if _NO_QUERY.match(sql) else parse_one(_DECLARE.sub("", sql), read="redshift")


def faults_of_queries(sql: str) -> list[str]:
    """Correlated subqueries that Redshift refuses, and texts that may grow beyond its limit."""
    tree = parsed(sql)
    return [] if tree is None else faults_of_subqueries(tree) + growing_texts(tree)


_NUMBERS = {
    field.name.lower() for kind in RECORD_TYPES.values() for field in kind.fields if field.type is not Type.TEXT
}


def growing_texts(tree: exp.Expr) -> list[str]:
    """What a statement puts together that may be longer than 65,535 bytes, though each part is one that is allowed."""
    found = []
    for node in tree.find_all(exp.DPipe, exp.Concat):
        if not isinstance(node.parent, exp.DPipe | exp.Concat):
            parts = list(node.flatten()) if isinstance(node, exp.DPipe) else node.expressions
            found += [f"{part.sql('redshift')} in ||" for part in parts if not _is_short(part)]
    return found


def _is_short(part: exp.Expr) -> bool:
    """Whether a part of a text is short, or is left out where the whole would be too long."""
    if isinstance(part, exp.Literal | exp.Chr):
        return True
    if isinstance(part, exp.Upper | exp.Lower | exp.Paren):
        return _is_short(part.this)
    if isinstance(part, exp.Substring):
        return isinstance(part.args.get("length"), exp.Literal)
    if isinstance(part, exp.Cast):
        return isinstance(part.this, exp.Column) and part.this.name.lower() in _NUMBERS
    if isinstance(part, exp.Case):
        return all(
            isinstance(when.this, exp.LT) and "OCTET_LENGTH(" in when.this.sql("redshift") for when in part.args["ifs"]
        )
    return False


@cache
def _linter() -> Any:
    from sqlfluff.core import Linter

    return Linter(dialect="redshift")


def unparsable(sql: str) -> list[str]:
    """What sqlfluff's redshift dialect cannot parse.

    A query within the statement is parsed by itself, with `SELECT 1` in its place: what a query is made of does not
    depend on where it stands, the same ones stand in many statements, and long texts take longest.
    """
    outer, queries = _taken_apart(sql)
    return [*_unparsable(outer), *(fault for query in queries for fault in unparsable(f"{query};\n"))]


@cache
def _unparsable(sql: str) -> list[str]:
    parsed = _linter().parse_string(sql)
    faults = [str(violation) for violation in parsed.violations]
    if parsed.tree is not None:
        faults += [segment.raw for segment in parsed.tree.recursive_crawl("unparsable")]
    return faults


_BRACKETS = re.compile(r"'(?:[^']|'')*'|\"[^\"]*\"|--[^\n]*|[()]")
_QUERY = re.compile(r"\s*(SELECT|WITH)\b", re.IGNORECASE)
_FILLED_BY = re.compile(r"(\s*(?:CREATE|INSERT)\b[^;]*?\n)((?:SELECT|WITH)\b.*?)(;\s*)?", re.IGNORECASE | re.DOTALL)


def _taken_apart(sql: str) -> tuple[str, list[str]]:
    """A statement with its queries replaced by the shortest one, and these queries."""
    outer, queries = [], []
    at, opened = 0, []
    for found in _BRACKETS.finditer(sql):
        if found[0] == "(":
            opened.append(found.start())
        elif found[0] == ")" and opened:
            start = opened.pop() + 1
            is_outermost = not any(_QUERY.match(sql, other + 1) for other in opened)
            if is_outermost and _QUERY.match(sql, start):
                queries.append(textwrap.dedent(sql[start : found.start()]).strip())
                outer += [sql[at:start], "SELECT 1"]
                at = found.start()
    rest = "".join([*outer, sql[at:]])
    if filled := _FILLED_BY.fullmatch(rest):
        return f"{filled[1]}SELECT 1{filled[3] or ''}", [filled[2], *queries]
    return rest, queries


_ARN = r"arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]+"
_ROLE = rf"\bIAM_ROLE\s+(default\b|'{_ARN}(,{_ARN})*')"
_KEYS = r"\b(CREDENTIALS|ACCESS_KEY_ID|SECRET_ACCESS_KEY|SESSION_TOKEN|MASTER_SYMMETRIC_KEY|AUTHORIZATION)\b"
_MAXERROR = r"\bMAXERROR\s+(?:AS\s+)?0*[1-9]"


def faults_of_copy(sql: str) -> list[str]:
    """A COPY acts with a role, names no key, and takes all rows or none."""
    if not re.match(r"\s*COPY\b", sql, re.IGNORECASE):
        return []
    found = [] if re.search(_ROLE, sql) else ["no IAM_ROLE"]
    found += ["keys"] if re.search(_KEYS, sql, re.IGNORECASE) else []
    return found + (["MAXERROR above 0"] if re.search(_MAXERROR, sql, re.IGNORECASE) else [])


_ENDS = re.compile(r"\s*(COMMIT|END|ROLLBACK|ABORT)\b", re.IGNORECASE)
_BEGINS = re.compile(r"\s*(BEGIN|START\s+TRANSACTION)\b", re.IGNORECASE)
_COMMITTING = re.compile(r"\s*(TRUNCATE\b|ALTER\s+TABLE\b[\s\S]*\bAPPEND\b|VACUUM\b)", re.IGNORECASE)
_LOCK = re.compile(r"\s*LOCK\s+(?:TABLE\s+)?(.+)", re.IGNORECASE | re.DOTALL)


def transactions_in(statements: Iterable[str]) -> list[list[str]]:
    """The statements of each transaction of one connection, without BEGIN and COMMIT."""
    found: list[list[str]] = []
    is_open = False
    for sql in statements:
        if _BEGINS.match(sql):
            found.append([])
            is_open = True
        elif _ENDS.match(sql):
            is_open = False
        elif is_open:
            found[-1].append(sql)
    return found


def committing_in(transaction: Iterable[str]) -> list[str]:
    """What commits on its own, or cannot be in a transaction at all."""
    return [sql for sql in transaction if _COMMITTING.match(sql)]


def locks_in(transaction: Iterable[str]) -> list[str]:
    """The tables that a transaction locks, in order."""
    names = [match[1] for sql in transaction if (match := _LOCK.match(sql))]
    return [name.strip().strip('"').lower() for text in names for name in text.split(",")]


def out_of_order(orders: Iterable[Sequence[str]]) -> list[tuple[str, str]]:
    """Pairs of tables that are locked in both orders."""
    before = {(one, other) for order in orders for at, one in enumerate(order) for other in order[at + 1 :]}
    return sorted(pair for pair in before if pair[::-1] in before)


def affected_before_lock(transaction: Iterable[str], tables: Iterable[str]) -> list[str]:
    """Statements that read or write one of the tables before the transaction has locked any; none without a lock."""
    names = re.compile(rf"\b({'|'.join(map(re.escape, tables))})\b")
    statements = list(transaction)
    first = next((at for at, sql in enumerate(statements) if _LOCK.match(sql)), 0)
    return [sql for sql in statements[:first] if names.search(without_texts(sql))]


def sorted_by(sql: str) -> tuple[str, tuple[str, ...], tuple[str, ...]] | None:
    """Of a statement that makes a table which stays: its name, its columns, and those by which it is sorted."""
    if not re.match(r"\s*CREATE\s+TABLE\b", sql, re.IGNORECASE):
        return None
    tree = parse_one(sql, read="redshift")
    assert isinstance(tree, exp.Create)
    columns = tuple(column.name for column in tree.find_all(exp.ColumnDef))
    sorts = tuple(name.name for sort in tree.find_all(exp.SortKeyProperty) for name in sort.find_all(exp.Identifier))
    return tree.this.this.name, columns, sorts


_LITERALS = (
    (re.compile(r"'(?:[^']|'')*'"), "''"),
    (re.compile(r":(first_new|now)\b"), "0"),
    (re.compile(r"(?<![\w.])\d+(?:\.\d+)?\b"), "0"),
    (re.compile(r"(\((?:\$0, )*\$0\))(?:, \1)+"), r"\1"),
    (re.compile(r"\b0(?:, 0)+\b"), "0"),
    (re.compile(r"\s+"), " "),
)


def normalised(sql: str) -> str:
    """A statement with numbers, texts and long lists made the same: what differs in them alone falls together."""
    for pattern, text in _LITERALS:
        sql = pattern.sub(text, sql)
    return sql.strip(" ;")
